//! Processes: how they are started, kept apart from the machine, watched, and ended with all that they
//! started themselves.

#[cfg(target_os = "linux")]
#[path = "confine_linux.rs"]
mod confine;
#[cfg(not(target_os = "linux"))]
#[path = "confine_other.rs"]
mod confine;
mod launcher;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod rules;
mod tree;
mod view;

pub(crate) use confine::{Sandbox, Tiers};
pub(crate) use launcher::Launcher;
pub(crate) use tree::{memory, peak_memory};
pub(crate) use view::{SDKS, STAGE, View};

use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use tokio::process::Child;

/// What is started.
pub(crate) struct Program {
    /// The executable and its arguments.
    pub command: tokio::process::Command,
    /// What it sees of the machine.
    pub sandbox: Sandbox,
    /// A pipe for framed events, which it gets as descriptor 3.
    pub events: Option<OwnedFd>,
}

/// A running process at the head of a group of its own.
pub(crate) struct Process {
    child: Child,
    pid: i32,
    /// The first process of its namespace, if it has one of its own: all others end with it.
    first: Option<Child>,
}

impl Process {
    fn new(child: Child, first: Option<Child>) -> std::io::Result<Process> {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.ok_or_else(|| std::io::Error::other("the process ended while it was started"))?;
        Ok(Process { child, pid, first })
    }

    /// Resolves when it has ended, with AWS's words for how. May be asked again and again.
    pub(crate) async fn ended(&mut self) -> String {
        self.status().await.map_or_else(|error| format!("error: {error}"), describe)
    }

    /// Resolves when it has ended. May be asked again and again.
    pub(crate) async fn status(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// How much memory it and its children use, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        memory(self.pid)
    }

    /// The most memory that it has used itself, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        peak_memory(self.pid)
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        tree::signal_group(self.pid, Signal::SIGTERM);
    }

    /// Ends it and all that it started, whether or not they are still in its group.
    pub(crate) async fn kill(&mut self) {
        let strays = tree::descendants(self.pid);
        tree::signal_group(self.pid, Signal::SIGKILL);
        if let Err(error) = self.child.start_kill() {
            tracing::trace!(%error, "a worker had ended already");
        }
        tree::kill_all(&strays);
        if let Some(first) = &mut self.first
            && let Err(error) = first.start_kill()
        {
            tracing::trace!(%error, "a namespace had ended already");
        }
        // In this order: a namespace's first process is gone only when all others are.
        let ends = [Some(&mut self.child), self.first.as_mut()];
        for child in ends.into_iter().flatten() {
            if let Err(error) = child.wait().await {
                tracing::warn!(%error, "a worker's end could not be awaited");
            }
        }
    }
}

impl Drop for Process {
    /// Whoever is dropped in the midst of something leaves nothing running.
    fn drop(&mut self) {
        if self.child.id().is_some() {
            let strays = tree::descendants(self.pid);
            tree::signal_group(self.pid, Signal::SIGKILL);
            tree::kill_all(&strays);
        }
    }
}

/// As AWS words it: `exit status 1`, `signal: killed`.
pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(number)) => format!("signal: {}", signal_words(number)),
        (None, None) => "exit status 1".to_owned(),
    }
}

/// Go's words for signals, which are those of AWS's messages.
pub(crate) fn signal_words(number: i32) -> String {
    let words = match Signal::try_from(number) {
        Ok(Signal::SIGABRT) => "aborted",
        Ok(Signal::SIGBUS) => "bus error",
        Ok(Signal::SIGFPE) => "floating point exception",
        Ok(Signal::SIGHUP) => "hangup",
        Ok(Signal::SIGILL) => "illegal instruction",
        Ok(Signal::SIGINT) => "interrupt",
        Ok(Signal::SIGKILL) => "killed",
        Ok(Signal::SIGPIPE) => "broken pipe",
        Ok(Signal::SIGQUIT) => "quit",
        Ok(Signal::SIGSEGV) => "segmentation fault",
        Ok(Signal::SIGTERM) => "terminated",
        Ok(Signal::SIGTRAP) => "trace/breakpoint trap",
        _ => return format!("signal {number}"),
    };
    words.to_owned()
}
