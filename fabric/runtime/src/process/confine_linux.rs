//! What a function's processes may see and do, in tiers: each is used where this machine allows it.
//!
//! 1. Always: no new privileges, limits, a group of its own, an end together with the server.
//! 2. Mounts of its own (as root, or with a user namespace): `/var/task`, `/opt`, `/var/runtime` and `/tmp`
//!    are the function's, and the rest of `/var` is not there.
//! 3. As root: processes of its own, so that whatever it starts dies with it and it sees nobody else's; and
//!    no capabilities.
//! 4. Landlock: of the machine's files only the system's programs and libraries are readable, and only its
//!    own `/tmp` is writable; no signals to processes outside.
//! 5. Seccomp: no calls that are about the machine rather than about the program.
//!
//! There is no network namespace: functions call this very server through loopback.

use std::ffi::CString;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;

use landlock::RulesetCreated;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use seccompiler::BpfProgram;
use tokio::process::{Child, Command};

use super::mounts::{self, Mount, c_path};
use super::rules;
use super::view::View;
use crate::Finding;

/// As many files as AWS lets a function open.
const OPEN_FILES: u64 = 1024;
/// Highest capability that Linux has; asking for one that a kernel lacks does nothing.
const LAST_CAPABILITY: i32 = 63;

/// What this machine allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tiers {
    strict: bool,
    /// Mounts of its own.
    mounts: bool,
    /// They need a user namespace.
    user: bool,
    /// Processes of its own.
    processes: bool,
    landlock: bool,
    seccomp: bool,
}

impl Tiers {
    /// Tries what works here.
    pub(crate) fn find(strict: bool) -> Tiers {
        if !strict {
            return Tiers::default();
        }
        let root = nix::unistd::geteuid().is_root();
        let as_root = root && try_in_child(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID);
        let as_user = !as_root && try_in_child(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS);
        Tiers {
            strict,
            mounts: as_root || as_user,
            user: as_user,
            processes: as_root,
            landlock: rules::landlock_works(),
            seccomp: Path::new("/proc/sys/kernel/seccomp").exists(),
        }
    }

    /// Whether `/var/task` and `/opt` are the function's own.
    pub(crate) fn real_paths(&self) -> bool {
        self.mounts
    }

    pub(crate) fn finding(&self) -> Finding {
        let tiers = [
            (self.mounts, "own mounts (/var/task, /opt, /tmp)"),
            (self.processes, "own processes, no capabilities"),
            (self.landlock, "Landlock"),
            (self.seccomp, "seccomp"),
        ];
        let named = |there: bool| -> String {
            let names: Vec<_> = tiers.iter().filter(|(is, _)| *is == there).map(|(_, name)| *name).collect();
            names.join(", ")
        };
        let (yes, no) = (named(true), named(false));
        let mut text = format!("limits, no new privileges, an end with the server; {yes}");
        if !no.is_empty() {
            text.push_str(&format!("; not here: {no}"));
        }
        Finding { subject: "Confinement of functions".to_owned(), text, good: self.landlock || self.mounts }
    }
}

/// Whether a child may unshare these. The test is made where it matters: containers and security modules
/// forbid it in many ways that cannot be told beforehand.
fn try_in_child(flags: CloneFlags) -> bool {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new("/bin/true");
    let attempt = move || {
        unshare(flags)?;
        let none = None::<&std::ffi::CStr>;
        mount(none, c"/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
        mount(Some(c"/usr"), c"/tmp", none, MsFlags::MS_BIND, none)?;
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes locks.
    #[allow(unsafe_code, reason = "what is done between fork and exec has no safe form")]
    unsafe {
        command.pre_exec(attempt);
    }
    command.stdin(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
}

/// What one process sees and may do, prepared so that little is left to do between fork and exec.
pub(crate) struct Sandbox {
    /// None: it only ends with the server.
    steps: Option<Steps>,
}

struct Steps {
    unshare: CloneFlags,
    user_maps: Option<(Vec<u8>, Vec<u8>)>,
    mounts: Vec<Mount>,
    working_folder: Option<CString>,
    drop_capabilities: bool,
    landlock: Option<RulesetCreated>,
    seccomp: Option<BpfProgram>,
}

impl Sandbox {
    /// Prepares what a process with this view needs.
    ///
    /// # Errors
    /// The system's, for folders that cannot be opened.
    pub(crate) fn prepare(tiers: &Tiers, view: &View) -> io::Result<Sandbox> {
        let mut unshare = CloneFlags::empty();
        if tiers.mounts {
            unshare |= CloneFlags::CLONE_NEWNS;
        }
        let user_maps = tiers.user.then(|| {
            unshare |= CloneFlags::CLONE_NEWUSER;
            let map = |id: u32| format!("{id} {id} 1").into_bytes();
            (map(nix::unistd::geteuid().as_raw()), map(nix::unistd::getegid().as_raw()))
        });
        let mounts = if tiers.mounts { mounts::plan(view, tiers.processes)? } else { Vec::new() };
        let steps = Steps {
            unshare,
            user_maps,
            mounts,
            working_folder: Some(c_path(if tiers.mounts { Path::new("/var/task") } else { &view.code })?),
            drop_capabilities: tiers.strict,
            landlock: if tiers.landlock { Some(rules::landlock(view)?) } else { None },
            seccomp: if tiers.seccomp { Some(rules::seccomp()?) } else { None },
        };
        Ok(Sandbox { steps: Some(steps) })
    }

    /// For a program of the machine's owner, such as an engine's: it only ends with the server.
    pub(crate) fn none() -> Sandbox {
        Sandbox { steps: None }
    }

    pub(super) fn is_none(&self) -> bool {
        self.steps.is_none()
    }

    /// Makes the command start like this. `events` becomes descriptor 3.
    pub(super) fn apply(&mut self, command: &mut Command, events: Option<RawFd>) {
        command.process_group(0);
        let parent = std::process::id();
        let mut steps = self.steps.take();
        let before_exec = move || match &mut steps {
            Some(steps) => steps.run(parent, events),
            None => end_with(parent),
        };
        // SAFETY: the closure runs in the child between fork and exec. It makes system calls on what was
        // prepared before the fork; it neither allocates nor takes locks.
        #[allow(unsafe_code, reason = "what is done between fork and exec has no safe form")]
        unsafe {
            command.pre_exec(before_exec);
        }
    }
}

impl Steps {
    fn run(&mut self, parent: u32, events: Option<RawFd>) -> io::Result<()> {
        if let Some(events) = events {
            become_three(events)?;
        }
        limits()?;
        if !self.unshare.is_empty() {
            unshare(self.unshare)?;
        }
        if let Some((user, group)) = &self.user_maps {
            write_file(c"/proc/self/setgroups", b"deny")?;
            write_file(c"/proc/self/uid_map", user)?;
            write_file(c"/proc/self/gid_map", group)?;
        }
        for mount in &self.mounts {
            mount.make()?;
        }
        if let Some(folder) = &self.working_folder {
            nix::unistd::chdir(folder.as_c_str())?;
        }
        if self.drop_capabilities {
            for capability in 0..=LAST_CAPABILITY {
                // One that the kernel does not know, or that is not ours to drop, is not ours to use.
                let _refused = prctl(libc::PR_CAPBSET_DROP, capability);
            }
        }
        check(prctl(libc::PR_SET_NO_NEW_PRIVS, 1))?;
        // After everything that clears it.
        end_with(parent)?;
        if let Some(ruleset) = self.landlock.take() {
            rules::with_proc(ruleset)
                .and_then(RulesetCreated::restrict_self)
                .map_err(|_| io::Error::from_raw_os_error(libc::EPERM))?;
        }
        if let Some(filter) = &self.seccomp {
            seccompiler::apply_filter(filter).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        }
        Ok(())
    }
}

/// Makes the process end with the thread that started it.
fn end_with(parent: u32) -> io::Result<()> {
    // Before looking whether the parent is still there.
    check(prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
    let has_parent = nix::unistd::getppid().as_raw();
    // In a namespace of its own the parent has no number.
    if has_parent != 0 && u32::try_from(has_parent) != Ok(parent) {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    Ok(())
}

/// Makes a descriptor number three, which stays open over exec.
fn become_three(descriptor: RawFd) -> io::Result<()> {
    // SAFETY: both calls take numbers only. The descriptor is open: its owner lives until after the fork.
    #[allow(unsafe_code, reason = "the safe form would own descriptor 3, which is to be leaked to the program")]
    let result = unsafe {
        match descriptor {
            3 => libc::fcntl(3, libc::F_SETFD, 0),
            other => libc::dup2(other, 3),
        }
    };
    check(result)
}

fn prctl(option: i32, argument: i32) -> i32 {
    // SAFETY: the options that are used here take numbers, no addresses.
    #[allow(unsafe_code, reason = "there is no safe form of all of these options")]
    unsafe {
        libc::prctl(option, libc::c_long::from(argument), 0 as libc::c_long, 0 as libc::c_long, 0 as libc::c_long)
    }
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn limits() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let files = OPEN_FILES.min(hard);
    setrlimit(Resource::RLIMIT_NOFILE, files, files)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    Ok(())
}

fn write_file(path: &std::ffi::CStr, bytes: &[u8]) -> io::Result<()> {
    let file = nix::fcntl::open(path, nix::fcntl::OFlag::O_WRONLY, nix::sys::stat::Mode::empty())?;
    nix::unistd::write(&file, bytes)?;
    Ok(())
}

/// Gives each process that the launcher's thread starts a process namespace of its own.
///
/// The first process of a namespace is special: signals from within, its own `abort()` included, do nothing to
/// it. So the first is one that sleeps, and the function's comes second and ends as it would anywhere. When the
/// sleeper is killed, the kernel kills all others.
pub(super) struct Namespaces {
    own: Option<OwnedFd>,
}

impl Namespaces {
    pub(super) fn new(tiers: &Tiers) -> Namespaces {
        let own = tiers.processes.then(|| std::fs::File::open("/proc/self/ns/pid").ok()).flatten();
        Namespaces { own: own.map(OwnedFd::from) }
    }

    /// From now on this thread's children are in a new namespace, whose first process this is.
    pub(super) fn next(&mut self) -> io::Result<Option<Child>> {
        if self.own.is_none() {
            return Ok(None);
        }
        unshare(CloneFlags::CLONE_NEWPID)?;
        match sleeper().spawn() {
            Ok(child) => Ok(Some(child)),
            // A machine without `sleep`: the function's process is the first itself.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Only from the namespace that a thread is in itself may it make another.
    pub(super) fn leave(&mut self) {
        if let Some(own) = &self.own
            && let Err(error) = setns(own, CloneFlags::CLONE_NEWPID)
        {
            tracing::error!(%error, "no process namespace for functions any more");
        }
    }
}

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    let null = std::process::Stdio::null;
    command.arg("infinity").env_clear().stdin(null()).stdout(null()).stderr(null()).process_group(0).kill_on_drop(true);
    // SAFETY: the closure makes one system call.
    #[allow(unsafe_code, reason = "what is done between fork and exec has no safe form")]
    unsafe {
        command.pre_exec(|| check(prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL)));
    }
    command
}
