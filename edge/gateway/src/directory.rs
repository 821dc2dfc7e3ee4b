//! Every service that we know by name, served or not, and which of them a request means.
//!
//! A request names its service in up to five ways: `X-Amz-Target`, a Smithy RPC path, the scope of
//! its signature, its host, and, in the query protocol, nothing but an action and an API version.
//! They are tried in this order: the first two also name the operation, and a signature is more
//! reliable than a host that may be `localhost`. Where none of them is there, the path may be one that only
//! one service has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use percent_encoding::percent_decode_str;
use tidegate_protocol::rest::{Asked, Routes};
use tidegate_protocol::{
    ErrorShape, Fault, Operation, ProtocolId, Service, ServiceError, ServiceModel, Validation, errors,
};

use crate::hosts::{self, HostLabels};
use crate::identity;
use crate::stats::OperationStats;
use tidegate_sigv4::Claimed;

/// The operation, in JSON.
static TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// All services by the names under which requests ask for them.
pub struct Directory {
    entries: Vec<Entry>,
    by_target: HashMap<&'static str, usize>,
    by_signing_name: HashMap<&'static str, Vec<usize>>,
    by_host: HashMap<&'static str, usize>,
    unknown: OperationStats,
}

/// One service.
pub struct Entry {
    /// Its tables.
    pub model: &'static ServiceModel,
    /// What serves it, if anything does.
    pub service: Option<Arc<dyn Service>>,
    /// The protocol in which its operations are found by method and path, and how, if there is one.
    rest: Option<(ProtocolId, Routes)>,
    /// One for each operation, made at its first call: most operations of most services never see one.
    stats: Vec<OnceLock<Box<OperationStats>>>,
}

/// What a request shows of itself before its input is read.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The path, as sent.
    pub path: &'a str,
    /// The query, as sent.
    pub query: Option<&'a str>,
    /// The host, as sent.
    pub host: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a Bytes,
    /// The scope of its signature.
    pub scope: Option<&'a Claimed<'a>>,
}

/// The operation that a request means.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// Its service.
    pub entry: &'a Entry,
    /// Its index in the service's model.
    pub index: usize,
    /// The protocol in which it is asked and answered.
    pub protocol: ProtocolId,
}

/// A request that is in none of the protocols of its service, such as a browser's for the URL of a queue.
pub(crate) const NO_PROTOCOL: ErrorShape = ErrorShape::new("UnknownOperationException", 404, Fault::Sender);

/// A request that means nothing we know, and how to say so.
#[derive(Debug)]
pub struct Lost {
    /// The protocol that the caller seems to speak.
    pub protocol: ProtocolId,
    /// The service, if at least that was clear.
    pub model: Option<&'static ServiceModel>,
    /// What to answer. Boxed: it would make every look-up's result large.
    pub error: Box<ServiceError>,
}

impl Found<'_> {
    /// The operation.
    pub fn operation(&self) -> &'static Operation {
        &self.entry.model.operations[self.index]
    }

    /// Whether the operation reads its body itself.
    pub fn is_streamed(&self) -> bool {
        self.entry.service.as_ref().is_some_and(|service| service.is_streamed(self.operation()))
    }
}

impl Entry {
    /// The counters of an operation.
    pub fn stats(&self, index: usize) -> &OperationStats {
        let operation = &self.model.operations[index];
        self.stats[index].get_or_init(|| Box::new(OperationStats::new(self.model.name, operation.name)))
    }

    fn is_rest_alone(&self) -> bool {
        self.rest.is_some() && self.model.protocols.iter().all(|protocol| protocol.is_rest())
    }
}

impl Directory {
    /// A directory of the services that are served and of those that are only known.
    pub fn new(served: Vec<Arc<dyn Service>>, known: impl IntoIterator<Item = &'static ServiceModel>) -> Directory {
        let mut directory = Directory {
            entries: Vec::new(),
            by_target: HashMap::new(),
            by_signing_name: HashMap::new(),
            by_host: HashMap::new(),
            unknown: OperationStats::new("unknown", "unknown"),
        };
        for service in served {
            directory.add(service.model(), Some(service));
        }
        for model in known {
            if !directory.entries.iter().any(|entry| entry.model.name == model.name) {
                directory.add(model, None);
            }
        }
        directory
    }

    fn add(&mut self, model: &'static ServiceModel, service: Option<Arc<dyn Service>>) {
        let number = self.entries.len();
        if let Some(prefix) = model.target_prefix {
            self.by_target.entry(prefix).or_insert(number);
        }
        self.by_signing_name.entry(model.signing_name).or_default().push(number);
        self.by_host.entry(model.endpoint_prefix).or_insert(number);
        let stats = model.operations.iter().map(|_| OnceLock::new()).collect();
        let rest = model.protocols.iter().copied().find(|protocol| protocol.is_rest());
        let rest = rest.map(|protocol| (protocol, Routes::new(model)));
        self.entries.push(Entry { model, service, rest, stats });
    }

    /// All services, those that are served first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The counters of requests that mean nothing we know.
    pub fn unknown(&self) -> &OperationStats {
        &self.unknown
    }

    /// Counters of everything that was called.
    pub fn all_stats(&self) -> impl Iterator<Item = &OperationStats> + Clone {
        let known = self.entries.iter().flat_map(|entry| entry.stats.iter().filter_map(|stats| Some(&**stats.get()?)));
        known.chain(std::iter::once(&self.unknown))
    }

    /// Whether a label of a host is a service's.
    pub fn is_host_label(&self, label: &str) -> bool {
        self.by_host.contains_key(label)
    }

    /// The path of a request as services know it: a bucket that is named by the host stands in front.
    pub(crate) fn path_of<'a>(&self, parts: &'a Parts) -> Cow<'a, str> {
        let path = parts.uri.path();
        let Some(host) = identity::host(parts) else { return Cow::Borrowed(path) };
        let is_signed = || Claimed::of(&parts.headers, parts.uri.query()).map(|scope| scope.service == "s3");
        match hosts::bucket(host, is_signed, |label| self.is_host_label(label)) {
            Some(bucket) => Cow::Owned(format!("/{bucket}{path}")),
            None => Cow::Borrowed(path),
        }
    }

    /// Finds the operation.
    ///
    /// # Errors
    /// [`Lost`], with AWS's own error for an operation that does not exist.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Found<'_>, Lost> {
        if let Some(target) = wanted.headers.get(&TARGET) {
            return self.by_target(target.as_bytes(), content_type(wanted.headers));
        }
        if let Some((service, operation)) = rpc_path(wanted.path) {
            return self.by_rpc_path(service, operation, wanted);
        }
        let candidates = self.candidates(wanted);
        if let Some(found) = self.by_route(&candidates, wanted) {
            return Ok(found);
        }
        // A body that is no form may hold anything, an action too.
        if candidates.first().is_some_and(|&number| self.entries[number].is_rest_alone()) {
            return Err(self.misrouted(&candidates, wanted));
        }
        match action(wanted) {
            Some(action) => self.by_action(&action, wanted),
            None if candidates.is_empty() => {
                self.by_path_alone(wanted).or_else(|lost| self.in_bucket(wanted).ok_or(lost))
            }
            None => Err(self.misrouted(&candidates, wanted)),
        }
    }

    /// Whether [`Directory::find_by_head`] finds nothing: nothing more of such a head need be read for it.
    pub(crate) fn must_see_body(headers: &HeaderMap, path: &str) -> bool {
        path == "/" || headers.contains_key(&TARGET)
    }

    /// The operation, if the head of a request says it and something serves it: what [`Directory::find`] would find
    /// with the body.
    pub(crate) fn find_by_head(&self, wanted: &Wanted<'_>) -> Option<Found<'_>> {
        if Directory::must_see_body(wanted.headers, wanted.path) {
            return None;
        }
        let found = self.find(wanted).ok().filter(|found| found.protocol.is_rest() && found.entry.service.is_some())?;
        // The path of an object is a queue's too. What nobody signed may still name an action in its body.
        let may_be_action = wanted.scope.is_none() && *wanted.method == Method::POST && is_form(wanted);
        (!may_be_action || found.protocol != ProtocolId::RestXml).then_some(found)
    }

    /// In which protocol, and as which service, to refuse a request of which only the head is known.
    pub fn seeming(&self, wanted: &Wanted<'_>) -> (ProtocolId, Option<&'static ServiceModel>) {
        match self.find(wanted) {
            Ok(found) => (found.protocol, Some(found.entry.model)),
            Err(lost) => (lost.protocol, lost.model),
        }
    }

    fn by_target(&self, target: &[u8], content_type: &[u8]) -> Result<Found<'_>, Lost> {
        let protocol = if content_type.starts_with(b"application/x-amz-json-1.1") {
            ProtocolId::AwsJson1_1
        } else {
            ProtocolId::AwsJson1_0
        };
        let target = String::from_utf8_lossy(target);
        let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", &target));
        let Some(&number) = self.by_target.get(prefix) else {
            return Err(Lost { protocol, model: None, error: unknown_operation().into() });
        };
        let entry = &self.entries[number];
        let protocol = entry.model.protocols.iter().copied().find(|id| is_json(*id)).unwrap_or(protocol);
        match entry.model.index_of(operation) {
            Some(index) => Ok(Found { entry, index, protocol }),
            None => Err(Lost { protocol, model: Some(entry.model), error: unknown_operation().into() }),
        }
    }

    fn by_rpc_path(&self, service: &str, operation: &str, wanted: &Wanted<'_>) -> Result<Found<'_>, Lost> {
        let protocol = ProtocolId::RpcV2Cbor;
        let by_scope = self.candidates(wanted);
        let by_name = self.by_target.get(service).copied();
        let known = by_name.into_iter().chain(by_scope).map(|number| &self.entries[number]);
        for entry in known.clone() {
            if let Some(index) = entry.model.index_of(operation) {
                return Ok(Found { entry, index, protocol });
            }
        }
        let model = known.map(|entry| entry.model).next();
        Err(Lost { protocol, model, error: unknown_operation().into() })
    }

    fn by_action(&self, action: &str, wanted: &Wanted<'_>) -> Result<Found<'_>, Lost> {
        let protocol = ProtocolId::AwsQuery;
        let candidates = self.candidates(wanted);
        if candidates.is_empty() {
            return self.by_action_alone(action, wanted);
        }
        for &number in &candidates {
            let entry = &self.entries[number];
            if let Some(index) = entry.model.index_of(action) {
                let protocol = if entry.model.speaks(ProtocolId::Ec2Query) { ProtocolId::Ec2Query } else { protocol };
                return Ok(Found { entry, index, protocol });
            }
        }
        let model = candidates.first().map(|&number| self.entries[number].model);
        Err(Lost { protocol, model, error: invalid_action(action, model, wanted).into() })
    }

    /// An unsigned call to a bare host. The version tells services apart whose actions share a name;
    /// without one, a path that is a queue's means SQS, as old clients post to the queue's URL.
    fn by_action_alone(&self, action: &str, wanted: &Wanted<'_>) -> Result<Found<'_>, Lost> {
        let version = form_value(wanted, "Version");
        let fits = |entry: &&Entry| {
            entry.model.speaks(ProtocolId::AwsQuery)
                && version.as_deref().is_none_or(|version| version == entry.model.api_version)
        };
        let mut having =
            self.entries.iter().filter(fits).filter_map(|entry| Some((entry, entry.model.index_of(action)?)));
        let first = having.next();
        let by_path = is_queue_path(wanted.path)
            .then(|| having.chain(first).find(|(entry, _)| entry.model.signing_name == "sqs"))
            .flatten();
        match by_path.or(first) {
            Some((entry, index)) => Ok(Found { entry, index, protocol: ProtocolId::AwsQuery }),
            None => Err(Lost {
                protocol: ProtocolId::AwsQuery,
                model: None,
                error: invalid_action(action, None, wanted).into(),
            }),
        }
    }

    fn by_route(&self, candidates: &[usize], wanted: &Wanted<'_>) -> Option<Found<'_>> {
        candidates.iter().find_map(|&number| {
            let entry = &self.entries[number];
            let (protocol, routes) = entry.rest.as_ref()?;
            let index = routes.find(&asked(wanted))?;
            Some(Found { entry, index, protocol: *protocol })
        })
    }

    fn by_path_alone(&self, wanted: &Wanted<'_>) -> Result<Found<'_>, Lost> {
        let found = self.entries.iter().find_map(|entry| {
            let (protocol, routes) = entry.rest.as_ref()?;
            let index = routes.find_by_path_alone(&asked(wanted))?;
            Some(Found { entry, index, protocol: *protocol })
        });
        let protocol = seeming_protocol(wanted.headers);
        found.ok_or_else(|| Lost { protocol, model: None, error: nothing_named(wanted).into() })
    }

    /// What nobody signed and nothing else claims may be for a bucket that is open to all, or be signed in a way
    /// of its own: a browser's form, an old client's URL.
    fn in_bucket(&self, wanted: &Wanted<'_>) -> Option<Found<'_>> {
        let entry = self.entries.iter().find(|entry| entry.model.signing_name == "s3" && entry.service.is_some())?;
        let (protocol, routes) = entry.rest.as_ref().filter(|_| wanted.path != "/" && wanted.scope.is_none())?;
        let index = routes.find(&asked(wanted))?;
        Some(Found { entry, index, protocol: *protocol })
    }

    /// The service is clear, the operation is not.
    fn misrouted(&self, candidates: &[usize], wanted: &Wanted<'_>) -> Lost {
        let seeming = seeming_protocol(wanted.headers);
        let Some(&number) = candidates.first() else {
            return Lost { protocol: seeming, model: None, error: nothing_named(wanted).into() };
        };
        let model = self.entries[number].model;
        let spoken = model.protocols.first().copied().unwrap_or(seeming);
        let (protocol, error) = match spoken {
            _ if model.speaks(ProtocolId::AwsQuery) && !is_json(seeming) => (ProtocolId::AwsQuery, missing_action()),
            ProtocolId::RestJson1 => (spoken, undetermined()),
            ProtocolId::RestXml => (spoken, not_allowed(wanted)),
            _ if is_json(spoken) && !content_type(wanted.headers).starts_with(b"application/x-amz-json") => {
                (spoken, ServiceError::new(NO_PROTOCOL, ""))
            }
            _ => (spoken, unknown_operation()),
        };
        Lost { protocol, model: Some(model), error: error.into() }
    }

    /// The services that the signature's scope names, or else the host.
    fn candidates(&self, wanted: &Wanted<'_>) -> Vec<usize> {
        let by_scope = wanted.scope.and_then(|scope| self.by_signing_name.get(&*scope.service));
        if let Some(numbers) = by_scope {
            return numbers.clone();
        }
        let label = wanted.host.and_then(|host| HostLabels::of(host, |label| self.is_host_label(label)).service);
        label.and_then(|label| self.by_host.get(label)).into_iter().copied().collect()
    }
}

fn asked<'a>(wanted: &Wanted<'a>) -> Asked<'a> {
    let query = wanted.query.unwrap_or("");
    Asked { method: wanted.method.as_str(), path: wanted.path, query, headers: wanted.headers }
}

fn is_json(protocol: ProtocolId) -> bool {
    matches!(protocol, ProtocolId::AwsJson1_0 | ProtocolId::AwsJson1_1)
}

fn content_type(headers: &HeaderMap) -> &[u8] {
    headers.get(header::CONTENT_TYPE).map_or(b"", header::HeaderValue::as_bytes)
}

/// In what an unknown caller would like to be answered.
fn seeming_protocol(headers: &HeaderMap) -> ProtocolId {
    match content_type(headers) {
        kind if kind.starts_with(b"application/x-amz-json-1.1") => ProtocolId::AwsJson1_1,
        kind if kind.starts_with(b"application/x-www-form-urlencoded") => ProtocolId::AwsQuery,
        _ => ProtocolId::AwsJson1_0,
    }
}

/// `/service/{name}/operation/{name}` of the Smithy RPC protocols.
fn rpc_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/service/")?.split_once("/operation/")
}

/// `/123456789012/name`.
pub(crate) fn is_queue_path(path: &str) -> bool {
    path.strip_prefix('/').and_then(|path| path.split_once('/')).is_some_and(|(account, name)| {
        account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty()
    })
}

fn action(wanted: &Wanted<'_>) -> Option<String> {
    form_value(wanted, "Action")
}

/// A parameter of a query request, from its body or its URL.
fn form_value(wanted: &Wanted<'_>, name: &str) -> Option<String> {
    let in_url = || wanted.query.and_then(|query| value_in_form(query.as_bytes(), name));
    if is_form(wanted) { value_in_form(wanted.body, name).or_else(in_url) } else { in_url() }
}

fn is_form(wanted: &Wanted<'_>) -> bool {
    match content_type(wanted.headers) {
        b"" => *wanted.method == Method::POST,
        kind => kind.starts_with(b"application/x-www-form-urlencoded"),
    }
}

fn value_in_form(form: &[u8], name: &str) -> Option<String> {
    let value =
        form.split(|&byte| byte == b'&').find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    let text = std::str::from_utf8(value).ok()?;
    Some(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// What AWS's front end says to a method and path of no operation: it looks for the permission first.
fn undetermined() -> ServiceError {
    ServiceError::new(errors::ACCESS_DENIED, "Unable to determine service/operation name to be authorized")
}

/// What S3 says to a method and path of no operation.
fn not_allowed(wanted: &Wanted<'_>) -> ServiceError {
    let shape = ErrorShape::new("MethodNotAllowed", 405, Fault::Sender);
    let error = ServiceError::new(shape, "The specified method is not allowed against this resource.");
    let kind = match wanted.path.trim_matches('/').split_once('/') {
        Some(_) => "OBJECT",
        None if wanted.path.trim_matches('/').is_empty() => "SERVICE",
        None => "BUCKET",
    };
    error.with_field("Method", wanted.method.as_str()).with_field("ResourceType", kind)
}

fn unknown_operation() -> ServiceError {
    // AWS's answer has no message at all: a program matches the code.
    ServiceError::new(errors::UNKNOWN_OPERATION, "")
}

fn invalid_action(action: &str, model: Option<&ServiceModel>, wanted: &Wanted<'_>) -> ServiceError {
    // The two texts that AWS's front ends are known to send.
    let message = match model.map(|model| model.validation) {
        Some(Validation::MissingParameter { .. }) => format!("The action {action} is not valid for this endpoint."),
        Some(Validation::Coral | Validation::NewerCoral { .. } | Validation::Documents { .. }) | None => {
            let version = form_value(wanted, "Version").unwrap_or_else(|| "NO_VERSION_SPECIFIED".to_owned());
            format!("Could not find operation {action} for version {version}")
        }
    };
    ServiceError::new(errors::UNKNOWN_OPERATION, message)
}

fn missing_action() -> ServiceError {
    ServiceError::new(errors::MISSING_ACTION, "Missing Action")
}

fn nothing_named(wanted: &Wanted<'_>) -> ServiceError {
    match wanted.scope {
        Some(scope) => {
            let operation = format!("{} {}", wanted.method, wanted.path);
            ServiceError::not_implemented(&scope.service, &operation)
        }
        None => ServiceError::new(
            errors::MISSING_AUTHENTICATION_TOKEN,
            "This request names no AWS service: it has no signature, no X-Amz-Target, no Action, and its host is no \
             service's. GET /_tidegate/ lists what this server answers besides",
        ),
    }
}
