//! The rules, pure.

mod layer;
mod limits;
mod mapping;
mod name;
mod unzip;

pub use layer::{InvalidLayers, LayerName, LayerRef, layers_of};
pub use limits::{
    ACCOUNT_CONCURRENCY, MAX_ASYNC_PAYLOAD, MAX_ENVIRONMENT_BYTES, MAX_EVENT_AGE_SECONDS, MAX_LAYERS, MAX_MEMORY_MB,
    MAX_OBJECT_BYTES, MAX_SYNC_PAYLOAD, MAX_TIMEOUT_SECONDS, MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, RESERVED_VARIABLES,
    UNRESERVED_MINIMUM,
};
pub use mapping::{MappingChange, MappingError, MappingKind, MappingSettings, QueueSettings, StreamSettings};
pub use name::{FunctionRef, InvalidName, Qualifier};
pub use unzip::{BadZip, unpack};

/// A SHA-256 as files and downloads are named by it.
pub fn hex(sum: &[u8; 32]) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}
