use futures::future::BoxFuture;
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
