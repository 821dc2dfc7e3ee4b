use std::ops::RangeInclusive;

use super::{Attribute, RedriveAllowPolicy, RedrivePolicy};

/// How a queue behaves: everything about it that a client can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a message waits before it can be received, unless it says otherwise itself.
    pub delay_seconds: u32,
    /// The most bytes of a message's body and attributes.
    pub maximum_message_bytes: u32,
    /// How long a message is kept.
    pub retention_seconds: u32,
    /// How long a receive waits for a message, unless it says otherwise itself.
    pub receive_wait_seconds: u32,
    /// How long a received message stays hidden, unless the receive says otherwise.
    pub visibility_timeout_seconds: u32,
    /// Who may use the queue: an IAM policy, stored as compact JSON.
    pub policy: Option<String>,
    /// When messages go to a dead-letter queue.
    pub redrive: Option<RedrivePolicy>,
    /// Whose dead-letter queue this may be.
    pub redrive_allow: Option<RedriveAllowPolicy>,
    /// What the client says about encryption at rest; stored and shown, not acted on.
    pub encryption: Encryption,
    /// Present in FIFO queues only.
    pub fifo: Option<FifoSettings>,
}

/// Which keys the client wants its messages encrypted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// None.
    Off,
    /// Keys that SQS manages: the default.
    SqsManaged,
    /// A key of the key management service.
    Kms {
        /// Its id, alias or ARN.
        key_id: String,
        /// How long a data key is used.
        reuse_seconds: u32,
    },
}

/// What only FIFO queues have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FifoSettings {
    /// Whether a message without a deduplication id gets the hash of its body as one.
    pub content_based_deduplication: bool,
    /// Within what a deduplication id is unique.
    pub deduplication_scope: DeduplicationScope,
    /// What AWS's throughput quota is counted over; stored and shown, there is no quota here.
    pub throughput_limit: FifoThroughputLimit,
}

/// Within what a deduplication id is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeduplicationScope {
    /// The whole queue.
    Queue,
    /// One message group.
    MessageGroup,
}

/// What AWS's throughput quota is counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FifoThroughputLimit {
    /// The whole queue.
    PerQueue,
    /// Each message group.
    PerMessageGroupId,
}

/// One wish of a client about a queue's settings, with its value parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "AWS's own nouns, each with the value of the setting of that name")]
pub enum Setting {
    DelaySeconds(u32),
    MaximumMessageSize(u32),
    MessageRetentionPeriod(u32),
    ReceiveMessageWaitTimeSeconds(u32),
    VisibilityTimeout(u32),
    Policy(Option<String>),
    RedrivePolicy(Option<RedrivePolicy>),
    RedriveAllowPolicy(Option<RedriveAllowPolicy>),
    KmsMasterKeyId(Option<String>),
    KmsDataKeyReusePeriodSeconds(u32),
    SqsManagedSseEnabled(bool),
    FifoQueue(bool),
    ContentBasedDeduplication(bool),
    DeduplicationScope(DeduplicationScope),
    FifoThroughputLimit(FifoThroughputLimit),
}

/// Why settings cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is not one that the attribute can have.
    #[error("invalid value for {}", .0.name())]
    OutOfRange(Attribute),
    /// The queue's kind has no such attribute.
    #[error("{} is not an attribute of this queue", .0.name())]
    NotForThisQueue(Attribute),
    /// Only FIFO queues have this attribute.
    #[error("{} is an attribute of FIFO queues", .0.name())]
    FifoOnly(Attribute),
    /// A queue cannot change its kind.
    #[error("a queue's type cannot be changed")]
    TypeIsFixed,
    /// Both kinds of encryption at once.
    #[error("one kind of encryption at a time")]
    TwoEncryptions,
    /// A throughput limit per group needs deduplication per group.
    #[error("a throughput limit per message group needs a deduplication scope per message group")]
    LimitNeedsScope,
}

/// The shortest time that a queue can be told to keep its messages.
pub const SHORTEST_RETENTION_MS: u64 = 60_000;

const DEFAULT_REUSE_SECONDS: u32 = 300;

impl QueueSettings {
    /// The settings of a queue about which nothing was said.
    pub fn defaults(fifo: bool) -> QueueSettings {
        QueueSettings {
            delay_seconds: 0,
            maximum_message_bytes: 1_048_576,
            retention_seconds: 345_600,
            receive_wait_seconds: 0,
            visibility_timeout_seconds: 30,
            policy: None,
            redrive: None,
            redrive_allow: None,
            encryption: Encryption::SqsManaged,
            fifo: fifo.then_some(FifoSettings {
                content_based_deduplication: false,
                deduplication_scope: DeduplicationScope::Queue,
                throughput_limit: FifoThroughputLimit::PerQueue,
            }),
        }
    }

    /// The settings of a new queue: the defaults and what was asked for.
    ///
    /// # Errors
    /// [`SettingError`], for the first wish that cannot be met.
    pub fn of_new_queue(fifo: bool, wishes: &[Setting]) -> Result<QueueSettings, SettingError> {
        // AWS has no `FifoQueue` of `false`: a standard queue does not know the attribute.
        if wishes.contains(&Setting::FifoQueue(false)) {
            return Err(SettingError::NotForThisQueue(Attribute::FifoQueue));
        }
        QueueSettings::defaults(fifo).with(wishes)
    }

    /// These settings with the wishes applied.
    ///
    /// # Errors
    /// [`SettingError`], for the first wish that cannot be met.
    pub fn with(&self, wishes: &[Setting]) -> Result<QueueSettings, SettingError> {
        check_encryption(wishes)?;
        let mut settings = self.clone();
        for wish in wishes {
            settings.apply(wish)?;
        }
        match settings.fifo {
            Some(fifo) if !fifo.is_consistent() => Err(SettingError::LimitNeedsScope),
            _ => Ok(settings),
        }
    }

    /// The first wish that these settings do not already meet: what keeps a second CreateQueue from
    /// being a repetition of the first.
    ///
    /// # Errors
    /// [`SettingError`], if a wish could not be met by any queue of this kind.
    pub fn first_difference(&self, wishes: &[Setting]) -> Result<Option<Attribute>, SettingError> {
        check_encryption(wishes)?;
        for wish in wishes {
            let mut changed = self.clone();
            changed.apply(wish)?;
            if changed != *self {
                return Ok(Some(wish.attribute()));
            }
        }
        Ok(None)
    }

    fn apply(&mut self, wish: &Setting) -> Result<(), SettingError> {
        match wish {
            Setting::DelaySeconds(seconds) => set(&mut self.delay_seconds, *seconds, wish)?,
            Setting::MaximumMessageSize(bytes) => set(&mut self.maximum_message_bytes, *bytes, wish)?,
            Setting::MessageRetentionPeriod(seconds) => set(&mut self.retention_seconds, *seconds, wish)?,
            Setting::ReceiveMessageWaitTimeSeconds(seconds) => set(&mut self.receive_wait_seconds, *seconds, wish)?,
            Setting::VisibilityTimeout(seconds) => set(&mut self.visibility_timeout_seconds, *seconds, wish)?,
            Setting::Policy(policy) => self.policy.clone_from(policy),
            Setting::RedrivePolicy(policy) => self.redrive.clone_from(policy),
            Setting::RedriveAllowPolicy(policy) => self.redrive_allow.clone_from(policy),
            Setting::KmsMasterKeyId(key) => self.encryption.use_key(key.as_deref()),
            Setting::KmsDataKeyReusePeriodSeconds(seconds) => {
                let mut reuse = DEFAULT_REUSE_SECONDS;
                set(&mut reuse, *seconds, wish)?;
                self.encryption.reuse_for(reuse);
            }
            Setting::SqsManagedSseEnabled(enabled) => self.encryption.manage(*enabled),
            Setting::FifoQueue(true) if self.fifo.is_some() => {}
            Setting::FifoQueue(_) if self.fifo.is_some() => return Err(SettingError::TypeIsFixed),
            Setting::FifoQueue(_) => return Err(SettingError::NotForThisQueue(Attribute::FifoQueue)),
            Setting::ContentBasedDeduplication(enabled) => {
                let unknown = SettingError::NotForThisQueue(Attribute::ContentBasedDeduplication);
                self.fifo.as_mut().ok_or(unknown)?.content_based_deduplication = *enabled;
            }
            Setting::DeduplicationScope(scope) => self.fifo_only(wish)?.deduplication_scope = *scope,
            Setting::FifoThroughputLimit(limit) => self.fifo_only(wish)?.throughput_limit = *limit,
        }
        Ok(())
    }

    fn fifo_only(&mut self, wish: &Setting) -> Result<&mut FifoSettings, SettingError> {
        self.fifo.as_mut().ok_or(SettingError::FifoOnly(wish.attribute()))
    }

    /// Whether every number lies in its range: what [`QueueSettings::with`] guarantees.
    pub fn is_valid(&self) -> bool {
        let numbers = [
            Setting::DelaySeconds(self.delay_seconds),
            Setting::MaximumMessageSize(self.maximum_message_bytes),
            Setting::MessageRetentionPeriod(self.retention_seconds),
            Setting::ReceiveMessageWaitTimeSeconds(self.receive_wait_seconds),
            Setting::VisibilityTimeout(self.visibility_timeout_seconds),
        ];
        self.with(&numbers).is_ok_and(|same| same == *self)
    }
}

fn check_encryption(wishes: &[Setting]) -> Result<(), SettingError> {
    let kms = wishes.iter().any(|wish| matches!(wish, Setting::KmsMasterKeyId(Some(_))));
    let managed = wishes.contains(&Setting::SqsManagedSseEnabled(true));
    if kms && managed { Err(SettingError::TwoEncryptions) } else { Ok(()) }
}

/// Sets a number if it lies in its attribute's range.
fn set(field: &mut u32, value: u32, wish: &Setting) -> Result<(), SettingError> {
    let attribute = wish.attribute();
    if !range(attribute).contains(&value) {
        return Err(SettingError::OutOfRange(attribute));
    }
    *field = value;
    Ok(())
}

/// The range of a numeric attribute.
fn range(attribute: Attribute) -> RangeInclusive<u32> {
    match attribute {
        Attribute::DelaySeconds => 0..=900,
        Attribute::MaximumMessageSize => 1024..=1_048_576,
        Attribute::MessageRetentionPeriod => 60..=1_209_600,
        Attribute::ReceiveMessageWaitTimeSeconds => 0..=20,
        Attribute::VisibilityTimeout => 0..=43_200,
        Attribute::KmsDataKeyReusePeriodSeconds => 60..=86_400,
        other => unreachable!("{} is not a number", other.name()),
    }
}

impl FifoSettings {
    fn is_consistent(self) -> bool {
        self.throughput_limit == FifoThroughputLimit::PerQueue
            || self.deduplication_scope == DeduplicationScope::MessageGroup
    }
}

impl Encryption {
    fn use_key(&mut self, key: Option<&str>) {
        match (key, &mut *self) {
            (Some(key), Encryption::Kms { key_id, .. }) => key.clone_into(key_id),
            (Some(key), _) => *self = Encryption::Kms { key_id: key.to_owned(), reuse_seconds: DEFAULT_REUSE_SECONDS },
            (None, Encryption::Kms { .. }) => *self = Encryption::Off,
            (None, _) => {}
        }
    }

    fn reuse_for(&mut self, seconds: u32) {
        // Without a key there is nothing to reuse; AWS accepts and forgets the number.
        if let Encryption::Kms { reuse_seconds, .. } = self {
            *reuse_seconds = seconds;
        }
    }

    fn manage(&mut self, enabled: bool) {
        match (enabled, &*self) {
            (true, _) => *self = Encryption::SqsManaged,
            (false, Encryption::SqsManaged) => *self = Encryption::Off,
            (false, _) => {}
        }
    }
}

impl Setting {
    /// Which attribute it is about.
    pub fn attribute(&self) -> Attribute {
        match self {
            Setting::DelaySeconds(_) => Attribute::DelaySeconds,
            Setting::MaximumMessageSize(_) => Attribute::MaximumMessageSize,
            Setting::MessageRetentionPeriod(_) => Attribute::MessageRetentionPeriod,
            Setting::ReceiveMessageWaitTimeSeconds(_) => Attribute::ReceiveMessageWaitTimeSeconds,
            Setting::VisibilityTimeout(_) => Attribute::VisibilityTimeout,
            Setting::Policy(_) => Attribute::Policy,
            Setting::RedrivePolicy(_) => Attribute::RedrivePolicy,
            Setting::RedriveAllowPolicy(_) => Attribute::RedriveAllowPolicy,
            Setting::KmsMasterKeyId(_) => Attribute::KmsMasterKeyId,
            Setting::KmsDataKeyReusePeriodSeconds(_) => Attribute::KmsDataKeyReusePeriodSeconds,
            Setting::SqsManagedSseEnabled(_) => Attribute::SqsManagedSseEnabled,
            Setting::FifoQueue(_) => Attribute::FifoQueue,
            Setting::ContentBasedDeduplication(_) => Attribute::ContentBasedDeduplication,
            Setting::DeduplicationScope(_) => Attribute::DeduplicationScope,
            Setting::FifoThroughputLimit(_) => Attribute::FifoThroughputLimit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(wishes: &[Setting]) -> Result<QueueSettings, SettingError> {
        QueueSettings::of_new_queue(false, wishes)
    }

    #[test]
    fn ranges_are_enforced_at_both_ends() {
        type Make = fn(u32) -> Setting;
        let cases: [(Make, u32, u32); 5] = [
            (Setting::DelaySeconds, 0, 900),
            (Setting::MaximumMessageSize, 1024, 1_048_576),
            (Setting::MessageRetentionPeriod, 60, 1_209_600),
            (Setting::ReceiveMessageWaitTimeSeconds, 0, 20),
            (Setting::VisibilityTimeout, 0, 43_200),
        ];
        for (make, lowest, highest) in cases {
            for value in [lowest, highest] {
                assert!(standard(&[make(value)]).is_ok_and(|settings| settings.is_valid()), "{:?}", make(value));
            }
            for value in [lowest.wrapping_sub(1), highest + 1] {
                let attribute = make(value).attribute();
                assert_eq!(standard(&[make(value)]), Err(SettingError::OutOfRange(attribute)), "{value}");
            }
        }
    }

    #[test]
    fn fifo_attributes_belong_to_fifo_queues() {
        let scope = Setting::DeduplicationScope(DeduplicationScope::MessageGroup);
        assert_eq!(standard(std::slice::from_ref(&scope)), Err(SettingError::FifoOnly(Attribute::DeduplicationScope)));
        let fifo = QueueSettings::of_new_queue(true, &[Setting::FifoQueue(true), scope]).unwrap();
        assert_eq!(fifo.with(&[Setting::FifoQueue(false)]), Err(SettingError::TypeIsFixed));
        let limit = Setting::FifoThroughputLimit(FifoThroughputLimit::PerMessageGroupId);
        assert!(fifo.with(std::slice::from_ref(&limit)).is_ok());
        assert_eq!(QueueSettings::of_new_queue(true, &[limit]), Err(SettingError::LimitNeedsScope));
    }

    #[test]
    fn one_kind_of_encryption_replaces_the_other() {
        let key = Setting::KmsMasterKeyId(Some("k".to_owned()));
        assert_eq!(standard(&[key.clone(), Setting::SqsManagedSseEnabled(true)]), Err(SettingError::TwoEncryptions));
        let kms = standard(&[key, Setting::KmsDataKeyReusePeriodSeconds(60)]).unwrap();
        assert_eq!(kms.encryption, Encryption::Kms { key_id: "k".to_owned(), reuse_seconds: 60 });
        let off = kms.with(&[Setting::KmsMasterKeyId(None)]).unwrap();
        assert_eq!(off.encryption, Encryption::Off);
        assert_eq!(off.with(&[Setting::SqsManagedSseEnabled(true)]).unwrap().encryption, Encryption::SqsManaged);
    }

    #[test]
    fn a_repeated_creation_differs_by_what_it_names_only() {
        let settings = standard(&[Setting::DelaySeconds(5)]).unwrap();
        assert_eq!(settings.first_difference(&[]), Ok(None));
        assert_eq!(settings.first_difference(&[Setting::DelaySeconds(5)]), Ok(None));
        let other = [Setting::VisibilityTimeout(30), Setting::DelaySeconds(6)];
        assert_eq!(settings.first_difference(&other), Ok(Some(Attribute::DelaySeconds)));
    }
}
