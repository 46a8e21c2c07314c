//! What this process tells the kernel about itself, and other processes it starts (none yet: qemu comes later).

use std::io;

/// Keeps plaintext keys out of core dumps and away from debuggers of the same user: no core file, and not dumpable
/// (so no ptrace by non-root, and /proc/<pid>/mem belongs to root).
pub fn harden_process() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls read plain values and one structure that lives through the call.
    let failed = unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &none) != 0 || libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
