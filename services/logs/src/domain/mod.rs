//! CloudWatch Logs' rules, pure and synchronous. They take `now` and know neither store nor protocol.

mod address;
mod batch;
mod chunk;
mod cut;
mod export;
mod insights;
mod limits;
mod masking;
mod metric;
mod retention;
mod rule;
mod selection;
mod subscription;

pub use address::{GroupAddress, GroupReference, StreamName};
pub use batch::{Accepted, BatchError, Event, Rejected, accept};
pub use chunk::{CHUNK_BYTES, CHUNK_SPAN_MS, Chunk, split};
pub use cut::{Cut, EventId};
pub use export::{EXPORT_PART_BYTES, ExportState, WRITE_TEST, is_stretch, lines, part_key, write_test_key};
pub use insights::{Pointer, QueryRefused, QueryState, begin_ms, end_ms};
pub use limits::{EVENT_OVERHEAD_BYTES, MAX_ANSWER_BYTES, MAX_BATCH_BYTES, MAX_EVENTS};
pub use masking::{Masking, Masks};
pub use metric::{MetricTransformation, Sample, samples};
pub use retention::{RETENTION_DAYS, is_retention};
pub use rule::{
    AccountPolicyKind, AccountSubscription, IndexedField, Meaning, chooses, indexed_fields, prefixes, transformer,
};
pub use selection::{Direction, Found, Selection};
pub use subscription::{Envelope, control_message, data_messages};
pub use tidegate_logfilter::Criteria;
