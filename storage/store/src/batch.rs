use bytes::Bytes;

use crate::Space;

/// The number of a commit: 1 for a store's first, one more for each that is accepted after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

/// A place in commit order, assigned when a batch is accepted: unique in the store, and larger
/// than every position assigned before it. Positions of one log or queue have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// A position that a batch will be given when it is accepted: an index into
/// [`crate::Committed::positions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub u32);

/// What must hold for a batch to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Where.
    pub space: Space,
    /// Which key.
    pub key: Bytes,
    /// The version that must be there; `None`: there must be no record.
    pub expected: Option<Sequence>,
    /// The commit as of which, or later, that was read, if it was: what has not been written since need
    /// not be read again.
    pub read_at: Option<Sequence>,
}

/// A key or value into which an assigned position is written, as eight bytes, big-endian, so that
/// keys sort by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The bytes before the position.
    pub before: Bytes,
    /// Which position.
    pub slot: Slot,
    /// The bytes behind it.
    pub after: Bytes,
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Stores `value` under `key`.
    Put {
        /// Where.
        space: Space,
        /// Under which key.
        key: Bytes,
        /// What.
        value: Bytes,
    },
    /// Removes `key`, if it is there.
    Delete {
        /// Where.
        space: Space,
        /// Which key.
        key: Bytes,
    },
    /// Stores `value` under a key that contains an assigned position.
    PutStampedKey {
        /// Where.
        space: Space,
        /// The key to be.
        key: Stamped,
        /// What.
        value: Bytes,
    },
    /// Stores under `key` a value that contains an assigned position.
    PutStampedValue {
        /// Where.
        space: Space,
        /// Under which key.
        key: Bytes,
        /// The value to be.
        value: Stamped,
    },
}

/// Writes that commit together or not at all, and the conditions under which they may.
///
/// *Append* (to a log) and *enqueue* (to a queue) are both spelt with [`Batch::position`] and
/// [`Batch::put_at`]: the position is assigned when the batch is accepted, in commit order. One
/// chosen while building the batch would let a reader's cursor pass a record that commits later,
/// and would make every append conflict with every other.
///
/// Writes apply in the order they were added: the last one to a key wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) checks: Vec<Check>,
    pub(crate) ops: Vec<Op>,
    pub(crate) slots: u32,
    pub(crate) bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Demands that `key` holds the version `expected`, or nothing if `None`.
    pub fn check(&mut self, space: Space, key: impl Into<Bytes>, expected: Option<Sequence>) {
        self.checks.push(Check { space, key: key.into(), expected, read_at: None });
    }

    /// As [`Batch::check`], for what was read in a state that contained the commit `read_at`.
    pub fn check_as_read(
        &mut self,
        space: Space,
        key: impl Into<Bytes>,
        expected: Option<Sequence>,
        read_at: Sequence,
    ) {
        self.checks.push(Check { space, key: key.into(), expected, read_at: Some(read_at) });
    }

    /// Stores `value` under `key`.
    pub fn put(&mut self, space: Space, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (key, value) = (key.into(), value.into());
        self.bytes += key.len() + value.len();
        self.ops.push(Op::Put { space, key, value });
    }

    /// Removes `key`, if it is there.
    pub fn delete(&mut self, space: Space, key: impl Into<Bytes>) {
        let key = key.into();
        self.bytes += key.len();
        self.ops.push(Op::Delete { space, key });
    }

    /// Asks for a position.
    pub fn position(&mut self) -> Slot {
        let slot = Slot(self.slots);
        self.slots += 1;
        slot
    }

    /// Stores `value` under the key `before ++ position ++ after`.
    pub fn put_at(
        &mut self,
        space: Space,
        before: impl Into<Bytes>,
        slot: Slot,
        after: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) {
        let (before, after, value) = (before.into(), after.into(), value.into());
        self.bytes += before.len() + 8 + after.len() + value.len();
        self.ops.push(Op::PutStampedKey { space, key: Stamped { before, slot, after }, value });
    }

    /// Stores the value `before ++ position ++ after` under `key`.
    pub fn put_with_position(
        &mut self,
        space: Space,
        key: impl Into<Bytes>,
        before: impl Into<Bytes>,
        slot: Slot,
        after: impl Into<Bytes>,
    ) {
        let (key, before, after) = (key.into(), before.into(), after.into());
        self.bytes += key.len() + before.len() + 8 + after.len();
        self.ops.push(Op::PutStampedValue { space, key, value: Stamped { before, slot, after } });
    }

    /// Whether there is nothing to write. Checks alone do not make a batch worth committing.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// This batch without its writes.
    pub(crate) fn checks_only(self) -> Batch {
        Batch { checks: self.checks, ..Batch::default() }
    }

    /// The bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The conditions.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The writes, in order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }
}
