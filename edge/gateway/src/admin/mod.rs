//! What the server answers besides AWS APIs: `/_tidegate/*`, LocalStack's `/_localstack/*`, and `/`.
//!
//! Under `--auth enforce` every path but the health pages needs the admin key. What outlives a change
//! of mode (access keys) or writes files (backups) needs it always.

mod access_keys;
mod backup;
mod clock;
mod health;
mod init;
mod reset;
mod settle;
mod site;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};
use hyper::body::Body;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tidegate_ports::{AdminAnswer, AdminRoute};
use tidegate_store::Store;
use tidegate_telemetry::Metrics;

use crate::answer::{self, Answer};
use crate::gateway::Gateway;
use crate::keys::AccessKeys;

pub use backup::BackupHook;
pub use clock::ClockControl;
pub use init::{InitBoard, ScriptState, Stage};
pub use reset::ResetHook;

/// What the admin pages work on.
pub struct Admin {
    /// The release.
    pub version: &'static str,
    /// The store, for its health and its last commit.
    pub store: Arc<dyn Store>,
    /// The services' pages.
    pub pages: Vec<Arc<dyn AdminRoute>>,
    /// The clock, if it may be moved.
    pub clock: Option<ClockControl>,
    /// What empties each service, if that is allowed.
    pub resets: Option<Vec<ResetHook>>,
    /// What writes a backup, if there is something to back up.
    pub backup: Option<BackupHook>,
    /// Keys for `--auth enforce`.
    pub keys: Arc<AccessKeys>,
    /// What the init scripts came to.
    pub init: Arc<InitBoard>,
    /// What all crates measure.
    pub metrics: Option<Metrics>,
    /// The key that opens these pages.
    pub admin_key: Option<String>,
}

/// A request for an admin page.
pub(crate) struct Visit<'a> {
    gateway: &'a Gateway,
    query: Vec<(String, String)>,
    body: Value,
}

/// One of the gateway's own pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Home,
    Index,
    Health,
    Info,
    Init(Option<Stage>),
    Metrics,
    Settle,
    ReadClock,
    MoveClock,
    Reset,
    ListKeys,
    CreateKey,
    DeleteKey,
    Backup,
}

/// The pages by method and path, and what they do.
const PAGES: [(&str, &str, Page, &str); 19] = [
    ("GET", "/", Page::Home, "what this is"),
    ("GET", "/_tidegate", Page::Index, "this list"),
    ("GET", "/_tidegate/health", Page::Health, "whether the server serves"),
    ("GET", "/_localstack/health", Page::Health, "the same, where LocalStack has it"),
    ("GET", "/health", Page::Health, "the same, where older tools look"),
    ("GET", "/_localstack/info", Page::Info, "version and uptime"),
    ("GET", "/_localstack/init", Page::Init(None), "what the init scripts came to"),
    ("GET", "/_localstack/init/boot", Page::Init(Some(Stage::Boot)), "those of one stage"),
    ("GET", "/_localstack/init/start", Page::Init(Some(Stage::Start)), "those of one stage"),
    ("GET", "/_localstack/init/ready", Page::Init(Some(Stage::Ready)), "those of one stage"),
    ("GET", "/_localstack/init/shutdown", Page::Init(Some(Stage::Shutdown)), "those of one stage"),
    ("GET", "/_tidegate/metrics", Page::Metrics, "measurements for Prometheus"),
    ("POST", "/_tidegate/settle", Page::Settle, "wait until nothing moves any more (timeout in seconds)"),
    ("GET", "/_tidegate/clock", Page::ReadClock, "product time"),
    (
        "POST",
        "/_tidegate/clock",
        Page::MoveClock,
        "move product time: {\"advance\": \"PT24H\"} or {\"set\": \"2030-01-01T00:00:00Z\"}",
    ),
    ("POST", "/_tidegate/reset", Page::Reset, "forget everything"),
    ("GET", "/_tidegate/keys", Page::ListKeys, "access keys, without their secrets"),
    ("POST", "/_tidegate/keys", Page::CreateKey, "make an access key: {\"account\": \"000000000000\"}"),
    ("POST", "/_tidegate/backup", Page::Backup, "write a backup: {\"file\": \"/path/of/a/new/file\"}"),
];
/// The one page whose path has a parameter.
const DELETE_KEY: &str = "/_tidegate/keys/";

impl Admin {
    /// Whether the request is for one of these pages. A signed request never is: a bucket may be
    /// called `health`.
    pub(crate) fn is_addressed(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        match path {
            "/" | "/health" => {
                matches!(parts.method, Method::GET | Method::HEAD)
                    && parts.uri.query().is_none()
                    && !parts.headers.contains_key(header::AUTHORIZATION)
                    && !parts.headers.contains_key("x-amz-target")
            }
            _ => ["/_tidegate", "/_localstack", "/_aws"]
                .iter()
                .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))),
        }
    }

    /// Answers it.
    pub(crate) async fn answer<B>(&self, gateway: &Gateway, parts: Parts, body: B) -> Answer
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let path = match parts.uri.path() {
            "/" => "/",
            path => path.trim_end_matches('/'),
        };
        let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
        let page = find_page(method, path);
        let site = site::find(gateway, path);
        if !self.may_see(gateway, &parts, page) && !site.is_some_and(|site| site.is_open(path)) {
            let text = "this page needs the admin key: send it as x-tidegate-admin-key; the data folder keeps it in \
                        the file admin-key";
            return respond(AdminAnswer::error(403, text));
        }
        if let Some(site) = site {
            return site::answer(site, path, &parts).await;
        }
        let body = match gateway.read_admin_body(&parts.headers, body).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let visit = Visit { gateway, query: parse_query(parts.uri.query().unwrap_or("")), body };
        match page {
            Some(Page::Metrics) => answer::content(200, "text/plain; version=0.0.4", self.metrics_text(gateway)),
            Some(Page::Home) => answer::content(200, "text/html; charset=utf-8", health::home(self)),
            Some(page) => respond(self.own_page(page, path, &visit).await),
            None => respond(self.service_page(method, path, &visit).await),
        }
    }

    fn may_see(&self, gateway: &Gateway, parts: &Parts, page: Option<Page>) -> bool {
        let open = match page {
            Some(Page::Health | Page::Home) => true,
            Some(Page::ListKeys | Page::CreateKey | Page::DeleteKey | Page::Backup) => false,
            Some(_) | None => !gateway.auth().is_enforced(),
        };
        open || self.admin_key.as_deref().is_some_and(|key| carries_key(parts, key))
    }

    async fn own_page(&self, page: Page, path: &str, visit: &Visit<'_>) -> AdminAnswer {
        match page {
            Page::Index => AdminAnswer::ok(json!({ "paths": self.paths(visit.gateway) })),
            Page::Health => health::health(self, visit.gateway),
            Page::Info => health::info(self, visit.gateway),
            Page::Init(stage) => AdminAnswer::ok(self.init.report(stage)),
            Page::Settle => settle::page(self, visit).await,
            Page::ReadClock => clock::read(self, visit.gateway),
            Page::MoveClock => clock::set(self, visit).await,
            Page::Reset => reset::page(self, visit).await,
            Page::ListKeys => access_keys::list(self),
            Page::CreateKey => access_keys::create(self, visit).await,
            Page::DeleteKey => access_keys::delete(self, path.strip_prefix(DELETE_KEY).unwrap_or("")).await,
            Page::Backup => backup::page(self, visit).await,
            Page::Home | Page::Metrics => unreachable!("they are not JSON"),
        }
    }

    async fn service_page(&self, method: &str, path: &str, visit: &Visit<'_>) -> AdminAnswer {
        let page = path.strip_prefix("/_tidegate/").and_then(|path| self.pages.iter().find(|page| page.path() == path));
        match page {
            Some(page) if method == "GET" => page.get(&visit.query).await,
            Some(_) => AdminAnswer::error(405, format!("{path} is for GET only")),
            None => AdminAnswer {
                status: 404,
                body: json!({ "message": format!("there is no {method} {path}"), "paths": self.paths(visit.gateway) }),
            },
        }
    }

    fn paths(&self, gateway: &Gateway) -> Vec<String> {
        let own = PAGES.iter().map(|(method, path, _, what)| format!("{method} {path}: {what}"));
        let delete = std::iter::once(format!("DELETE {DELETE_KEY}ID: delete an access key"));
        let services = self.pages.iter().map(|page| format!("GET /_tidegate/{}", page.path()));
        let sites = gateway.sites().iter().flat_map(|site| site.lines()).map(|line| (*line).to_owned());
        own.chain(delete).chain(services).chain(sites).collect()
    }

    fn metrics_text(&self, gateway: &Gateway) -> String {
        let mut text = gateway.metrics();
        if let Some(metrics) = &self.metrics {
            text.push_str(&metrics.render(gateway.uptime()));
        }
        text
    }
}

fn find_page(method: &str, path: &str) -> Option<Page> {
    let listed = PAGES.iter().find(|(of, at, _, _)| *of == method && *at == path).map(|(_, _, page, _)| *page);
    listed.or_else(|| (method == "DELETE" && path.starts_with(DELETE_KEY)).then_some(Page::DeleteKey))
}

fn carries_key(parts: &Parts, key: &str) -> bool {
    let own = parts.headers.get("x-tidegate-admin-key").map(header::HeaderValue::as_bytes);
    let bearer = || parts.headers.get(header::AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ");
    own.or_else(bearer).is_some_and(|given| given.ct_eq(key.as_bytes()).into())
}

fn respond(page: AdminAnswer) -> Answer {
    answer::json(page.status, &page.body)
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

impl Visit<'_> {
    /// A parameter from the body or the query: scripts use whichever is shorter.
    fn text(&self, name: &str) -> Option<String> {
        match self.body.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()),
            Some(other) => Some(other.to_string()),
        }
    }
}
