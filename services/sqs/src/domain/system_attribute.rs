/// What SQS itself says about a received message, in AWS's order of listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "AWS's own nouns")]
pub enum SystemAttribute {
    SenderId,
    SentTimestamp,
    ApproximateReceiveCount,
    ApproximateFirstReceiveTimestamp,
    SequenceNumber,
    MessageDeduplicationId,
    MessageGroupId,
    AWSTraceHeader,
    DeadLetterQueueSourceArn,
}

impl SystemAttribute {
    /// All of them.
    pub const ALL: [SystemAttribute; 9] = [
        SystemAttribute::SenderId,
        SystemAttribute::SentTimestamp,
        SystemAttribute::ApproximateReceiveCount,
        SystemAttribute::ApproximateFirstReceiveTimestamp,
        SystemAttribute::SequenceNumber,
        SystemAttribute::MessageDeduplicationId,
        SystemAttribute::MessageGroupId,
        SystemAttribute::AWSTraceHeader,
        SystemAttribute::DeadLetterQueueSourceArn,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            SystemAttribute::SenderId => "SenderId",
            SystemAttribute::SentTimestamp => "SentTimestamp",
            SystemAttribute::ApproximateReceiveCount => "ApproximateReceiveCount",
            SystemAttribute::ApproximateFirstReceiveTimestamp => "ApproximateFirstReceiveTimestamp",
            SystemAttribute::SequenceNumber => "SequenceNumber",
            SystemAttribute::MessageDeduplicationId => "MessageDeduplicationId",
            SystemAttribute::MessageGroupId => "MessageGroupId",
            SystemAttribute::AWSTraceHeader => "AWSTraceHeader",
            SystemAttribute::DeadLetterQueueSourceArn => "DeadLetterQueueSourceArn",
        }
    }

    /// The attribute of this name.
    pub fn parse(name: &str) -> Option<SystemAttribute> {
        SystemAttribute::ALL.into_iter().find(|attribute| attribute.name() == name)
    }
}
