/// The attributes of a queue, in the order in which AWS lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "AWS's own nouns")]
pub enum Attribute {
    QueueArn,
    ApproximateNumberOfMessages,
    ApproximateNumberOfMessagesNotVisible,
    ApproximateNumberOfMessagesDelayed,
    CreatedTimestamp,
    LastModifiedTimestamp,
    VisibilityTimeout,
    MaximumMessageSize,
    MessageRetentionPeriod,
    DelaySeconds,
    Policy,
    ReceiveMessageWaitTimeSeconds,
    RedrivePolicy,
    RedriveAllowPolicy,
    KmsMasterKeyId,
    KmsDataKeyReusePeriodSeconds,
    SqsManagedSseEnabled,
    FifoQueue,
    ContentBasedDeduplication,
    DeduplicationScope,
    FifoThroughputLimit,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Attribute; 21] = [
        Attribute::QueueArn,
        Attribute::ApproximateNumberOfMessages,
        Attribute::ApproximateNumberOfMessagesNotVisible,
        Attribute::ApproximateNumberOfMessagesDelayed,
        Attribute::CreatedTimestamp,
        Attribute::LastModifiedTimestamp,
        Attribute::VisibilityTimeout,
        Attribute::MaximumMessageSize,
        Attribute::MessageRetentionPeriod,
        Attribute::DelaySeconds,
        Attribute::Policy,
        Attribute::ReceiveMessageWaitTimeSeconds,
        Attribute::RedrivePolicy,
        Attribute::RedriveAllowPolicy,
        Attribute::KmsMasterKeyId,
        Attribute::KmsDataKeyReusePeriodSeconds,
        Attribute::SqsManagedSseEnabled,
        Attribute::FifoQueue,
        Attribute::ContentBasedDeduplication,
        Attribute::DeduplicationScope,
        Attribute::FifoThroughputLimit,
    ];

    /// The attribute of this name.
    pub fn parse(name: &str) -> Option<Attribute> {
        Attribute::ALL.into_iter().find(|attribute| attribute.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Attribute::QueueArn => "QueueArn",
            Attribute::ApproximateNumberOfMessages => "ApproximateNumberOfMessages",
            Attribute::ApproximateNumberOfMessagesNotVisible => "ApproximateNumberOfMessagesNotVisible",
            Attribute::ApproximateNumberOfMessagesDelayed => "ApproximateNumberOfMessagesDelayed",
            Attribute::CreatedTimestamp => "CreatedTimestamp",
            Attribute::LastModifiedTimestamp => "LastModifiedTimestamp",
            Attribute::VisibilityTimeout => "VisibilityTimeout",
            Attribute::MaximumMessageSize => "MaximumMessageSize",
            Attribute::MessageRetentionPeriod => "MessageRetentionPeriod",
            Attribute::DelaySeconds => "DelaySeconds",
            Attribute::Policy => "Policy",
            Attribute::ReceiveMessageWaitTimeSeconds => "ReceiveMessageWaitTimeSeconds",
            Attribute::RedrivePolicy => "RedrivePolicy",
            Attribute::RedriveAllowPolicy => "RedriveAllowPolicy",
            Attribute::KmsMasterKeyId => "KmsMasterKeyId",
            Attribute::KmsDataKeyReusePeriodSeconds => "KmsDataKeyReusePeriodSeconds",
            Attribute::SqsManagedSseEnabled => "SqsManagedSseEnabled",
            Attribute::FifoQueue => "FifoQueue",
            Attribute::ContentBasedDeduplication => "ContentBasedDeduplication",
            Attribute::DeduplicationScope => "DeduplicationScope",
            Attribute::FifoThroughputLimit => "FifoThroughputLimit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::parse(attribute.name()), Some(attribute));
        }
        assert_eq!(Attribute::parse("queueArn"), None);
    }
}
