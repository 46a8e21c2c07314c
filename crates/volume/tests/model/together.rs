//! Steps of a run that several threads do at once, on a disk that is slow at random places.

use crate::run::Run;
use env::{Moment, SimOp};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use volume::VolumeError;

type Ended = Result<(), VolumeError>;

impl Run {
    /// Writers in places of their own, while another thread flushes, merges, loads or stores; then everything as if it had been one
    /// after the other, because none of them touches what another one does.
    pub fn together(&mut self) {
        self.note("together");
        let volume = self.vol().volume().clone();
        let device = self.vol().device.clone();
        let ground = self.vol().model.now();
        let mut writes = Vec::new();
        for _ in 0..2 {
            let (offset, len) = self.range();
            // Units of their own.
            let apart = |(at, bytes): &(u64, Vec<u8>)| {
                let end = (at + bytes.len() as u64).next_multiple_of(4096);
                end <= offset / 4096 * 4096 || (offset + len).next_multiple_of(4096) <= at / 4096 * 4096
            };
            if writes.iter().all(apart) {
                let bytes = self.change(offset, len);
                writes.push((offset, bytes));
            }
        }
        let beside = self.dice.below(4);
        self.slow_at_random();
        let ended: [Mutex<Option<Ended>>; 3] = Default::default();
        let next = AtomicU64::new(0);
        env::together("model", 3, &|| {
            let n = next.fetch_add(1, Ordering::SeqCst) as usize;
            let result = match (writes.get(n), n) {
                (Some((offset, bytes)), 0 | 1) => device.write_at(&mut bytes.clone(), *offset, false),
                (_, 2) => match beside {
                    0 => device.flush(),
                    1 => volume.merge(&AtomicBool::new(false)),
                    2 => volume.load_all(&|_, _| {}, &AtomicBool::new(false)),
                    _ => device.close(),
                },
                _ => Ok(()),
            };
            *ended[n].lock().unwrap() = Some(result);
        });
        self.files.fast();
        let results: Vec<Ended> = ended.into_iter().filter_map(|one| one.into_inner().unwrap()).collect();
        assert!(results.len() == 3 || self.files.is_dark());
        if results.len() == 3 && results[2].is_ok() {
            // Whatever that was, what had been answered before it is durable if it flushed.
            if matches!(beside, 0 | 3) {
                self.vol().model.flushed_at(&ground);
            }
        }
        // The gravest last: it may end in a crash, which ends everything.
        let (good, bad): (Vec<Ended>, Vec<Ended>) = results.into_iter().partition(Result::is_ok);
        let gravest = bad.into_iter().max_by_key(|e| e.as_ref().is_err_and(|e| !e.leaves_volume_writable()));
        drop(good);
        self.ended(gravest.unwrap_or(Ok(())), false);
    }

    fn slow_at_random(&self) {
        let dice = AtomicU64::new(self.setup.seed ^ self.steps);
        self.files.slow(move |_: Moment, _: SimOp, _| {
            let n = dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            (0..n >> 61).for_each(|_| std::thread::yield_now());
        });
    }
}
