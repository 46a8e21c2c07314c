//! What of a data file may be dirty in the kernel: whether anything, about how much, and roughly where.
//!
//! A file of which much is dirty is written back in small steps before it is synced. The kernel locks what it is about to write, and
//! allocates disk space for it, many megabytes at a time; guests' writes to those pages wait for it (measured with 1 GiB dirty:
//! 80 to 130 ms in one sync, 1 to 8 ms in steps of 4 MiB).

use crate::geometry::SEGMENT_BYTES;
use env::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes written since the last sync above which it goes in steps. Below, guests hardly notice, and a sync is one call.
const MUCH: u64 = 16 << 20;
/// Where bytes were written is known by regions of 64 MiB.
const REGION: u64 = 64 << 20;
const STEP: u64 = 4 << 20;
const WORDS: usize = (SEGMENT_BYTES / REGION / 64) as usize;

#[derive(Default)]
pub(crate) struct Dirty {
    /// Written since the last sync began; 0: nothing.
    bytes: AtomicU64,
    /// One bit per region, 2 KiB; made when first written to.
    regions: OnceLock<Box<[AtomicU64; WORDS]>>,
}

impl Dirty {
    /// Bytes were written, or some of them: call after the write.
    pub fn wrote(&self, offset: u64, len: u64) {
        let regions = self.regions.get_or_init(|| Box::new([const { AtomicU64::new(0) }; WORDS]));
        // A write lies in one region: the largest one is 1 MiB and aligned.
        let region = offset / REGION;
        if let Some(word) = regions.get(region as usize / 64)
            && word.load(Ordering::Relaxed) >> (region % 64) & 1 == 0
        {
            word.fetch_or(1 << (region % 64), Ordering::Relaxed);
        }
        self.bytes.fetch_add(len.max(1), Ordering::SeqCst);
    }

    pub fn is_any(&self) -> bool {
        self.bytes.load(Ordering::SeqCst) != 0
    }

    /// Makes everything durable that was written before this call.
    pub fn sync(&self, file: &dyn File) -> io::Result<()> {
        // Cleared before the sync: a write that comes meanwhile counts again and is left to the next one.
        match self.bytes.swap(0, Ordering::SeqCst) {
            0 => return Ok(()),
            bytes if bytes > MUCH => self.write_back(file)?,
            _ => {}
        }
        file.sync_data()
    }

    fn write_back(&self, file: &dyn File) -> io::Result<()> {
        let words = self.regions.get().into_iter().flat_map(|regions| regions.iter());
        for (n, word) in (0..).zip(words) {
            // A region whose bit is lost to a small sync is synced with all the rest.
            let taken = word.swap(0, Ordering::Relaxed);
            for region in (0..64).filter(|bit| taken >> bit & 1 == 1).map(|bit| n * 64 + bit) {
                for step in 0..REGION / STEP {
                    file.write_back(region * REGION + step * STEP, STEP)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    /// Notes what it is told to write back; fails there if told so.
    #[derive(Default)]
    struct Told {
        back: Mutex<Vec<u64>>,
        syncs: AtomicU64,
        fails: bool,
    }

    impl File for Told {
        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Ok(0)
        }
        fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Ok(())
        }
        fn write_back(&self, offset: u64, len: u64) -> io::Result<()> {
            assert_eq!((offset % STEP, len), (0, STEP));
            self.back.lock().push(offset);
            if self.fails { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
        }
        fn sync_data(&self) -> io::Result<()> {
            self.syncs.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        fn punch_hole(&self, _: u64, _: u64) -> io::Result<()> {
            Ok(())
        }
        fn set_len(&self, _: u64) -> io::Result<()> {
            Ok(())
        }
        fn len(&self) -> io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn much_goes_in_steps_where_it_was_written_and_little_in_one_call() {
        let (dirty, file) = (Dirty::default(), Told::default());
        dirty.sync(&file).unwrap();
        assert_eq!(file.syncs.load(Ordering::Relaxed), 0, "nothing was written");
        dirty.wrote(5 << 30, MUCH);
        dirty.sync(&file).unwrap();
        assert_eq!((file.back.lock().len(), file.syncs.load(Ordering::Relaxed)), (0, 1));
        dirty.wrote(SEGMENT_BYTES - 4096, MUCH);
        dirty.wrote(0, 4096);
        assert!(dirty.is_any());
        dirty.sync(&file).unwrap();
        let back = file.back.lock().clone();
        assert!(back.contains(&0) && back.contains(&(SEGMENT_BYTES - STEP)) && back.len() == 3 * 16);
        assert!(!dirty.is_any() && file.syncs.load(Ordering::Relaxed) == 2);
    }

    #[test]
    fn a_failure_on_the_way_is_a_failed_sync() {
        // The kernel tells it once: the sync that follows would succeed.
        let (dirty, file) = (Dirty::default(), Told { fails: true, ..Told::default() });
        dirty.wrote(0, MUCH + 1);
        assert!(dirty.sync(&file).is_err());
    }
}
