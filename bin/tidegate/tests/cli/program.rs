//! Runs the program in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The program, not started yet, with nothing of this process's settings.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("TIDEGATE_") || name.starts_with("AWS_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

/// Runs it, expects it to fail, and answers what it said.
pub fn fail(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs it, expects it to succeed, and answers what it printed.
pub fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server that runs until it is dropped.
pub struct Server {
    pub folder: TempDir,
    pub url: String,
    /// The line that it printed when it was ready.
    pub ready: String,
    child: Child,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Server {
        Server::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    /// Starts it on a free port, in a folder where it may have run before.
    pub fn start_in(folder: TempDir, arguments: &[&str]) -> Server {
        let mut command = program(folder.path());
        command.arg("up").args(arguments);
        if !arguments.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        Server::spawn(folder, command)
    }

    pub fn spawn(folder: TempDir, mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let url = ready.split(' ').find(|word| word.starts_with("http://")).expect("the server is ready").to_owned();
        Server { folder, url, ready, child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("tidegate-data")
    }

    /// Sends a request and answers status and body.
    pub fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// An SQS call in JSON.
    pub fn sqs(&self, operation: &str, body: &str) -> (u16, serde_json::Value) {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let (status, body) = self.request("POST", "/", &headers, body);
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Makes a queue and answers its URL.
    pub fn queue(&self, name: &str) -> String {
        let (status, answer) = self.sqs("CreateQueue", &format!("{{\"QueueName\":\"{name}\"}}"));
        assert_eq!(status, 200, "{answer}");
        answer["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Asks it to end as an operator does, and answers its folder once it has.
    pub fn stop(mut self) -> TempDir {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "it ends in order");
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Kills it as a crash does.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, if it was stopped.
        let _killed = self.child.kill().is_ok();
        let _reaped = self.child.wait().is_ok();
    }
}
