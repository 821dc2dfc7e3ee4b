//! What the test of each record uses: golden bytes, round trips, reads of earlier versions.
//!
//! Golden bytes are written as hexadecimal text in the test. A failure prints the bytes as they are
//! now; copy them only if no release has written the record yet, otherwise add a version.

use std::fmt::Debug;

use bytes::Bytes;

use crate::Stored;

/// The bytes of a hexadecimal text.
///
/// # Panics
/// If the text is not hexadecimal: it is written by hand in a test.
pub fn from_hex(hex: &str) -> Bytes {
    assert!(hex.len().is_multiple_of(2), "an odd number of hexadecimal digits: {hex}");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Bytes as hexadecimal text.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asserts that `value` is written as exactly these bytes, and that they are read as `value`; that
/// no beginning of them is taken for a record, and that no damaged byte makes reading panic.
///
/// # Panics
/// If one of that does not hold.
pub fn assert_golden<T: Stored + Debug + PartialEq>(hex: &str, value: &T) {
    let bytes = value.encode();
    assert_eq!(to_hex(&bytes), hex, "the layout of {} version {} changed", T::NAME, T::VERSION);
    assert_round_trip(value);
    for end in 0..bytes.len() {
        assert!(T::decode(&bytes.slice(..end)).is_err(), "the first {end} bytes were taken for a {}", T::NAME);
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1 << bit;
            // Some damage yields another valid record; what counts is that reading returns.
            drop(T::decode(&damaged.into()));
        }
    }
}

/// Asserts that the bytes of an earlier version are read as `expected`.
///
/// # Panics
/// If they are not, or if they are not of an earlier version.
pub fn assert_reads_older<T: Stored + Debug + PartialEq>(hex: &str, expected: &T) {
    let bytes = from_hex(hex);
    assert!(bytes[0] < T::VERSION, "version {} is not before {}", bytes[0], T::VERSION);
    assert_eq!(T::decode(&bytes).as_ref(), Ok(expected));
}

/// Asserts that reading what was written gives `value` again.
///
/// # Panics
/// If it does not.
pub fn assert_round_trip<T: Stored + Debug + PartialEq>(value: &T) {
    assert_eq!(T::decode(&value.encode()).as_ref(), Ok(value));
}

/// Asserts that a key is exactly these bytes.
///
/// # Panics
/// If it is not.
pub fn assert_key(hex: &str, key: &[u8]) {
    assert_eq!(to_hex(key), hex, "the layout of a key changed");
}
