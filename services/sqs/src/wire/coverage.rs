use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("AddPermission", Coverage::Complete),
    ("CancelMessageMoveTask", Coverage::Complete),
    ("ChangeMessageVisibility", Coverage::Complete),
    ("ChangeMessageVisibilityBatch", Coverage::Complete),
    ("CreateQueue", Coverage::Partial("encryption settings are stored and shown; nothing is encrypted")),
    ("DeleteMessage", Coverage::Complete),
    ("DeleteMessageBatch", Coverage::Complete),
    ("DeleteQueue", Coverage::Complete),
    ("GetQueueAttributes", Coverage::Complete),
    ("GetQueueUrl", Coverage::Complete),
    ("ListDeadLetterSourceQueues", Coverage::Complete),
    ("ListMessageMoveTasks", Coverage::Complete),
    ("ListQueueTags", Coverage::Complete),
    ("ListQueues", Coverage::Complete),
    ("PurgeQueue", Coverage::Complete),
    ("ReceiveMessage", Coverage::Complete),
    ("RemovePermission", Coverage::Complete),
    ("SendMessage", Coverage::Complete),
    ("SendMessageBatch", Coverage::Complete),
    ("SetQueueAttributes", Coverage::Partial("encryption settings are stored and shown; nothing is encrypted")),
    ("StartMessageMoveTask", Coverage::Complete),
    ("TagQueue", Coverage::Complete),
    ("UntagQueue", Coverage::Complete),
];
