//! What IAM does, over its own service boundary.
