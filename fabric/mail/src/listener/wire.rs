use std::time::Duration;

use tidegate_env::Env;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::command::MAX_COMMAND;
use super::data::Data;
use super::server::Budget;

/// How long a command, and the next piece of a message, is waited for: real time. RFC 5321, 4.5.3.2.
const COMMAND_WITHIN: Duration = Duration::from_secs(300);
const DATA_WITHIN: Duration = Duration::from_secs(180);
/// How long a client may take to read an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// A connection, as lines and answers.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    env: Env,
    /// Answers that wait until the client has said all it had to say: it may send commands in a row.
    out: Vec<u8>,
}

/// Why a conversation is over.
#[derive(Debug)]
pub(super) enum Over {
    /// The client went, or the line broke.
    Gone,
    /// It said nothing for too long.
    Silent,
}

/// What was read instead of a command.
pub(super) enum Read {
    Line(Vec<u8>),
    /// A line longer than any command; it has been read to its end.
    TooLong,
}

impl Wire {
    pub(super) fn new(env: Env, stream: Box<dyn Stream>) -> Wire {
        Wire { stream: BufReader::with_capacity(16 << 10, stream), env, out: Vec::new() }
    }

    /// The bare stream, if nothing has been sent behind the last line.
    pub(super) fn into_bare(self) -> Option<Box<dyn Stream>> {
        self.stream.buffer().is_empty().then(|| self.stream.into_inner())
    }

    /// Answers with a line, now or together with the next ones.
    pub(super) fn say(&mut self, line: impl AsRef<str>) {
        self.out.extend_from_slice(line.as_ref().as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    pub(super) async fn flush(&mut self) -> Result<(), Over> {
        let out = std::mem::take(&mut self.out);
        let stream = self.stream.get_mut();
        let write = async {
            stream.write_all(&out).await?;
            stream.flush().await
        };
        match self.env.timeout_real(ANSWER_WITHIN, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over::Gone),
            Err(_) => Err(Over::Silent),
        }
    }

    /// The next line, without its end. A bare LF ends it too: people type commands by hand.
    pub(super) async fn line(&mut self) -> Result<Read, Over> {
        if !self.stream.buffer().contains(&b'\n') {
            self.flush().await?;
        }
        let env = self.env.clone();
        env.timeout_real(COMMAND_WITHIN, self.read_line()).await.unwrap_or(Err(Over::Silent))
    }

    async fn read_line(&mut self) -> Result<Read, Over> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.stream.fill_buf().await.map_err(|_| Over::Gone)?;
            if buffer.is_empty() {
                return Err(Over::Gone);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |at| at + 1);
            too_long |= line.len() + taken > MAX_COMMAND + 2;
            if !too_long {
                line.extend_from_slice(&buffer[..taken]);
            }
            self.stream.consume(taken);
            if end.is_some() {
                if too_long {
                    return Ok(Read::TooLong);
                }
                line.pop();
                line.pop_if(|last| *last == b'\r');
                return Ok(Read::Line(line));
            }
        }
    }

    /// The message behind `DATA`. What is too long for itself or for all that are being received is read to
    /// its end and given up.
    pub(super) async fn data(&mut self, limit: usize, budget: &mut Budget) -> Result<Data, Over> {
        self.flush().await?;
        let mut data = Data::default();
        loop {
            let read = self.env.timeout_real(DATA_WITHIN, self.stream.fill_buf()).await;
            let buffer = read.map_err(|_| Over::Silent)?.map_err(|_| Over::Gone)?;
            if buffer.is_empty() {
                return Err(Over::Gone);
            }
            let end = data.take(buffer, limit);
            let taken = end.unwrap_or(buffer.len());
            self.stream.consume(taken);
            if !budget.hold(data.held()) {
                data.give_up();
            }
            if end.is_some() {
                return Ok(data);
            }
        }
    }
}
