//! `/_tidegate/keys`: what `tidegate keys` asks of a running server.

use serde_json::json;
use tidegate_ports::AdminAnswer;
use tidegate_types::AccountId;

use super::{Admin, Visit, clock, health};

pub(super) fn list(admin: &Admin) -> AdminAnswer {
    let keys: Vec<_> = admin.keys.list();
    let shown = keys.iter().map(
        |key| json!({ "id": key.id, "account": key.account.to_string(), "createdAt": clock::to_text(key.created_at) }),
    );
    AdminAnswer::ok(json!({ "keys": shown.collect::<Vec<_>>() }))
}

pub(super) async fn create(admin: &Admin, visit: &Visit<'_>) -> AdminAnswer {
    let account = match visit.text("account").map(|account| account.parse()) {
        None => AccountId::DEFAULT,
        Some(Ok(account)) => account,
        Some(Err(error)) => return AdminAnswer::error(400, error.to_string()),
    };
    match admin.keys.create(account).await {
        Ok(key) => AdminAnswer::ok(json!({ "id": key.id, "secret": key.secret, "account": key.account.to_string() })),
        Err(error) => health::store_trouble(error),
    }
}

pub(super) async fn delete(admin: &Admin, id: &str) -> AdminAnswer {
    match admin.keys.delete(id).await {
        Ok(true) => AdminAnswer::ok(json!({ "deleted": id })),
        Ok(false) => AdminAnswer::error(404, format!("there is no access key {id}")),
        Err(error) => health::store_trouble(error),
    }
}
