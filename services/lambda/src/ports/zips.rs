use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, header};
use tidegate_api_lambda::MODEL;
use tidegate_ports::{HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Operation, ServiceModel};

use crate::domain::hex;
use crate::service::Lambda;
use crate::store::Code;

const OPERATION: Operation =
    Operation { name: "DownloadCode", method: "GET", uri: "/", header: None, status: 200, has_output: false };

/// Where `Location` leads in what GetFunction and GetLayerVersion answer: the zip file of a version of a function
/// or a layer. Whoever knows its number, which only they tell, may have it: the place of AWS's presigned URL.
pub(crate) struct Zips {
    lambda: Arc<Lambda>,
}

impl Zips {
    pub(crate) fn new(lambda: Arc<Lambda>) -> Zips {
        Zips { lambda }
    }

    /// A function's number and the SHA-256 of a file of its versions.
    fn function(&self, id: &str, name: &str) -> Option<(u64, [u8; 32])> {
        let id = u64::from_str_radix(id, 16).ok()?;
        let function = self.lambda.directory.all().into_iter().find(|function| function.record.id == id)?;
        let sha256 = function.versions.values().find_map(|version| match &version.code {
            Code::Zip(sum) if hex(sum) == name => Some(*sum),
            Code::Zip(_) | Code::Folder(_) | Code::Image(_) => None,
        })?;
        Some((id, sha256))
    }

    /// A layer version's number and the SHA-256 of its file.
    fn layer(&self, id: &str, name: &str) -> Option<(u64, [u8; 32])> {
        let id = u64::from_str_radix(id, 16).ok()?;
        let mut all = self.lambda.layers.all().into_iter();
        let (.., version) = all.find(|(.., version)| version.id == id && !version.is_deleted)?;
        (hex(&version.sha256) == name).then_some((id, version.sha256))
    }

    async fn find(&self, request: &HostedRequest) -> Option<Bytes> {
        let name = request.path.strip_prefix('/')?.strip_suffix(".zip")?;
        let (id, sha256) = match request.id.strip_prefix('l') {
            Some(id) => self.layer(id, name)?,
            None => self.function(request.id.strip_prefix('f')?, name)?,
        };
        match self.lambda.codes.zip(id, &sha256).await {
            Ok(zip) => Some(zip),
            Err(error) => {
                tracing::error!(%error, "a zip file cannot be read");
                None
            }
        }
    }
}

impl HostedHttp for Zips {
    fn label(&self) -> &'static str {
        "lambda-code"
    }

    fn model(&self) -> &'static ServiceModel {
        &MODEL
    }

    fn operation(&self) -> &'static Operation {
        &OPERATION
    }

    fn body_limit(&self) -> usize {
        0
    }

    fn answer(&self, request: HostedRequest) -> BoxFuture<'_, HostedAnswer> {
        async move {
            let (status, kind, body) = match self.find(&request).await {
                Some(zip) => (200, "application/zip", zip),
                None => (404, "text/plain", Bytes::from_static(b"no such code\n")),
            };
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            HostedAnswer { status, headers, body: HostedBody::Whole(body) }
        }
        .boxed()
    }
}
