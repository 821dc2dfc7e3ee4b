//! Lambda requests as ready bytes, and Node beside it.

use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::connection::Connection;

const ACCOUNT: &str = "000000000000";

/// The empty function.
pub const EMPTY: &str = "exports.handler = async () => ({});";

/// A function that says that it has begun, to a port of ours.
pub fn telling(port: u16) -> String {
    format!(
        "const socket = require('dgram').createSocket('udp4'); socket.unref();\n\
         exports.handler = async () => {{ socket.send('x', {port}, '127.0.0.1'); return {{}}; }};"
    )
}

/// The same handler behind Node's own HTTP server.
const SERVER: &str = "require('http').createServer((request, answer) => {
  let body = ''; request.on('data', (data) => { body += data; });
  request.on('end', async () => {
    const text = JSON.stringify(await require('./index.js').handler(JSON.parse(body)));
    answer.writeHead(200, { 'content-length': Buffer.byteLength(text) }); answer.end(text);
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });";

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nContent-Type: application/json\r\n\
         X-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/lambda/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
         User-Agent: tidegate-bench\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// An invocation that waits for its answer.
pub fn invoke(name: &str) -> Vec<u8> {
    request("POST", &format!("/2015-03-31/functions/{name}/invocations"), "{}")
}

async fn done(address: SocketAddr, request: &[u8]) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.call(request).await?;
    let text = String::from_utf8_lossy(answer.body).into_owned();
    ensure!((200..300).contains(&answer.status), "the server answers {}: {text}", answer.status);
    Ok(())
}

/// Creates a Node function.
pub async fn create(address: SocketAddr, name: &str, source: &str) -> Result<()> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.js", SimpleFileOptions::default())?;
    archive.write_all(source.as_bytes())?;
    let code = STANDARD.encode(archive.finish()?.into_inner());
    let body = format!(
        r#"{{"FunctionName":"{name}","Runtime":"nodejs20.x","Handler":"index.handler","Timeout":60,
            "Role":"arn:aws:iam::{ACCOUNT}:role/bench","Code":{{"ZipFile":"{code}"}}}}"#
    );
    done(address, &request("POST", "/2015-03-31/functions", &body)).await
}

/// Changes a function, so that its next invocation starts a new worker.
pub async fn change(address: SocketAddr, name: &str, number: usize) -> Result<()> {
    let body = format!(r#"{{"Description":"{number}"}}"#);
    done(address, &request("PUT", &format!("/2015-03-31/functions/{name}/configuration"), &body)).await
}

/// Lets a function follow a queue, ten messages at a time.
pub async fn follow(address: SocketAddr, name: &str, queue: &str) -> Result<()> {
    let body = format!(
        r#"{{"FunctionName":"{name}","BatchSize":10,"EventSourceArn":"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"}}"#
    );
    done(address, &request("POST", "/2015-03-31/event-source-mappings", &body)).await
}

/// Node's own HTTP server in front of the same handler. It ends with this.
pub struct Node {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Node {
    /// Starts it in a folder, where its files are written.
    pub fn start(folder: &Path) -> Result<Node> {
        std::fs::write(folder.join("index.js"), EMPTY)?;
        std::fs::write(folder.join("server.js"), SERVER)?;
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node, which these rows are measured against")?;
        let stdout = process.stdout.take().context("node has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port: u16 = line.trim().parse().context("node's server did not start")?;
        Ok(Node { process, address: ([127, 0, 0, 1], port).into() })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
