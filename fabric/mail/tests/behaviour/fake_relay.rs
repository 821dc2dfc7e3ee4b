//! A relay that does as it is told: it answers each command by a script.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it does when a command that begins so comes in, instead of saying yes. Each is used once.
pub enum Does {
    /// Answers with this line.
    Says(&'static str),
    /// Closes the connection.
    HangsUp,
    /// Says nothing any more.
    Hangs,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<(&'static str, Does)>>,
    commands: Mutex<Vec<String>>,
    taken: Mutex<Vec<Taken>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

/// A mail that it said 250 to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub mime: String,
}

pub struct FakeRelay {
    pub port: u16,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for FakeRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeRelay {
    pub async fn new(extensions: &'static [&'static str]) -> FakeRelay {
        FakeRelay::on(0, extensions).await
    }

    pub async fn on(port: u16, extensions: &'static [&'static str]) -> FakeRelay {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let theirs = shared.clone();
        let task = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                talks.spawn(talk(tcp, theirs.clone(), extensions));
            }
        });
        FakeRelay { port, shared, task }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The next command that begins so is not simply answered.
    pub fn once(&self, command: &'static str, does: Does) {
        self.shared.script.lock().push_back((command, does));
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().clone()
    }

    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }
}

struct Open<'a>(&'a Shared);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn talk(tcp: TcpStream, shared: Arc<Shared>, extensions: &[&str]) {
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_open.fetch_max(open, Ordering::SeqCst);
    let _open = Open(&shared);
    let mut wire = BufReader::new(tcp);
    let mut mail = Taken { from: String::new(), to: Vec::new(), mime: String::new() };
    let mut command = "connect".to_owned();
    loop {
        let scripted = {
            let mut script = shared.script.lock();
            let at = script.iter().position(|(of, _)| command.starts_with(of));
            at.and_then(|at| script.remove(at)).map(|(_, does)| does)
        };
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let answer = match scripted {
            Some(Does::HangsUp) => return,
            Some(Does::Hangs) => std::future::pending().await,
            Some(Does::Says(line)) => line.to_owned(),
            None => match verb {
                "connect" => "220 fake.example ESMTP".to_owned(),
                "EHLO" => {
                    let mut lines: Vec<_> = std::iter::once("fake.example").chain(extensions.iter().copied()).collect();
                    let last = lines.pop().unwrap();
                    lines.iter().map(|line| format!("250-{line}\r\n")).collect::<String>() + &format!("250 {last}")
                }
                "MAIL" => {
                    mail = Taken { from: inner(rest), to: Vec::new(), mime: String::new() };
                    "250 2.1.0 Ok".to_owned()
                }
                "RCPT" => {
                    mail.to.push(inner(rest));
                    "250 2.1.5 Ok".to_owned()
                }
                "DATA" => "354 go ahead".to_owned(),
                "." => {
                    shared.taken.lock().push(mail.clone());
                    format!("250 2.0.0 Ok: queued as {}", shared.taken.lock().len())
                }
                "AUTH" => "235 2.7.0 welcome".to_owned(),
                _ => "250 2.0.0 Ok".to_owned(),
            },
        };
        if wire.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.is_err() || verb == "QUIT" {
            return;
        }
        let takes_data = verb == "DATA" && answer.starts_with("354");
        command.clear();
        loop {
            let mut line = String::new();
            if wire.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if !takes_data {
                command = line.trim_end().to_owned();
                break;
            }
            if line == ".\r\n" {
                command = ".".to_owned();
                break;
            }
            mail.mime.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        shared.commands.lock().push(command.clone());
    }
}

fn inner(argument: &str) -> String {
    let (from, to) = (argument.find('<').unwrap(), argument.find('>').unwrap());
    argument[from + 1..to].to_owned()
}
