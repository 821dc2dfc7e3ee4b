//! Bodies above [`tidegate_types::limits::MAX_INLINE_BODY`], each in a file of its own.
//!
//! A body is streamed into a file under `tmp/`, synced, renamed to its place, and the folder
//! synced; only then is there a [`BlobRef`] for the caller to commit. So a committed reference
//! always has its file, whatever crashes when. The reverse does not hold: a crash between the
//! rename and the commit leaves a file that nothing refers to, and [`Blobs::sweep`] finds it.
//! Smaller bodies live in the commit itself: two syncs of their own for each would be ruinous.
//!
//! Files are named by random numbers, not by their content: two objects with the same body are two
//! files, and deleting one needs no count of references.
//!
//! # Layout of a file
//! The content, from the first byte; then the CRC-32C of each 64 KiB block of it; then a footer:
//! length (8 bytes), checksum of the block checksums and the length (4), `TGB1`. Numbers are
//! big-endian. The reference holds length and checksum too, so a range of a large file is verified
//! by reading its own blocks and the list of checksums (0.006 % of the content) and nothing else.
//! `head -c LENGTH` is all it takes to rescue a content by hand.
//!
//! # Folders
//! `ROOT/00` to `ROOT/ff` by the first two digits of the name, made when first needed; `ROOT/tmp`,
//! emptied at start. The store's lock makes its process the only one here.
//!
//! What this crate leaves out: who refers to what (the caller's index answers the sweep), and
//! encryption.

mod backup;
mod blobs;
mod disk;
mod error;
mod layout;
mod partial;
mod platform;
mod reader;
mod reference;
mod sweep;
mod upload;

pub use backup::{Pin, copy_all};
pub use blobs::Blobs;
#[cfg(any(test, feature = "test-util"))]
pub use disk::{Hook, Step};
pub use error::{BlobError, Mismatch};
pub use layout::MAX_BLOB;
pub use reader::{BlobReader, Chunks};
pub use reference::{BlobId, BlobRef, InvalidBlobId};
pub use sweep::{Swept, UNREFERENCED_GRACE};
pub use upload::{Expected, Upload};
