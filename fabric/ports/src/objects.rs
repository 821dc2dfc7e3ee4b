//! What other services read from buckets and write into them: code of functions, mails that came in, events that
//! could not be delivered.

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_protocol::Call;
use tidegate_types::AccountId;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAddress {
    /// The bucket's name.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version; the newest if none is named.
    pub version: Option<String>,
}

/// Who reads or writes.
#[derive(Debug, Clone, Copy)]
pub enum Acting<'a> {
    /// The caller of another service's operation: what it may do with the object is asked of policies, where
    /// permissions are checked.
    Caller(&'a Call),
    /// A service for an account: it may use that account's own buckets, and no others.
    Account(AccountId),
}

/// An object that was read.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// Its body.
    pub body: Bytes,
    /// Its version, where the bucket keeps versions.
    pub version: Option<String>,
}

/// Why an object was not read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectRefusal {
    /// There is no such bucket.
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    /// There is no such object.
    #[error("The specified key does not exist.")]
    NoSuchKey,
    /// There is no such version.
    #[error("The specified version does not exist.")]
    NoSuchVersion,
    /// It may not.
    #[error("Access Denied")]
    Denied,
    /// It is larger than its reader can take.
    #[error("the object has {size} bytes; at most {most} can be taken")]
    TooLarge {
        /// Its bytes.
        size: u64,
        /// The most that the reader takes.
        most: u64,
    },
    /// Not now; to be tried again.
    #[error("{0}")]
    Unavailable(String),
}

/// Buckets, as other services see them.
pub trait Objects: Send + Sync {
    /// Reads an object of at most `most` bytes, whole.
    ///
    /// # Errors
    /// [`ObjectRefusal`].
    fn read<'a>(
        &'a self,
        acting: Acting<'a>,
        address: &'a ObjectAddress,
        most: u64,
    ) -> BoxFuture<'a, Result<StoredObject, ObjectRefusal>>;

    /// Writes an object, durably, and tells those who want to hear of it. The address' version is not looked at.
    ///
    /// # Errors
    /// [`ObjectRefusal`].
    fn write<'a>(
        &'a self,
        acting: Acting<'a>,
        address: &'a ObjectAddress,
        body: Bytes,
        content_type: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectRefusal>>;
}
