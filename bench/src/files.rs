//! The reference for large answers: a plain file server, in a process of its own. Whatever is asked, it answers
//! one file, from the disk's cache to the socket by the kernel's own means.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Serves a file until it is killed.
pub fn serve(file: &Path) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, file) = (stream?, file.to_owned());
        // A client that goes away is the end of its connection, and of nothing else.
        std::thread::spawn(move || answer_all(stream, &file).ok());
    }
    Ok(())
}

fn answer_all(mut stream: TcpStream, path: &Path) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        // A request without a body ends with an empty line.
        if line == "\r\n" {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")?;
            std::io::copy(&mut file, &mut stream)?;
        }
    }
}

/// The file server as a process of its own; it ends with this.
pub struct Files {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Files {
    /// Starts it.
    pub fn start(file: &Path) -> Result<Files> {
        let own = std::env::current_exe()?;
        let mut process = Command::new(own).arg("files").arg(file).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("the file server has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().context("the file server did not start")?;
        Ok(Files { process, address })
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
