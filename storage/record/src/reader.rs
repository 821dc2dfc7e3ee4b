use bytes::Bytes;
use tidegate_types::Timestamp;

use crate::DecodeError;

/// Reads a record's fields in the order in which [`crate::Writer`] wrote them. Every method answers
/// [`DecodeError::Malformed`] if the bytes do not hold what it reads; none panics, and none
/// allocates more than the record is long.
#[derive(Debug)]
pub struct Reader<'a> {
    record: &'a Bytes,
    at: usize,
}

#[allow(clippy::missing_errors_doc, reason = "stated once, at the type")]
impl<'a> Reader<'a> {
    /// At the first byte of a record, its version: for what is read piece by piece and becomes no [`crate::Stored`].
    pub fn new(record: &'a Bytes) -> Reader<'a> {
        Reader { record, at: 0 }
    }

    /// In the middle of a record, where [`Reader::place`] once was: for what is read piece by piece again.
    pub fn at(record: &'a Bytes, place: usize) -> Reader<'a> {
        Reader { record, at: place.min(record.len()) }
    }

    /// How many bytes have been read.
    pub fn place(&self) -> usize {
        self.at
    }

    /// The error that something is wrong here: for values that a type does not allow.
    pub fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { at: self.at, what }
    }

    #[inline]
    fn remaining(&self) -> usize {
        self.record.len() - self.at
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some(taken) = self.record.get(self.at..).and_then(|rest| rest.get(..len)) else {
            return Err(self.malformed("the record ends within a field"));
        };
        self.at += len;
        Ok(taken)
    }

    /// See [`crate::Writer::u8`].
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// See [`crate::Writer::bool`].
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a flag that is neither 0 nor 1")),
        }
    }

    /// See [`crate::Writer::varint`]. A number has one spelling: the shortest.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        // Most numbers are lengths and fit one byte.
        match self.record.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                return Err(self.malformed("a number above 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let shortest = byte != 0 || shift == 0;
                return if shortest { Ok(value) } else { Err(self.malformed("a number with idle bytes")) };
            }
        }
        Err(self.malformed("a number above 64 bits"))
    }

    /// See [`crate::Writer::u32`].
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.varint()?.try_into().map_err(|_| self.malformed("a number above 32 bits"))
    }

    /// See [`crate::Writer::signed`].
    pub fn signed(&mut self) -> Result<i64, DecodeError> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// See [`crate::Writer::timestamp`].
    pub fn timestamp(&mut self) -> Result<Timestamp, DecodeError> {
        self.varint().map(Timestamp::from_millis)
    }

    /// See [`crate::Writer::fixed_u64`].
    pub fn fixed_u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// See [`crate::Writer::position`].
    pub fn position(&mut self) -> Result<u64, DecodeError> {
        self.fixed_u64()
    }

    /// See [`crate::Writer::array`].
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// As [`Reader::bytes`], borrowed: for values that are looked at right away.
    #[inline]
    pub fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.varint()?;
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// See [`crate::Writer::bytes`]. Shares the record's memory and keeps all of it alive.
    pub fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        self.slice().map(|bytes| self.record.slice_ref(bytes))
    }

    /// See [`crate::Writer::text`].
    pub fn text(&mut self) -> Result<String, DecodeError> {
        self.str().map(str::to_owned)
    }

    /// As [`Reader::text`], borrowed: for values that are parsed right away.
    #[inline]
    pub fn str(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.slice()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("a text that is not UTF-8"))
    }

    /// See [`crate::Writer::option`].
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    /// See [`crate::Writer::list`]; collects into whatever the field is.
    pub fn list<T, C: FromIterator<T>>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<C, DecodeError> {
        let count = self.varint()?;
        if count > self.remaining() as u64 {
            return Err(self.malformed("a list longer than its record"));
        }
        (0..count).map(|_| read(self)).collect()
    }

    /// That the record ends here.
    pub fn end(self) -> Result<(), DecodeError> {
        if self.remaining() == 0 { Ok(()) } else { Err(self.malformed("the record goes on")) }
    }
}
