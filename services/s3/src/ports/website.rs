//! Buckets as websites: `<bucket>.s3-website.<region>.…` and `<bucket>.s3-website-<region>.…`.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::percent_decode_str;
use tidegate_api_s3::{MODEL, WebsiteConfiguration};
use tidegate_ports::{Broken, HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Operation, ServiceError, ServiceModel};

use crate::domain::http_date;
use crate::domain::website::{Redirection, Visit, Website, encoded};
use crate::error::Error;
use crate::ops::{Conditions, Reading, Viewed, allow_page, opened};
use crate::service::S3;
use crate::store::{Bucket, ConfigKind};
use crate::wire::{self, website_of};

const OPERATION: Operation =
    Operation { name: "WebsiteGetObject", method: "GET", uri: "/", header: None, status: 200, has_output: true };

/// Buckets that are websites.
pub(crate) struct Websites {
    s3: Arc<S3>,
}

/// A request for a page.
struct Asked<'a> {
    request: &'a HostedRequest,
    bucket: &'a Bucket,
    site: &'a Website,
    visit: Visit<'a>,
}

impl Websites {
    pub(crate) fn new(s3: Arc<S3>) -> Websites {
        Websites { s3 }
    }

    async fn serve(&self, request: HostedRequest) -> HostedAnswer {
        let bucket = match self.s3.bucket(Some(&request.id)) {
            Ok(bucket) => bucket,
            Err(error) => return page(&request, &error.into(), None),
        };
        let mut answer = match self.page_of(&request, &bucket).await {
            Ok(answer) => answer,
            Err(error) => page(&request, &error, None),
        };
        allow_page(&bucket, &request.method, &request.headers, &mut answer.headers);
        if request.method == Method::HEAD {
            answer.body = HostedBody::Whole(Bytes::new());
        }
        answer
    }

    async fn page_of(&self, request: &HostedRequest, bucket: &Bucket) -> Result<HostedAnswer, ServiceError> {
        if request.method != Method::GET && request.method != Method::HEAD {
            let words = "The specified method is not allowed against this resource.".to_owned();
            return Err(Error::Refused { code: "MethodNotAllowed", status: 405, words }.into());
        }
        let config = bucket.config::<WebsiteConfiguration>(ConfigKind::Website);
        let config = config.ok_or_else(|| Error::NoSuchConfig {
            code: "NoSuchWebsiteConfiguration",
            words: "The specified bucket does not have a website configuration",
            bucket: bucket.name.clone(),
        })?;
        let site = website_of(config);
        let path = percent_decode_str(&request.path).decode_utf8_lossy();
        let key = path.strip_prefix('/').unwrap_or(&path);
        let protocol = if request.is_secure { "https" } else { "http" };
        let visit = Visit { protocol, host: &request.host, key };
        let asked = Asked { request, bucket, site: &site, visit };
        if let Some(redirection) = site.redirection(visit) {
            return Ok(redirected(&redirection));
        }
        match self.object(&asked, &site.object_of(key), 200).await {
            Ok(answer) => Ok(answer),
            Err(error) => Ok(self.instead(&asked, error).await),
        }
    }

    /// What is shown instead of what is not there.
    async fn instead(&self, asked: &Asked<'_>, error: ServiceError) -> HostedAnswer {
        let Asked { request, bucket, site, visit } = asked;
        let status = error.shape.status;
        if status == 304 {
            return bare(304, &error);
        }
        if let Some(redirection) = site.redirection_of_error(*visit, status) {
            return redirected(&redirection);
        }
        if status == 404 && !visit.key.is_empty() && !visit.key.ends_with('/') {
            let index = site.object_of(&format!("{}/", visit.key));
            if self.view(asked, &index).await.is_ok() {
                return redirected(&Redirection { status: 302, location: format!("/{}/", encoded(visit.key)) });
            }
        }
        let Some(document) = &site.error else { return page(request, &error, None) };
        match self.object(asked, document, status).await {
            Ok(answer) => answer,
            Err(second) => {
                tracing::debug!(bucket = bucket.name, %second, "a website's error document cannot be shown");
                page(request, &error, Some(&second))
            }
        }
    }

    /// Finds an object that the visitor may see.
    async fn view(&self, asked: &Asked<'_>, key: &str) -> Result<Viewed, ServiceError> {
        let call = asked.request.call.as_ref().map_err(Clone::clone)?;
        wire::may(&self.s3, call, "s3:GetObject", asked.bucket, key, None).await?;
        let text = |name: HeaderName| asked.request.headers.get(name).and_then(|value| value.to_str().ok());
        let conditions = Conditions {
            if_match: text(header::IF_MATCH),
            if_none_match: text(header::IF_NONE_MATCH),
            ..Conditions::default()
        };
        let reading = Reading { conditions, range: text(header::RANGE), wants_body: true, ..Reading::default() };
        Ok(reading.view(&self.s3, asked.bucket, key).await?)
    }

    async fn object(&self, asked: &Asked<'_>, key: &str, status: u16) -> Result<HostedAnswer, ServiceError> {
        let view = async || {
            let viewed = self.view(asked, key).await?;
            let (content, range) = (viewed.object().content, viewed.range.clone());
            Ok((viewed, content, range))
        };
        let (viewed, opened) = opened(&self.s3, view).await?;
        if let Some(location) = &viewed.object().redirect {
            return Ok(redirected(&Redirection { status: 301, location: location.clone() }));
        }
        let pieces = opened.into_pieces().map(|piece| {
            piece.map_err(|error| {
                tracing::error!(%error, "a page breaks off");
                Broken
            })
        });
        let status = if viewed.is_partial && status == 200 { 206 } else { status };
        Ok(HostedAnswer { status, headers: headers_of(&viewed), body: HostedBody::Stream(pieces.boxed()) })
    }
}

fn headers_of(viewed: &Viewed) -> HeaderMap {
    let object = viewed.object();
    let mut headers = HeaderMap::new();
    let stored = &object.headers;
    let kind = stored.content_type.as_deref().unwrap_or("binary/octet-stream");
    let range = format!("bytes {}-{}/{}", viewed.range.start, viewed.range.end.saturating_sub(1), object.size);
    let etag = format!("\"{}\"", object.etag);
    let written = http_date(viewed.version.created_at);
    for (name, value) in [
        (header::CONTENT_TYPE, Some(kind)),
        (header::CACHE_CONTROL, stored.cache_control.as_deref()),
        (header::CONTENT_DISPOSITION, stored.content_disposition.as_deref()),
        (header::CONTENT_ENCODING, stored.content_encoding.as_deref()),
        (header::CONTENT_LANGUAGE, stored.content_language.as_deref()),
        (header::EXPIRES, stored.expires.as_deref()),
        (header::ETAG, Some(&*etag)),
        (header::LAST_MODIFIED, Some(&*written)),
        (header::CONTENT_RANGE, Some(&*range).filter(|_| viewed.is_partial)),
    ] {
        insert(&mut headers, name, value);
    }
    for (name, value) in &object.metadata {
        if let Ok(name) = HeaderName::try_from(format!("x-amz-meta-{name}")) {
            insert(&mut headers, name, Some(value));
        }
    }
    headers
}

/// Sets a header, unless its value is one that no header can have.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
        headers.insert(name, value);
    }
}

fn redirected(to: &Redirection) -> HostedAnswer {
    let mut headers = HeaderMap::new();
    let location = http_location(&to.location);
    insert(&mut headers, header::LOCATION, Some(&location));
    HostedAnswer { status: to.status, headers, body: HostedBody::Whole(Bytes::new()) }
}

/// An address as a header may hold it: what is not ASCII is encoded, the rest is the owner's.
fn http_location(location: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');
    percent_encoding::utf8_percent_encode(location, KEPT).to_string()
}

fn bare(status: u16, error: &ServiceError) -> HostedAnswer {
    let headers =
        error.headers.iter().filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)));
    HostedAnswer { status, headers: headers.collect(), body: HostedBody::Whole(Bytes::new()) }
}

/// The page that S3 shows for an error, and for a second one behind it.
fn page(request: &HostedRequest, error: &ServiceError, second: Option<&ServiceError>) -> HostedAnswer {
    let status = error.shape.status;
    let reason =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let mut text = format!(
        "<html>\n<head><title>{status} {reason}</title></head>\n<body>\n<h1>{status} {reason}</h1>\n{}",
        listed(error, Some(&request.request_id))
    );
    if let Some(second) = second {
        text.push_str("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n");
        text.push_str(&listed(second, None));
    }
    text.push_str("<hr/>\n</body>\n</html>\n");
    let mut headers = HeaderMap::new();
    insert(&mut headers, header::CONTENT_TYPE, Some("text/html; charset=utf-8"));
    insert(&mut headers, HeaderName::from_static("x-amz-error-code"), Some(error.shape.code));
    insert(&mut headers, HeaderName::from_static("x-amz-error-message"), Some(&error.message));
    HostedAnswer { status, headers, body: HostedBody::Whole(text.into()) }
}

fn listed(error: &ServiceError, request_id: Option<&str>) -> String {
    let mut lines = vec![("Code", error.shape.code), ("Message", &error.message)];
    lines.extend(error.fields.iter().map(|(name, value)| (*name, value.as_str())));
    lines.extend(request_id.map(|id| ("RequestId", id)));
    let lines = lines.into_iter().map(|(name, value)| format!("<li>{name}: {}</li>\n", escaped(value)));
    format!("<ul>\n{}</ul>\n", lines.collect::<String>())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl HostedHttp for Websites {
    fn label(&self) -> &'static str {
        "s3-website"
    }

    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn operation(&self) -> &'static Operation {
        &OPERATION
    }

    fn body_limit(&self) -> usize {
        // A page is asked for without one.
        64 * 1024
    }

    fn answer(&self, request: HostedRequest) -> BoxFuture<'_, HostedAnswer> {
        self.serve(request).boxed()
    }
}
