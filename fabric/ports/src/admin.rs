use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

/// A page of the small admin API that a service adds under `/_tidegate/`: for looking, never for
/// what an AWS API can do.
pub trait AdminRoute: Send + Sync {
    /// The path behind `/_tidegate/`, such as `sqs/peek`.
    fn path(&self) -> &'static str;

    /// Answers a GET with these decoded query parameters, in order.
    fn get<'a>(&'a self, query: &'a [(String, String)]) -> BoxFuture<'a, AdminAnswer>;
}

/// An admin answer: a status and a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl AdminAnswer {
    /// 200 with a body.
    pub fn ok(body: Value) -> AdminAnswer {
        AdminAnswer { status: 200, body }
    }

    /// An error that says what is wrong and what mends it.
    pub fn error(status: u16, message: impl Into<String>) -> AdminAnswer {
        AdminAnswer { status, body: serde_json::json!({ "message": message.into() }) }
    }
}

/// Admin pages that are more than a JSON document for a GET: with paths below them, methods, documents of
/// any type. What opens the other admin pages opens these.
pub trait AdminSite: Send + Sync {
    /// Its paths. It answers whatever is at or below one of them, such as `/_tidegate/mail`.
    fn roots(&self) -> &'static [&'static str];

    /// What the list of all pages says: `GET /_tidegate/mail: the mailbox`.
    fn lines(&self) -> &'static [&'static str];

    /// Whether this path holds no data, only what shows it: such a page is open to everybody, because a
    /// browser's address line cannot send a key.
    fn is_open(&self, path: &str) -> bool;

    /// Answers a request.
    fn answer(&self, visit: AdminVisit) -> BoxFuture<'_, AdminDocument>;
}

/// A request for a page of an [`AdminSite`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminVisit {
    /// The method; `HEAD` is asked as `GET`.
    pub method: Method,
    /// The path, still encoded, without a slash at its end.
    pub path: String,
    /// The decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The `Accept` header.
    pub accept: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}

impl AdminVisit {
    /// The first query parameter of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A document of an [`AdminSite`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminDocument {
    /// The HTTP status.
    pub status: u16,
    /// The headers, `content-type` among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl AdminDocument {
    /// 200 with a body of this type.
    pub fn of(content_type: &'static str, body: impl Into<Bytes>) -> AdminDocument {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        AdminDocument { status: 200, headers, body: body.into() }
    }
}

impl From<AdminAnswer> for AdminDocument {
    fn from(answer: AdminAnswer) -> AdminDocument {
        let mut text = serde_json::to_vec_pretty(&answer.body).unwrap_or_else(|_| b"{}".to_vec());
        text.push(b'\n');
        AdminDocument { status: answer.status, ..AdminDocument::of("application/json", text) }
    }
}
