use tidegate_protocol::Coverage;

const TABLES: Coverage =
    Coverage::Partial("throughput, encryption, table class and resource policy are stored without effect; no replicas");

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("BatchExecuteStatement", Coverage::Complete),
    ("BatchGetItem", Coverage::Complete),
    ("BatchWriteItem", Coverage::Partial("requests above 8 MiB are refused")),
    ("CreateTable", TABLES),
    ("DeleteItem", Coverage::Complete),
    ("DeleteResourcePolicy", Coverage::Complete),
    ("DeleteTable", Coverage::Complete),
    ("DescribeContinuousBackups", Coverage::Stored("there are no backups yet")),
    ("DescribeContributorInsights", Coverage::Partial("always disabled")),
    ("DescribeEndpoints", Coverage::Complete),
    ("DescribeKinesisStreamingDestination", Coverage::Partial("there never is one")),
    ("DescribeLimits", Coverage::Stored("AWS's default quotas; nothing is throttled")),
    ("DescribeTable", TABLES),
    ("DescribeTimeToLive", Coverage::Complete),
    ("ExecuteStatement", Coverage::Complete),
    ("ExecuteTransaction", Coverage::Complete),
    ("GetItem", Coverage::Complete),
    ("GetResourcePolicy", Coverage::Complete),
    ("ListTables", Coverage::Complete),
    ("ListTagsOfResource", Coverage::Complete),
    ("PutItem", Coverage::Complete),
    ("PutResourcePolicy", Coverage::Complete),
    ("Query", Coverage::Complete),
    ("Scan", Coverage::Complete),
    ("TagResource", Coverage::Complete),
    ("TransactGetItems", Coverage::Complete),
    ("TransactWriteItems", Coverage::Complete),
    ("UntagResource", Coverage::Complete),
    ("UpdateContinuousBackups", Coverage::Stored("there are no backups yet")),
    ("UpdateItem", Coverage::Complete),
    ("UpdateTable", TABLES),
    ("UpdateTimeToLive", Coverage::Complete),
];

/// The same for the streams of tables, which are an API of their own.
pub const STREAMS_COVERAGE: &[(&str, Coverage)] = &[
    ("DescribeStream", Coverage::Partial("a stream has one shard")),
    ("GetRecords", Coverage::Complete),
    ("GetShardIterator", Coverage::Complete),
    ("ListStreams", Coverage::Complete),
];
