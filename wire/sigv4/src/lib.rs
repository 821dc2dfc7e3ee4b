//! Verifies AWS Signature Version 4, as the server.
//!
//! A client proves that it holds a secret key by hashing the request with it; the server builds the
//! same *canonical request* from what arrived and compares. All ways in which AWS's clients do so are
//! here: the `Authorization` header, presigned URLs, signed POST forms, and bodies in signed or
//! unsigned chunks. Everything is a pure function of the request, the keys and the (real) time; there
//! is no HTTP server in it and no clock.
//!
//! [`Claimed`] reads who claims to call, and where, without proving it: that is all a server on
//! loopback needs.
//!
//! Left out: SigV4A (asymmetric, multi-region) and Signature Version 2.

mod canonical;
mod chunked;
mod claimed;
mod date;
mod error;
mod form;
mod header;
mod key;
mod policy;
mod presigned;
mod request;
mod scope;
mod verify;

pub use chunked::{ChunkDecoder, ChunkError};
pub use claimed::Claimed;
pub use error::SignatureError;
pub use form::{PostForm, verify_form};
pub use key::{Keys, Refused, Secret};
pub use policy::{PolicyError, PostPolicy};
pub use request::{Request, Style};
pub use scope::Scope;
pub use verify::{Expected, Payload, Verified, verify};
