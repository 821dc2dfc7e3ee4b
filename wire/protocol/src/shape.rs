use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use tidegate_types::Timestamp;

use crate::decode::DecodeError;
use crate::event_stream::EventStream;
use crate::http_call::HttpAnswer;
use crate::schema::{ListSchema, MapSchema, StructSchema};

/// A structure of a service model. Implemented by generated code only.
pub trait Shape: Debug + Send + Sync + 'static {
    /// Its table.
    fn schema(&self) -> &'static StructSchema;

    /// Pulls one from `reader`. Members that the request lacks stay `None`; whether one was required is
    /// the constraint check's question.
    ///
    /// # Errors
    /// What the reader finds wrong with the bytes.
    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError>
    where
        Self: Sized;

    /// Pushes it, members in the model's order, absent ones left out.
    fn write(&self, writer: &mut dyn Writer);

    /// The events that it is, if it is an output that goes on.
    fn event_stream(&self) -> Option<&EventStream> {
        None
    }

    /// What its answer has besides it, if it is an output.
    fn http(&self) -> Option<&HttpAnswer> {
        None
    }
}

/// The output of an operation that has none.
impl Shape for () {
    fn schema(&self) -> &'static StructSchema {
        static EMPTY: StructSchema = StructSchema { name: "Unit", members: &[] };
        &EMPTY
    }

    fn read(reader: &mut dyn Reader) -> Result<Self, DecodeError> {
        let schema = ().schema();
        reader.begin_struct(schema)?;
        reader.next_member(schema).map(drop)
    }

    fn write(&self, writer: &mut dyn Writer) {
        writer.begin_struct(self.schema());
        writer.end_struct();
    }
}

/// A source of values, pulled in the order in which the source has them.
///
/// The caller says what it expects; the reader answers with that or with an error in AWS's words.
/// After `begin_struct`, `next_member` yields the index of each member that is present, and the
/// member's value must be read before the next call; lists and maps likewise. Absent, unknown and
/// null members are never yielded.
pub trait Reader {
    /// Enters a structure.
    fn begin_struct(&mut self, schema: &'static StructSchema) -> Result<(), DecodeError>;
    /// The next member that is present, as its index in `schema`; `None` leaves the structure.
    fn next_member(&mut self, schema: &'static StructSchema) -> Result<Option<usize>, DecodeError>;
    /// Enters a list.
    fn begin_list(&mut self, schema: &'static ListSchema) -> Result<(), DecodeError>;
    /// Whether another element follows; `false` leaves the list.
    fn next_element(&mut self) -> Result<bool, DecodeError>;
    /// Enters a map.
    fn begin_map(&mut self, schema: &'static MapSchema) -> Result<(), DecodeError>;
    /// The next key, whose value must then be read; `None` leaves the map.
    fn next_key(&mut self) -> Result<Option<String>, DecodeError>;
    /// A text.
    fn string(&mut self) -> Result<String, DecodeError>;
    /// A boolean.
    fn boolean(&mut self) -> Result<bool, DecodeError>;
    /// A 32-bit number.
    fn integer(&mut self) -> Result<i32, DecodeError>;
    /// A 64-bit number.
    fn long(&mut self) -> Result<i64, DecodeError>;
    /// A floating-point number.
    fn double(&mut self) -> Result<f64, DecodeError>;
    /// Bytes.
    fn blob(&mut self) -> Result<Bytes, DecodeError>;
    /// A point in time.
    fn timestamp(&mut self) -> Result<Timestamp, DecodeError>;

    /// Takes nothing for a text that is none, and speaks of what is of another type as the older services do, whose
    /// types stand in `package`. A service says so before it reads; protocols other than JSON have no such dialect.
    fn be_strict(&mut self, _package: &'static str) {}
}

/// A sink of values. Infallible: what it writes was checked before, or is ours.
///
/// Each value inside a structure is announced by `member`, each value inside a map by `key`; inside a
/// list every value is an element.
pub trait Writer {
    /// Enters a structure.
    fn begin_struct(&mut self, schema: &'static StructSchema);
    /// Announces the value of `schema.members[index]`.
    fn member(&mut self, schema: &'static StructSchema, index: usize);
    /// Leaves a structure.
    fn end_struct(&mut self);
    /// Enters a list of `len` elements.
    fn begin_list(&mut self, schema: &'static ListSchema, len: usize);
    /// Leaves a list.
    fn end_list(&mut self);
    /// Enters a map of `len` entries.
    fn begin_map(&mut self, schema: &'static MapSchema, len: usize);
    /// Announces the value under `key`.
    fn key(&mut self, key: &str);
    /// Leaves a map.
    fn end_map(&mut self);
    /// A text.
    fn string(&mut self, value: &str);
    /// A boolean.
    fn boolean(&mut self, value: bool);
    /// A 32- or 64-bit number.
    fn long(&mut self, value: i64);
    /// A floating-point number.
    fn double(&mut self, value: f64);
    /// Bytes.
    fn blob(&mut self, value: &[u8]);
    /// A point in time.
    fn timestamp(&mut self, value: Timestamp);
}

/// Reads a list whose elements `element` reads.
///
/// # Errors
/// The reader's.
pub fn read_list<T>(
    reader: &mut dyn Reader,
    schema: &'static ListSchema,
    element: fn(&mut dyn Reader) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    reader.begin_list(schema)?;
    let mut list = Vec::new();
    while reader.next_element()? {
        list.push(element(reader)?);
    }
    Ok(list)
}

/// Reads a map whose values `value` reads. Of a key that occurs twice the last value stays.
///
/// # Errors
/// The reader's.
pub fn read_map<T>(
    reader: &mut dyn Reader,
    schema: &'static MapSchema,
    value: fn(&mut dyn Reader) -> Result<T, DecodeError>,
) -> Result<BTreeMap<String, T>, DecodeError> {
    reader.begin_map(schema)?;
    let mut map = BTreeMap::new();
    while let Some(key) = reader.next_key()? {
        map.insert(key, value(reader)?);
    }
    Ok(map)
}

/// Writes a list whose elements `element` writes.
pub fn write_list<T>(
    writer: &mut dyn Writer,
    schema: &'static ListSchema,
    list: &[T],
    element: fn(&mut dyn Writer, &T),
) {
    writer.begin_list(schema, list.len());
    for entry in list {
        element(writer, entry);
    }
    writer.end_list();
}

/// Writes a map whose values `value` writes.
pub fn write_map<T>(
    writer: &mut dyn Writer,
    schema: &'static MapSchema,
    map: &BTreeMap<String, T>,
    value: fn(&mut dyn Writer, &T),
) {
    writer.begin_map(schema, map.len());
    for (key, entry) in map {
        writer.key(key);
        value(writer, entry);
    }
    writer.end_map();
}
