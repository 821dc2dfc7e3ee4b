//! The way of a request: checked, read, routed, identified, called, answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request, header};
use hyper::body::Body;
use tidegate_env::{Activity, Env};
use tidegate_ports::{AdminSite, HostedHttp};
use tidegate_protocol::aws_json::JsonReader;
use tidegate_protocol::aws_query::Form;
use tidegate_protocol::rest::Head;
use tidegate_protocol::rest_json::RestJsonReader;
use tidegate_protocol::rest_xml::RestXmlReader;
use tidegate_protocol::{
    Call, ErrorShape, EventStream, Fault, HttpRequest, ProtocolId, ResponseFuture, Service, ServiceError, ServiceModel,
    Shape, codec, errors,
};
use tidegate_types::ErrorKind;

use crate::access::{Access, Refused};
use crate::admin::Admin;
use crate::answer::{self, Answer};
use crate::auth::{Auth, Claim};
use crate::body::{BodyError, BodyReader, Share};
use crate::directory::{self, Directory, Found, Lost, Wanted};
use crate::hosted::{self, Hosted};
use crate::identity::{self, Identity};
use crate::server::Origin;
use crate::stats::{OperationStats, Stats};
use crate::streamed::{self, Incoming};
use tidegate_sigv4::{Claimed, Payload};

/// The client stopped sending in the middle of a body.
const REQUEST_TIMEOUT: ErrorShape =
    ErrorShape::new("RequestTimeout", 408, Fault::Sender).namespaced("com.amazon.coral.service");

/// The trace that a request belongs to.
static TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What a gateway is made of.
pub struct Parted {
    /// Time, chance, activity.
    pub env: Env,
    /// The services that are served.
    pub served: Vec<Arc<dyn Service>>,
    /// Which hosts and pages may ask.
    pub access: Access,
    /// Whether signatures are verified.
    pub auth: Auth,
    /// How bodies are read.
    pub bodies: BodyReader,
    /// Whether a proxy in front tells us the client's scheme and host.
    pub trust_proxy: bool,
    /// What is answered under `/_tidegate/`.
    pub admin: Admin,
}

/// Takes requests of all services on one port.
pub struct Gateway {
    env: Env,
    directory: Directory,
    access: Access,
    auth: Auth,
    bodies: BodyReader,
    trust_proxy: bool,
    admin: Admin,
    stats: Arc<Stats>,
    started: Duration,
    hosted: Vec<Hosted>,
    sites: Vec<Arc<dyn AdminSite>>,
    /// Keeps the registration on the activity board alive.
    _activity: Arc<dyn Activity>,
}

/// Whom a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addressed {
    /// AWS's APIs and our own pages.
    Us,
    /// A host that is somebody's.
    Host,
}

/// What is known of a request before its service is: enough to refuse it.
struct Asked<'a> {
    parts: &'a Parts,
    host: Option<&'a str>,
    request_id: &'a str,
}

impl Gateway {
    /// Puts a gateway together.
    pub fn new(parts: Parted) -> Gateway {
        let stats = Arc::new(Stats::new(parts.env.clone()));
        let activity: Arc<dyn Activity> = stats.clone();
        parts.env.activity().register(&activity);
        Gateway {
            directory: Directory::new(parts.served, tidegate_catalog::SERVICES.iter().copied()),
            access: parts.access,
            auth: parts.auth.behind_proxy(parts.trust_proxy),
            bodies: parts.bodies,
            trust_proxy: parts.trust_proxy,
            admin: parts.admin,
            stats,
            started: parts.env.monotonic(),
            hosted: Vec::new(),
            sites: Vec::new(),
            env: parts.env,
            _activity: activity,
        }
    }

    /// The same, which hands on what comes for these hosts.
    #[must_use]
    pub fn hosting(mut self, host: Arc<dyn HostedHttp>) -> Gateway {
        self.hosted.push(Hosted::new(host));
        self
    }

    /// The same, which shows these admin pages too.
    #[must_use]
    pub fn showing(mut self, site: Arc<dyn AdminSite>) -> Gateway {
        self.sites.push(site);
        self
    }

    pub(crate) fn sites(&self) -> &[Arc<dyn AdminSite>] {
        &self.sites
    }

    pub(crate) fn hosted(&self) -> &[Hosted] {
        &self.hosted
    }

    pub(crate) fn bodies(&self) -> &BodyReader {
        &self.bodies
    }

    pub(crate) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.env.monotonic().saturating_sub(self.started)
    }

    /// The JSON body of an admin request; none is an empty object.
    pub(crate) async fn read_admin_body<B>(&self, headers: &HeaderMap, body: B) -> Result<serde_json::Value, Answer>
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let read = self.bodies.read(&self.env, headers, body).await;
        let (bytes, _share) =
            read.map_err(|error| answer::last(answer::message(error.status(), &error.to_string())))?;
        if bytes.is_empty() {
            return Ok(serde_json::json!({}));
        }
        serde_json::from_slice(&bytes).map_err(|error| answer::message(400, &format!("the body is not JSON: {error}")))
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The counters of all requests, in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        let all = self.directory.all_stats().chain(self.hosted.iter().map(Hosted::stats));
        let written = self.stats.write(all, self.bodies.budget.held(), &mut text);
        let written = written.and_then(|()| self.auth.write_metrics(&mut text));
        debug_assert!(written.is_ok(), "writing to a String does not fail");
        text
    }

    /// Answers a request, whatever it is. The future is as large as its kind of request needs: one
    /// `async fn` for all kinds would be as large as the largest.
    pub fn handle<'a, B>(&'a self, origin: Origin, request: Request<B>) -> BoxFuture<'a, Answer>
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let (parts, body) = request.into_parts();
        if hosted::named(&self.hosted, &parts).is_some() {
            return match self.refused(&parts, Addressed::Host) {
                Some(answer) => ready(answer).boxed(),
                // Which pages may read the answers is for whom the host belongs to.
                None => self.answer_hosted(origin, parts, body).boxed(),
            };
        }
        let page = parts.headers.get(header::ORIGIN).filter(|page| self.access.is_allowed_origin(page.as_bytes()));
        let page = page.cloned();
        // What a service says of pages is the last word on it.
        let is_theirs = parts.headers.contains_key(header::ORIGIN) && self.answers_preflights(&parts);
        let answer = if let Some(answer) = self.refused(&parts, Addressed::Us) {
            ready(answer).boxed()
        } else if page.is_some() && is_preflight(&parts) && !is_theirs {
            ready(answer::preflight(&parts.headers)).boxed()
        } else if self.admin.is_addressed(&parts) {
            self.admin.answer(self, parts, body).boxed()
        } else {
            self.aws(origin, parts, body).boxed()
        };
        match page.filter(|_| !is_theirs) {
            Some(page) => answer.map(move |answer| answer::allow_origin(answer, &page)).boxed(),
            None => answer,
        }
    }

    /// Turns away what may not even ask.
    fn refused(&self, parts: &Parts, addressed: Addressed) -> Option<Answer> {
        if self.auth.is_enforced() {
            // Signatures, and the admin key, say more than a host name could.
            return None;
        }
        let refused = self.access.check(&parts.method, identity::host(parts), &parts.headers).err()?;
        if addressed == Addressed::Host && refused == Refused::Anonymous {
            // Links and browsers' address lines lead to such hosts, whose names nobody guesses.
            return None;
        }
        if matches!(refused, Refused::Origin(_)) && self.is_page_allowed(parts) {
            return None;
        }
        tracing::warn!(path = parts.uri.path(), reason = %refused, "refused a request");
        let request_id = self.env.uuid().to_string();
        let asked = Asked { parts, host: None, request_id: &request_id };
        Some(self.fail_early(&asked, &refused.into()))
    }

    /// Whether a service has an owner's word that a page of another site may send this, or will say itself that it
    /// may not.
    fn is_page_allowed(&self, parts: &Parts) -> bool {
        let path = self.directory.path_of(parts);
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
        let mut served = self.directory.entries().iter().filter_map(|entry| entry.service.as_ref());
        served.any(|service| {
            service.answers_preflight(&path)
                && (is_preflight(parts) || service.allows_page(&path, &parts.method, origin))
        })
    }

    /// Whether a service says for itself which pages may read its answers to such a path.
    fn answers_preflights(&self, parts: &Parts) -> bool {
        let path = self.directory.path_of(parts);
        let mut served = self.directory.entries().iter().filter_map(|entry| entry.service.as_ref());
        served.any(|service| service.answers_preflight(&path))
    }

    /// A call of an AWS API. What remains of a request while its operation runs is what a waiting
    /// long poll costs, so head and body are let go before.
    async fn aws<B>(&self, origin: Origin, parts: Parts, body: B) -> Answer
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let started = self.env.monotonic();
        let open = self.stats.request();
        let request_id = self.env.uuid().to_string();
        let path = self.directory.path_of(&parts).into_owned();
        let by_head = self.by_head(&parts, &path);
        if let Some(found) = by_head.filter(Found::is_streamed) {
            let incoming = Incoming::new(body, &parts.headers);
            let asking = Asking { path, request_id, found: Some(found) };
            let mut answer = Box::pin(self.streamed(origin, parts, asking, &incoming, started)).await;
            if incoming.is_still_expected() {
                answer = answer::last(answer);
            }
            answer.body_mut().hold(open);
            return answer;
        }
        let (bytes, _share) = match Box::pin(self.read(by_head, &parts.headers, body)).await {
            Ok(read) => read,
            Err(error) => {
                let asked = Asked { host: identity::host(&parts), parts: &parts, request_id: &request_id };
                let answer = answer::last(self.fail_early(&asked, &error));
                return self.measured(answer, self.directory.unknown(), started);
            }
        };
        let asking = Asking { path, request_id, found: by_head };
        let prepared = self.prepare(origin, &parts, asking, Some(&bytes));
        let Prepared { found, mut call, payload } = match prepared {
            Ok(prepared) => prepared,
            Err(answer) => return self.measured(*answer, self.directory.unknown(), started),
        };
        let unpacked = streamed::unpacked(payload, bytes);
        if found.entry.service.as_ref().is_some_and(|service| service.wants_http()) {
            call.http = Some(Arc::new(HttpRequest::new(parts.clone(), origin.peer.ip(), None)));
        }
        let outcome = match unpacked.and_then(|bytes| self.start(found, &call, parts, bytes)) {
            Ok(running) => self.run(running).await,
            Err(error) => Err(error),
        };
        let mut answer = answer_of(found, &call, outcome);
        answer.body_mut().hold(open);
        self.measured(answer, found.entry.stats(found.index), started)
    }

    /// The same for an operation that reads its body itself.
    async fn streamed<B>(
        &self,
        origin: Origin,
        parts: Parts,
        asking: Asking<'_>,
        incoming: &Incoming<B>,
        started: Duration,
    ) -> Answer
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let prepared = self.prepare(origin, &parts, asking, None);
        let Prepared { found, mut call, payload } = match prepared {
            Ok(prepared) => prepared,
            Err(answer) => {
                incoming.drain(&self.env, &self.bodies).await;
                return self.measured(*answer, self.directory.unknown(), started);
            }
        };
        let pieces = incoming.pieces(self.env.clone(), self.bodies.clone(), payload);
        let is_form = parts.method == Method::POST;
        let signers = is_form.then(|| self.auth.form_signers(&self.env, &parts, found.entry.model, origin)).flatten();
        let request = HttpRequest::new(parts.clone(), origin.peer.ip(), Some(pieces)).with_form_signers(signers);
        call.http = Some(Arc::new(request));
        let outcome = match self.start(found, &call, parts, Bytes::new()) {
            Ok(running) => self.run(running).await,
            Err(error) => Err(error),
        };
        let answer = answer_of(found, &call, outcome);
        // With the call goes whatever of the body nobody took.
        drop(call);
        incoming.drain(&self.env, &self.bodies).await;
        self.measured(answer, found.entry.stats(found.index), started)
    }

    async fn run(&self, running: ResponseFuture<'_>) -> Result<Box<dyn Shape>, ServiceError> {
        AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|panic| Err(self.bug(&*panic)))
    }

    /// The operation of a request, if its head says which one it is.
    fn by_head(&self, parts: &Parts, path: &str) -> Option<Found<'_>> {
        if Directory::must_see_body(&parts.headers, path) {
            return None;
        }
        self.directory.find_by_head(&wanted(parts, path, &Bytes::new(), claimed(parts).as_ref()))
    }

    /// Reads a body within the limit of its operation, where the head says which one it is.
    async fn read<B>(
        &self,
        by_head: Option<Found<'_>>,
        headers: &HeaderMap,
        body: B,
    ) -> Result<(Bytes, Share), ServiceError>
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let limited = by_head.and_then(|found| {
            let (service, operation) = (found.entry.service.as_ref()?, found.operation());
            Some((service, operation, service.body_limit(operation)?))
        });
        let Some((service, operation, limit)) = limited else {
            return self.bodies.read(&self.env, headers, body).await.map_err(ServiceError::from);
        };
        self.bodies.up_to(limit).read(&self.env, headers, body).await.map_err(|error| match error {
            BodyError::TooLarge { limit } => service.too_large(operation, limit),
            other => other.into(),
        })
    }

    pub(crate) fn measured(&self, answer: Answer, stats: &OperationStats, started: Duration) -> Answer {
        stats.record(answer.status().as_u16(), self.env.monotonic().saturating_sub(started));
        answer
    }

    /// Finds the operation and the caller.
    fn prepare<'a>(
        &'a self,
        origin: Origin,
        parts: &Parts,
        asking: Asking<'a>,
        body: Option<&Bytes>,
    ) -> Result<Prepared<'a>, Box<Answer>> {
        let Asking { path, request_id, found } = asking;
        let host = identity::host(parts);
        let scope = claimed(parts);
        let found = match found {
            Some(found) => found,
            None => self
                .directory
                .find(&wanted(parts, &path, body.unwrap_or(&Bytes::new()), scope.as_ref()))
                .map_err(|lost: Lost| Box::new(answer::failure(lost.protocol, lost.model, &request_id, &lost.error)))?,
        };
        let operation = found.entry.model.operations[found.index].name;
        let claim = Claim {
            parts,
            body,
            host,
            scope: scope.as_ref(),
            model: found.entry.model,
            operation,
            knows_needs: found.entry.service.as_ref().is_some_and(|service| service.knows_needs_of(operation)),
            origin,
        };
        let identity = self.auth.identify(&self.env, &self.directory, &claim);
        let identity = identity
            .map_err(|error| Box::new(answer::failure(found.protocol, Some(found.entry.model), &request_id, &error)))?;
        let Identity { account, region, caller, payload } = identity;
        let text = |name: &HeaderName| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let call = Call {
            operation: &found.entry.model.operations[found.index],
            account,
            region,
            caller,
            base_url: self.base_url(origin, parts, host),
            request_id,
            trace: text(&TRACE),
            path,
            protocol: found.protocol,
            user_agent: text(&header::USER_AGENT),
            http: None,
        };
        Ok(Prepared { found, call, payload })
    }

    /// Reads the input and starts the operation. Head and body of the request end here.
    fn start<'a>(
        &self,
        found: Found<'a>,
        call: &'a Call,
        parts: Parts,
        body: Bytes,
    ) -> Result<ResponseFuture<'a>, ServiceError> {
        let Some(service) = &found.entry.service else {
            return Err(ServiceError::not_implemented(found.entry.model.name, call.operation.name));
        };
        let started = std::panic::catch_unwind(AssertUnwindSafe(|| read_and_start(&**service, call, &parts, &body)));
        started.unwrap_or_else(|panic| Err(self.bug(&*panic)))
    }

    pub(crate) fn bug(&self, panic: &(dyn std::any::Any + Send)) -> ServiceError {
        self.stats.panicked();
        ServiceError::internal(format!("the handler panicked: {}", panic_text(panic)))
    }

    /// Refuses a request of which only the head is known, in the protocol that it seems to speak.
    fn fail_early(&self, asked: &Asked<'_>, error: &ServiceError) -> Answer {
        let scope = claimed(asked.parts);
        let (nothing, path) = (Bytes::new(), self.directory.path_of(asked.parts));
        let wanted = Wanted { host: asked.host, ..wanted(asked.parts, &path, &nothing, scope.as_ref()) };
        let (protocol, model) = self.directory.seeming(&wanted);
        answer::failure(protocol, model, asked.request_id, error)
    }

    /// `scheme://host[:port]` as the client knows us.
    pub(crate) fn base_url(&self, origin: Origin, parts: &Parts, host: Option<&str>) -> String {
        let forwarded = |name: &str| {
            let value = self.trust_proxy.then(|| parts.headers.get(name)).flatten()?.to_str().ok()?;
            // Proxies append; the first one is what the client asked.
            Some(value.split(',').next().unwrap_or(value).trim())
        };
        let scheme = forwarded("x-forwarded-proto").unwrap_or(origin.scheme);
        match forwarded("x-forwarded-host").or(host) {
            Some(host) => format!("{scheme}://{host}"),
            None => format!("{scheme}://{}", origin.local),
        }
    }
}

/// A request before its caller is known.
struct Asking<'a> {
    path: String,
    request_id: String,
    /// The operation, if its head said it.
    found: Option<Found<'a>>,
}

/// A request that is ready to be called.
struct Prepared<'a> {
    found: Found<'a>,
    call: Call,
    /// What is still to be checked of the body.
    payload: Payload,
}

/// The scope of a request's signature.
pub(crate) fn claimed(parts: &Parts) -> Option<Claimed<'_>> {
    Claimed::of(&parts.headers, parts.uri.query())
}

/// What a request shows of itself.
fn wanted<'a>(parts: &'a Parts, path: &'a str, body: &'a Bytes, scope: Option<&'a Claimed<'a>>) -> Wanted<'a> {
    Wanted {
        method: &parts.method,
        path,
        query: parts.uri.query(),
        host: identity::host(parts),
        headers: &parts.headers,
        body,
        scope,
    }
}

fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Encodes what became of a call.
fn answer_of(found: Found<'_>, call: &Call, outcome: Result<Box<dyn Shape>, ServiceError>) -> Answer {
    let model = found.entry.model;
    let mut answer = match (outcome, codec(found.protocol)) {
        (Ok(output), Some(codec)) => {
            let reply = codec.success(model, call.operation, &call.request_id, &*output);
            match (output.event_stream().and_then(EventStream::messages), output.http()) {
                (Some(messages), _) => answer::from_pieces(reply, messages),
                (None, Some(http)) => answer::from_http(reply, http),
                (None, None) => answer::from_reply(reply),
            }
        }
        (Ok(_), None) => {
            let error = ServiceError::not_implemented(model.name, call.operation.name);
            answer::failure(found.protocol, Some(model), &call.request_id, &error)
        }
        (Err(error), _) => {
            log(model, call, &error);
            answer::failure(found.protocol, Some(model), &call.request_id, &error)
        }
    };
    if let Some(service) = &found.entry.service {
        service.adorn(call, answer.headers_mut());
    }
    answer
}

/// Reads the input in its protocol and starts the operation.
fn read_and_start<'a>(
    service: &'a dyn Service,
    call: &'a Call,
    parts: &Parts,
    body: &Bytes,
) -> Result<ResponseFuture<'a>, ServiceError> {
    match call.protocol {
        ProtocolId::AwsJson1_0 | ProtocolId::AwsJson1_1 => service.call(call, &mut JsonReader::new(body)?),
        ProtocolId::AwsQuery => {
            let mut form = Form::parse(body)?;
            if let Some(query) = parts.uri.query() {
                form.add(query.as_bytes())?;
            }
            if directory::is_queue_path(&call.path) {
                // Clients that post to the queue's URL leave the parameter out.
                form.set_default("QueueUrl", || format!("{}{}", call.base_url, call.path));
            }
            service.call(call, &mut form.reader())
        }
        ProtocolId::RestJson1 => {
            let head = Head::of_request(call.operation, &call.path, parts.uri.query(), &parts.headers)?;
            service.call(call, &mut RestJsonReader::new(head, body))
        }
        ProtocolId::RestXml => {
            let head = Head::of_request(call.operation, &call.path, parts.uri.query(), &parts.headers)?;
            service.call(call, &mut RestXmlReader::new(head, body))
        }
        ProtocolId::Ec2Query | ProtocolId::RpcV2Cbor => {
            Err(ServiceError::not_implemented(service.model().name, call.operation.name))
        }
    }
}

fn log(model: &ServiceModel, call: &Call, error: &ServiceError) {
    let (service, operation, request_id) = (model.name, call.operation.name, &call.request_id);
    match error.kind {
        ErrorKind::Bug | ErrorKind::Corrupt => {
            tracing::error!(service, operation, %request_id, %error, "a request failed by our fault");
        }
        // Whoever is not available has said so once, and the metrics count what was refused: a line for
        // each request would flood the log just when the disk is full.
        ErrorKind::Unavailable
        | ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Denied
        | ErrorKind::Throttled => {
            tracing::debug!(service, operation, %request_id, %error, "a request was refused");
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

impl From<BodyError> for ServiceError {
    fn from(error: BodyError) -> ServiceError {
        let message = error.to_string();
        match error {
            BodyError::TooLarge { .. } => ServiceError::new(errors::REQUEST_TOO_LARGE, message),
            BodyError::Overload => ServiceError::new(errors::SERVICE_UNAVAILABLE, message),
            BodyError::Stalled(_) => ServiceError::new(REQUEST_TIMEOUT, message),
            BodyError::Broken(source) => {
                ServiceError::new(errors::SERIALIZATION, message).with_detail(source.to_string())
            }
        }
    }
}

impl From<Refused> for ServiceError {
    fn from(refused: Refused) -> ServiceError {
        ServiceError::new(errors::ACCESS_DENIED, refused.to_string())
    }
}
