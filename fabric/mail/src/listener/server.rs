use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rustls::ServerConfig;
use tidegate_env::{Activity, Env, Report};
use tidegate_types::Timestamp;
use tokio::net::TcpListener;

use super::session::{self, Doors};

/// Connections at once; further ones wait until one ends.
const CONNECTIONS: usize = 100;
/// The bytes of all messages that are being received.
const BYTES: usize = 256 << 20;
/// The pause after a connection that could not be accepted: there are no file descriptors left, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections.
pub(crate) struct Listener {
    pub env: Env,
    pub tcp: TcpListener,
    pub tls: Option<Arc<ServerConfig>>,
    pub doors: Doors,
}

/// What all connections share.
#[derive(Default)]
pub(super) struct Shared {
    held: AtomicUsize,
    /// Mails that are complete and not answered yet.
    taking: AtomicU64,
}

impl Activity for Shared {
    fn report(&self, _now: Timestamp, report: &mut Report) {
        report.busy("mail coming in", self.taking.load(Ordering::SeqCst));
    }
}

/// The part of the common memory that one message takes; given back when this is dropped.
pub(super) struct Budget {
    shared: Arc<Shared>,
    held: usize,
    exhausted: bool,
}

impl Budget {
    pub(super) fn new(shared: &Arc<Shared>) -> Budget {
        Budget { shared: shared.clone(), held: 0, exhausted: false }
    }

    /// From now on it is this much. `false`: there is not enough, and it is nothing.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        self.hold_nothing();
        let all = self.shared.held.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.held = bytes;
        let fits = all <= BYTES;
        if !fits {
            self.exhausted = true;
            self.hold_nothing();
        }
        fits
    }

    /// Whether there was not enough.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    fn hold_nothing(&mut self) {
        self.shared.held.fetch_sub(self.held, Ordering::SeqCst);
        self.held = 0;
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.hold_nothing();
    }
}

/// A mail that is being taken, until this is dropped.
pub(super) struct Taking(Arc<Shared>);

impl Taking {
    pub(super) fn begin(shared: &Arc<Shared>) -> Taking {
        shared.taking.fetch_add(1, Ordering::SeqCst);
        Taking(shared.clone())
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.0.taking.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Listener {
    /// Serves for ever. Dropping it breaks off all conversations: who was not told `250` sends again.
    pub(crate) async fn run(self) {
        metrics::describe_counter!("tidegate_smtp_mails_total", "Mails that came in by SMTP, by outcome.");
        let shared = Arc::<Shared>::default();
        let part: Arc<dyn Activity> = shared.clone();
        self.env.activity().register(&part);
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(_) = open.next(), if !open.is_empty() => {}
                accepted = self.tcp.accept(), if open.len() < CONNECTIONS => match accepted {
                    Ok((tcp, peer)) => {
                        let (tls, doors) = (self.tls.clone(), self.doors.clone());
                        let talk = session::talk(self.env.clone(), tcp, peer.ip(), tls, doors, shared.clone());
                        open.push(self.env.spawn("smtp connection", talk));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a mail connection could not be accepted");
                        self.env.sleep_real(PAUSE).await;
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_share_a_bounded_memory() {
        let shared = Arc::<Shared>::default();
        let (mut one, mut two) = (Budget::new(&shared), Budget::new(&shared));
        assert!(one.hold(BYTES / 2) && one.hold(BYTES - 10) && two.hold(10));
        assert!(!two.hold(BYTES), "it does not fit beside the other");
        assert!(two.hold(10));
        drop((one, two));
        assert_eq!(shared.held.load(Ordering::SeqCst), 0);
    }
}
