//! The calls that operating systems do not share.
//!
//! Linux and macOS have them all. Elsewhere the fallbacks are right, and only less exact: a folder's
//! entries are left to the file system's own journal, and holes in files are counted.

pub(crate) use self::holes::{first_hole, overwrites_in_place};
pub(crate) use self::room::free_bytes;
pub(crate) use self::system::{
    create_private_file, create_private_folder, occupied_bytes, read_exact_at, sync_folder, write_all_at,
};

#[cfg(target_os = "linux")]
mod room {
    use std::path::Path;

    use nix::sys::statvfs::statvfs;

    /// How much room the disk of a folder has, where it can be told.
    pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
        let disk = statvfs(folder).ok()?;
        disk.blocks_available().checked_mul(disk.fragment_size())
    }
}

#[cfg(not(target_os = "linux"))]
mod room {
    use std::path::Path;

    pub(crate) fn free_bytes(_folder: &Path) -> Option<u64> {
        None
    }
}

#[cfg(target_os = "linux")]
mod holes {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use nix::errno::Errno;
    use nix::sys::statfs::{EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, statfs};
    use nix::unistd::{Whence, lseek};

    /// Where the first hole behind `from` begins, if there is one before the end of the file. Moves
    /// the file's cursor.
    pub(crate) fn first_hole(file: &File, from: u64) -> io::Result<Option<u64>> {
        let length = file.metadata()?.len();
        match lseek(file, i64::try_from(from).map_err(io::Error::other)?, Whence::SeekHole) {
            Ok(hole) => Ok(u64::try_from(hole).ok().filter(|hole| *hole < length)),
            // There is nothing behind `from`.
            Err(Errno::ENXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the file system keeps a block where it is when it is written again.
    pub(crate) fn overwrites_in_place(folder: &Path) -> bool {
        statfs(folder).is_ok_and(|found| [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC].contains(&found.filesystem_type()))
    }
}

#[cfg(not(target_os = "linux"))]
mod holes {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(crate) fn first_hole(_file: &File, _from: u64) -> io::Result<Option<u64>> {
        Ok(None)
    }

    pub(crate) fn overwrites_in_place(_folder: &Path) -> bool {
        false
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    /// Makes a folder, and those that it lies in, which nobody but their owner may look into. One that is there stays
    /// as it is.
    pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// Makes a file that nobody but its owner may read. There must be none: it would keep its owner and its mode, and
    /// a link would be followed.
    pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(bytes, offset)
    }

    pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// What a file occupies on its disk.
    pub(crate) fn occupied_bytes(metadata: &Metadata) -> u64 {
        metadata.blocks() * 512
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{self, File, Metadata};
    use std::io::{self, Read, Seek, SeekFrom, Write};
    use std::path::Path;

    pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    pub(crate) fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }

    pub(crate) fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn occupied_bytes(metadata: &Metadata) -> u64 {
        metadata.len()
    }
}
