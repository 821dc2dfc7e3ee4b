//! Finding the first byte that needs attention. Message bodies are most of what is read and written,
//! and most of their bytes need none.

/// How many bytes stand before the first that is `special`.
///
/// The first few one by one, because texts that have one special byte (JSON within JSON) have many;
/// then a block at a time without a branch inside, which compiles to vector instructions.
pub fn plain_prefix(bytes: &[u8], special: impl Fn(u8) -> bool) -> usize {
    const FEW: usize = 16;
    const BLOCK: usize = 32;
    let (few, rest) = bytes.split_at(bytes.len().min(FEW));
    if let Some(at) = few.iter().position(|byte| special(*byte)) {
        return at;
    }
    let (blocks, _) = rest.as_chunks::<BLOCK>();
    let is_plain = |block: &&[u8; BLOCK]| block.iter().fold(0, |found, byte| found | u8::from(special(*byte))) == 0;
    let plain = few.len() + BLOCK * blocks.iter().take_while(is_plain).count();
    plain + bytes[plain..].iter().take_while(|byte| !special(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            for position in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[position] = b'"';
                bytes[length - 1] = b'"';
                assert_eq!(plain_prefix(&bytes, |byte| byte == b'"'), position);
            }
            assert_eq!(plain_prefix(&vec![b'a'; length], |byte| byte == b'"'), length);
        }
    }
}
