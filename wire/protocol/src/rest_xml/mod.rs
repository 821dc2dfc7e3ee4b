//! restXml, which is S3's: methods and paths, members in paths, query strings, headers and XML bodies.
//!
//! What is outside the body is [`rest`](crate::rest)'s; the writer of bodies is awsQuery's. Requests' bodies
//! are small (a list of keys, a policy, a configuration), so they are read through a tree.

mod reader;
mod reply;
mod roots;

use bytes::Bytes;

pub use reader::XmlReader;
pub use reply::{RestXml, host_id};

use crate::aws_query::XmlWriter;
use crate::decode::DecodeError;
use crate::rest::{BodyReader, BodyWriter, RestReader, RestWriter};
use crate::schema::StructSchema;

/// Pulls typed values out of a request or an answer.
pub type RestXmlReader<'a> = RestReader<'a, XmlReader<'a>>;

/// Sorts typed values into a request or an answer.
pub type RestXmlWriter = RestWriter<XmlWriter>;

impl RestXmlWriter {
    /// A writer. A structure that is the body itself is written as the element `root`, in this namespace.
    pub fn xml(root: &'static str, namespace: Option<&'static str>) -> RestXmlWriter {
        RestWriter::new(XmlWriter::new(String::new(), root).in_namespace(namespace))
    }
}

impl<'a> BodyReader<'a> for XmlReader<'a> {
    fn open(body: &'a Bytes) -> Result<XmlReader<'a>, DecodeError> {
        XmlReader::new(body)
    }

    fn is_blank(body: &Bytes) -> bool {
        body.iter().all(u8::is_ascii_whitespace)
    }
}

impl BodyWriter for XmlWriter {
    fn payload(&mut self, schema: &'static StructSchema, index: usize) {
        self.payload_named(schema.members[index].wire_name);
    }

    fn finish(self) -> Vec<u8> {
        XmlWriter::finish(self).into_bytes()
    }
}
