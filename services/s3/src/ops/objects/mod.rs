//! Single objects: written, read, copied, deleted.

mod acl;
mod copy;
mod delete;
mod draft;
mod editing;
mod encryption;
mod get;
mod lock;
mod put;
mod reading;
mod tagging;

pub(crate) use acl::{get_object_acl, put_object_acl};
pub(crate) use copy::{CopySource, copy_object};
pub(crate) use delete::{check_lock, delete_object, delete_objects};
pub(crate) use draft::{Draft, Fields, draft_of};
pub(crate) use encryption::update_object_encryption;
pub(crate) use get::{get_object, head_object};
pub(crate) use lock::{get_object_legal_hold, get_object_retention, put_object_legal_hold, put_object_retention};
pub(crate) use put::{Put, Write, announced, checked_key, put_object, shown_version, stated_md5, unquoted};
pub(crate) use reading::{Conditions, Reading, Viewed, opened};
pub(crate) use tagging::{delete_object_tagging, get_object_tagging, put_object_tagging};
