//! What buckets and objects may be called: "General purpose bucket naming rules" and "Naming Amazon S3
//! objects".

/// The most bytes of a key, as UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// What AWS keeps for itself.
const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Why no bucket may be called so, if none may.
pub fn bucket_name_fault(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let is_edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    match () {
        () if !(3..=63).contains(&bytes.len()) => Some("between 3 and 63 characters long"),
        () if !bytes.iter().copied().all(allowed) => Some("lower-case letters, digits, dots and hyphens"),
        () if !is_edge(bytes.first().copied()) || !is_edge(bytes.last().copied()) => {
            Some("begin and end with a letter or digit")
        }
        () if name.contains("..") => Some("no two dots in a row"),
        () if name.parse::<std::net::Ipv4Addr>().is_ok() => Some("not an IP address"),
        () if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !name.starts_with("amzn-s3-demo-bucket") => {
            Some("a prefix that is reserved")
        }
        () if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) => Some("a suffix that is reserved"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_buckets_may_have() {
        for name in ["abc", "my.bucket-1", "a23", &"a".repeat(63), "1.2.3", "amzn-s3-demo-bucket1"] {
            assert_eq!(bucket_name_fault(name), None, "{name}");
        }
        let long = "a".repeat(64);
        for name in
            ["", "ab", &long, "Abc", "a_b", "-ab", "ab-", ".ab", "a..b", "192.168.5.4", "xn--a", "a-s3alias", "äbc"]
        {
            assert!(bucket_name_fault(name).is_some(), "{name}");
        }
    }
}
