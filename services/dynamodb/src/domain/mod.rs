//! DynamoDB's rules, pure: values and numbers, keys and indexes, expressions, what things weigh.
//! Nothing here knows of HTTP, of the store or of what time it is.

mod backup;
mod bucket;
pub mod expression;
mod index;
mod index_checks;
mod index_key;
mod insights;
mod key;
pub mod legacy;
mod misuse;
mod number;
pub mod partiql;
mod recovery;
mod stream;
mod table;
mod throughput;
mod units;
mod value;

pub use backup::{BackupAddress, BackupKind, BackupState};
pub use bucket::Bucket;
pub use index::{Index, IndexState, Projected};
pub use index_key::{IndexKey, IndexSchema, MAX_PARTS};
pub use insights::Insights;
pub use key::{Key, KeyPart, KeyParts, KeySchema, mismatched_key};
pub use misuse::Misuse;
pub use number::Number;
pub use recovery::{Recovery, Restored};
pub use stream::{OpenShard, Stream, StreamView};
pub use table::{Billing, Encryption, Table, TableAddress, Ttl, check_table_name};
pub use throughput::{Flow, OnDemandLimit, Throttled, Throughput};
pub use units::{read_units, write_units};
pub use value::{Item, Type, Value, item_size};

/// The largest item, in bytes.
pub const MAX_ITEM: usize = 400 * 1024;
/// How many levels of lists and maps a value may have.
pub const MAX_NESTING: usize = 32;
/// The largest item collection of a table with local indexes, in bytes.
pub const MAX_COLLECTION: u64 = 10 << 30;
/// How much one page of a query or scan may read, in bytes.
pub const MAX_PAGE: usize = 1024 * 1024;
