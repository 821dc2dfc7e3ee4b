//! One keep-alive HTTP/1.1 connection, as bare as may be: requests are ready bytes, and of an answer
//! only the status and the body's place are looked at. The client must not be what is measured.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer that still lies in the connection's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no server at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a whole request and reads the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed the connection in the middle of an answer");
            if let Some((status, body)) = parse(&self.buffer)? {
                return Ok(Answer { status, body: &self.buffer[body..] });
            }
        }
    }

    /// As [`Connection::call`], for requests that must succeed.
    pub async fn succeed(&mut self, request: &[u8]) -> Result<&[u8]> {
        let answer = self.call(request).await?;
        if answer.status != 200 {
            bail!("the server answers {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(answer.body)
    }
}

/// The status and where the body begins, once the answer is complete.
fn parse(bytes: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(head) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let body = head + 4;
    let text = std::str::from_utf8(&bytes[..head]).context("an answer's head is no text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok()).context("an answer without a status")?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.context("an answer without a length")??;
    Ok((bytes.len() >= body + length).then_some((status, body)))
}

/// Where `needle` first occurs.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// How often `needle` occurs.
pub fn count(mut bytes: &[u8], needle: &[u8]) -> u64 {
    let mut count = 0;
    while let Some(at) = find(bytes, needle) {
        bytes = &bytes[at + needle.len()..];
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\nhi";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).unwrap(), None);
        }
        assert_eq!(parse(whole).unwrap(), Some((200, whole.len() - 2)));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
