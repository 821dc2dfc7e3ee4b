use tidegate_protocol::Coverage;

/// How completely each operation is served.
pub const COVERAGE: &[(&str, Coverage)] = &[
    ("AbortMultipartUpload", Coverage::Complete),
    ("CompleteMultipartUpload", Coverage::Complete),
    ("CopyObject", Coverage::Complete),
    ("CreateBucket", Coverage::Complete),
    ("CreateMultipartUpload", Coverage::Complete),
    ("DeleteBucket", Coverage::Complete),
    ("DeleteObject", Coverage::Complete),
    ("DeleteObjects", Coverage::Complete),
    ("GetBucketLocation", Coverage::Complete),
    ("GetBucketNotificationConfiguration", Coverage::Complete),
    ("GetObject", Coverage::Complete),
    ("GetObjectAttributes", Coverage::Complete),
    ("HeadBucket", Coverage::Complete),
    ("HeadObject", Coverage::Complete),
    ("ListBuckets", Coverage::Complete),
    ("ListMultipartUploads", Coverage::Complete),
    ("ListObjectVersions", Coverage::Complete),
    ("ListObjects", Coverage::Complete),
    ("ListObjectsV2", Coverage::Complete),
    ("ListParts", Coverage::Complete),
    ("OptionsBucket", Coverage::Complete),
    ("OptionsObject", Coverage::Complete),
    (
        "PostObject",
        Coverage::Partial(
            "under --auth enforce only forms that anybody may send: a form's own signature is not checked",
        ),
    ),
    ("PutBucketNotificationConfiguration", Coverage::Complete),
    ("PutObject", Coverage::Complete),
    (
        "RestoreObject",
        Coverage::Partial("what is restored can be read at once; results of selections cannot be restored"),
    ),
    ("UploadPart", Coverage::Complete),
    ("UploadPartCopy", Coverage::Complete),
];
