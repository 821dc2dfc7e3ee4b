//! Single objects: written, read, copied, deleted.

mod copy;
mod delete;
mod draft;
mod get;
mod put;
mod reading;

pub(crate) use copy::{CopySource, copy_object};
pub(crate) use delete::{check_lock, delete_object, delete_objects};
pub(crate) use draft::{CUSTOMER, Draft, Fields, draft_of, lock_mode, needs_lock};
pub(crate) use get::{get_object, head_object};
pub(crate) use put::{Put, Write, announced, checked_key, put_object, shown_version, unquoted};
pub(crate) use reading::{Conditions, Reading, Viewed};
