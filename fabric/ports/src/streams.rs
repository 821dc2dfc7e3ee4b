//! What event source mappings ask of tables' streams: to follow them without the wire.
//!
//! A stream is a set of shards that come and go. A follower describes the stream, reads each shard from
//! a position that it keeps in a durable place of its own, and reads a shard's children only when it
//! has read the shard to its end: then it sees the changes of each item in their order. Children are
//! read from [`StartingPosition::TrimHorizon`], wherever the follower began.

use bytes::Bytes;
use futures::future::BoxFuture;
use tidegate_store::StoreError;
use tidegate_types::{Arn, Timestamp};

/// A place in a shard: everything before it has been processed. It stays valid for as long as the shard
/// exists, orders as the records do, and may be kept as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamPosition(pub u64);

/// Where in a shard to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record that is still there.
    TrimHorizon,
    /// With what is yet to come.
    Latest,
    /// With the first record that arrived then or later.
    AtTimestamp(Timestamp),
}

/// A stream as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDescription {
    /// Whether it may still grow. One that was disabled is there for another day.
    pub enabled: bool,
    /// What its records show, in the words of the API, such as `NEW_AND_OLD_IMAGES`.
    pub view_type: &'static str,
    /// Its shards, parents before their children.
    pub shards: Vec<ShardDescription>,
}

/// A shard as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardDescription {
    /// What it is called, in its stream.
    pub id: String,
    /// The shard that it followed. It is read first, if it is still among the stream's shards.
    pub parent: Option<String>,
    /// Whether nothing is appended to it any more.
    pub closed: bool,
}

/// How much one read may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// At most so many records; more than [`ReadLimit::MAX_RECORDS`] are as many as those.
    pub records: usize,
    /// It stops behind the record with which their JSON is at least so long.
    pub bytes: usize,
}

impl ReadLimit {
    /// The largest batch of a mapping.
    pub const MAX_RECORDS: usize = 10_000;
}

/// A record of a stream, as functions get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its place. The one behind it is [`StreamRecord::next`].
    pub position: StreamPosition,
    /// Its sequence number, by which functions name the record that failed.
    pub sequence_number: String,
    /// When it arrived: product time.
    pub arrived_at: Timestamp,
    /// The trace it belongs to, as an `X-Amzn-Trace-Id` header.
    pub trace: Option<String>,
    /// One element of the event's `Records`: a JSON object.
    pub json: Bytes,
}

impl StreamRecord {
    /// Where to read on once it is processed.
    pub fn next(&self) -> StreamPosition {
        StreamPosition(self.position.0 + 1)
    }
}

/// What one read of a shard found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// The records, in order. Empty: the reader has reached the end.
    pub records: Vec<StreamRecord>,
    /// Whether the reader has reached the end of a closed shard, so that its children may be read.
    pub ended: bool,
}

/// Why a shard cannot be followed from a position.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The stream never was, or ended more than a day ago.
    #[error("there is no stream {0}")]
    NoSuchStream(Arn),
    /// The shard never was, or was removed with all its records because they were too old. A follower
    /// that has read from it goes on with its children.
    #[error("there is no shard {shard} in {stream}")]
    NoSuchShard {
        /// Which stream.
        stream: Arn,
        /// Which shard.
        shard: String,
    },
    /// Records behind the position are gone because they were too old.
    #[error("the records before {oldest:?} are gone")]
    Trimmed {
        /// From where records are still there.
        oldest: StreamPosition,
    },
    /// The next record is damaged. A follower that counts it as lost may go on behind it.
    #[error("the record at {at:?} cannot be read: {what}")]
    Unreadable {
        /// Its place.
        at: StreamPosition,
        /// What is wrong with it.
        what: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A service whose resources have streams that others follow.
pub trait StreamSource: Send + Sync {
    /// The `service` part of the ARNs of its streams.
    fn service(&self) -> &'static str;

    /// The stream with this ARN.
    ///
    /// # Errors
    /// [`FollowError::NoSuchStream`], or the store's.
    fn describe<'a>(&'a self, stream: &'a Arn) -> BoxFuture<'a, Result<StreamDescription, FollowError>>;

    /// Where in a shard to begin.
    ///
    /// # Errors
    /// [`FollowError::NoSuchStream`], [`FollowError::NoSuchShard`], [`FollowError::Unreadable`] if a
    /// record that was looked at for its time is damaged, or the store's.
    fn resolve<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        start: StartingPosition,
    ) -> BoxFuture<'a, Result<StreamPosition, FollowError>>;

    /// Reads durable records of a shard from a position on. The records before a damaged one are
    /// answered; a read that begins with it fails.
    ///
    /// # Errors
    /// Each [`FollowError`].
    fn read<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
        limit: ReadLimit,
    ) -> BoxFuture<'a, Result<StreamPage, FollowError>>;

    /// Resolves once a read from this position would find a record, or that the shard has ended, or an
    /// error. At once, if it would now. Nothing polls: it is woken by the commit.
    ///
    /// # Errors
    /// [`FollowError::NoSuchStream`], [`FollowError::NoSuchShard`], or the store's.
    fn wait<'a>(
        &'a self,
        stream: &'a Arn,
        shard: &'a str,
        from: StreamPosition,
    ) -> BoxFuture<'a, Result<(), FollowError>>;
}
