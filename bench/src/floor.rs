//! The reference: what HTTP alone costs with the same requests, the same answers and the same
//! client. `POST /N` is read to its end and answered with N bytes.

use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// The largest answer; none of SQS's in these rows is larger.
const LARGEST: usize = 1 << 20;

/// Runs the reference server until it is killed.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?);
        let bytes = Bytes::from(vec![b'x'; LARGEST]);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, bytes.clone()));
                // A client that goes away is the end of its connection, and of nothing else.
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    })
}

async fn answer(request: Request<Incoming>, bytes: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let size = request.uri().path()[1..].parse().unwrap_or(0);
    let complete = request.into_body().collect().await.is_ok();
    let body = if complete { bytes.slice(..usize::min(size, LARGEST)) } else { Bytes::new() };
    Ok(Response::new(Full::new(body)))
}

/// The reference server as a process of its own; it ends with this.
pub struct Floor {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Floor {
    /// Starts it.
    pub fn start() -> Result<Floor> {
        let mut process = Command::new(std::env::current_exe()?).arg("floor").stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("the reference has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().context("the reference did not start")?;
        Ok(Floor { process, address })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
