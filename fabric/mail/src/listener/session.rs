use std::net::IpAddr;
use std::sync::{Arc, OnceLock, Weak};

use rustls::ServerConfig;
use tidegate_env::Env;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::command::{self, Command};
use super::server::{Budget, Shared, Taking};
use super::wire::{Over, Read, Wire};
use crate::incoming::{Incoming, Login, Received, Refusal, Submission};

/// The largest message, as SES's.
const MAX_MESSAGE: usize = 40 << 20;
/// Recipients of one mail.
const MAX_RECIPIENTS: usize = 100;
/// Commands that make no sense, after which a client is let go.
const MAX_MISTAKES: u32 = 20;
/// How long a handshake may take: real time.
const HANDSHAKE_WITHIN: std::time::Duration = std::time::Duration::from_secs(30);
/// What we are called.
const NAME: &str = "tidegate.localhost";

pub(super) const SEQUENCE: &str = "503 5.5.1 Bad sequence of commands";

/// Who takes mail. Neither is kept alive.
#[derive(Clone, Default)]
pub(crate) struct Doors {
    pub incoming: Arc<OnceLock<Weak<dyn Incoming>>>,
    pub submission: Arc<OnceLock<Weak<dyn Submission>>>,
}

impl Doors {
    fn incoming(&self) -> Option<Arc<dyn Incoming>> {
        self.incoming.get().and_then(Weak::upgrade)
    }

    pub(super) fn submission(&self) -> Option<Arc<dyn Submission>> {
        self.submission.get().and_then(Weak::upgrade)
    }
}

/// A mail in the making.
pub(super) struct Envelope {
    from: String,
    utf8: bool,
    recipients: Vec<String>,
}

pub(super) struct Session {
    pub(super) wire: Wire,
    env: Env,
    peer: IpAddr,
    pub(super) doors: Doors,
    shared: Arc<Shared>,
    /// Whether TLS can still begin.
    tls: Option<Arc<ServerConfig>>,
    secure: bool,
    pub(super) helo: Option<String>,
    pub(super) login: Option<Login>,
    pub(super) envelope: Option<Envelope>,
    mistakes: u32,
}

/// What follows a command.
enum Then {
    GoOn,
    StartTls,
    Bye,
}

/// A whole conversation.
pub(super) async fn talk(
    env: Env,
    tcp: TcpStream,
    peer: IpAddr,
    tls: Option<Arc<ServerConfig>>,
    doors: Doors,
    shared: Arc<Shared>,
) {
    drop(tcp.set_nodelay(true));
    let mut session = Session {
        wire: Wire::new(env.clone(), Box::new(tcp)),
        env,
        peer,
        doors,
        shared,
        tls,
        secure: false,
        helo: None,
        login: None,
        envelope: None,
        mistakes: 0,
    };
    session.wire.say(format!("220 {NAME} ESMTP Tidegate"));
    loop {
        match session.listen().await {
            Ok(Then::StartTls) => match session.secured().await {
                Some(secured) => session = secured,
                None => return,
            },
            Ok(Then::GoOn | Then::Bye) => return,
            Err(Over::Silent) => {
                session.wire.say(format!("421 4.4.2 {NAME} Timeout"));
                drop(session.wire.flush().await);
                return;
            }
            Err(Over::Gone) => return,
        }
    }
}

impl Session {
    /// Until something else follows than the next command.
    async fn listen(&mut self) -> Result<Then, Over> {
        loop {
            let command = match self.wire.line().await? {
                Read::Line(line) => command::parse(&line),
                Read::TooLong => Err(command::Mistake("500 5.5.2 Line too long")),
            };
            let then = match command {
                Ok(command) => self.obey(command).await?,
                Err(command::Mistake(answer)) => {
                    self.mistake(answer);
                    Then::GoOn
                }
            };
            if self.mistakes > MAX_MISTAKES {
                self.wire.say(format!("421 4.7.0 {NAME} Too many errors"));
                self.wire.flush().await?;
                return Ok(Then::Bye);
            }
            if !matches!(then, Then::GoOn) {
                self.wire.flush().await?;
                return Ok(then);
            }
        }
    }

    pub(super) fn mistake(&mut self, answer: &str) {
        self.mistakes += 1;
        self.wire.say(answer);
    }

    /// The same over TLS. What was said before does not count: anybody could have said it.
    async fn secured(self) -> Option<Session> {
        let Session { wire, env, peer, doors, shared, tls, .. } = self;
        let stream = wire.into_bare()?;
        let handshake = TlsAcceptor::from(tls?).accept(stream);
        let stream = env.timeout_real(HANDSHAKE_WITHIN, handshake).await.ok()?.ok()?;
        let wire = Wire::new(env.clone(), Box::new(stream));
        let (secure, mistakes) = (true, self.mistakes);
        Some(Session {
            wire,
            env,
            peer,
            doors,
            shared,
            tls: None,
            secure,
            helo: None,
            login: None,
            envelope: None,
            mistakes,
        })
    }

    async fn obey(&mut self, command: Command) -> Result<Then, Over> {
        match command {
            Command::Hello(extended, name) => self.hello(extended, name),
            Command::Mail(mail) => self.mail(mail),
            Command::Recipient(recipient) => self.recipient(recipient).await,
            Command::Data => self.data().await?,
            Command::Auth(mechanism, first) => self.auth(&mechanism, first).await?,
            Command::Reset => {
                self.envelope = None;
                self.wire.say("250 2.0.0 Ok");
            }
            Command::Noop => self.wire.say("250 2.0.0 Ok"),
            Command::Verify => self.wire.say("252 2.1.5 Send it and see"),
            Command::Help => self.wire.say("214 2.0.0 https://www.rfc-editor.org/rfc/rfc5321"),
            Command::StartTls if self.tls.is_some() => {
                self.wire.say("220 2.0.0 Ready to start TLS");
                return Ok(Then::StartTls);
            }
            Command::StartTls => self.mistake("502 5.5.1 TLS is not available"),
            Command::Quit => {
                self.wire.say("221 2.0.0 Bye");
                return Ok(Then::Bye);
            }
        }
        Ok(Then::GoOn)
    }

    fn hello(&mut self, extended: bool, name: String) {
        self.envelope = None;
        self.helo = Some(name);
        if !extended {
            self.wire.say(format!("250 {NAME}"));
            return;
        }
        let size = format!("SIZE {MAX_MESSAGE}");
        let mut lines = vec![NAME, &size, "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"];
        if self.tls.is_some() {
            lines.push("STARTTLS");
        }
        if self.may_log_in() {
            lines.push("AUTH PLAIN LOGIN");
        }
        for (at, line) in lines.iter().enumerate() {
            let between = if at + 1 == lines.len() { ' ' } else { '-' };
            self.wire.say(format!("250{between}{line}"));
        }
    }

    /// A password is taken over TLS, or where the line does not leave this machine.
    pub(super) fn may_log_in(&self) -> bool {
        (self.secure || self.peer.is_loopback()) && self.doors.submission().is_some()
    }

    fn mail(&mut self, mail: command::Mail) {
        if self.helo.is_none() || self.envelope.is_some() {
            return self.mistake(SEQUENCE);
        }
        if !mail.utf8 && !mail.from.is_ascii() {
            return self.mistake("553 5.6.7 Addresses beyond ASCII need SMTPUTF8");
        }
        if mail.size.is_some_and(|size| size > MAX_MESSAGE as u64) {
            return self.wire.say(too_large());
        }
        self.envelope = Some(Envelope { from: mail.from, utf8: mail.utf8, recipients: Vec::new() });
        self.wire.say("250 2.1.0 Ok");
    }

    async fn recipient(&mut self, recipient: String) {
        let Some(envelope) = &self.envelope else { return self.mistake(SEQUENCE) };
        if !envelope.utf8 && !recipient.is_ascii() {
            return self.mistake("553 5.6.7 Addresses beyond ASCII need SMTPUTF8");
        }
        if envelope.recipients.len() == MAX_RECIPIENTS {
            return self.wire.say("452 4.5.3 Too many recipients");
        }
        let known = match (&self.login, self.doors.incoming()) {
            (Some(_), _) => true,
            (None, Some(incoming)) => incoming.accepts(&recipient).await,
            (None, None) => false,
        };
        if !known {
            // Whoever tries out addresses is let go after a while.
            return self.mistake("550 5.1.1 Mailbox unavailable");
        }
        let Some(envelope) = &mut self.envelope else { return };
        if !envelope.recipients.contains(&recipient) {
            envelope.recipients.push(recipient);
        }
        self.wire.say("250 2.1.5 Ok");
    }

    async fn data(&mut self) -> Result<(), Over> {
        match self.envelope.take() {
            None => self.mistake(SEQUENCE),
            Some(envelope) if envelope.recipients.is_empty() => {
                self.envelope = Some(envelope);
                self.mistake("554 5.5.1 No valid recipients");
            }
            Some(envelope) => {
                self.wire.say("354 End data with <CR><LF>.<CR><LF>");
                let mut budget = Budget::new(&self.shared);
                let data = self.wire.data(MAX_MESSAGE, &mut budget).await?;
                let answer = if !data.is_too_long() {
                    self.take(envelope, data.finish()).await
                } else if budget.is_exhausted() {
                    "452 4.3.1 Too much mail at once; try again".to_owned()
                } else {
                    too_large()
                };
                let outcome = if answer.starts_with('2') { "taken" } else { "refused" };
                metrics::counter!("tidegate_smtp_mails_total", "outcome" => outcome).increment(1);
                self.wire.say(answer);
                self.wire.flush().await?;
            }
        }
        Ok(())
    }

    /// Hands a mail on. The answer is given when it is durable.
    async fn take(&self, envelope: Envelope, mime: Vec<u8>) -> String {
        let _taking = Taking::begin(&self.shared);
        let mail = Received {
            peer: self.peer,
            helo: self.helo.clone().unwrap_or_default(),
            tls: self.secure,
            envelope_from: envelope.from,
            recipients: envelope.recipients,
            mime: mime.into(),
            at: self.env.now(),
        };
        let taken = match &self.login {
            Some(login) => match self.doors.submission() {
                Some(submission) => submission.submit(login, mail).await.map(|id| format!("250 Ok {id}")),
                None => Err(going()),
            },
            None => match self.doors.incoming() {
                Some(incoming) => incoming.receive(mail).await.map(|()| "250 2.0.0 Ok".to_owned()),
                None => Err(going()),
            },
        };
        taken.unwrap_or_else(|refusal| match refusal {
            Refusal::Answer { code, status, text } => {
                let text = text.replace(|c: char| c.is_control(), " ");
                format!("{} {status} {text}", code.clamp(400, 599))
            }
            Refusal::Store(error) => {
                tracing::warn!(%error, "a mail that came in could not be kept; its sender tries again");
                "451 4.3.0 Try again".to_owned()
            }
        })
    }
}

fn too_large() -> String {
    format!("552 5.3.4 A message has {MAX_MESSAGE} bytes at most")
}

fn going() -> Refusal {
    Refusal::Answer { code: 421, status: "4.3.2".to_owned(), text: "The server is stopping".to_owned() }
}
