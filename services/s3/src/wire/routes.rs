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
            ("CopyObject", route(ops::copy_object)),
            ("CreateBucket", route(ops::create_bucket)),
            ("DeleteBucket", route(ops::delete_bucket)),
            ("DeleteObject", route(ops::delete_object)),
            ("DeleteObjects", route(ops::delete_objects)),
            ("GetBucketLocation", route(ops::get_bucket_location)),
            ("GetBucketNotificationConfiguration", route(ops::get_bucket_notification_configuration)),
            ("GetObject", route(ops::get_object)),
            ("HeadBucket", route(ops::head_bucket)),
            ("HeadObject", route(ops::head_object)),
            ("ListBuckets", route(ops::list_buckets)),
            ("PutBucketNotificationConfiguration", route(ops::put_bucket_notification_configuration)),
            ("PutObject", route(ops::put_object)),
        ],
    )
}
