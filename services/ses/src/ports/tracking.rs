use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, header};
use tidegate_ports::{AdminAnswer, AdminDocument, AdminSite, AdminVisit};

use crate::error::Error;
use crate::ops::tracking::{CLICK_PATH, OPEN_PATH};
use crate::service::Ses;

/// One transparent dot.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

const ROOTS: [&str; 2] = ["/_tidegate/ses/open", "/_tidegate/ses/click"];

/// Where the links and pictures of mails lead. Everybody may follow them, as everybody may get a mail.
pub(crate) struct Tracking(pub(crate) Arc<Ses>);

impl Tracking {
    async fn visit(&self, visit: &AdminVisit) -> Result<AdminDocument, Error> {
        let under = |path: &str| visit.path.strip_prefix("/_tidegate/")?.strip_prefix(path)?.strip_prefix('/');
        let (token, is_click) = match (under(OPEN_PATH), under(CLICK_PATH)) {
            (Some(token), _) => (token, false),
            (_, Some(token)) => (token, true),
            (None, None) => return Ok(unknown()),
        };
        let mark = self.0.mark(token).await?.filter(|mark| mark.url.is_some() == is_click);
        let Some(mark) = mark else { return Ok(unknown()) };
        let mut document = match &mark.url {
            None => AdminDocument::of("image/gif", PICTURE),
            Some(url) => {
                let Ok(to) = HeaderValue::from_bytes(url.as_bytes()) else { return Ok(unknown()) };
                let mut document = AdminDocument { status: 302, ..AdminDocument::of("text/plain; charset=utf-8", "") };
                document.headers.insert(header::LOCATION, to);
                document
            }
        };
        document.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.0.engaged(&mark, visit.user_agent.as_deref()).await?;
        Ok(document)
    }
}

fn unknown() -> AdminDocument {
    AdminAnswer::error(404, "no mail of this server has such a link").into()
}

impl AdminSite for Tracking {
    fn roots(&self) -> &'static [&'static str] {
        &ROOTS
    }

    fn lines(&self) -> &'static [&'static str] {
        &[
            "GET /_tidegate/ses/open/TOKEN: the picture by which SES hears that a mail is opened",
            "GET /_tidegate/ses/click/TOKEN: where links of mails lead, so that SES hears of them",
        ]
    }

    fn is_open(&self, _: &str) -> bool {
        true
    }

    fn answer(&self, visit: AdminVisit) -> BoxFuture<'_, AdminDocument> {
        async move {
            if visit.method != Method::GET {
                return AdminAnswer::error(405, format!("{} is for GET only", visit.path)).into();
            }
            match self.visit(&visit).await {
                Ok(document) => document,
                Err(error) => AdminAnswer::error(503, error.to_string()).into(),
            }
        }
        .boxed()
    }
}
