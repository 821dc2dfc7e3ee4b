//! `POST /_tidegate/reset`: forget everything, between two tests.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::json;
use tidegate_ports::AdminAnswer;

use super::{Admin, Visit, health};

/// What empties one part of the server; durable when it resolves.
pub type ResetHook = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

pub(super) async fn page(admin: &Admin, _visit: &Visit<'_>) -> AdminAnswer {
    let Some(hooks) = &admin.resets else {
        return AdminAnswer::error(
            409,
            "this server keeps its data: reset works only if it was started with --ephemeral or --virtual-clock",
        );
    };
    for hook in hooks {
        if let Err(error) = hook().await {
            return health::store_trouble(error);
        }
    }
    AdminAnswer::ok(json!({ "reset": true }))
}
