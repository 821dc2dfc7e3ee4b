//! Message bodies that can be told from their names.

/// Every so many messages one is large enough to be stored outside the commit.
const LARGE_EVERY: u64 = 40;
const LARGE_BYTES: usize = 100_000;
const SMALL_BYTES: u64 = 2_000;

/// The body of the message with this name: the name, a line break and a filler that depends on it.
pub fn body(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let length =
        if hash.is_multiple_of(LARGE_EVERY) { LARGE_BYTES } else { usize::try_from(hash % SMALL_BYTES).unwrap_or(0) };
    let filler = char::from(b'a' + u8::try_from(hash % 26).unwrap_or(0));
    let mut body = format!("{name}\n");
    body.extend(std::iter::repeat_n(filler, length));
    body
}

/// The name in a body, if it is one of ours and whole.
pub fn name(text: &str) -> Option<&str> {
    let name = text.split_once('\n')?.0;
    (body(name) == text).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{body, name};

    #[test]
    fn a_body_is_known_by_its_name_and_only_whole() {
        let text = body("17");
        assert_eq!(name(&text), Some("17"));
        assert_eq!(name(&format!("{text}x")), None);
        assert_eq!(name(&text.replacen("17", "18", 1)), None);
    }
}
