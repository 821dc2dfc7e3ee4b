use std::os::fd::AsRawFd;
use std::sync::mpsc;

use tidegate_env::Env;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::confine::{Namespaces, Tiers};
use super::{Process, Program};

type Request = (Program, oneshot::Sender<std::io::Result<Process>>);

/// Starts all processes from one thread that lives as long as the server: a process asks to be killed when
/// its parent *thread* ends, so one that an async worker or a pool's thread started could be killed at any
/// time.
pub(crate) struct Launcher {
    requests: mpsc::Sender<Request>,
}

impl Launcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub(crate) fn start(env: &Env, tiers: &Tiers) -> std::io::Result<Launcher> {
        let (requests, queue) = mpsc::channel::<Request>();
        let handle = Handle::current();
        let mut namespaces = Namespaces::new(tiers);
        // The thread ends with the last sender. Nobody joins it: a process's end must not wait for it.
        let _detached = env.spawn_thread("tidegate-launcher", move || {
            let _runtime = handle.enter();
            for (program, reply) in queue {
                let started = launch(program, &mut namespaces);
                // Whoever asked has gone: the process is killed by its drop.
                drop(reply.send(started));
            }
        })?;
        Ok(Launcher { requests })
    }

    /// Starts a process.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn launch(&self, program: Program) -> std::io::Result<Process> {
        let gone = || std::io::Error::other("the launcher's thread has ended");
        let (sender, receiver) = oneshot::channel();
        self.requests.send((program, sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

fn launch(mut program: Program, namespaces: &mut Namespaces) -> std::io::Result<Process> {
    program.command.kill_on_drop(true);
    let events = program.events.as_ref().map(AsRawFd::as_raw_fd);
    let is_free = program.sandbox.is_none();
    program.sandbox.apply(&mut program.command, events);
    let first = if is_free { Ok(None) } else { namespaces.next() };
    let started = first.and_then(|first| Ok((program.command.spawn()?, first)));
    namespaces.leave();
    let (child, first) = started?;
    Process::new(child, first)
}
