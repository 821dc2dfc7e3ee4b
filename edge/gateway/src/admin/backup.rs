//! `POST /_tidegate/backup`: what `tidegate backup` asks of a running server.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use tidegate_ports::AdminAnswer;

use super::{Admin, Visit};

/// Writes all that is durable to a new file, while the server goes on, and says what is in it.
pub type BackupHook = Arc<dyn Fn(PathBuf) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

pub(super) async fn page(admin: &Admin, visit: &Visit<'_>) -> AdminAnswer {
    let Some(backup) = &admin.backup else {
        return AdminAnswer::error(409, "this server keeps its data in memory: there is nothing to back up");
    };
    let Some(file) = visit.text("file").map(PathBuf::from).filter(|file| file.is_absolute()) else {
        return AdminAnswer::error(400, "say {\"file\": \"/absolute/path/of/a/new/file\"}");
    };
    match backup(file).await {
        Ok(report) => AdminAnswer::ok(report),
        Err(error) => AdminAnswer::error(500, error),
    }
}
