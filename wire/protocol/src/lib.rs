//! The AWS wire protocols: schemas, codecs, constraint checks, error envelopes, and the traits in
//! which the gateway and the services meet.
//!
//! A service's API is *data*: static tables ([`schema`]) that `cargo xtask codegen` writes from the
//! service models, beside one plain struct for each shape. Generated code knows two object-safe traits
//! and nothing else: it pulls values from a [`Reader`] and pushes them to a [`Writer`]. A protocol is
//! one implementation of each ([`aws_json`], [`aws_query`], [`rest_json`],
//! [`rest_xml`]); a check of the model's constraints is one
//! more `Writer` ([`constraints`]). So the size of a build grows with shapes *plus* protocols, never
//! with their product, and a new protocol needs no regeneration.
//!
//! Left out: HTTP itself (the gateway's), and the codecs of protocols that no service needs yet.

mod access;
pub mod aws_json;
pub mod aws_query;
mod codec;
pub mod constraints;
mod decode;
pub mod errors;
pub mod event_stream;
mod http_call;
mod members;
pub mod model;
pub mod rest;
pub mod rest_json;
pub mod rest_xml;
mod router;
mod scan;
pub mod schema;
pub mod service;
mod shape;
mod time;

pub use access::{Access, Guard, Need, Needs, Permissions, ResourceRule, needs, needs_by_name, needs_of_stored};
pub use codec::{Codec, Reply, codec};
pub use decode::DecodeError;
pub use event_stream::{EventStream, StreamEvent};
pub use http_call::{Answered, FormSigners, HttpAnswer, HttpBody, HttpRequest, Pieces, Trailers, UploadForm};
pub use members::Members;
pub use model::{Coverage, ErrorShape, Fault, Operation, ProtocolId, ServiceModel, Validation};
pub use router::{Handler, Route, Router, route};
pub use service::{Call, Caller, ErrorStructure, ResponseFuture, Service, ServiceError};
pub use shape::{Reader, Shape, Writer, read_list, read_map, write_list, write_map};
pub use time::{from_http_date, to_http_date};
