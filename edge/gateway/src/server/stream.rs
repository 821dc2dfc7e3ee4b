//! What a client speaks, told by its first bytes: HTTP and HTTPS, HTTP/1.1 and HTTP/2, on one port.
//!
//! They are looked at and left in the socket. (hyper-util's `auto` reads them and puts them back in
//! front of the rest; that makes hyper's read buffer grow at once, and costs each connection 5 KB.)

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The content type of a TLS handshake record. No HTTP request begins with it.
const TLS_HANDSHAKE: u8 = 0x16;
/// How an HTTP/2 client begins if it knows that we speak it. No HTTP/1.1 method is `PRI`.
const HTTP2_PREFACE: &[u8] = b"PRI ";

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// A connection in the clear or under TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    // Boxed: a TLS session is a kilobyte, and most connections have none.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Looks at the connection's first bytes, and shakes hands if they begin a TLS handshake.
    pub(super) async fn accept(tcp: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<(Stream, Version)> {
        // A preface that comes byte by byte is taken for a broken HTTP/1.1 request: nobody sends one.
        let mut first = [0; HTTP2_PREFACE.len()];
        let seen = tcp.peek(&mut first).await?;
        match tls {
            Some(acceptor) if first[..seen].first() == Some(&TLS_HANDSHAKE) => {
                let stream = acceptor.accept(tcp).await?;
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                Ok((Stream::Tls(Box::new(stream)), if http2 { Version::Http2 } else { Version::Http1 }))
            }
            _ => Ok((Stream::Plain(tcp), if first == HTTP2_PREFACE { Version::Http2 } else { Version::Http1 })),
        }
    }

    /// `http` or `https`.
    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Stream::Plain(_) => "http",
            Stream::Tls(_) => "https",
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
