//! restJson1: methods and paths, members in paths, query strings, headers and JSON bodies.
//!
//! What is outside the body is [`rest`](crate::rest)'s; the body's reader and writer are those of awsJson
//! with other names.

mod reply;

use bytes::Bytes;

pub use reply::RestJson;

use crate::aws_json::{JsonReader, JsonWriter};
use crate::decode::DecodeError;
use crate::rest::{BodyReader, BodyWriter, RestReader, RestWriter};
use crate::schema::StructSchema;

/// Pulls typed values out of a request or an answer.
pub type RestJsonReader<'a> = RestReader<'a, JsonReader<'a>>;

/// Sorts typed values into a request or an answer.
pub type RestJsonWriter = RestWriter<JsonWriter>;

impl RestJsonWriter {
    /// A writer.
    pub fn json() -> RestJsonWriter {
        RestWriter::new(JsonWriter::of_rest())
    }
}

impl<'a> BodyReader<'a> for JsonReader<'a> {
    fn open(body: &'a Bytes) -> Result<JsonReader<'a>, DecodeError> {
        JsonReader::of_rest(body)
    }

    fn is_blank(body: &Bytes) -> bool {
        body.iter().all(u8::is_ascii_whitespace)
    }
}

impl BodyWriter for JsonWriter {
    fn payload(&mut self, _: &'static StructSchema, _: usize) {}

    fn finish(self) -> Vec<u8> {
        JsonWriter::finish(self)
    }
}
