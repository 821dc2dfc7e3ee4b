//! One connection: HTTP/1.1 or HTTP/2, in the clear or under TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::stream::{Stream, Version};
use super::watch::{Progress, Watched};
use crate::{Gateway, Stop};

/// The most that hyper buffers of a connection's input and output. A request's head must fit;
/// bodies pass through it piece by piece.
const MAX_BUFFER: usize = 64 * 1024;
/// Requests that one HTTP/2 connection may have open.
const MAX_H2_STREAMS: u32 = 250;
/// The most bytes of one HTTP/2 request's headers.
const MAX_H2_HEADERS: u32 = 64 * 1024;

/// What the gateway knows about where a request came in.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The client's address.
    pub peer: SocketAddr,
    /// Our address, as the client reached it.
    pub local: SocketAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
}

/// Serves a connection until it closes, or until the server stops and its open requests have ended.
pub(super) async fn serve(
    gateway: Arc<Gateway>,
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    progress: Arc<Progress>,
    stop: Stop,
) {
    if let Err(error) = try_serve(gateway, tcp, tls, progress, stop).await {
        // Clients that hang up, scanners, and failed handshakes: of interest to who looks for them.
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn try_serve(
    gateway: Arc<Gateway>,
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    progress: Arc<Progress>,
    stop: Stop,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    tcp.set_nodelay(true)?;
    let (peer, local) = (tcp.peer_addr()?, tcp.local_addr()?);
    let (stream, version) = tokio::select! {
        // Boxed, because a handshake is large and soon over.
        opened = Box::pin(Stream::accept(tcp, tls.as_ref())) => opened?,
        () = stop.stopped() => return Ok(()),
    };
    let origin = Origin { peer, local, scheme: stream.scheme() };
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress)));
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        let open = progress.request();
        async move {
            let mut answer = gateway.handle(origin, request).await;
            // An answer that goes on is a request that is still open.
            answer.body_mut().hold(open);
            Ok::<_, Infallible>(answer)
        }
    });
    match version {
        Version::Http1 => drive(Box::pin(http1().serve_connection(io, service)), &stop).await?,
        Version::Http2 => drive(Box::pin(http2().serve_connection(io, service)), &stop).await?,
    }
    Ok(())
}

/// Takes the connection boxed, or the task would keep room for the largest kind of them twice.
async fn drive<C: GracefulConnection>(mut connection: Pin<Box<C>>, stop: &Stop) -> Result<(), C::Error> {
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = stop.stopped() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

// Time limits are the watch's: neither has one of its own.

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_BUFFER);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).max_concurrent_streams(MAX_H2_STREAMS).max_header_list_size(MAX_H2_HEADERS);
    builder
}
