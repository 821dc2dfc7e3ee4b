//! Functions in containers: for what this machine cannot run as a process.
//!
//! Java, .NET and Ruby functions run in AWS's own public base images, and functions that are images in theirs.
//! The engine is spoken to through its command line, `docker` or one that understands the same words, such as
//! Podman's: the user has set that up with all of its contexts, sockets and registries, which a client of our own
//! would have to learn anew.
//!
//! A container's runtime speaks the Runtime API of its environment like any other, so that nothing of ours runs
//! within. On Linux it shares the machine's network: the endpoint listens on loopback only, and nothing else reaches
//! that without listening to more. Engines in a virtual machine (Docker Desktop) lead the name
//! `host.docker.internal` to loopback.
//!
//! *Invariant RUN-2* holds with one difference: the engine, not the server, is the parent of a container. One that a
//! killed server left is removed before the next server on the same data folder starts its first, and when that
//! server starts.

mod arguments;
mod engine;
mod image;
mod running;

pub(crate) use arguments::{Plan, Variables};
pub(crate) use engine::Engine;
pub use image::Image;
pub(crate) use image::{Contents, Reference, base_image, repository};
pub use image::{ImageFacts, PullRefusal};
pub(crate) use running::{Container, start};
