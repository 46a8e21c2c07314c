//! Seals on memory that another process handed over.

use std::fs::File;
use std::os::fd::AsRawFd;

/// Forbids everybody to shorten a memory file from now on: whoever has mapped it would be killed when touching what is gone. `false`:
/// it is no memory file, or was made without the right to seal it.
pub fn forbid_shrinking(memory: &File) -> bool {
    // SAFETY: a call on a descriptor that is open as long as `memory` is borrowed; no memory is passed.
    unsafe { libc::fcntl(memory.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::FromRawFd;

    fn memory(flags: libc::c_uint) -> File {
        // SAFETY: the name is a C string; the descriptor is new and ours.
        let file =
            unsafe { File::from_raw_fd(libc::memfd_create(c"test".as_ptr(), flags | libc::MFD_CLOEXEC)) };
        file.set_len(8192).unwrap();
        file
    }

    #[test]
    fn what_is_sealed_cannot_shrink() {
        let file = memory(libc::MFD_ALLOW_SEALING);
        assert!(forbid_shrinking(&file) && forbid_shrinking(&file));
        assert!(file.set_len(4096).is_err());
        file.set_len(16_384).unwrap();
    }

    #[test]
    fn what_cannot_be_sealed_is_told_and_left() {
        let file = memory(0);
        assert!(!forbid_shrinking(&file));
        file.set_len(4096).unwrap();
        assert!(!forbid_shrinking(&File::open("/proc/self/exe").unwrap()));
    }
}
