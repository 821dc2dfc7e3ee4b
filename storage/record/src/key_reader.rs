use tidegate_types::Timestamp;

use crate::DecodeError;
use crate::key::{ESCAPED_ZERO, Root, TERMINATOR};

/// Takes a key apart in the order in which [`crate::Key`] put it together.
#[derive(Debug, Clone)]
pub struct KeyReader<'a> {
    key: &'a [u8],
    at: usize,
}

impl<'a> KeyReader<'a> {
    /// Reads a key of `root`.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it begins with another root.
    pub fn new(key: &'a [u8], root: Root) -> Result<KeyReader<'a>, DecodeError> {
        let mut reader = KeyReader { key, at: 0 };
        if reader.u8()? != root as u8 {
            return Err(DecodeError::Malformed { at: 0, what: "the key has another root" });
        }
        Ok(reader)
    }

    /// Reads what follows a known prefix.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key does not begin with `prefix`.
    pub fn after(key: &'a [u8], prefix: &[u8]) -> Result<KeyReader<'a>, DecodeError> {
        if !key.starts_with(prefix) {
            return Err(DecodeError::Malformed { at: 0, what: "the key has another prefix" });
        }
        Ok(KeyReader { key, at: prefix.len() })
    }

    fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { at: self.at, what }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let array = self.key[self.at..].first_chunk().ok_or_else(|| self.malformed("the key ends within a number"))?;
        self.at += N;
        Ok(*array)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key ends here.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next two bytes.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key ends within them.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next four bytes.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key ends within them.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next eight bytes.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key ends within them.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next eight bytes, as a time.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the key ends within them.
    pub fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.u64().map(Timestamp::from_millis)
    }

    /// The next byte string.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not terminated or wrongly escaped.
    pub fn bytes(&mut self) -> Result<Vec<u8>, DecodeError> {
        let mut value = Vec::new();
        loop {
            let tail = &self.key[self.at..];
            let plain = tail.iter().position(|&byte| byte == 0);
            let plain = plain.ok_or_else(|| self.malformed("a byte string without an end"))?;
            value.extend_from_slice(&tail[..plain]);
            self.at += plain;
            match self.array::<2>()? {
                TERMINATOR => return Ok(value),
                ESCAPED_ZERO => value.push(0),
                _ => return Err(self.malformed("an unknown escape")),
            }
        }
    }

    /// The next text.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not terminated, wrongly escaped, or not UTF-8.
    pub fn text(&mut self) -> Result<String, DecodeError> {
        let at = self.at;
        String::from_utf8(self.bytes()?).map_err(|_| DecodeError::Malformed { at, what: "a text that is not UTF-8" })
    }

    /// All bytes that are left, as they are.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.key[self.at..];
        self.at = self.key.len();
        rest
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if something is.
    pub fn end(self) -> Result<(), DecodeError> {
        if self.at == self.key.len() { Ok(()) } else { Err(self.malformed("the key goes on")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_key_is_an_error() {
        let cases: &[(&[u8], &str)] = &[
            (b"", "the key ends within a number"),
            (b"\x03a\0\x01", "the key has another root"),
            (b"\x04a", "a byte string without an end"),
            (b"\x04a\0", "the key ends within a number"),
            (b"\x04a\0\x02", "an unknown escape"),
            (b"\x04\xff\0\x01", "a text that is not UTF-8"),
            (b"\x04a\0\x01b", "the key goes on"),
        ];
        for (key, expected) in cases {
            let read = KeyReader::new(key, Root::Log).and_then(|mut reader| {
                reader.text()?;
                reader.end()
            });
            let Err(DecodeError::Malformed { what, .. }) = read else { panic!("{key:02x?} was read") };
            assert_eq!(what, *expected, "{key:02x?}");
        }
        assert!(KeyReader::after(b"abc", b"x").is_err());
        assert_eq!(KeyReader::after(b"abc", b"a").map(|mut reader| reader.rest()), Ok(&b"bc"[..]));
    }
}
