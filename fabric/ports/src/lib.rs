//! How services meet: they *send*, *ask* and *follow*, and in no other way.
//!
//! - **send**: [`Post::post`] inside the sender's transaction. If the target's state lives in our
//!   store (a [`Sink`]: queue, topic, bus, log group), the delivery is accepted in that same
//!   transaction: exactly once. If it is an effect (function, HTTP, mail), a delivery message is
//!   enqueued in that transaction and workers perform it: at least once.
//! - **ask**: a narrow trait of its own for each question, given to the constructor as `Arc<dyn …>`;
//!   never inside a transaction.
//! - **follow**: a reader with a durable cursor over a queue or a log.
//!
//! This crate holds the traits only, so that services can meet without knowing each other.

mod admin;
mod delivery;
mod functions;
mod hosted;
mod identity;
mod log_lines;
mod objects;
mod queues;
mod roles;
mod streams;

pub use admin::{AdminAnswer, AdminDocument, AdminRoute, AdminSite, AdminVisit};
pub use delivery::{Delivery, DeliveryAttribute, Post, Refusal, RetryPolicy, Sink, post_alone};
pub use functions::{FunctionAnswer, FunctionCall, FunctionError, Functions, InvokeRefusal};
pub use hosted::{Broken, HostedAnswer, HostedBody, HostedHttp, HostedRequest};
pub use identity::{
    Credential, Credentials, Identity, IdentityPolicies, KeyUse, NamedPolicy, PrincipalPolicies, ResourcePolicies,
    Session,
};
pub use log_lines::{LogBatch, LogLines};
pub use objects::{Acting, ObjectAddress, ObjectRefusal, Objects, StoredObject};
pub use queues::{
    HandleOutcomes, HandleRefusal, QueueAttributeValue, QueueDescription, QueueFollowError, QueueMessage,
    QueueMessageAttribute, QueueReceive, QueueSource,
};
pub use roles::{
    AssumableRole, KnownProvider, RoleCredentials, RoleRefusal, RoleUse, RoleVerdict, Roles, ServiceRoles,
};
pub use streams::{
    FollowError, ReadLimit, ShardDescription, StartingPosition, StreamDescription, StreamPage, StreamPosition,
    StreamRecord, StreamSource,
};
