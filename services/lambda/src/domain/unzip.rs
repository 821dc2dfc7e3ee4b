//! Unpacking what users upload. Nothing in a zip file may be trusted: not its names, not its sizes.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

/// Why a zip file is not one that code can be in.
#[derive(Debug, thiserror::Error)]
pub enum BadZip {
    /// It cannot be read as a zip file.
    #[error("not a zip file: {0}")]
    Unreadable(#[from] ZipError),
    /// An entry would lie outside of the folder.
    #[error("the entry {0:?} leads out of the folder")]
    LeadsOut(String),
    /// It unpacks to more than is allowed.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// The disk refused.
    #[error("the disk refused: {0}")]
    Disk(#[source] io::Error),
}

/// Unpacks a zip file into a folder, which must exist, and returns the bytes that its files have. What has been
/// written when it fails is the caller's to remove.
///
/// # Errors
/// [`BadZip`].
pub fn unpack(archive: impl Read + Seek, folder: &Path, most: u64) -> Result<u64, BadZip> {
    let mut archive = ZipArchive::new(archive)?;
    let (mut left, mut links) = (most, Vec::new());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let within = safe(&name).ok_or_else(|| BadZip::LeadsOut(name.clone()))?;
        let place = folder.join(&within);
        if entry.is_dir() {
            fs::create_dir_all(&place).map_err(BadZip::Disk)?;
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(BadZip::Disk)?;
        }
        if entry.is_symlink() {
            links.push((target_of(&mut entry, &within)?, place));
            continue;
        }
        let mode = entry.unix_mode();
        let mut file = File::create(&place).map_err(BadZip::Disk)?;
        // One byte more than is left shows that there is too much, whatever the entry says of its size.
        let written = io::copy(&mut (&mut entry).take(left + 1), &mut file).map_err(unreadable)?;
        left = left.checked_sub(written).ok_or(BadZip::TooLarge(most))?;
        set_mode(&file, mode).map_err(BadZip::Disk)?;
    }
    // Last, so that nothing is written through a link.
    for (target, place) in links {
        make_link(&target, &place).map_err(BadZip::Disk)?;
    }
    Ok(most - left)
}

/// An entry whose bytes cannot be had is damaged; a full disk is not its fault.
fn unreadable(error: io::Error) -> BadZip {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            BadZip::Unreadable(ZipError::Io(error))
        }
        _ => BadZip::Disk(error),
    }
}

/// The path of an entry if it stays within the folder.
fn safe(name: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

/// Where a link points to: somewhere within the folder.
fn target_of(entry: &mut impl Read, within: &Path) -> Result<String, BadZip> {
    const LONGEST: u64 = 4096;
    let mut target = String::new();
    let leads_out = || BadZip::LeadsOut(within.display().to_string());
    entry.take(LONGEST).read_to_string(&mut target).map_err(unreadable)?;
    let mut depth = within.components().count() - 1;
    for component in Path::new(&target).components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(leads_out)?,
            Component::RootDir | Component::Prefix(_) => return Err(leads_out()),
        }
    }
    Ok(target)
}

#[cfg(unix)]
fn make_link(target: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn make_link(_target: &str, _place: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Everybody may read, as in Lambda's own environment, and who may run it is kept: a `bootstrap` must be
/// executable.
#[cfg(unix)]
fn set_mode(file: &File, mode: Option<u32>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = mode.unwrap_or(0o644) & 0o777;
    file.set_permissions(fs::Permissions::from_mode(mode | 0o444))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _mode: Option<u32>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zipped(entries: &[(&str, &str, u32)]) -> Cursor<Vec<u8>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text, mode) in entries {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn files_keep_their_places_and_modes() {
        let folder = tempfile::tempdir().unwrap();
        let archive = zipped(&[("bootstrap", "#!", 0o755), ("lib/a.js", "12345", 0o600)]);
        assert_eq!(unpack(archive, folder.path(), 100).unwrap(), 7);
        assert_eq!(fs::read_to_string(folder.path().join("lib/a.js")).unwrap(), "12345");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("bootstrap"), mode("lib/a.js")), (0o755, 0o644));
        }
    }

    #[test]
    fn what_leads_out_or_is_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../evil", "a/../../evil", "/etc/evil"] {
            let refused = unpack(zipped(&[(name, "x", 0o644)]), folder.path(), 100);
            assert!(matches!(refused, Err(BadZip::LeadsOut(_))), "{name}: {refused:?}");
        }
        let large = unpack(zipped(&[("a", "12345", 0o644)]), folder.path(), 4);
        assert!(matches!(large, Err(BadZip::TooLarge(4))), "{large:?}");
        let none = unpack(Cursor::new(b"no zip".to_vec()), folder.path(), 4);
        assert!(matches!(none, Err(BadZip::Unreadable(_))), "{none:?}");
    }
}
