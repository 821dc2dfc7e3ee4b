//! The store, the queues and SQS under a simulated clock, disk and crash.
