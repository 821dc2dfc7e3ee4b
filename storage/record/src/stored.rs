use bytes::Bytes;

use crate::{DecodeError, Reader, Writer};

/// A type with a fixed form on disk: one version byte, then its fields. The crate's page says how to
/// change one.
pub trait Stored: Sized {
    /// What errors call it.
    const NAME: &'static str;
    /// The version that `write` writes, from 1.
    const VERSION: u8;

    /// About how many bytes `write` writes, where that is more than some tens: making room once for a
    /// body is cheaper than moving it while the record grows.
    fn size_hint(&self) -> usize {
        0
    }

    /// Writes the fields.
    fn write(&self, to: &mut Writer);

    /// Reads what `write` wrote.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the bytes are something else.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads a version before [`Stored::VERSION`], through the type that was current before this
    /// one: `Ok(read_version::<FooV1>(version, from)?.into())`. As it is, there is none.
    ///
    /// # Errors
    /// [`DecodeError::UnknownVersion`] at the end of the chain.
    fn read_older(version: u8, _from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Err(DecodeError::UnknownVersion { record: Self::NAME, found: version })
    }

    /// The record's bytes.
    fn encode(&self) -> Bytes {
        written(self).finish()
    }

    /// The record's bytes before and behind its [`Writer::position`], for a value into which the
    /// store writes the position that it assigns; what `self` holds there does not matter.
    ///
    /// # Panics
    /// If `write` writes no position: a record either has one or has not.
    fn encode_around_position(&self) -> (Bytes, Bytes) {
        written(self).finish_around_position().expect("a record that is stamped writes a position")
    }

    /// The record that these bytes are, migrated if an earlier release wrote them.
    ///
    /// # Errors
    /// [`DecodeError::Newer`] if a later release wrote them; otherwise they are damaged.
    fn decode(bytes: &Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        let value = read_version(version, &mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

fn written<T: Stored>(value: &T) -> Writer {
    let mut writer = Writer::with_version(T::VERSION, value.size_hint());
    value.write(&mut writer);
    writer
}

/// Reads the fields of a `T` of this or an earlier version: one link of a migration chain.
///
/// # Errors
/// As [`Stored::decode`].
pub fn read_version<T: Stored>(version: u8, from: &mut Reader<'_>) -> Result<T, DecodeError> {
    match version {
        version if version == T::VERSION => T::read(from),
        version if version < T::VERSION => T::read_older(version, from),
        found => Err(DecodeError::Newer { record: T::NAME, found, known: T::VERSION }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_golden, assert_reads_older, assert_round_trip};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    /// The newest of three versions: 1 had a name, 2 added a limit, 3 made it optional and added tags.
    #[derive(Debug, Clone, PartialEq)]
    struct Thing {
        name: String,
        limit: Option<u32>,
        offset: i64,
        tags: Vec<(String, Bytes)>,
        place: u64,
    }

    struct ThingV2 {
        name: String,
        limit: u32,
    }

    struct ThingV1 {
        name: String,
    }

    impl Stored for Thing {
        const NAME: &'static str = "thing";
        const VERSION: u8 = 3;

        fn write(&self, to: &mut Writer) {
            to.text(&self.name);
            to.option(self.limit, Writer::u32);
            to.signed(self.offset);
            to.position(self.place);
            to.list(self.tags.iter(), |to, (key, value)| {
                to.text(key);
                to.bytes(value);
            });
        }

        fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            Ok(Thing {
                name: from.text()?,
                limit: from.option(Reader::u32)?,
                offset: from.signed()?,
                place: from.position()?,
                tags: from.list(|from| Ok((from.text()?, from.bytes()?)))?,
            })
        }

        fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            let ThingV2 { name, limit } = read_version(version, from)?;
            Ok(Thing { name, limit: Some(limit), offset: 0, tags: Vec::new(), place: 0 })
        }
    }

    impl Stored for ThingV2 {
        const NAME: &'static str = "thing";
        const VERSION: u8 = 2;

        fn write(&self, to: &mut Writer) {
            to.text(&self.name);
            to.u32(self.limit);
        }

        fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            Ok(ThingV2 { name: from.text()?, limit: from.u32()? })
        }

        fn read_older(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            let ThingV1 { name } = read_version(version, from)?;
            Ok(ThingV2 { name, limit: 10 })
        }
    }

    impl Stored for ThingV1 {
        const NAME: &'static str = "thing";
        const VERSION: u8 = 1;

        fn write(&self, to: &mut Writer) {
            to.text(&self.name);
        }

        fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
            Ok(ThingV1 { name: from.text()? })
        }
    }

    fn thing() -> Thing {
        let tags = vec![("k".to_owned(), Bytes::from_static(b"\0v"))];
        Thing { name: "é".to_owned(), limit: Some(300), offset: -2, tags, place: 0x0102 }
    }

    #[test]
    fn golden_bytes_of_every_version() {
        assert_golden("0302c3a901ac0203000000000000010201016b020076", &thing());
        let older = |limit| Thing { limit: Some(limit), offset: 0, tags: Vec::new(), place: 0, ..thing() };
        assert_reads_older("0202c3a9ac02", &older(300));
        assert_reads_older("0102c3a9", &older(10));
    }

    #[test]
    fn versions_that_this_release_does_not_know_are_refused() {
        let read = |bytes: &'static [u8]| Thing::decode(&Bytes::from_static(bytes)).unwrap_err();
        assert_eq!(read(b"\x04"), DecodeError::Newer { record: "thing", found: 4, known: 3 });
        assert_eq!(read(b"\x00"), DecodeError::UnknownVersion { record: "thing", found: 0 });
        assert_eq!(read(b""), DecodeError::Malformed { at: 0, what: "the record ends within a field" });
    }

    #[test]
    fn a_position_is_stamped_where_the_record_has_it() {
        let (before, after) = Thing { place: 0, ..thing() }.encode_around_position();
        let stamped = [&before[..], &0x0102_u64.to_be_bytes(), &after[..]].concat();
        assert_eq!(Thing::decode(&stamped.into()), Ok(thing()));
    }

    proptest! {
        #[test]
        fn things_round_trip(
            name in any::<String>(), limit in any::<Option<u32>>(), offset in any::<i64>(), place in any::<u64>(),
            tags in any::<Vec<(String, Vec<u8>)>>(),
        ) {
            let tags = tags.into_iter().map(|(key, value)| (key, value.into())).collect();
            assert_round_trip(&Thing { name, limit, offset, tags, place });
        }

        #[test]
        fn any_bytes_are_a_record_or_an_error(version in 0u8..5, bytes in any::<Vec<u8>>()) {
            let bytes = Bytes::from([&[version], &bytes[..]].concat());
            if let (3, Ok(thing)) = (version, Thing::decode(&bytes)) {
                prop_assert_eq!(thing.encode(), bytes, "one record has one spelling");
            }
        }

        #[test]
        fn numbers_have_one_spelling(value in any::<u64>(), shift in 0u32..64) {
            let value = value >> shift;
            let mut writer = Writer::default();
            writer.varint(value);
            let bytes = writer.finish();
            prop_assert_eq!(Reader::new(&bytes).varint(), Ok(value));
            let mut idle = bytes.to_vec();
            *idle.last_mut().unwrap() |= 0x80;
            idle.push(0);
            assert!(Reader::new(&idle.into()).varint().is_err());
        }
    }
}
