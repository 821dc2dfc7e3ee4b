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

/// Gives back those pages of the program's own code that only starting needed: more than half of what an idle server
/// would have in memory. They are the file's, so the system has them still, and what is needed again comes back at a
/// microsecond for each sixteen pages.
pub fn let_go_of_starting_code() {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::mman::{MmapAdvise, madvise};
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        // A debugger's breakpoints are changes to these pages, and would go with them.
        let is_traced = !read("/proc/self/status").lines().any(|line| line.split_whitespace().eq(["TracerPid:", "0"]));
        let program = std::env::current_exe().unwrap_or_default();
        let mappings = if is_traced { Vec::new() } else { code_of(&program, &read("/proc/self/maps")) };
        for (start, length) in mappings {
            let Some(start) = std::ptr::NonNull::new(std::ptr::with_exposed_provenance_mut(start)) else { continue };
            // SAFETY: the pages are mapped from a file and never written to (nothing relocates code), so that reading
            // them again gives what they held.
            #[allow(unsafe_code, reason = "what advice does to memory is for the caller to know")]
            let advised = unsafe { madvise(start, length, MmapAdvise::MADV_DONTNEED) };
            if let Err(error) = advised {
                tracing::debug!(%error, "the code that starting needed stays in memory");
            }
        }
    }
}

/// Where a program's code lies, and how long it is, by the lines of `/proc/self/maps`:
/// `55dc93906000-55dc95a22000 r-xp 00bcf000 fe:00 10027860   /usr/bin/tidegate`. What it reads besides code may have
/// been relocated: those pages are the process's own and not in the file.
#[cfg(target_os = "linux")]
fn code_of(program: &Path, maps: &str) -> Vec<(usize, usize)> {
    let code = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (permissions, rest) = rest.split_once(' ')?;
        let path = &rest[rest.find('/')?..];
        let (start, end) = range.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        (permissions == "r-xp" && Path::new(path) == program).then_some((start, end.checked_sub(start)?))
    };
    maps.lines().filter_map(code).collect()
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_own_code_is_let_go() {
        let maps = "1000-3000 r--p 00000000 fe:00 17 /opt/my tools/tidegate\n\
                    3000-8000 r-xp 00002000 fe:00 17 /opt/my tools/tidegate\n\
                    8000-9000 r--p 00007000 fe:00 17 /opt/my tools/tidegate\n\
                    9000-a000 rw-p 00008000 fe:00 17 /opt/my tools/tidegate\n\
                    b000-c000 r-xp 00000000 fe:00 18 /usr/lib/libc.so.6\n\
                    d000-e000 r-xp 00000000 00:00 0 [vdso]\n\
                    f000-g000 r-xp\n";
        assert_eq!(code_of(Path::new("/opt/my tools/tidegate"), maps), [(0x3000, 0x5000)]);
        assert!(code_of(Path::new("/usr/bin/other"), maps).is_empty());
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!code_of(&std::env::current_exe().unwrap(), &maps).is_empty(), "{maps}");
        // The rest of this test runs on pages that have come back.
        let_go_of_starting_code();
        assert_eq!(code_of(&std::env::current_exe().unwrap(), &maps).len(), 1);
    }
}
