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

/// Keeps this process's memory out of swap, key schedules on the heap included; returns whether that worked. Pages are locked as
/// they are first touched. Needs `CAP_IPC_LOCK`, to which no limit applies, or the right to raise the memory-lock limit; root has
/// both, in a container often neither. With a limit in force, locking everything would make later allocations fail, so then nothing
/// is done, and only what locks itself (secrets) is locked.
pub fn lock_all_memory() -> bool {
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    let flags = libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT;
    // SAFETY: setrlimit reads one structure that lives through the call; mlockall takes flags and no memory of ours.
    unsafe {
        let no_limit = libc::setrlimit(libc::RLIMIT_MEMLOCK, &unlimited) == 0 || may_lock_memory();
        no_limit && libc::mlockall(flags) == 0
    }
}

/// Whether this process has `CAP_IPC_LOCK` (capabilities(7); the mask is in proc_pid_status(5)).
fn may_lock_memory() -> bool {
    const CAP_IPC_LOCK: u32 = 14;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> CAP_IPC_LOCK & 1 != 0)
}

/// Raises the limit of open files to what the process may have: an attached volume holds several, a client of it one more, and
/// the usual soft limit of 1,024 is for programs that use `select`.
pub fn raise_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls use one structure that lives through them.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max;
            // A refusal leaves the old limit, with which the server works as well, for fewer devices.
            let _ = libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
