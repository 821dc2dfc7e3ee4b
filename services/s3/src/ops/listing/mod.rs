//! Listings: what a bucket holds, page by page. A page costs what it shows, not what the bucket holds.

mod cursor;
mod list_multipart_uploads;
mod list_object_versions;
mod list_objects;
mod list_objects_v2;
mod list_parts;
#[cfg(test)]
mod model;
mod sources;
mod walk;

pub(crate) use list_multipart_uploads::list_multipart_uploads;
pub(crate) use list_object_versions::list_object_versions;
pub(crate) use list_objects::list_objects;
pub(crate) use list_objects_v2::list_objects_v2;
pub(crate) use list_parts::list_parts;
