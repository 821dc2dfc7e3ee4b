//! DynamoDB as a whole, over a store in memory and a clock that stands still until it is moved.
//! Files are named by behaviour.

mod bed;
mod concurrency;
mod indexes;
mod misuse;
mod model;
mod streams;
