//! One conversation with a relay.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tidegate_env::Env;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::{RelayAddress, Security, is_local};
use super::extensions::Extensions;
use super::lines::{is_safe, stuffed};
use super::reply::{self, MAX_LINE, MAX_LINES, Reply};

/// What is answered to a whole message may take this many times as long as another answer: the relay may
/// look through it first.
const PATIENCE_WITH_DATA: u32 = 5;

/// How much of a message is written before it is asked again whether the relay still reads.
const WRITTEN_AT_ONCE: usize = 64 << 10;

/// Why a conversation came to nothing. No mail is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub trouble: Trouble,
    /// What happened.
    pub what: String,
    /// The enhanced status code that says so.
    pub status: &'static str,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It cannot be reached, or does not want to talk now.
    Away,
    /// It talked, and then broke off or hung.
    Broken,
    /// It refuses us for what `--smtp` says, or we refuse it: login, certificate, no `STARTTLS`.
    Settings,
}

impl Failure {
    fn new(trouble: Trouble, status: &'static str, what: impl Into<String>) -> Failure {
        Failure { trouble, what: what.into(), status }
    }
}

/// What the relay says about a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has the mail.
    Taken(Reply),
    /// It will never take it.
    Refused(Reply),
    /// Not now.
    Later(Reply),
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection that has been greeted, and logged in if there is a login.
pub(crate) struct Connection {
    wire: BufReader<Box<dyn Wire>>,
    env: Env,
    timeout: Duration,
    /// What it calls itself.
    pub name: String,
    extensions: Extensions,
    /// Mails sent on it.
    pub used: u32,
    /// Whether the relay has said anything to the last of them.
    pub answered: bool,
}

/// Connects, secures the line and logs in, as `address` says.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn connect(env: &Env, address: &RelayAddress, tls: &Arc<ClientConfig>) -> Result<Connection, Failure> {
    let to = (address.host.as_str(), address.port);
    let away = |what: String| Failure::new(Trouble::Away, "4.4.1", what);
    let tcp = match env.timeout_real(address.timeout, TcpStream::connect(to)).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(away(format!("{address}: {error}"))),
        Err(error) => return Err(away(format!("{address}: {error}"))),
    };
    // Commands are small and each is waited for.
    drop(tcp.set_nodelay(true));
    let mut wire: Box<dyn Wire> = Box::new(tcp);
    if address.security == Security::Tls {
        wire = secured(env, address, tls, wire).await?;
    }
    let mut connection = Connection {
        wire: BufReader::new(wire),
        env: env.clone(),
        timeout: address.timeout,
        name: address.host.clone(),
        extensions: Extensions::default(),
        used: 0,
        answered: false,
    };
    let greeting = connection.reply(connection.timeout).await?;
    if !greeting.is_positive() {
        return Err(away(greeting.text()));
    }
    if let Some(name) = greeting.lines.first().and_then(|line| line.split(' ').next()).filter(|name| !name.is_empty()) {
        name.clone_into(&mut connection.name);
    }
    connection.hello(address).await?;
    if matches!(address.security, Security::Opportunistic | Security::StartTls) {
        connection = connection.start_tls(address, tls).await?;
    }
    connection.log_in(address).await?;
    Ok(connection)
}

async fn secured(
    env: &Env,
    address: &RelayAddress,
    tls: &Arc<ClientConfig>,
    wire: Box<dyn Wire>,
) -> Result<Box<dyn Wire>, Failure> {
    let refused = |what: String| Failure::new(Trouble::Settings, "4.7.5", format!("TLS with {address}: {what}"));
    let name = ServerName::try_from(address.host.clone()).map_err(|error| refused(error.to_string()))?;
    let handshake = TlsConnector::from(tls.clone()).connect(name, wire);
    match env.timeout_real(address.timeout, handshake).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        // A certificate that is not believed is a matter of settings; a line that breaks is not.
        Ok(Err(error)) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) => {
            Err(refused(error.to_string()))
        }
        Ok(Err(error)) => Err(Failure::new(Trouble::Away, "4.4.2", format!("TLS with {address}: {error}"))),
        Err(error) => Err(Failure::new(Trouble::Away, "4.4.2", format!("TLS with {address}: {error}"))),
    }
}

impl Connection {
    async fn hello(&mut self, address: &RelayAddress) -> Result<(), Failure> {
        let reply = self.ask(&format!("EHLO {}", address.helo)).await?;
        // Only who does not know EHLO refuses it for good.
        let reply = if reply.is_permanent() { self.ask(&format!("HELO {}", address.helo)).await? } else { reply };
        if !reply.is_positive() {
            return Err(Failure::new(Trouble::Away, "4.3.2", reply.text()));
        }
        self.extensions = Extensions::read(&reply);
        Ok(())
    }

    async fn start_tls(mut self, address: &RelayAddress, tls: &Arc<ClientConfig>) -> Result<Connection, Failure> {
        let refused = |what: &str| Failure::new(Trouble::Settings, "4.7.4", format!("{address} {what}"));
        if !self.extensions.starttls {
            return match address.security {
                Security::StartTls => Err(refused("does not offer STARTTLS")),
                _ => Ok(self),
            };
        }
        let reply = self.ask("STARTTLS").await?;
        if !reply.is_positive() {
            return match address.security {
                Security::StartTls => Err(refused(&format!("refuses STARTTLS: {reply}"))),
                _ => Ok(self),
            };
        }
        // What came in behind the answer came from whoever is on the line, not from the relay.
        if !self.wire.buffer().is_empty() {
            return Err(refused("said something before TLS began"));
        }
        let wire = secured(&self.env, address, tls, self.wire.into_inner()).await?;
        let mut connection = Connection { wire: BufReader::new(wire), ..self };
        connection.hello(address).await?;
        Ok(connection)
    }

    async fn log_in(&mut self, address: &RelayAddress) -> Result<(), Failure> {
        let Some((user, password)) = &address.login else { return Ok(()) };
        let offered = |mechanism: &str| self.extensions.auth.iter().any(|one| one == mechanism);
        let reply = if offered("PLAIN") {
            let secret = base64(format!("\0{user}\0{password}").as_bytes());
            self.ask(&format!("AUTH PLAIN {secret}")).await?
        } else if offered("LOGIN") {
            let reply = self.ask("AUTH LOGIN").await?;
            match reply.code {
                334 => match self.ask(&base64(user.as_bytes())).await? {
                    Reply { code: 334, .. } => self.ask(&base64(password.as_bytes())).await?,
                    other => other,
                },
                _ => reply,
            }
        } else {
            let what = format!("{address} offers neither AUTH PLAIN nor AUTH LOGIN");
            let hint = if is_local(&address.host) { "" } else { " on this line" };
            return Err(Failure::new(Trouble::Settings, "4.7.0", what + hint));
        };
        match reply.code / 100 {
            2 => Ok(()),
            // 454: its list of users is away. That passes.
            4 => Err(Failure::new(Trouble::Away, "4.7.0", format!("login at {address}: {reply}"))),
            _ => Err(Failure::new(Trouble::Settings, "4.7.8", format!("login at {address}: {reply}"))),
        }
    }

    /// Hands a mail over. One verdict for each recipient, in their order.
    ///
    /// # Errors
    /// [`Failure`]: nothing is known of any recipient then, and the connection is not to be used again.
    pub(crate) async fn send(
        &mut self,
        from: &str,
        recipients: &[String],
        mime: &Bytes,
    ) -> Result<Vec<Verdict>, Failure> {
        self.used += 1;
        self.answered = false;
        if let Some(refusal) = self.cannot(from, recipients, mime) {
            return Ok(vec![Verdict::Refused(refusal); recipients.len()]);
        }
        let reply = self.ask(&self.mail_command(from, recipients, mime)).await?;
        // `421` may have been said before: it had waited too long for us.
        self.answered = reply.code != 421;
        if !reply.is_positive() {
            return self.all(recipients.len(), reply).await;
        }
        let mut verdicts: Vec<Option<Verdict>> = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let reply = self.ask(&format!("RCPT TO:<{recipient}>")).await?;
            verdicts.push(match reply.is_positive() {
                true => None,
                false => Some(self.verdict(reply)?),
            });
        }
        if verdicts.iter().all(Option::is_some) {
            self.reset().await?;
            return Ok(verdicts.into_iter().flatten().collect());
        }
        let last = self.data(mime).await?;
        let rest = if last.is_positive() { Verdict::Taken(last) } else { self.verdict(last)? };
        Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(|| rest.clone())).collect())
    }

    /// The same for all recipients, and the relay forgets that there was a mail.
    async fn all(&mut self, count: usize, reply: Reply) -> Result<Vec<Verdict>, Failure> {
        let verdict = self.verdict(reply)?;
        self.reset().await?;
        Ok(vec![verdict; count])
    }

    fn verdict(&self, reply: Reply) -> Result<Verdict, Failure> {
        if reply.is_about_login() {
            return Err(Failure::new(Trouble::Settings, "4.7.0", reply.text()));
        }
        match reply.code {
            // The connection ends: what is known of the others is void.
            421 => Err(Failure::new(Trouble::Broken, "4.3.2", reply.text())),
            _ if reply.is_permanent() => Ok(Verdict::Refused(reply)),
            _ => Ok(Verdict::Later(reply)),
        }
    }

    /// Why this relay cannot take the mail at all.
    fn cannot(&self, from: &str, recipients: &[String], mime: &Bytes) -> Option<Reply> {
        let ours = |code, text: String| Some(Reply { code, lines: vec![text] });
        let addresses = || std::iter::once(from).chain(recipients.iter().map(String::as_str));
        if let Some(bad) = addresses().find(|address| !is_safe(address)) {
            return ours(553, format!("5.1.3 {bad:?} is not an address"));
        }
        if !self.extensions.utf8 && addresses().any(|address| !address.is_ascii()) {
            return ours(553, "5.6.7 the relay does not take addresses beyond ASCII (SMTPUTF8)".to_owned());
        }
        match self.extensions.size {
            Some(most) if mime.len() as u64 > most => ours(552, format!("5.3.4 the relay takes {most} bytes")),
            _ => None,
        }
    }

    fn mail_command(&self, from: &str, recipients: &[String], mime: &Bytes) -> String {
        let mut command = format!("MAIL FROM:<{from}>");
        if self.extensions.announces_size {
            command.push_str(&format!(" SIZE={}", mime.len()));
        }
        if self.extensions.eight_bit && !mime.is_ascii() {
            command.push_str(" BODY=8BITMIME");
        }
        if self.extensions.utf8 && !(from.is_ascii() && recipients.iter().all(|recipient| recipient.is_ascii())) {
            command.push_str(" SMTPUTF8");
        }
        command
    }

    async fn data(&mut self, mime: &Bytes) -> Result<Reply, Failure> {
        let reply = self.ask("DATA").await?;
        if reply.code != 354 {
            let reply = if reply.code / 100 == 3 || reply.is_positive() { strange(reply) } else { reply };
            self.reset().await?;
            return Ok(reply);
        }
        for piece in stuffed(mime).chunks(WRITTEN_AT_ONCE) {
            self.write(piece).await?;
        }
        self.flush().await?;
        self.reply(self.timeout.saturating_mul(PATIENCE_WITH_DATA)).await
    }

    async fn reset(&mut self) -> Result<(), Failure> {
        match self.ask("RSET").await? {
            reply if reply.is_positive() => Ok(()),
            reply => Err(Failure::new(Trouble::Broken, "4.3.0", reply.text())),
        }
    }

    /// Says goodbye; whether it is heard does not matter.
    pub(crate) async fn quit(mut self) {
        drop(self.ask("QUIT").await);
    }

    async fn ask(&mut self, command: &str) -> Result<Reply, Failure> {
        debug_assert!(!command.contains(['\r', '\n']), "one command is one line");
        self.write(format!("{command}\r\n").as_bytes()).await?;
        self.flush().await?;
        self.reply(self.timeout).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.env.timeout_real(self.timeout, self.wire.get_mut().write_all(bytes)).await;
        self.done(written)
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let flushed = self.env.timeout_real(self.timeout, self.wire.get_mut().flush()).await;
        self.done(flushed)
    }

    fn done(&self, written: Result<std::io::Result<()>, tidegate_env::TimedOut>) -> Result<(), Failure> {
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(error)),
            Err(error) => Err(self.broken(error)),
        }
    }

    fn broken(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(Trouble::Broken, "4.4.2", format!("{}: {what}", self.name))
    }

    async fn reply(&mut self, limit: Duration) -> Result<Reply, Failure> {
        let env = self.env.clone();
        match env.timeout_real(limit, self.read_reply()).await {
            Ok(reply) => reply,
            Err(error) => Err(self.broken(error)),
        }
    }

    async fn read_reply(&mut self) -> Result<Reply, Failure> {
        let mut reply = Reply { code: 0, lines: Vec::new() };
        loop {
            let mut line = Vec::new();
            let read = (&mut self.wire).take(MAX_LINE as u64).read_until(b'\n', &mut line).await;
            match read {
                Ok(0) => return Err(self.broken("it closed the connection")),
                Ok(_) if line.ends_with(b"\n") => {}
                Ok(_) => return Err(self.broken("a line has no end")),
                Err(error) => return Err(self.broken(error)),
            }
            let Some(line) = reply::parse_line(&line) else { return Err(self.broken("it does not speak SMTP")) };
            (reply.code, _) = (line.code, reply.lines.push(line.text));
            if line.last {
                return Ok(reply);
            }
            if reply.lines.len() == MAX_LINES {
                return Err(self.broken("an answer has no end"));
            }
        }
    }
}

/// An answer that says yes where it may not.
fn strange(reply: Reply) -> Reply {
    Reply { code: 451, lines: vec![format!("4.5.0 DATA was answered with {reply}")] }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
