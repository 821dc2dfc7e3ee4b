//! DynamoDB.

pub mod domain;
