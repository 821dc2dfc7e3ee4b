use tidegate_types::Arn;

use super::QueueAddress;

/// The bounds of `maxReceiveCount`.
const MAX_RECEIVE_COUNTS: std::ops::RangeInclusive<u32> = 1..=1000;

/// After how many receives a message goes to which dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedrivePolicy {
    /// The dead-letter queue.
    pub target: QueueAddress,
    /// A message that was received this often without being deleted goes there.
    pub max_receive_count: u32,
}

/// Which queues may use this one as their dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveAllowPolicy {
    /// Which.
    pub permission: RedrivePermission,
}

/// The three permissions of a [`RedriveAllowPolicy`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedrivePermission {
    /// Every queue of the account and region.
    AllowAll,
    /// None.
    DenyAll,
    /// These, 1 to 10 of them.
    ByQueue(Vec<Arn>),
}

impl RedrivePolicy {
    /// Whether a number can be a `maxReceiveCount`.
    pub fn is_valid_max_receive_count(count: u32) -> bool {
        MAX_RECEIVE_COUNTS.contains(&count)
    }

    /// Whether a message that was received `receive_count` times is to move to the dead-letter queue
    /// instead of being received once more.
    pub fn is_exhausted(&self, receive_count: u32) -> bool {
        receive_count >= self.max_receive_count
    }
}

impl RedriveAllowPolicy {
    /// The most sources that can be listed.
    pub const MAX_SOURCES: usize = 10;

    /// Whether `source` may name the holder of this policy as its dead-letter queue.
    pub fn allows(&self, source: &Arn) -> bool {
        match &self.permission {
            RedrivePermission::AllowAll => true,
            RedrivePermission::DenyAll => false,
            RedrivePermission::ByQueue(sources) => sources.contains(source),
        }
    }
}
