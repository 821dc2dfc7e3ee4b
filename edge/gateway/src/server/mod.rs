//! The listening side: accepts connections, gives up those that stall, and ends them all in order.

mod connection;
mod stream;
mod watch;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tidegate_env::{Env, TaskHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{Gateway, Stop};
use watch::{CoarseTime, Progress};

pub use connection::Origin;
pub use watch::Patience;

/// How long accepting pauses when the process is out of file descriptors: connections must close
/// before another can open, and trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound port and what serves it.
pub struct Server {
    gateway: Arc<Gateway>,
    env: Env,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    patience: Patience,
}

impl Server {
    /// Serves `gateway` on `listener`; with `tls`, connections in the clear and under TLS share the
    /// port.
    pub fn new(
        gateway: Arc<Gateway>,
        env: Env,
        listener: TcpListener,
        tls: Option<Arc<rustls::ServerConfig>>,
        patience: Patience,
    ) -> Server {
        Server { gateway, env, listener, tls: tls.map(TlsAcceptor::from), patience }
    }

    /// The bound address.
    ///
    /// # Errors
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is set. Then nothing new is accepted, open requests get
    /// [`Patience::stop`] to end, and what is left is cut off.
    pub async fn run(self, stop: Stop) {
        let mut connections = FuturesUnordered::new();
        let time = Arc::new(CoarseTime::default());
        time.set(self.env.monotonic());
        let every = self.patience.look_every();
        let env = self.env.clone();
        let mut look = Box::pin(env.sleep_real(every));
        loop {
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                Some(()) = connections.next(), if !connections.is_empty() => self.gateway.stats().closed(),
                () = &mut look => {
                    time.set(self.env.monotonic());
                    give_up(&connections, &self.patience);
                    look.set(env.sleep_real(every));
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((tcp, _peer)) => connections.push(self.start(tcp, &time, &stop)),
                    Err(error) if is_of_the_peer(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept connections; trying again");
                        self.env.sleep_real(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        let Server { gateway, listener, patience, .. } = self;
        drop(listener);
        env.waits().end_all();
        gateway.bodies().budget.end_leftovers();
        finish(&env, connections, patience.stop, &gateway).await;
    }

    fn start(&self, tcp: TcpStream, time: &Arc<CoarseTime>, stop: &Stop) -> Connection {
        self.gateway.stats().opened();
        let progress = Arc::new(Progress::new(Arc::clone(time)));
        let serve =
            connection::serve(Arc::clone(&self.gateway), tcp, self.tls.clone(), Arc::clone(&progress), stop.clone());
        Connection { progress, task: self.env.spawn("connection", serve) }
    }
}

/// A connection's task and what it is doing.
struct Connection {
    progress: Arc<Progress>,
    task: TaskHandle<()>,
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.task).poll(cx).map(|_ended| ())
    }
}

fn give_up(connections: &FuturesUnordered<Connection>, patience: &Patience) {
    for connection in connections.iter().filter(|connection| connection.progress.is_overdue(patience)) {
        connection.task.abort();
    }
}

async fn finish(env: &Env, mut connections: FuturesUnordered<Connection>, limit: Duration, gateway: &Gateway) {
    let all_ended = async {
        while let Some(()) = connections.next().await {
            gateway.stats().closed();
        }
    };
    if env.timeout_real(limit, all_ended).await.is_err() {
        tracing::warn!(connections = connections.len(), ?limit, "cut off requests that did not end in time");
    }
}

/// Errors of `accept` that concern one connection, not the listener.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
