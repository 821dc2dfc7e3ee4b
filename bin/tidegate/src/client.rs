//! A few requests to a running server, for `status`, `doctor` and `keys`.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tidegate_env::Env;
use tokio::net::TcpStream;

/// How long a server may take to answer a command.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer in JSON.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, or null if it is not JSON.
    pub body: Value,
}

/// Asks a server in the clear; HTTPS is never needed, because both share the port.
///
/// # Errors
/// No server there, no answer in time, or an answer that is not HTTP.
pub async fn ask(
    url: &str,
    method: &str,
    path: &str,
    admin_key: Option<&str>,
    body: Option<&Value>,
) -> anyhow::Result<Answer> {
    ask_within(PATIENCE, url, method, path, admin_key, body).await
}

/// The same for what takes its time.
///
/// # Errors
/// As [`ask`].
pub async fn ask_within(
    patience: Duration,
    url: &str,
    method: &str,
    path: &str,
    admin_key: Option<&str>,
    body: Option<&Value>,
) -> anyhow::Result<Answer> {
    let Some(authority) = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')) else {
        bail!("{url} is not a URL such as http://127.0.0.1:4566");
    };
    let mut request = Request::builder().method(method).uri(path).header("host", authority);
    if let Some(key) = admin_key {
        request = request.header("x-tidegate-admin-key", key);
    }
    let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
    let asked = exchange(authority, request.body(Full::new(body))?);
    Env::real().timeout_real(patience, asked).await.with_context(|| format!("no answer from {url}"))?
}

async fn exchange(authority: &str, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
    let stream = TcpStream::connect(authority).await;
    let stream = stream.with_context(|| format!("no server answers on http://{authority}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await?.to_bytes();
        anyhow::Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    };
    tokio::pin!(connection, exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}
