//! S3's operations: validate, decide, one transaction, answer.

mod access_log;
pub(crate) mod acl_headers;
mod attributes;
mod buckets;
pub(crate) mod configs;
pub(crate) mod content;
mod cors;
mod expiring;
mod listing;
mod multipart;
mod notification;
mod objects;
mod post;
pub(crate) mod raising;
mod reset;
mod restore;
mod subscribers;
mod torrent;
pub(crate) mod versions;

pub(crate) use access_log::{logged, noted};
pub(crate) use attributes::get_object_attributes;
pub(crate) use buckets::{create_bucket, delete_bucket, get_bucket_location, head_bucket, list_buckets, unmark_all};
pub(crate) use cors::{allow_page, is_page_allowed, options_bucket, options_object};
pub(crate) use expiring::{aged, rules_in};
pub(crate) use listing::{list_multipart_uploads, list_object_versions, list_objects, list_objects_v2, list_parts};
pub(crate) use multipart::{
    abort_in_tx as abort_upload_in_tx, abort_multipart_upload, complete_multipart_upload, create_multipart_upload,
    upload_part, upload_part_copy,
};
pub(crate) use notification::{get_bucket_notification_configuration, put_bucket_notification_configuration};
pub(crate) use objects::{
    Conditions, CopySource, Fields, Put, Reading, Viewed, Write, check_lock, copy_object, delete_object,
    delete_object_tagging, delete_objects, get_object, get_object_acl, get_object_legal_hold, get_object_retention,
    get_object_tagging, head_object, opened, put_object, put_object_acl, put_object_legal_hold, put_object_retention,
    put_object_tagging, shown_version, update_object_encryption,
};
pub(crate) use post::post_object;
pub(crate) use reset::delete_everything;
pub(crate) use restore::restore_object;
pub(crate) use torrent::get_object_torrent;
