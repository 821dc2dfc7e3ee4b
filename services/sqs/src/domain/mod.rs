//! SQS's rules, and nothing else: pure functions and types that take `now` and know no protocol,
//! no store and no runtime.
//!
//! Everything a client sends is parsed here into a type that cannot hold anything else
//! ([`QueueName`], [`Receipt`], [`MessageAttribute`], …), so that no operation checks twice. What
//! AWS calls the mistakes, and how it words them, is the business of `wire/errors.rs` alone.

mod address;
mod attribute;
mod batch;
mod digest;
mod fifo;
mod message;
mod message_attribute;
mod move_task;
mod name;
mod permission;
mod receipt;
mod redrive;
mod selection;
mod settings;
mod side_by_side;
mod system_attribute;
mod tags;
mod text;
mod visibility;

pub use address::{QueueAddress, QueueReference};
pub use attribute::Attribute;
pub use batch::{BatchError, MAX_BATCH_ENTRIES, check_batch, check_batch_bytes};
pub use digest::{Md5Digest, md5_of_attributes, md5_of_bodies, md5_of_body, md5_of_trace_header};
pub use fifo::{DEDUPLICATION_WINDOW_MS, DeduplicationId, GroupId, IdError, deduplication_key, sequence_number};
pub use message::{Draft, MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES, Message, MessageError, Origin, Outgoing};
pub use message_attribute::RawAttribute;
pub use message_attribute::{AttributeError, AttributeValue, MAX_ATTRIBUTES, MessageAttribute, check_attributes};
pub use move_task::{KEPT_TASKS, MAX_MESSAGES_PER_SECOND, MoveTask, TaskFailure, TaskId, TaskStatus};
pub use name::{NameError, QueueName};
pub use permission::{PermissionError, check_actions};
pub use receipt::{InvalidReceipt, Receipt, ReceiptKey};
pub use redrive::{RedriveAllowPolicy, RedrivePermission, RedrivePolicy};
pub use selection::AttributeSelection;
pub use settings::{
    DeduplicationScope, Encryption, FifoSettings, FifoThroughputLimit, QueueSettings, SHORTEST_RETENTION_MS, Setting,
    SettingError,
};
pub use system_attribute::SystemAttribute;
pub use tags::{TagError, add_tags, check_tag_keys};
pub use text::{has_only_allowed_characters, is_graphic_id};
pub use visibility::{
    Held, MAX_VISIBILITY_SECONDS, VisibilityError, check_delete, check_visibility_change, returns_to_flight,
    visibility_deadline,
};
