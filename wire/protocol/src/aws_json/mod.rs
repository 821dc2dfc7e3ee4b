//! awsJson 1.0 and 1.1: one JSON document each way, the operation's name in `X-Amz-Target`.
//!
//! The reader pulls straight from the text, without a tree in between: a body of a megabyte is
//! scanned once and copied once, into the field that will own it.

mod lexer;
mod reader;
mod reply;
mod words;
mod writer;

pub use reader::JsonReader;
pub use reply::{AwsJson, VERSION_1_0, VERSION_1_1};
pub use writer::JsonWriter;

/// How deeply a document may nest. A DynamoDB item of 32 levels takes two of them for each, and one that
/// is too deep must be read to be refused in that service's words; without a limit a body of brackets
/// would exhaust the stack.
pub const MAX_DEPTH: usize = 200;
