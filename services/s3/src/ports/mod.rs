//! What other services may ask of S3.

mod objects;

pub(crate) use objects::BucketObjects;
