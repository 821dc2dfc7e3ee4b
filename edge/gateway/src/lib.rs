//! One port for all services: finds the service, authenticates, bounds, answers.
//!
//! The way of a request: [`Server`] accepts its connection and gives it up if it stalls; [`Gateway`]
//! turns away what a web page sent ([`Access`]), reads the body within limits ([`BodyReader`]), finds
//! service and operation ([`Directory`]), finds the caller ([`Auth`]), hands a
//! [`Call`](tidegate_protocol::Call) to the [`Service`](tidegate_protocol::Service), and encodes what
//! it returns in the caller's protocol. What is not an AWS API is answered by [`Admin`].
//!
//! # What it promises
//! - Memory is bounded: by request, and over all requests. A waiting long poll holds neither the
//!   head nor the body of its request.
//! - If the client goes away, the call's future is dropped: a service undoes what it reserved.
//! - A panic in a handler ends that request with a 500, and nothing else.
//! - Every answer of an AWS API is in the caller's protocol, refusals of the gateway included.
//!
//! It knows no service by name: it is given tables and `Arc<dyn Service>`s.

mod access;
mod admin;
mod answer;
mod auth;
mod body;
mod directory;
mod envelope;
mod gateway;
mod hosted;
mod hosts;
mod identity;
mod keys;
mod server;
mod stats;
mod stop;
mod stored;
mod stream_body;
mod streamed;

pub use access::{Access, Refused};
pub use admin::{Admin, BackupHook, ClockControl, InitBoard, ResetHook, ScriptState, Stage};
pub use auth::{Auth, Mode, Sources};
pub use body::{BodyBudget, BodyError, BodyReader};
pub use directory::{Directory, Entry, Found, Lost, Wanted};
pub use gateway::{Gateway, Parted};
pub use keys::AccessKeys;
pub use server::{Origin, Patience, Server};
pub use stop::{Stop, Stopper};
pub use stored::AccessKey;
