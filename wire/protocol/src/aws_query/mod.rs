//! awsQuery: a form with an `Action` in, XML out.
//!
//! The form is read into a tree by the dots in its keys, once, because its parts may come in any
//! order. Every SDK from before November 2023 speaks it to SQS, and SNS, IAM, STS, SES and
//! CloudFormation speak nothing else.

mod form;
mod reader;
mod reply;
mod xml;

pub use form::Form;
pub use reader::FormReader;
pub use reply::AwsQuery;
pub(crate) use reply::element;
pub use xml::XmlWriter;
