use tidegate_protocol::Coverage;

const TABLES: Coverage = Coverage::Partial(
    "throughput is enforced where the server is asked to; encryption, table class and warm throughput are stored without effect; no replicas",
);

const INSIGHTS: Coverage = Coverage::Partial("kept and shown; nothing is counted, and there are no rules");

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
    ("DescribeContributorInsights", INSIGHTS),
    ("DescribeEndpoints", Coverage::Complete),
    ("DescribeKinesisStreamingDestination", Coverage::Partial("there never is one")),
    ("DescribeLimits", Coverage::Partial("AWS's default quotas, which are not enforced")),
    ("DescribeTable", TABLES),
    ("DescribeTimeToLive", Coverage::Complete),
    ("ExecuteStatement", Coverage::Complete),
    ("ExecuteTransaction", Coverage::Complete),
    ("GetItem", Coverage::Complete),
    ("GetResourcePolicy", Coverage::Complete),
    ("ListBackups", Coverage::Complete),
    ("ListContributorInsights", INSIGHTS),
    ("ListTables", Coverage::Complete),
    ("ListTagsOfResource", Coverage::Complete),
    ("PutItem", Coverage::Complete),
    ("PutResourcePolicy", Coverage::Complete),
    ("Query", Coverage::Complete),
    ("RestoreTableFromBackup", Coverage::Complete),
    ("RestoreTableToPointInTime", Coverage::Complete),
    ("Scan", Coverage::Complete),
    ("TagResource", Coverage::Complete),
    ("TransactGetItems", Coverage::Complete),
    ("TransactWriteItems", Coverage::Complete),
    ("UntagResource", Coverage::Complete),
    ("UpdateContinuousBackups", Coverage::Complete),
    ("UpdateContributorInsights", INSIGHTS),
    ("UpdateItem", Coverage::Complete),
    ("UpdateTable", TABLES),
    ("UpdateTimeToLive", Coverage::Complete),
];

/// The same for the streams of tables, which are an API of their own.
pub const STREAMS_COVERAGE: &[(&str, Coverage)] = &[
    ("DescribeStream", Coverage::Complete),
    ("GetRecords", Coverage::Complete),
    ("GetShardIterator", Coverage::Complete),
    ("ListStreams", Coverage::Complete),
];
