//! One GET, of a provider.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{Either, select};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::pinned;

/// The largest answer that is read.
const MAX_BODY: usize = 256 * 1024;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0} is no address that keys are fetched from")]
    Address(String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error("{0} answered {1}")]
    Status(String, StatusCode),
    #[error("{0} answered something that cannot be read")]
    Unreadable(String),
}

/// Whether a host is this machine: providers there are believed without a certificate.
fn is_local(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback()) || host == "localhost" || host.ends_with(".localhost")
}

/// The body of what this address answers. Nothing is followed elsewhere.
pub(super) async fn get(url: &str, thumbprints: &[String]) -> Result<Bytes, Fault> {
    let address = || Fault::Address(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| address())?;
    let host = uri.host().ok_or_else(address)?.to_owned();
    let bare = host.trim_matches(['[', ']']).to_owned();
    let unreachable = |error: &dyn std::fmt::Display| Fault::Unreachable(url.to_owned(), error.to_string());
    match uri.scheme_str() {
        Some("http") if is_local(&host) => {
            let port = uri.port_u16().unwrap_or(80);
            let stream = TcpStream::connect((bare, port)).await.map_err(|error| unreachable(&error))?;
            exchange(stream, &uri, url).await
        }
        Some("https") => {
            let port = uri.port_u16().unwrap_or(443);
            let name = ServerName::try_from(bare.clone()).map_err(|_| address())?;
            let config = pinned::config(thumbprints.to_vec()).map_err(|error| unreachable(&error))?;
            let stream = TcpStream::connect((bare, port)).await.map_err(|error| unreachable(&error))?;
            let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
            exchange(connecting.await.map_err(|error| unreachable(&error))?, &uri, url).await
        }
        _ => Err(address()),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    uri: &Uri,
    url: &str,
) -> Result<Bytes, Fault> {
    let unreachable = |error: hyper::Error| Fault::Unreachable(url.to_owned(), error.to_string());
    let unreadable = || Fault::Unreadable(url.to_owned());
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header("host", authority).header("accept", "application/json");
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| unreadable())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(Fault::Status(url.to_owned(), response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|_| unreadable())?;
        Ok(body.to_bytes())
    };
    // The connection is driven beside the request, and ends with it.
    match select(Box::pin(answer), Box::pin(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, answer)) => answer.await,
    }
}
