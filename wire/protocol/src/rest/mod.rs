//! What the REST protocols share: finding an operation by method and path, and the members of a shape that
//! travel in paths, query strings, headers and the status.
//!
//! [`RestReader`] yields those first and then hands over to the reader of the body; [`RestWriter`] sorts
//! values the same way. Both are generic over the body's half only, of which there are two: generated code
//! sees `dyn Reader` and `dyn Writer` as ever.

mod head;
mod reader;
mod routes;
mod uri;
mod writer;

pub use head::Head;
pub use reader::{BodyReader, RestReader};
pub use routes::{Asked, Routes};
pub use uri::{fill, labels};
pub use writer::{BodyWriter, Parts, PartsBody, RestWriter};
