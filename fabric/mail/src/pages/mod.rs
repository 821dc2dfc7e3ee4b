//! The mailbox for people and tests: `/_tidegate/mail…`, LocalStack's `/_aws/ses`, and a page that shows
//! each mail as a mail client would.

mod localstack;
mod mailbox;
mod message;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, header};
use percent_encoding::percent_decode_str;
use tidegate_ports::{AdminAnswer, AdminDocument, AdminSite, AdminVisit};
use tidegate_store::StoreError;
use tidegate_types::Timestamp;

use crate::mail::Mail;

/// What the page may do: run its own script, fetch from this server, show pictures. A mail's own document
/// runs in a frame without scripts, forms or an origin, under this policy and a stricter one of its own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      img-src 'self' data: blob: http: https:; font-src data: http: https:; media-src data:; \
                      frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("assets/mail.html");
const SCRIPT: &str = include_str!("assets/mail.js");
const STYLE: &str = include_str!("assets/mail.css");

/// The pages of a [`Mail`].
pub(crate) struct Pages(pub Arc<Mail>);

/// Why a page cannot be shown.
pub(crate) enum Trouble {
    Store(StoreError),
    Answer(AdminAnswer),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

impl Trouble {
    pub(crate) fn no_mail(id: &str) -> Trouble {
        Trouble::Answer(AdminAnswer::error(404, format!("there is no mail {id} in the mailbox")))
    }

    pub(crate) fn bad(what: impl Into<String>) -> Trouble {
        Trouble::Answer(AdminAnswer::error(400, what))
    }

    fn document(self) -> AdminDocument {
        match self {
            Trouble::Store(error) => AdminAnswer::error(503, error.to_string()).into(),
            Trouble::Answer(answer) => answer.into(),
        }
    }
}

impl AdminSite for Pages {
    fn roots(&self) -> &'static [&'static str] {
        &[
            "/_tidegate/mail",
            "/_tidegate/mail.html",
            "/_tidegate/mail.js",
            "/_tidegate/mail.css",
            "/_aws/ses",
            "/_localstack/ses",
        ]
    }

    fn lines(&self) -> &'static [&'static str] {
        &[
            "GET /_tidegate/mail.html: the mailbox, in a browser",
            "GET /_tidegate/mail: the mailbox (to, from, subject, q, limit, cursor, wait, since)",
            "GET /_tidegate/mail/ID: a mail; ID/raw: its MIME; ID/attachments/N: an attachment",
            "DELETE /_tidegate/mail: empty the mailbox",
            "DELETE /_tidegate/mail/ID: delete a mail",
            "GET /_aws/ses: sent mails in LocalStack's shape (id, email)",
            "DELETE /_aws/ses: forget them (id)",
        ]
    }

    fn is_open(&self, path: &str) -> bool {
        asset(path).is_some()
    }

    fn answer(&self, visit: AdminVisit) -> BoxFuture<'_, AdminDocument> {
        async move { self.page(&visit).await.unwrap_or_else(Trouble::document) }.boxed()
    }
}

impl Pages {
    async fn page(&self, visit: &AdminVisit) -> Result<AdminDocument, Trouble> {
        let mail = &*self.0;
        let segments: Vec<String> = visit.path.split('/').skip(2).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (&visit.method, &segments[..]) {
            (&Method::GET, ["mail"]) if wants_html(visit) => Ok(page()),
            (&Method::GET, ["mail"]) => mailbox::list(mail, visit).await,
            (&Method::DELETE, ["mail"]) => mailbox::clear(mail).await,
            (&Method::GET, ["mail", id]) => message::show(mail, id).await,
            (&Method::DELETE, ["mail", id]) => mailbox::delete(mail, id).await,
            (&Method::GET, ["mail", id, "raw"]) => message::raw(mail, id).await,
            (&Method::GET, ["mail", id, "attachments", index]) => message::attachment(mail, id, index).await,
            (&Method::GET, ["ses"]) => localstack::list(mail, visit).await,
            (&Method::DELETE, ["ses"]) => localstack::delete(mail, visit).await,
            (&Method::GET, _) => asset(&visit.path)
                .ok_or_else(|| Trouble::Answer(AdminAnswer::error(404, format!("there is no {}", visit.path)))),
            (method, _) => {
                Err(Trouble::Answer(AdminAnswer::error(405, format!("{} does not take {method}", visit.path))))
            }
        }
    }
}

/// A browser that is led here wants the page; a script says nothing, or that it wants JSON.
fn wants_html(visit: &AdminVisit) -> bool {
    visit.accept.as_deref().is_some_and(|accept| accept.contains("text/html") && !accept.contains("application/json"))
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn asset(path: &str) -> Option<AdminDocument> {
    match path {
        "/_tidegate/mail.html" => Some(page()),
        "/_tidegate/mail.js" => Some(fixed(AdminDocument::of("text/javascript; charset=utf-8", SCRIPT))),
        "/_tidegate/mail.css" => Some(fixed(AdminDocument::of("text/css; charset=utf-8", STYLE))),
        _ => None,
    }
}

fn page() -> AdminDocument {
    let mut page = fixed(AdminDocument::of("text/html; charset=utf-8", PAGE));
    page.headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    page.headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    page.headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    page
}

/// A document that is what its type says, asked for anew each time: the next release has another.
fn fixed(mut document: AdminDocument) -> AdminDocument {
    document.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    document.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    document
}

/// A time as `2026-01-02T03:04:05.678Z`.
pub(crate) fn time_text(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => at.as_millis().to_string(),
    }
}
