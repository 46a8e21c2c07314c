//! Where each queue was left, so that a guest that outlives a server hears of what it may have lost.
//!
//! A write that was answered and not flushed may be gone when a server is killed. A guest that dies with its machine expects that;
//! one that lives on and connects to the next server would have its next flush succeed, and believe that the write is durable. So
//! a ring goes on in good faith only where this export, or one before it that stopped in order, left it. Any other ring that
//! has answers in it is of a guest that must be told: its next flush (a write, if writes are to be durable) fails, once.
//!
//! A stop that has flushed the volume writes a file beside the socket, `<socket>.stopped`, and a start takes it away:
//!
//! ```text
//!  a line per queue that was served:  queue " " used index
//! ```
//! A queue whose guest was still to be told is not in it. While writes are to be durable before their answers because a guest
//! said so, there is an empty file `<socket>.through`: that guest does not say so again. Known gap: a ring is known by its index alone; after 65,536 answers,
//! or a multiple, it looks like a new one.

use env::{Files, RealFiles};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const STOPPED: &str = ".stopped";
const THROUGH: &str = ".through";

#[derive(Default)]
pub(crate) struct Past {
    /// Queue → used index.
    left: Mutex<BTreeMap<u8, u16>>,
    /// A bit for each queue whose guest may have lost writes and was not told.
    untold: AtomicU64,
}

/// Whether a guest last left the cache of writes on, at any export at this socket.
pub(crate) fn write_back(socket: &Path) -> bool {
    !RealFiles.exists(&beside(socket, THROUGH))
}

/// For the exports after this one.
pub(crate) fn remember_write_back(socket: &Path, on: bool) -> io::Result<()> {
    let file = beside(socket, THROUGH);
    match on {
        true => remove(&file),
        false => RealFiles.write_durably(&file, b""),
    }
}

impl Past {
    /// What the export before left at this socket. Its file is taken away: from now on it would lie.
    ///
    /// Errors: the file cannot be taken away.
    pub fn take_over(socket: &Path) -> io::Result<Past> {
        let file = beside(socket, STOPPED);
        let text = RealFiles.read(&file).unwrap_or_default();
        remove(&file)?;
        let text = String::from_utf8_lossy(&text);
        let line = |line: &str| {
            let (queue, used) = line.split_once(' ')?;
            Some((queue.parse().ok()?, used.parse().ok()?))
        };
        Ok(Past { left: Mutex::new(text.lines().filter_map(line).collect()), untold: AtomicU64::new(0) })
    }

    /// For the export after this one. Only when everything that was answered is durable.
    pub fn hand_on(&self, socket: &Path) -> io::Result<()> {
        let untold = self.untold.load(Ordering::SeqCst);
        let left = self.left.lock();
        let told = left.iter().filter(|(queue, _)| untold & bit(**queue) == 0);
        let text: String = told.map(|(queue, used)| format!("{queue} {used}\n")).collect();
        RealFiles.write_durably(&beside(socket, STOPPED), text.as_bytes())
    }

    /// A queue begins, or goes on, at `used`; `base` is where the front-end says that it was. Returns whether its guest must be told.
    pub fn begins(&self, queue: u8, base: u16, used: u16) -> bool {
        if base == 0 && used == 0 {
            // Of a guest that has begun anew, and misses nothing.
            self.untold.fetch_and(!bit(queue), Ordering::SeqCst);
            return false;
        }
        if self.left.lock().get(&queue) == Some(&used) {
            return false;
        }
        self.untold.fetch_or(bit(queue), Ordering::SeqCst);
        true
    }

    /// A queue was left with everything that was taken answered.
    pub fn ends(&self, queue: u8, used: u16) {
        self.left.lock().insert(queue, used);
    }

    /// Whether a guest must be told now. Whoever asks tells it.
    pub fn must_tell(&self) -> bool {
        // Nearly always nothing, and then no queue waits for another's cache line.
        self.untold.load(Ordering::SeqCst) != 0 && self.untold.swap(0, Ordering::SeqCst) != 0
    }
}

fn bit(queue: u8) -> u64 {
    1_u64.checked_shl(queue.into()).unwrap_or(0)
}

fn beside(socket: &Path, suffix: &str) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(file: &Path) -> io::Result<()> {
    match RealFiles.remove_file(file) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
