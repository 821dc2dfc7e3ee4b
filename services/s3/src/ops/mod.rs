//! S3's operations: validate, decide, one transaction, answer.

pub(crate) mod acl_headers;
mod buckets;
pub(crate) mod content;
mod notification;
mod objects;
pub(crate) mod raising;
mod reset;
mod subscribers;
pub(crate) mod versions;

pub(crate) use buckets::{create_bucket, delete_bucket, get_bucket_location, head_bucket, list_buckets, unmark_all};
pub(crate) use notification::{
    get_bucket_notification_configuration, put_bucket_notification_configuration, put_notification,
};
pub(crate) use objects::{CUSTOMER, copy_object, delete_object, delete_objects, get_object, head_object, put_object};
pub(crate) use reset::delete_everything;
