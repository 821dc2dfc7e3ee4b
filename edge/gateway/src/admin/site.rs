//! Pages that a service answers whole: see [`AdminSite`].

use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode, header};
use tidegate_ports::{AdminSite, AdminVisit};

use super::parse_query;
use crate::answer::Answer;
use crate::gateway::Gateway;

/// Whose page this is, if it is one.
pub(super) fn find<'a>(gateway: &'a Gateway, path: &str) -> Option<&'a Arc<dyn AdminSite>> {
    let under = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    gateway.sites().iter().find(|site| site.roots().iter().any(&under))
}

pub(super) async fn answer(site: &Arc<dyn AdminSite>, path: &str, parts: &Parts) -> Answer {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let visit = AdminVisit {
        method: if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() },
        path: path.to_owned(),
        query: parse_query(parts.uri.query().unwrap_or("")),
        accept: text(header::ACCEPT),
        user_agent: text(header::USER_AGENT),
    };
    let document = site.answer(visit).await;
    let mut answer = Answer::new(document.body.into());
    *answer.status_mut() = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *answer.headers_mut() = document.headers;
    answer
}
