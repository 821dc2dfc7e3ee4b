use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("CopyObject", Coverage::Complete),
    ("CreateBucket", Coverage::Complete),
    ("DeleteBucket", Coverage::Complete),
    ("DeleteObject", Coverage::Complete),
    ("DeleteObjects", Coverage::Complete),
    ("GetBucketLocation", Coverage::Complete),
    ("GetBucketNotificationConfiguration", Coverage::Complete),
    ("GetObject", Coverage::Complete),
    ("HeadBucket", Coverage::Complete),
    ("HeadObject", Coverage::Complete),
    ("ListBuckets", Coverage::Complete),
    ("PutBucketNotificationConfiguration", Coverage::Complete),
    ("PutObject", Coverage::Complete),
];
