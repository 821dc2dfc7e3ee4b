//! What other services may ask of S3.

mod objects;
mod website;

pub(crate) use objects::BucketObjects;
pub(crate) use website::Websites;
