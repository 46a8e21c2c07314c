//! Files as the house uses them: positioned reads and writes, explicit syncs, holes, and small files replaced whole.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An open file. Methods take `&self`: positioned I/O needs no cursor, so threads share one handle.
pub trait File: Send + Sync {
    /// Reads up to `buf.len()` bytes; less only at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// The same, if it need not wait for the disk; else `None`, and `buf` holds anything. Where that cannot be told it may wait.
    fn read_at_once(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        self.read_at(buf, offset).map(Some)
    }
    /// Lets the disk begin to read the range, so that a later read finds it in the machine's memory. Promises nothing.
    fn will_need(&self, _offset: u64, _len: u64) {}
    /// Writes all of `buf`. Returns when the kernel has it, not when the disk has it.
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;
    /// Waits until data, and the metadata needed to find it, are on the disk.
    fn sync_data(&self) -> io::Result<()>;
    /// Lets the disk begin with what was written, so that a later sync finds less to do. Promises nothing.
    fn start_writing(&self) {}
    /// Has the disk write what of the range is not written yet, and waits for it, so that a later sync finds less to do. Makes
    /// nothing durable; but a failure is as grave as a sync's, because it may be told only here.
    fn write_back(&self, _offset: u64, _len: u64) -> io::Result<()> {
        Ok(())
    }
    /// Makes the range read as zeros and gives its space back; the length stays.
    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()>;
    /// Where the first data at or after `offset` begins; everything between reads as zeros. `None`: no data follows. A file
    /// system that cannot tell says `offset`, which is always true enough.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset))
    }
    fn set_len(&self, len: u64) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads exactly `buf.len()` bytes; what lies past the end of the file reads as zeros.
    fn read_zero_filled_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < buf.len() {
            match self.read_at(&mut buf[done..], offset + done as u64)? {
                0 => break,
                n => done += n,
            }
        }
        buf[done..].fill(0);
        Ok(())
    }
}

/// A file system. New files are readable by their owner only (mode 0600), directories too (0700).
pub trait Files: Send + Sync {
    /// Opens for reading and writing; makes the file if `create`.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>>;
    /// Reads a small file whole.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The same into memory that was used before; what was in it is lost, on an error, too.
    fn read_into(&self, path: &Path, into: &mut Vec<u8>) -> io::Result<()> {
        *into = self.read(path)?;
        Ok(())
    }
    /// Replaces a small file whole and durably: temporary file, sync, rename, sync of the directory. After a crash the
    /// old or the new content is there, nothing between.
    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory, and all above it, and their names durable. Safe to repeat: one that is there already may have been made by
    /// somebody who ended before its name was durable.
    fn create_dir_durably(&self, path: &Path) -> io::Result<()> {
        // From the first that is there inwards, so that whoever ends in the middle leaves at most the last one's name not durable.
        let mut ways: Vec<&Path> = path.ancestors().filter(|way| !way.as_os_str().is_empty()).collect();
        let missing = ways.iter().position(|way| self.exists(way)).unwrap_or(ways.len());
        ways.truncate(missing + 1);
        for (n, way) in ways.iter().enumerate().rev() {
            self.create_dir_all(way)?;
            let parent = match way.parent() {
                Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
                Some(parent) => parent,
                None => continue,
            };
            match self.sync_dir(parent) {
                // Its parent is not ours to look into, so somebody else made it.
                Err(e) if n == missing && e.kind() == io::ErrorKind::PermissionDenied => {}
                other => other?,
            }
        }
        Ok(())
    }
    /// Makes a directory that only we may enter, or accepts one that is already so; refuses a link, another owner's
    /// directory, or one that others may enter. For directories in shared places.
    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        self.create_dir_all(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the directory's entries durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory that is empty; [`io::ErrorKind::DirectoryNotEmpty`] if it is not.
    fn remove_dir(&self, _path: &Path) -> io::Result<()> {
        // A wrapper that does not know the call leaves directories standing, which is harmless.
        Err(io::ErrorKind::Unsupported.into())
    }
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    fn exists(&self, path: &Path) -> bool;
    /// Whether the path is a directory. No, too, if it is gone.
    fn is_dir(&self, path: &Path) -> bool {
        self.list(path).is_ok()
    }
    /// The file's permission bits, `0o600` and the like.
    fn mode(&self, _path: &Path) -> io::Result<u32> {
        // What every file made here has; file systems that keep no modes (simulated ones) say so.
        Ok(0o600)
    }
    /// Names in a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The machine's file system.
pub struct RealFiles;

struct RealFile {
    file: std::fs::File,
    /// The file system cannot tell whether a read would wait.
    cannot_tell: AtomicBool,
}

impl RealFile {
    /// Reads what is in the page cache (`RWF_NOWAIT`, see preadv2(2)); `None`: that is less than was asked for.
    fn read_cached(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        let vector = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
        let (fd, offset) = (self.file.as_raw_fd(), to_off_t(offset)?);
        // SAFETY: the descriptor is open for as long as `self.file` lives; `vector` describes `buf`, which is ours alone.
        let read = unsafe { libc::preadv2(fd, &raw const vector, 1, offset, libc::RWF_NOWAIT) };
        match usize::try_from(read) {
            Ok(read) => Ok(Some(read).filter(|read| *read == buf.len())),
            Err(_) => match io::Error::last_os_error() {
                e if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
                e => Err(e),
            },
        }
    }
}

impl File for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buf, offset) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn read_at_once(&self, buf: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        if !self.cannot_tell.load(Ordering::Relaxed) {
            match self.read_cached(buf, offset) {
                Err(e)
                    if matches!(e.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL)) =>
                {
                    self.cannot_tell.store(true, Ordering::Relaxed);
                }
                other => return other,
            }
        }
        self.read_at(buf, offset).map(Some)
    }

    fn will_need(&self, offset: u64, len: u64) {
        let (Ok(offset), Ok(len)) = (to_off_t(offset), to_off_t(len)) else { return };
        // SAFETY: the descriptor is open for as long as `self.file` lives; the call touches no memory of ours.
        unsafe { libc::posix_fadvise(self.file.as_raw_fd(), offset, len, libc::POSIX_FADV_WILLNEED) };
    }

    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn start_writing(&self) {
        // SAFETY: the descriptor is open for as long as `self.file` lives; the call touches no memory of ours. A failure is met
        // again by the sync.
        unsafe { libc::sync_file_range(self.file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    }

    fn write_back(&self, offset: u64, len: u64) -> io::Result<()> {
        let (offset, len) = (to_off_t(offset)?, to_off_t(len)?);
        let whole = libc::SYNC_FILE_RANGE_WAIT_BEFORE
            | libc::SYNC_FILE_RANGE_WRITE
            | libc::SYNC_FILE_RANGE_WAIT_AFTER;
        // SAFETY: the descriptor is open for as long as `self.file` lives; the call touches no memory of ours.
        if unsafe { libc::sync_file_range(self.file.as_raw_fd(), offset, len, whole) } == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            // What cannot be done here the sync does.
            e if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ESPIPE | libc::ENOSYS)) => Ok(()),
            e => Err(e),
        }
    }

    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()> {
        let (offset, len) = (to_off_t(offset)?, to_off_t(len)?);
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: the descriptor is open for as long as `self.file` lives; the call touches no memory of ours.
        match unsafe { libc::fallocate(self.file.as_raw_fd(), mode, offset, len) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        let from = to_off_t(offset)?;
        // SAFETY: the descriptor is open for as long as `self.file` lives; the call touches no memory of ours. It moves the file's
        // cursor, which nobody uses: all our reads and writes name their place.
        let found = unsafe { libc::lseek(self.file.as_raw_fd(), from, libc::SEEK_DATA) };
        if let Ok(found) = u64::try_from(found) {
            return Ok(Some(found));
        }
        match io::Error::last_os_error() {
            e if e.raw_os_error() == Some(libc::ENXIO) => Ok(None),
            e if e.raw_os_error() == Some(libc::EINVAL) => Ok(Some(offset)),
            e => Err(e),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

fn to_off_t(n: u64) -> io::Result<libc::off_t> {
    libc::off_t::try_from(n).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

impl Files for RealFiles {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_CLOEXEC)
            .open(path)?;
        Ok(Arc::new(RealFile { file, cannot_tell: AtomicBool::new(false) }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn read_into(&self, path: &Path, into: &mut Vec<u8>) -> io::Result<()> {
        let file = std::fs::File::open(path)?;
        let len = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // Zeros only for what is longer than the memory was: the kernel overwrites all of it.
        into.resize(len, 0);
        file.read_exact_at(into, 0)
    }

    fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut temporary = name.to_owned();
        temporary.push(".new");
        let temporary = parent.join(temporary);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        self.sync_dir(parent)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
        let found = std::fs::symlink_metadata(path)?;
        // SAFETY: geteuid reads a number and cannot fail.
        let me = unsafe { libc::geteuid() };
        if found.is_dir() && found.uid() == me && found.mode() & 0o077 == 0 {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} exists and is not a directory of ours alone", path.display()),
        ))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::File::open(path)?.sync_all()
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        use std::os::unix::fs::MetadataExt;
        Ok(std::fs::metadata(path)?.mode() & 0o7777)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut names = std::fs::read_dir(path)?
            .map(|entry| entry.map(|e| PathBuf::from(e.file_name())))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_directory_is_removed_alone() {
        let root = std::env::temp_dir().join(format!("sealvol-env-{}", std::process::id()));
        let dir = root.join("d");
        RealFiles.create_dir_all(&dir).unwrap();
        RealFiles.write_durably(&dir.join("f"), b"x").unwrap();
        assert!(RealFiles.is_dir(&dir) && !RealFiles.is_dir(&dir.join("f")));
        assert_eq!(RealFiles.remove_dir(&dir).unwrap_err().kind(), io::ErrorKind::DirectoryNotEmpty);
        assert!(RealFiles.remove_dir(&dir.join("f")).is_err(), "a file");
        RealFiles.remove_file(&dir.join("f")).unwrap();
        RealFiles.remove_dir(&dir).unwrap();
        assert!(!RealFiles.is_dir(&dir) && RealFiles.remove_dir(&dir).is_err());
        RealFiles.remove_dir_all(&root).unwrap();
    }

    #[test]
    fn what_is_read_at_once_is_what_is_there_and_a_hint_brings_it() {
        let path = std::env::temp_dir().join(format!("sealvol-env-cached-{}", std::process::id()));
        let file = RealFiles.open(&path, true).unwrap();
        file.write_all_at(&[7; 8192], 0).unwrap();
        file.sync_data().unwrap();
        let disk = std::fs::File::open(&path).unwrap();
        // SAFETY: the descriptor is open; the call touches no memory of ours.
        unsafe { libc::posix_fadvise(disk.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
        let once = |offset| {
            let mut buf = [0; 4096];
            file.read_at_once(&mut buf, offset).unwrap().map(|read| (read, buf))
        };
        // Where the file system can tell, it is not there; some have everything in memory, and some cannot tell.
        if once(0).is_none() {
            file.will_need(0, 8192);
            let soon = (0..1000).find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(5));
                once(4096)
            });
            assert_eq!(soon, Some((4096, [7; 4096])), "the hint had no effect in 5 s");
        }
        file.read_at(&mut [0; 8192], 0).unwrap();
        assert_eq!(once(4096), Some((4096, [7; 4096])));
        assert!(once(6000).is_none_or(|(read, _)| read == 2192), "the end of the file");
        std::fs::remove_file(&path).unwrap();
    }
}
