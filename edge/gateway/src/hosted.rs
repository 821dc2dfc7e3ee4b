//! Requests for hosts of somebody's own: a function's URL, say. They are no calls of an AWS API; what is
//! known of them is handed over, and what is answered is passed on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{StatusCode, header};
use hyper::body::Body;
use tidegate_ports::{HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Call, ProtocolId, ServiceError};
use tidegate_types::Region;

use crate::access::without_port;
use crate::answer::{self, Answer};
use crate::auth::Claim;
use crate::body::BodyError;
use crate::gateway::{Gateway, claimed};
use crate::hosts::is_region;
use crate::identity::{self, Identity};
use crate::server::Origin;
use crate::stats::OperationStats;
use crate::stream_body::AnswerBody;

/// One who answers under hosts of its own, and how often it did.
pub(crate) struct Hosted {
    host: Arc<dyn HostedHttp>,
    stats: OperationStats,
}

/// A host that is somebody's.
pub(crate) struct Named<'a> {
    hosted: &'a Hosted,
    id: &'a str,
    region: Region,
}

impl Hosted {
    pub(crate) fn new(host: Arc<dyn HostedHttp>) -> Hosted {
        let stats = OperationStats::new(host.model().name, host.operation().name);
        Hosted { host, stats }
    }

    pub(crate) fn stats(&self) -> &OperationStats {
        &self.stats
    }

    /// Reads `<id>.<label>.<region>.…` or `<id>.<label>-<region>.…`, if the label is this one's. An id may have
    /// dots; where no region is named it is the usual one.
    fn named<'a>(&'a self, host: &'a str) -> Option<Named<'a>> {
        let (name, label) = (without_port(host), self.host.label());
        let mut labels = name.match_indices('.').map(|(at, _)| (&name[..at], &name[at + 1..]));
        let (id, rest) = labels.find_map(|(id, rest)| {
            let rest = rest.strip_prefix(label)?;
            Some((id, rest.strip_prefix(['.', '-'])?))
        })?;
        let (region, domain) = rest.split_once('.').unwrap_or(("", rest));
        let region = if is_region(region) { region.parse().ok()? } else { Region::us_east_1() };
        (!id.is_empty() && !domain.is_empty()).then_some(Named { hosted: self, id, region })
    }
}

/// Whose host a request is for, if it is anybody's.
pub(crate) fn named<'a>(all: &'a [Hosted], parts: &'a Parts) -> Option<Named<'a>> {
    let host = identity::host(parts).filter(|_| !all.is_empty())?;
    all.iter().find_map(|hosted| hosted.named(host))
}

impl Gateway {
    /// Answers a request for somebody's host. Whose it is was found in its head before.
    pub(crate) async fn answer_hosted<B>(&self, origin: Origin, parts: Parts, body: B) -> Answer
    where
        B: Body<Data = Bytes> + Unpin + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let started = self.env().monotonic();
        let _open = self.stats().request();
        let Some(named) = named(self.hosted(), &parts) else { unreachable!("the caller has looked") };
        let hosted = named.hosted;
        let answer = match self.bodies().up_to(hosted.host.body_limit()).read(self.env(), &parts.headers, body).await {
            Ok((body, _share)) => {
                let request = self.hosted_request(origin, &parts, &named, body);
                let answering = AssertUnwindSafe(async { hosted.host.answer(request).await }).catch_unwind();
                answering.await.map_or_else(|panic| failed(&self.bug(&*panic)), pass_on)
            }
            Err(error) => unread(&error),
        };
        self.measured(answer, &hosted.stats, started)
    }

    fn hosted_request(&self, origin: Origin, parts: &Parts, named: &Named<'_>, body: Bytes) -> HostedRequest {
        let request_id = self.env().uuid().to_string();
        let text = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let host = identity::host(parts);
        let scope = claimed(parts);
        let claim = Claim {
            parts,
            body: Some(&body),
            host,
            scope: scope.as_ref(),
            model: named.hosted.host.model(),
            operation: named.hosted.host.operation().name,
            // Who has not signed is let in here: the service knows which hosts are open to everybody.
            knows_needs: true,
            origin,
        };
        let call = self.auth().identify(self.env(), self.directory(), &claim).map(|identity| {
            let Identity { account, caller, .. } = identity;
            Call {
                operation: named.hosted.host.operation(),
                account,
                region: named.region.clone(),
                caller,
                base_url: self.base_url(origin, parts, host),
                request_id: request_id.clone(),
                trace: text("x-amzn-trace-id"),
                path: parts.uri.path().to_owned(),
                protocol: ProtocolId::RestJson1,
                user_agent: text("user-agent"),
                http: None,
            }
        });
        let source = self.auth().source(&claim);
        HostedRequest {
            id: named.id.to_owned(),
            region: named.region.clone(),
            host: host.unwrap_or_default().to_owned(),
            is_secure: origin.scheme == "https",
            source,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers.clone(),
            body,
            request_id,
            call,
        }
    }
}

/// The answer, without the headers that frame a message: those are the connection's.
fn pass_on(hosted: HostedAnswer) -> Answer {
    let mut answer = Answer::new(match hosted.body {
        HostedBody::Whole(bytes) => bytes.into(),
        HostedBody::Stream(pieces) => AnswerBody::stream(pieces),
    });
    *answer.status_mut() = StatusCode::from_u16(hosted.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *answer.headers_mut() = hosted.headers;
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        answer.headers_mut().remove(name);
    }
    answer
}

fn unread(error: &BodyError) -> Answer {
    let message = match error {
        BodyError::TooLarge { .. } => "Request Entity Too Large".to_owned(),
        BodyError::Overload | BodyError::Stalled(_) | BodyError::Broken(_) => error.to_string(),
    };
    answer::last(answer::json(error.status(), &serde_json::json!({ "Message": message })))
}

fn failed(error: &ServiceError) -> Answer {
    tracing::error!(%error, "a request for a host failed by our fault");
    answer::json(error.shape.status, &serde_json::json!({ "Message": "Internal Server Error" }))
}
