//! What a function's processes may open and call: Landlock's rules and seccomp's filter.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use super::view::View;

/// The newest rules that are asked for; older kernels take what they know.
const NEWEST: ABI = ABI::V6;
/// What every function may read and run programs from.
const READABLE: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc",
    "/nix",
    "/proc",
    "/run/systemd/resolve",
    "/sys/fs/cgroup",
    "/sys/devices/system",
];
/// Devices that programs use without thinking of them.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];
/// Shared memory, which Python's multiprocessing and browsers need.
const SHARED_MEMORY: &str = "/dev/shm";

/// Whether this kernel has Landlock.
pub(super) fn landlock_works() -> bool {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    ruleset.is_ok()
}

/// The rules of a view. `/proc` comes later: see [`with_proc`].
pub(super) fn landlock(view: &View) -> io::Result<RulesetCreated> {
    let everything = AccessFs::from_all(NEWEST);
    let reading = AccessFs::from_read(NEWEST);
    let device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let mut ruleset = Ruleset::default()
        .handle_access(everything)
        .and_then(|ruleset| ruleset.scope(Scope::Signal | Scope::AbstractUnixSocket))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    let given = [
        Some(&view.code),
        view.layers.as_ref(),
        Some(&view.bootstrap),
        Some(&view.installed),
        view.interpreter.as_ref(),
    ];
    for path in READABLE.iter().map(Path::new).chain(given.into_iter().flatten().map(|path| path.as_path())) {
        ruleset = allow(ruleset, path, reading)?;
    }
    for path in DEVICES {
        ruleset = allow(ruleset, Path::new(path), device)?;
    }
    for path in [Path::new(SHARED_MEMORY), &view.tmp] {
        ruleset = allow(ruleset, path, everything)?;
    }
    Ok(ruleset)
}

/// What is not there cannot be opened either.
fn allow(ruleset: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> io::Result<RulesetCreated> {
    let Ok(opened) = PathFd::new(path) else { return Ok(ruleset) };
    // Rights that are about folders are no rights of files.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
    ruleset.add_rule(PathBeneath::new(opened, access)).map_err(io::Error::other)
}

/// Allows `/proc` as it is in the process's own namespace: its mount is another than the server's. Runs
/// between fork and exec.
pub(super) fn with_proc(ruleset: RulesetCreated) -> Result<RulesetCreated, RulesetError> {
    let Ok(proc) = PathFd::new("/proc") else { return Ok(ruleset) };
    ruleset.add_rule(PathBeneath::new(proc, AccessFs::from_read(NEWEST)))
}

/// Calls that are about the machine, about other processes' memory, or about the kernel's own keys.
const FORBIDDEN: [i64; 40] = [
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
];

/// The filter: what is forbidden fails as if rights were missing, everything else is allowed. A list of what
/// is allowed would break some function with each new library.
pub(super) fn seccomp() -> io::Result<BpfProgram> {
    let rules: BTreeMap<i64, Vec<_>> = FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}
