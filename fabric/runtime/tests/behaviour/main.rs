//! Functions run as they do on AWS: real Node, real Python, real processes.

mod errors;
mod extensions;
mod lifecycle;
mod logs;
mod node;
mod provided;
mod python;
mod redirect;
mod sdks;
mod streams;
mod support;
