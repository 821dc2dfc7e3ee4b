use tidegate_protocol::Coverage;

const TABLES: Coverage =
    Coverage::Partial("throughput, encryption, table class and resource policy are stored without effect; no replicas");

const RESTORES: Coverage = Coverage::Partial("on-demand maximums are not kept");

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("BatchExecuteStatement", Coverage::Complete),
    ("BatchGetItem", Coverage::Complete),
    ("BatchWriteItem", Coverage::Partial("requests above 8 MiB are refused")),
    ("CreateBackup", Coverage::Complete),
    ("CreateTable", TABLES),
    ("DeleteBackup", Coverage::Complete),
    ("DeleteItem", Coverage::Complete),
    ("DeleteResourcePolicy", Coverage::Complete),
    ("DeleteTable", Coverage::Complete),
    ("DescribeBackup", Coverage::Complete),
    ("DescribeContinuousBackups", Coverage::Complete),
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
    ("ListBackups", Coverage::Complete),
    ("ListTables", Coverage::Complete),
    ("ListTagsOfResource", Coverage::Complete),
    ("PutItem", Coverage::Complete),
    ("PutResourcePolicy", Coverage::Complete),
    ("Query", Coverage::Complete),
    ("RestoreTableFromBackup", RESTORES),
    ("RestoreTableToPointInTime", RESTORES),
    ("Scan", Coverage::Complete),
    ("TagResource", Coverage::Complete),
    ("TransactGetItems", Coverage::Complete),
    ("TransactWriteItems", Coverage::Complete),
    ("UntagResource", Coverage::Complete),
    ("UpdateContinuousBackups", Coverage::Complete),
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
