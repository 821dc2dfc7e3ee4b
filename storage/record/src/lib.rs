//! How keys and records become bytes, so that bytes written by any earlier release can be read.
//!
//! **Keys** are tuples whose encoding sorts as the tuples do: [`Key`] writes them, [`KeyReader`]
//! takes them apart. Every key begins with a [`Root`], so that no two libraries share a prefix.
//!
//! **Records** are types that implement [`Stored`]: one version byte, then fields in a fixed order,
//! written and read by hand with [`Writer`] and [`Reader`]. By hand, because a derived encoding
//! changes silently when a field is renamed, reordered or retyped; here such a change is a visible
//! edit of `write`, and the golden bytes in the record's test refuse it.
//!
//! # Changing a record
//! A release that has been published must stay readable, so the layout of a version never changes:
//!
//! 1. Copy the struct and its `Stored` implementation to `FooV1` (private), keep its golden test as
//!    `testing::assert_reads_older::<Foo>(hex, &expected)`.
//! 2. Change `Foo`, set `VERSION` to 2, give it `From<FooV1>`.
//! 3. Let `Foo::read_older` answer `Ok(read_version::<FooV1>(version, from)?.into())`. The chain goes on by
//!    itself: `FooV2::read_older` names `FooV1`, and so on.
//! 4. Add the golden bytes of the new version.
//!
//! Records are migrated when they are read and rewritten when something else changes them: there is
//! no moment at which a whole store is rewritten. A record of a version that this release does not
//! know is [`DecodeError::Newer`], never a guess.
//!
//! What this crate leaves out: checksums (each commit carries one) and compression.

mod error;
mod key;
mod key_reader;
mod reader;
mod stored;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod writer;

pub use error::DecodeError;
pub use key::{Key, Root};
pub use key_reader::KeyReader;
pub use reader::Reader;
pub use stored::{Stored, read_version};
pub use writer::Writer;
