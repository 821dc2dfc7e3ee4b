//! Connections to the relay, kept for the next mail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rustls::ClientConfig;
use tidegate_env::Env;

use super::address::RelayAddress;
use super::connection::{self, Connection, Failure, Trouble, Verdict};

/// How long a connection is kept that nobody needs: real time.
const KEPT: Duration = Duration::from_secs(10);
/// Mails on one connection; relays close theirs after about as many.
const MAILS: u32 = 100;

/// How many connections there are is decided by those who use them: one for each attempt at most.
pub(crate) struct Pool {
    env: Env,
    address: RelayAddress,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<(Connection, Duration)>>,
}

impl Pool {
    pub(crate) fn new(env: Env, address: RelayAddress, tls: Arc<ClientConfig>) -> Pool {
        Pool { env, address, tls, idle: Mutex::default() }
    }

    pub(crate) fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// Hands a mail over, on a connection that is there or a new one. Also says what the relay calls itself.
    pub(crate) async fn send(
        &self,
        from: &str,
        recipients: &[String],
        mime: &Bytes,
    ) -> Result<(Vec<Verdict>, String), Failure> {
        if let Some(mut connection) = self.take() {
            match connection.send(from, recipients, mime).await {
                // The relay may have closed it meanwhile, which says nothing about the mail.
                Err(Failure { trouble: Trouble::Broken, .. }) if !connection.answered => {}
                sent => return self.sent(connection, sent).await,
            }
        }
        let mut connection = connection::connect(&self.env, &self.address, &self.tls).await?;
        let sent = connection.send(from, recipients, mime).await;
        self.sent(connection, sent).await
    }

    async fn sent(
        &self,
        connection: Connection,
        sent: Result<Vec<Verdict>, Failure>,
    ) -> Result<(Vec<Verdict>, String), Failure> {
        let verdicts = sent?;
        let name = connection.name.clone();
        if connection.used < MAILS {
            self.idle.lock().push((connection, self.env.monotonic()));
        } else {
            connection.quit().await;
        }
        Ok((verdicts, name))
    }

    fn take(&self) -> Option<Connection> {
        let now = self.env.monotonic();
        let mut idle = self.idle.lock();
        idle.retain(|(_, since)| now.saturating_sub(*since) < KEPT);
        idle.pop().map(|(connection, _)| connection)
    }

    /// Closes what nobody has needed for a while. For ever: its task is its owner's.
    pub(crate) async fn close_idle(&self) {
        loop {
            self.env.sleep_real(KEPT).await;
            let now = self.env.monotonic();
            let old: Vec<_> =
                self.idle.lock().extract_if(.., |(_, since)| now.saturating_sub(*since) >= KEPT).collect();
            for (connection, _) in old {
                connection.quit().await;
            }
        }
    }
}
