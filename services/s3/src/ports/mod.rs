//! What other services may ask of S3.

mod objects;
mod policies;
mod website;

pub(crate) use objects::BucketObjects;
pub(crate) use policies::BucketPolicies;
pub(crate) use website::Websites;
