//! The mounts that make `/var/task` and its kin the function's own.
//!
//! All that a function gets is first mounted below one prepared folder, which then becomes `/var`: so it does
//! not matter whether the originals lie below `/var`, `/opt` or `/tmp` themselves.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::mount::{MsFlags, mount};

use super::view::{SDKS, View};

/// One mount, prepared.
pub(super) struct Mount {
    source: Option<CString>,
    target: CString,
    kind: Option<&'static std::ffi::CStr>,
    flags: MsFlags,
    /// Whether the function works without it.
    optional: bool,
}

impl Mount {
    fn bind(source: &Path, target: &Path) -> io::Result<Mount> {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        Ok(Mount { source: Some(c_path(source)?), target: c_path(target)?, kind: None, flags, optional: false })
    }

    /// Landlock forbids writing, too; and in a user namespace a remount may be refused for flags that the
    /// original's mount has.
    fn read_only(target: &Path) -> io::Result<Mount> {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        Ok(Mount { source: None, target: c_path(target)?, kind: None, flags, optional: true })
    }

    /// Mounts it: system calls only.
    pub(super) fn make(&self) -> io::Result<()> {
        let made =
            mount(self.source.as_deref(), self.target.as_c_str(), self.kind, self.flags, None::<&std::ffi::CStr>);
        match made {
            Err(error) if !self.optional => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// All mounts of a view, in order.
pub(super) fn plan(view: &View, own_processes: bool) -> io::Result<Vec<Mount>> {
    let private = Mount {
        source: None,
        target: c_path(Path::new("/"))?,
        kind: None,
        flags: MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        optional: false,
    };
    let mut mounts = vec![private];
    let stage = |name: &str| view.stage.join(name);
    let mut given = vec![(view.code.clone(), stage("task"), false), (view.bootstrap.clone(), stage("runtime"), false)];
    for (name, kind) in SDKS.iter().zip(["nodejs/node_modules", "python"]) {
        let sdk = view.installed.join(kind);
        if sdk.is_dir() {
            given.push((sdk, stage("runtime").join(name), false));
        }
    }
    given.push((view.tmp.clone(), stage("tmp"), true));
    given.extend(view.layers.iter().map(|layers| (layers.clone(), stage("opt"), false)));
    given.extend(view.moved_interpreter().map(|folder| (folder.to_owned(), stage("lang"), false)));
    for (source, target, writable) in &given {
        mounts.push(Mount::bind(source, target)?);
        if !writable {
            mounts.push(Mount::read_only(target)?);
        }
    }
    mounts.push(Mount::bind(&view.stage, Path::new("/var"))?);
    mounts.push(Mount {
        optional: !Path::new("/opt").is_dir(),
        ..Mount::bind(Path::new("/var/opt"), Path::new("/opt"))?
    });
    mounts.push(Mount::bind(Path::new("/var/tmp"), Path::new("/tmp"))?);
    if own_processes {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        let target = c_path(Path::new("/proc"))?;
        mounts.push(Mount { source: Some(c"proc".to_owned()), target, kind: Some(c"proc"), flags, optional: false });
    }
    Ok(mounts)
}

pub(super) fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}
