//! HTTP written by hand: a client whose every byte, and every silence, is chosen.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection with nothing between the test and the socket.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    port: u16,
}

/// An answer, as far as these tests look at it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Wire {
    /// Connects to a server on this machine.
    pub async fn connect(port: u16) -> Result<Wire> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Wire { stream, port })
    }

    /// The head of an SQS request whose body has this many bytes.
    pub fn head(&self, operation: &str, length: usize) -> String {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost:{}\r\nx-amz-target: AmazonSQS.{operation}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n",
            self.port
        )
    }

    /// Writes bytes.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(self.stream.write_all(bytes.as_ref()).await?)
    }

    /// Writes a whole request.
    pub async fn request(&mut self, operation: &str, input: &Value) -> Result<()> {
        let body = input.to_string();
        let head = self.head(operation, body.len());
        self.write(format!("{head}{body}")).await
    }

    /// Says that nothing more will be written; answers can still be read.
    pub async fn half_close(&mut self) -> Result<()> {
        Ok(self.stream.shutdown().await?)
    }

    /// Reads one answer. `None`: the server closed the connection without one.
    pub async fn reply(&mut self) -> Result<Option<Reply>> {
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut read).await? == 0 {
                if read.is_empty() {
                    return Ok(None);
                }
                bail!("the answer breaks off in its head: {:?}", String::from_utf8_lossy(&read));
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).context("an answer without a status")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("an answer without a length")?.trim().parse()?;
        while read.len() < end + length {
            if self.stream.read_buf(&mut read).await? == 0 {
                bail!("the answer breaks off in its body");
            }
        }
        Ok(Some(Reply { status, body: read[end..end + length].to_vec() }))
    }
}
