use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use tidegate_api_lambda::MODEL;
use tidegate_ports::{Broken, HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Need, Needs, Operation, ServiceModel};
use tidegate_runtime::ResponseStream;

use super::url_event::{self, Http};
use crate::domain::{FunctionRef, MAX_SYNC_PAYLOAD};
use crate::error::Error;
use crate::invoke::{Answer, Asked, Began, Place};
use crate::service::Lambda;
use crate::store::{CorsRecord, Function, UrlRecord};

const OPERATION: Operation =
    Operation { name: "InvokeFunctionUrl", method: "POST", uri: "/", header: None, status: 200, has_output: true };

/// What a streaming answer that says its own status and headers calls itself. The head, as JSON, comes first,
/// then eight zero bytes, then the body.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";
const PRELUDE_END: [u8; 8] = [0; 8];
/// The most bytes of such a head.
const MAX_PRELUDE: usize = 64 * 1024;

/// What callers of an address must be allowed to do.
const INVOKE: &str = "lambda:InvokeFunctionUrl";

/// The caller may not use this address.
struct Forbidden;

/// Whether the function's policy lets everybody use its address. Its statements are AddPermission's own.
fn is_public(function: &Function, qualifier: &str) -> bool {
    let lets_everybody = |text: &str| {
        let Ok(statement) = serde_json::from_str::<Value>(text) else { return false };
        let is_anybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        let is_action = [INVOKE, "lambda:*", "*"].iter().any(|action| statement["Action"] == *action);
        let open = json!({ "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } });
        let is_open = statement.get("Condition").is_none_or(|condition| *condition == open);
        statement["Effect"] == "Allow" && is_anybody && is_action && is_open
    };
    let policy = function.policies.get(qualifier);
    policy.is_some_and(|policy| policy.statements.iter().any(|statement| lets_everybody(&statement.text)))
}

/// Functions that answer HTTP.
pub(crate) struct Urls {
    lambda: Arc<Lambda>,
}

impl Urls {
    pub(crate) fn new(lambda: Arc<Lambda>) -> Urls {
        Urls { lambda }
    }

    async fn serve(&self, request: HostedRequest) -> HostedAnswer {
        let Some((function, qualifier)) = self.lambda.directory.by_url(&request.id) else {
            return message(404, "Not Found");
        };
        let Some(url) = function.urls.get(&qualifier).cloned() else { return message(404, "Not Found") };
        let origin = request.headers.get(header::ORIGIN).cloned();
        let cors = url.cors.as_ref().zip(origin).map(|(cors, origin)| allowed(cors, &origin)).unwrap_or_default();
        if request.method == Method::OPTIONS && url.cors.is_some() {
            return HostedAnswer { status: 200, headers: cors, body: HostedBody::Whole(Bytes::new()) };
        }
        let mut answer = match self.caller(&function, &qualifier, &url, &request) {
            Ok(iam) => self.run(&function, &qualifier, &url, request, iam).await,
            Err(Forbidden) => message(403, "Forbidden"),
        };
        for (name, value) in cors {
            if let Some(name) = name {
                answer.headers.insert(name, value);
            }
        }
        answer
    }

    /// Who asks, where that matters.
    fn caller(
        &self,
        function: &Function,
        qualifier: &str,
        url: &UrlRecord,
        request: &HostedRequest,
    ) -> Result<Option<Value>, Forbidden> {
        let call = match &request.call {
            Ok(call) => call,
            // Nobody's signature matters where anybody may ask; `Authorization` is then the function's own.
            Err(_) if !url.needs_signature && is_public(function, qualifier) => return Ok(None),
            Err(_) => return Err(Forbidden),
        };
        if url.needs_signature && call.caller.access_key.is_none() {
            return Err(Forbidden);
        }
        if let Some(guard) = call.caller.permissions.guard() {
            let arn = function.address.arn();
            let resource = if qualifier.is_empty() { arn.to_string() } else { format!("{arn}:{qualifier}") };
            let kind = if url.needs_signature { "AWS_IAM" } else { "NONE" };
            let need = Need::new(INVOKE, resource).with("lambda:FunctionUrlAuthType", kind);
            guard.check(call, &Needs::All(vec![need])).map_err(|_| Forbidden)?;
        }
        if !url.needs_signature {
            return Ok(None);
        }
        Ok(Some(json!({
            "accessKey": call.caller.access_key,
            "accountId": call.account.to_string(),
            "callerId": call.caller.user_id,
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": call.caller.principal_arn,
            "userId": call.caller.user_id,
        })))
    }

    async fn run(
        &self,
        function: &Function,
        qualifier: &str,
        url: &UrlRecord,
        request: HostedRequest,
        iam: Option<Value>,
    ) -> HostedAnswer {
        let address = &function.address;
        let named = FunctionRef {
            account: address.account,
            region: address.region.clone(),
            name: address.name.clone(),
            qualifier: (!qualifier.is_empty()).then(|| qualifier.to_owned()),
        };
        let trace = request.headers.get("x-amzn-trace-id").and_then(|trace| trace.to_str().ok()).map(str::to_owned);
        let asked = Asked {
            request_id: request.request_id.clone(),
            payload: url_event::event(&request, iam, self.lambda.now()),
            client_context: None,
            trace,
            tail: false,
            streaming: url.is_streamed,
        };
        let place = match self.lambda.enter(function) {
            Ok(place) => place,
            Err(_) => return message(429, "Rate Exceeded."),
        };
        let began = match self.lambda.run(&named, asked, place).await {
            Ok(began) => began,
            Err(Error::NoFunction(_)) => return message(404, "Not Found"),
            Err(error) => {
                tracing::warn!(function = %named.qualified_arn(), %error, "a function could not be run for its URL");
                return failed();
            }
        };
        answered(began).await
    }
}

/// An error of ours, as function URLs say it.
fn message(status: u16, words: &str) -> HostedAnswer {
    let body = json!({ "Message": words }).to_string();
    HostedAnswer { status, headers: url_event::json_headers(), body: HostedBody::Whole(body.into()) }
}

/// What a caller learns of a function that failed.
fn failed() -> HostedAnswer {
    let body = Bytes::from_static(b"Internal Server Error");
    HostedAnswer { status: 502, headers: url_event::json_headers(), body: HostedBody::Whole(body) }
}

async fn answered(began: Began) -> HostedAnswer {
    if began.error.is_some() {
        return failed();
    }
    match began.payload {
        Answer::Whole(payload) => match url_event::http(&payload) {
            Some(Http { status, headers, body }) => HostedAnswer { status, headers, body: HostedBody::Whole(body) },
            None => failed(),
        },
        Answer::Stream(stream, place) => streamed(stream, place).await,
    }
}

/// An answer that is sent on as it comes, its head first where the function wrote one.
async fn streamed(mut answer: ResponseStream, place: Place) -> HostedAnswer {
    let (mut status, mut headers, mut first) = (200, HeaderMap::new(), Bytes::new());
    if answer.content_type.as_deref() == Some(WITH_PRELUDE) {
        let mut read = BytesMut::new();
        let end = loop {
            if let Some(at) = read.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END) {
                break at;
            }
            match answer.chunks.recv().await {
                Some(chunk) if read.len() + chunk.len() <= MAX_PRELUDE + MAX_SYNC_PAYLOAD => {
                    read.extend_from_slice(&chunk);
                }
                Some(_) | None => return failed(),
            }
        };
        let head: Option<serde_json::Map<String, Value>> = serde_json::from_slice(&read[..end]).ok();
        let Some((own_status, own_headers)) = head.as_ref().and_then(url_event::head) else { return failed() };
        (status, headers) = (own_status, own_headers);
        first = read.split_off(end + PRELUDE_END.len()).freeze();
    } else {
        let kind = answer.content_type.as_deref().unwrap_or("application/octet-stream");
        if let Ok(kind) = kind.parse() {
            headers.insert(header::CONTENT_TYPE, kind);
        }
    }
    let ResponseStream { chunks, end, .. } = answer;
    let pieces = stream::unfold(chunks, |mut chunks| async move { Some((Ok(chunks.recv().await?), chunks)) });
    let last = stream::once(async move {
        let ended = end.await.unwrap_or_default();
        drop(place);
        if ended.error.is_some() { Err(Broken) } else { Ok(Bytes::new()) }
    });
    let body = stream::iter([Ok(first)]).chain(pieces).chain(last);
    HostedAnswer { status, headers, body: HostedBody::Stream(body.boxed()) }
}

/// The headers that let a page of another origin see an answer; none if it may not.
fn allowed(cors: &CorsRecord, origin: &HeaderValue) -> HeaderMap {
    let asked = origin.to_str().unwrap_or_default();
    let is_any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    if !is_any && !cors.allow_origins.iter().any(|allowed| allowed == asked) {
        return HeaderMap::new();
    }
    let mut headers = HeaderMap::new();
    let mut set = |name: header::HeaderName, value: String| {
        if !value.is_empty()
            && let Ok(value) = value.parse()
        {
            headers.insert(name, value);
        }
    };
    let may_be_any = is_any && !cors.allow_credentials;
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, if may_be_any { "*".to_owned() } else { asked.to_owned() });
    set(header::VARY, "Origin".to_owned());
    set(header::ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(","));
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(","));
    set(header::ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.join(","));
    set(header::ACCESS_CONTROL_MAX_AGE, cors.max_age.map(|age| age.to_string()).unwrap_or_default());
    if cors.allow_credentials {
        set(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true".to_owned());
    }
    headers
}

impl HostedHttp for Urls {
    fn label(&self) -> &'static str {
        "lambda-url"
    }

    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn operation(&self) -> &'static Operation {
        &OPERATION
    }

    fn body_limit(&self) -> usize {
        MAX_SYNC_PAYLOAD
    }

    fn answer(&self, request: HostedRequest) -> BoxFuture<'_, HostedAnswer> {
        self.serve(request).boxed()
    }
}
