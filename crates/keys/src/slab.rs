//! Locked memory for secrets: pages that are never swapped, dumped or inherited by a forked child.
//!
//! ```text
//!   segment (64 KiB, grows by one at a time, lives as long as the process)
//!   ┌────────┬────────┬────────┬─────────────┬────────┐
//!   │ slot 0 │ slot 1 │ slot 2 │     …       │ slot   │   one slot = 64 bytes = one data key
//!   │        │        │        │             │ 1023   │   a longer secret takes neighbouring slots
//!   └────────┴────────┴────────┴─────────────┴────────┘
//!   used: one bit per slot
//! ```
//! Pages come from `memfd_secret(2)` where the kernel offers it: they are not even in the kernel's own map of memory, so a
//! read bug in the kernel cannot leak them. Else from an anonymous mapping with `mlock`, `MADV_DONTDUMP` and
//! `MADV_WIPEONFORK`. Both count against RLIMIT_MEMLOCK (8 MiB by default on current kernels, about 130,000 data keys); a
//! segment of 64 KiB fits even the old default limit. There is no third choice: without locked memory there are no secrets.

use std::io;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroize;

/// Bytes of one slot: the size of a data key, the secret that a server holds by the thousand.
pub const SLOT_BYTES: usize = 64;
/// Slots of one segment.
const SEGMENT_SLOTS: usize = 1024;
/// Bytes of one segment; a multiple of every page size in use (4, 16 and 64 KiB).
pub const SEGMENT_BYTES: usize = SLOT_BYTES * SEGMENT_SLOTS;

/// All segments of one pool.
pub struct Slab {
    segments: Vec<Segment>,
}

struct Segment {
    base: NonNull<u8>,
    /// One bit per slot, set while in use.
    used: [u64; SEGMENT_SLOTS / 64],
}

// SAFETY: a segment is plain memory owned by the slab; nothing about it belongs to the thread that mapped it.
unsafe impl Send for Segment {}

/// A run of slots, owned by whoever holds it until it is given back to the same slab.
pub struct Run {
    pub start: NonNull<u8>,
    segment: usize,
    first_slot: usize,
    slots: usize,
}

/// The pool of this process.
pub fn global() -> MutexGuard<'static, Slab> {
    static SLAB: Mutex<Slab> = Mutex::new(Slab::new());
    // No code that holds the lock can leave the bitmap half changed, so a poisoned lock is still good.
    SLAB.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slab {
    pub const fn new() -> Self {
        Slab { segments: Vec::new() }
    }

    /// Takes enough neighbouring slots for `bytes`; they are zero. Maps another segment when none has room.
    pub fn take(&mut self, bytes: usize) -> io::Result<Run> {
        let slots = bytes.div_ceil(SLOT_BYTES);
        if slots == 0 || slots > SEGMENT_SLOTS {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for (index, segment) in self.segments.iter_mut().enumerate() {
            if let Some(first_slot) = segment.find_free(slots) {
                return Ok(segment.claim(index, first_slot, slots));
            }
        }
        let index = self.segments.len();
        self.segments.push(Segment::map()?);
        Ok(self.segments[index].claim(index, 0, slots))
    }

    /// Wipes the run and frees its slots. Takes the run by value: it cannot be given back twice.
    pub fn give_back(&mut self, run: Run) {
        // SAFETY: the run covers slots of a live segment that nobody else holds (its bits are set until below), and the
        // segment stays mapped for as long as the process lives.
        let bytes = unsafe { std::slice::from_raw_parts_mut(run.start.as_ptr(), run.slots * SLOT_BYTES) };
        bytes.zeroize();
        self.segments[run.segment].mark(run.first_slot, run.slots, false);
    }

    /// Whether `marker` is anywhere in the pool: lets tests see that dropped secrets are gone.
    #[cfg(test)]
    pub fn contains(&self, marker: &[u8]) -> bool {
        self.segments.iter().any(|segment| {
            // SAFETY: the segment is mapped and SEGMENT_BYTES long; other threads may write to it meanwhile, so bytes are
            // read one by one as volatile and may be torn, which a search for our own marker tolerates.
            let byte = |i: usize| unsafe { segment.base.as_ptr().add(i).read_volatile() };
            (0..=SEGMENT_BYTES - marker.len())
                .any(|i| marker.iter().enumerate().all(|(k, m)| byte(i + k) == *m))
        })
    }
}

impl Segment {
    fn map() -> io::Result<Self> {
        let base = map_secret_pages().or_else(|_| map_locked_pages())?;
        Ok(Segment { base, used: [0; SEGMENT_SLOTS / 64] })
    }

    fn is_used(&self, slot: usize) -> bool {
        self.used[slot / 64] >> (slot % 64) & 1 == 1
    }

    fn mark(&mut self, first_slot: usize, slots: usize, used: bool) {
        for slot in first_slot..first_slot + slots {
            let bit = 1u64 << (slot % 64);
            if used {
                self.used[slot / 64] |= bit;
            } else {
                self.used[slot / 64] &= !bit;
            }
        }
    }

    /// First run of `slots` free neighbours.
    fn find_free(&self, slots: usize) -> Option<usize> {
        let mut free = 0;
        let mut slot = 0;
        while slot < SEGMENT_SLOTS {
            if slot % 64 == 0 && self.used[slot / 64] == u64::MAX {
                (free, slot) = (0, slot + 64); // a full word: the common case on a busy server
                continue;
            }
            free = if self.is_used(slot) { 0 } else { free + 1 };
            if free == slots {
                return Some(slot + 1 - slots);
            }
            slot += 1;
        }
        None
    }

    fn claim(&mut self, segment: usize, first_slot: usize, slots: usize) -> Run {
        self.mark(first_slot, slots, true);
        // SAFETY: `first_slot` is below SEGMENT_SLOTS, so the pointer stays inside the mapping.
        let start = unsafe { self.base.add(first_slot * SLOT_BYTES) };
        Run { start, segment, first_slot, slots }
    }
}

/// Pages outside the kernel's direct map. The kernel locks them and leaves them out of dumps by itself.
fn map_secret_pages() -> io::Result<NonNull<u8>> {
    // SAFETY: the call takes a flag and returns a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let fd = libc::c_int::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` is ours and open; the mapping is placed by the kernel and no memory of ours is touched. The mapping
    // keeps the pages alive after the descriptor is closed.
    let mapped = unsafe {
        let sized = libc::ftruncate(fd, SEGMENT_BYTES as libc::off_t) == 0;
        let mapped = if sized { map_pages(libc::MAP_SHARED, fd) } else { Err(io::Error::last_os_error()) };
        libc::close(fd);
        mapped?
    };
    // Shared pages cannot be wiped in a forked child, so the child does not get them at all.
    advise(mapped, libc::MADV_DONTFORK)
}

/// Ordinary pages, locked, left out of dumps, zero in a forked child.
fn map_locked_pages() -> io::Result<NonNull<u8>> {
    // SAFETY: an anonymous mapping placed by the kernel touches no memory of ours.
    let mapped = unsafe { map_pages(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)? };
    // SAFETY: the range was mapped just above.
    if unsafe { libc::mlock(mapped.as_ptr().cast(), SEGMENT_BYTES) } != 0 {
        let error = io::Error::last_os_error();
        unmap(mapped);
        return Err(error);
    }
    let mapped = advise(mapped, libc::MADV_DONTDUMP)?;
    advise(mapped, libc::MADV_WIPEONFORK)
}

/// # Safety
/// `fd` is open or, with MAP_ANONYMOUS, -1; `flags` has no MAP_FIXED.
unsafe fn map_pages(flags: libc::c_int, fd: libc::c_int) -> io::Result<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: without MAP_FIXED the kernel chooses an unused range, so no live memory is replaced.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), SEGMENT_BYTES, protection, flags, fd, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Applies advice that must hold; gives the pages back if it cannot.
fn advise(mapped: NonNull<u8>, advice: libc::c_int) -> io::Result<NonNull<u8>> {
    // SAFETY: the range is one whole mapping of ours; the advices used here do not discard its contents.
    if unsafe { libc::madvise(mapped.as_ptr().cast(), SEGMENT_BYTES, advice) } == 0 {
        return Ok(mapped);
    }
    let error = io::Error::last_os_error();
    unmap(mapped);
    Err(error)
}

fn unmap(mapped: NonNull<u8>) {
    // SAFETY: the range is one whole mapping that no segment refers to. A failure would only leave empty pages behind.
    unsafe { libc::munmap(mapped.as_ptr().cast(), SEGMENT_BYTES) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::Files;

    fn write(run: &Run, byte: u8) {
        // SAFETY: the test owns the run.
        unsafe { run.start.as_ptr().write_bytes(byte, run.slots * SLOT_BYTES) };
    }

    fn read(run: &Run) -> Vec<u8> {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(run.start.as_ptr(), run.slots * SLOT_BYTES).to_vec() }
    }

    #[test]
    fn runs_never_overlap_and_come_back_zeroed() {
        let mut slab = Slab::new();
        let runs: Vec<Run> = (0..300).map(|i| slab.take(1 + i * 37 % 900).unwrap()).collect();
        for (i, run) in runs.iter().enumerate() {
            write(run, i as u8 | 1);
        }
        for (i, run) in runs.iter().enumerate() {
            assert!(read(run).iter().all(|b| *b == i as u8 | 1), "run {i} was overwritten");
        }
        assert!(slab.contains(&[1; 8]));
        runs.into_iter().for_each(|run| slab.give_back(run));
        for marker in 1..=255u8 {
            assert!(!slab.contains(&[marker]), "byte {marker} is left");
        }
        assert!(slab.segments.iter().all(|s| s.used == [0; 16]));
    }

    #[test]
    fn freed_slots_are_used_again_and_a_full_segment_is_skipped() {
        let mut slab = Slab::new();
        let whole = slab.take(SEGMENT_BYTES).unwrap();
        let next = slab.take(1).unwrap();
        assert_eq!((slab.segments.len(), next.segment), (2, 1));
        slab.give_back(whole);
        assert_eq!(slab.take(SEGMENT_BYTES).unwrap().segment, 0);
    }

    #[test]
    fn a_run_may_cross_bitmap_words() {
        let mut slab = Slab::new();
        let _before = slab.take(60 * SLOT_BYTES).unwrap();
        let across = slab.take(10 * SLOT_BYTES).unwrap();
        let after = slab.take(SLOT_BYTES).unwrap();
        assert_eq!((across.first_slot, after.first_slot), (60, 70));
    }

    #[test]
    fn sizes_that_cannot_be_held_are_refused() {
        let mut slab = Slab::new();
        assert!(slab.take(0).is_err());
        assert!(slab.take(SEGMENT_BYTES + 1).is_err());
    }

    /// Reads the kernel's flags of the mapping at `base`.
    fn vm_flags(base: NonNull<u8>) -> String {
        let text = String::from_utf8(env::RealFiles.read("/proc/self/smaps".as_ref()).unwrap()).unwrap();
        let mut inside = false;
        for line in text.lines() {
            if let Some((range, _)) = line.split_once(' ')
                && let Some((from, to)) = range.split_once('-')
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&(base.as_ptr() as usize));
            } else if inside && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.to_owned();
            }
        }
        String::new()
    }

    #[test]
    fn the_kernel_agrees_that_pages_are_locked_undumpable_and_not_inherited() {
        let locked = vm_flags(map_locked_pages().unwrap());
        for flag in ["lo", "dd", "wf"] {
            assert!(locked.split_whitespace().any(|f| f == flag), "{flag} not in {locked}");
        }
        // Older kernels and some containers have no memfd_secret; then there is nothing to check.
        if let Ok(base) = map_secret_pages() {
            let secret = vm_flags(base);
            for flag in ["lo", "dd", "dc"] {
                assert!(secret.split_whitespace().any(|f| f == flag), "{flag} not in {secret}");
            }
        }
    }
}
