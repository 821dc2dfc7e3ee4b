use tidegate_api_s3::MODEL;
use tidegate_protocol::{Router, route};

use super::COVERAGE;
use crate::ops;
use crate::service::S3;

/// Every operation and the function that performs it.
pub(crate) fn router() -> Router<S3> {
    Router::new(
        &MODEL,
        COVERAGE,
        [
            ("AbortMultipartUpload", route(ops::abort_multipart_upload)),
            ("CompleteMultipartUpload", route(ops::complete_multipart_upload)),
            ("CopyObject", route(ops::copy_object)),
            ("CreateBucket", route(ops::create_bucket)),
            ("CreateMultipartUpload", route(ops::create_multipart_upload)),
            ("DeleteBucket", route(ops::delete_bucket)),
            ("DeleteObject", route(ops::delete_object)),
            ("DeleteObjects", route(ops::delete_objects)),
            ("GetBucketLocation", route(ops::get_bucket_location)),
            ("GetBucketNotificationConfiguration", route(ops::get_bucket_notification_configuration)),
            ("GetObject", route(ops::get_object)),
            ("GetObjectAttributes", route(ops::get_object_attributes)),
            ("HeadBucket", route(ops::head_bucket)),
            ("HeadObject", route(ops::head_object)),
            ("ListBuckets", route(ops::list_buckets)),
            ("ListMultipartUploads", route(ops::list_multipart_uploads)),
            ("ListObjectVersions", route(ops::list_object_versions)),
            ("ListObjects", route(ops::list_objects)),
            ("ListObjectsV2", route(ops::list_objects_v2)),
            ("ListParts", route(ops::list_parts)),
            ("OptionsBucket", route(ops::options_bucket)),
            ("OptionsObject", route(ops::options_object)),
            ("PostObject", route(ops::post_object)),
            ("PutBucketNotificationConfiguration", route(ops::put_bucket_notification_configuration)),
            ("PutObject", route(ops::put_object)),
            ("RestoreObject", route(ops::restore_object)),
            ("UploadPart", route(ops::upload_part)),
            ("UploadPartCopy", route(ops::upload_part_copy)),
        ],
    )
}
