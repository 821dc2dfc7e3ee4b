//! Whether the server serves, in the shape that LocalStack's users know.

use serde_json::{Map, Value, json};
use tidegate_ports::AdminAnswer;

use super::Admin;
use crate::gateway::Gateway;

/// `running` for what is served, `disabled` for what is only known; `error` while the store is away.
pub fn health(admin: &Admin, gateway: &Gateway) -> AdminAnswer {
    let trouble = admin.store.snapshot().err();
    let state = if trouble.is_some() { "error" } else { "running" };
    let mut services = Map::new();
    for entry in gateway.directory().entries() {
        let state = if entry.service.is_some() { state } else { "disabled" };
        services.insert(entry.model.name.to_owned(), state.into());
    }
    let mut body = json!({
        "status": if trouble.is_some() { "recovering" } else { "running" },
        "services": services,
        "edition": "community",
        "version": admin.version,
    });
    if let Some(trouble) = &trouble {
        body["message"] = trouble.to_string().into();
    }
    AdminAnswer { status: if trouble.is_some() { 503 } else { 200 }, body }
}

/// Version and uptime.
pub fn info(admin: &Admin, gateway: &Gateway) -> AdminAnswer {
    AdminAnswer::ok(json!({
        "version": admin.version,
        "edition": "community",
        "is_license_activated": false,
        "system": std::env::consts::OS,
        "server_time_utc": super::clock::to_text(gateway.env().now()),
        "uptime": gateway.uptime().as_secs(),
    }))
}

/// For people who open the port in a browser.
pub fn home(admin: &Admin) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><title>Tidegate</title>\n\
         <h1>Tidegate {}</h1>\n\
         <p>Durable AWS-compatible services on one port. Point an AWS client here, for example with\n\
         <code>eval \"$(tidegate env)\"</code>.\n\
         <p><a href=/_tidegate/health>health</a> · <a href=/_tidegate/metrics>metrics</a> ·\n\
         <a href=/_tidegate>all pages</a>\n",
        admin.version
    )
}

/// An error that a page cannot mend.
pub fn store_trouble(error: impl std::fmt::Display) -> AdminAnswer {
    AdminAnswer { status: 503, body: Value::Object(Map::from_iter([("message".to_owned(), error.to_string().into())])) }
}
