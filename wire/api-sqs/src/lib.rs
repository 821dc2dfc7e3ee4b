//! The SQS API: generated types and tables.
