//! What makes writing a large file cheaper and has no common form. Elsewhere than on Linux it does nothing, and nothing
//! is missed but time.

#[cfg(target_os = "linux")]
pub(crate) use linux::{reserve, write_back};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{reserve, write_back};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io;
    use std::ops::Range;
    use std::os::fd::AsRawFd;

    /// Allocates a range of a file, which becomes as long. Where the file system cannot, nothing happens.
    ///
    /// # Errors
    /// A lack of room.
    pub(crate) fn reserve(file: &File, range: Range<u64>) -> io::Result<()> {
        let (start, len) = offsets(&range)?;
        #[allow(unsafe_code, reason = "a system call on numbers")]
        // SAFETY: the descriptor is the file's, which outlives the call; no memory is touched.
        let result = unsafe { libc::fallocate(file.as_raw_fd(), 0, start, len) };
        match answer(result) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins to write a range of a file to the disk, and does not wait for it. It is no sync: whether it succeeded,
    /// the sync of the file says.
    ///
    /// # Errors
    /// What the disk answers at once.
    pub(crate) fn write_back(file: &File, range: Range<u64>) -> io::Result<()> {
        let (start, len) = offsets(&range)?;
        #[allow(unsafe_code, reason = "a system call on numbers")]
        // SAFETY: the descriptor is the file's, which outlives the call; no memory is touched.
        let result = unsafe { libc::sync_file_range(file.as_raw_fd(), start, len, libc::SYNC_FILE_RANGE_WRITE) };
        match answer(result) {
            // Not every file system has it.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::ESPIPE | libc::EINVAL)) => Ok(()),
            answer => answer,
        }
    }

    fn offsets(range: &Range<u64>) -> io::Result<(libc::off64_t, libc::off64_t)> {
        let number = |number: u64| libc::off64_t::try_from(number).map_err(io::Error::other);
        Ok((number(range.start)?, number(range.end - range.start)?))
    }

    fn answer(result: libc::c_int) -> io::Result<()> {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::fs::File;
    use std::io;
    use std::ops::Range;

    pub(crate) fn reserve(_: &File, _: Range<u64>) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn write_back(_: &File, _: Range<u64>) -> io::Result<()> {
        Ok(())
    }
}
