//! Everything that differs between operating systems, each with a fallback, so that the rest builds
//! anywhere.

use std::path::Path;

/// Resolves when the operating system asks the process to end (Ctrl-C, `SIGTERM`).
///
/// # Errors
/// If the signals cannot be listened to.
pub async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
            _ = hangup.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Lets a command end quietly, as other programs do, when nobody reads what it prints any more (`tidegate env | head -1`).
/// Not for the server, which ends when it is asked to.
pub fn end_when_nobody_reads() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigHandler, Signal, signal};
        // SAFETY: the default action runs no code of ours.
        #[allow(unsafe_code, reason = "nix has no safe form of it")]
        let set = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
        if let Err(error) = set {
            tracing::debug!(%error, "a closed pipe will be told as a panic");
        }
    }
}

/// Lets the process have as many connections open as the system allows at most: the usual soft
/// limit of 1024 files is less than ten thousand waiting consumers.
pub fn raise_file_limit() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let raised =
            getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_soft, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
        if let Err(error) = raised {
            tracing::info!(%error, "the limit of open files stays as it is");
        }
    }
}

/// Keeps the kernel from backing our memory with huge pages. The allocator asks for them, and with
/// them a connection that touches the first bytes of each of its buffers pays for all of them: ten
/// thousand waiting connections took 400 MB with huge pages and half of that without.
pub fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        tracing::info!(%error, "the kernel may use huge pages");
    }
}

/// How many files the process could have open at most.
pub fn file_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit};
        getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(_soft, hard)| hard)
    }
    #[cfg(not(unix))]
    None
}

/// Whether the system would run the file as a program.
pub fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file()
    }
}

/// Whether a process with this number runs. `None`: it cannot be told here.
pub fn is_running(pid: u32) -> Option<bool> {
    #[cfg(unix)]
    {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).ok()?);
        Some(!matches!(nix::sys::signal::kill(pid, None), Err(nix::errno::Errno::ESRCH)))
    }
    #[cfg(not(unix))]
    {
        drop(pid);
        None
    }
}

/// How one installs `package` on this system, as far as that can be guessed.
pub fn install_hint(package: &str) -> String {
    if cfg!(target_os = "macos") {
        return format!("brew install {package}");
    }
    for (manager, command) in [("apt-get", "sudo apt-get install"), ("dnf", "sudo dnf install"), ("apk", "apk add")] {
        if find_program(manager).is_some() {
            return format!("{command} {package}");
        }
    }
    format!("install {package} with the system's package manager")
}

/// Where the program is in `PATH`.
pub fn find_program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| is_executable(candidate))
}
