//! As much of HTTP/1.1 as this function needs: one request on a connection of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// GET, which may take as long as it takes.
pub fn get(host: &str, path: &str) -> Result<Answer> {
    send(host, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

/// POST of JSON.
pub fn post(host: &str, path: &str, body: &str) -> Result<Answer> {
    let length = body.len();
    send(
        host,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ),
    )
}

fn send(host: &str, request: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(host).with_context(|| format!("nobody listens at {host}"))?;
    stream.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no HTTP answer")?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut body = Vec::new();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    match length {
        Some(length) => {
            let read = reader.take(length).read_to_end(&mut body)?;
            ensure!(read as u64 == length, "the answer broke off");
        }
        None => drop(reader.read_to_end(&mut body)?),
    }
    Ok(Answer { status, headers, body })
}
