//! Reports of who last used which service.

use tidegate_types::Timestamp;

/// How far back reports look, and for how long they can be asked for.
pub const TRACKED_MS: u64 = 400 * 24 * 3_600_000;
/// For how long a report can be asked for.
pub const REPORT_MS: u64 = 7 * 24 * 3_600_000;
/// How many reports an account has at most. Beyond that the oldest go before their time: what they say is made anew
/// for whoever asks for another.
pub const MAX_REPORTS: usize = 1000;

/// The services that reports are about, with their names: those that are served here.
pub const SERVICES: [(&str, &str); 8] = [
    ("dynamodb", "Amazon DynamoDB"),
    ("iam", "AWS Identity and Access Management"),
    ("lambda", "AWS Lambda"),
    ("logs", "Amazon CloudWatch Logs"),
    ("s3", "Amazon S3"),
    ("ses", "Amazon Simple Email Service v2"),
    ("sqs", "Amazon SQS"),
    ("sts", "AWS Security Token Service"),
];

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReport {
    /// Its job's id.
    pub id: String,
    /// Whose it is: a user's, group's, role's or policy's.
    pub arn: String,
    /// Whether it tells of actions, too.
    pub with_actions: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Whether an operation manages something. AWS tells of these one by one, and of those that read and write data not.
pub fn manages(service: &str, operation: &str) -> bool {
    let moves_data = match service {
        "sqs" => operation.contains("Message") && !operation.contains("MoveTask"),
        "dynamodb" => {
            ["Item", "Statement", "Transact", "Records", "ShardIterator"].iter().any(|what| operation.contains(what))
                || ["Query", "Scan"].contains(&operation)
        }
        "s3" => {
            operation.contains("Object") && !operation.contains("LockConfiguration")
                || operation.contains("Part")
                || operation.contains("MultipartUpload")
        }
        "lambda" => operation.starts_with("Invoke"),
        "logs" => ["PutLogEvents", "GetLogEvents", "FilterLogEvents", "StartLiveTail"].contains(&operation),
        "ses" => operation.starts_with("Send"),
        _ => false,
    };
    !moves_data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_not_managed() {
        for (service, operation, expected) in [
            ("sqs", "SendMessageBatch", false),
            ("sqs", "StartMessageMoveTask", true),
            ("sqs", "CreateQueue", true),
            ("dynamodb", "BatchWriteItem", false),
            ("dynamodb", "CreateTable", true),
            ("s3", "PutObjectTagging", false),
            ("s3", "PutObjectLockConfiguration", true),
            ("s3", "ListBuckets", true),
            ("lambda", "InvokeAsync", false),
            ("iam", "GetUser", true),
        ] {
            assert_eq!(manages(service, operation), expected, "{operation}");
        }
    }
}
