use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, header};
use tidegate_api_lambda::MODEL;
use tidegate_ports::{HostedAnswer, HostedBody, HostedHttp, HostedRequest};
use tidegate_protocol::{Operation, ServiceModel};

use crate::service::Lambda;
use crate::store::Code;

const OPERATION: Operation =
    Operation { name: "DownloadCode", method: "GET", uri: "/", header: None, status: 200, has_output: false };

/// Where GetFunction's `Code.Location` leads: the zip file of a version. Whoever knows the function's number,
/// which only GetFunction tells, may have it: the place of AWS's presigned URL.
pub(crate) struct Zips {
    lambda: Arc<Lambda>,
}

impl Zips {
    pub(crate) fn new(lambda: Arc<Lambda>) -> Zips {
        Zips { lambda }
    }

    async fn find(&self, request: &HostedRequest) -> Option<Bytes> {
        let id = u64::from_str_radix(request.id.strip_prefix('f')?, 16).ok()?;
        let function = self.lambda.directory.all().into_iter().find(|function| function.record.id == id)?;
        let name = request.path.strip_prefix('/')?.strip_suffix(".zip")?;
        let sha256 = function.versions.values().find_map(|version| match &version.code {
            Code::Zip(sum) if sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == name => Some(*sum),
            Code::Zip(_) | Code::Folder(_) => None,
        })?;
        match self.lambda.codes.zip(id, &sha256).await {
            Ok(zip) => Some(zip),
            Err(error) => {
                tracing::error!(%error, "the zip file of a function cannot be read");
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
