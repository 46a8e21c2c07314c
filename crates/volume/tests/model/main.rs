//! Volumes of a lineage on a simulated disk, against a model: writes, zeroes, trims, flushes, freezes of one and of several, storing,
//! thaws, merges, loading, restoring, growing, closing, by one thread and by several; with every fault that the disk knows and
//! power cuts anywhere.
//!
//! ```text
//!  after every crash    flushed bytes are there, unflushed ones are old or new per sector, never foreign; zeroed stays zero
//!                       a snapshot whose freeze was answered reads as at its instant: all its chunks, and those that changed
//!                         laid over the base
//!                       on the disk: every unit that a map names has durable data of one of its versions
//!  after every fault    the same for what can be read at once; after a failed sync nothing is written or flushed any more
//!  after damage         metadata is refused or read as it was; of data, the unit alone is different           damage.rs
//!  with integrity       the same, and no good unit is refused; damaged data and tags are
//! ```
//! `every_point.rs` goes through one life of a volume and cuts the power at every change, one after the other.
//!
//! `SEALVOL_MODEL_STEPS=n` runs until n steps are done (whole runs), `SEALVOL_MODEL_SEED=s` begins with that seed (without
//! steps: runs it alone). A failure prints its seed and what was done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod disk;
mod every_point;
mod layers;
mod run;
mod together;

use run::{Run, SIZE, Setup};

/// Steps of one run.
const STEPS: u64 = 150;
/// Steps of all runs, unless the environment says otherwise.
const BOUNDED: u64 = 6_000;
/// Volumes of one run.
const VOLUMES: usize = 3;

impl Run {
    fn new(seed: u64) -> Run {
        let setup = Setup {
            seed,
            encrypted: seed.is_multiple_of(2),
            integrity: seed % 8 >= 4,
            restored: seed % 4 >= 2,
            how: None,
        };
        let mut run = Run::empty(setup);
        run.files.read_short(seed.is_multiple_of(3));
        run.files.split_writes(seed.is_multiple_of(5));
        let from = setup.restored.then(|| run.origin());
        run.create(from.as_deref());
        run
    }

    fn step(&mut self) {
        // A hole that could not be punched fails nobody, so nobody told us.
        if self.files.is_dark() {
            self.crash();
        }
        self.at = self.dice.below(self.volumes.len() as u64) as usize;
        let (offset, len) = self.range();
        let stop = self.dice.one_in(6);
        match self.dice.below(40) {
            0..=8 => self.write(offset, len),
            9..=10 => self.read(offset, len),
            11..=12 => self.zero(offset, len),
            13 if !(self.setup.restored && self.at == 0) => {
                // Over everything between two windows as well.
                let end = self.vol().device.size_bytes().min(SIZE).max(offset);
                let len = self.dice.below(end - offset + 1);
                self.zero(offset, len);
            }
            14 => self.trim(offset, len),
            15..=16 => self.flush(),
            17..=18 => self.freeze(false),
            19 => self.freeze(true),
            20..=21 => self.check_frozen(),
            22..=24 => self.store_and_thaw(),
            25..=27 => self.merge(stop),
            28 => {
                let until = self.dice.below(5);
                self.load((until < 3).then_some(until));
            }
            29 => self.grow(),
            30 => self.reopen(),
            38..=39 => self.kill(),
            31..=33 => self.together(),
            34 if self.volumes.len() < VOLUMES && self.dice.one_in(3) => self.restore(),
            _ => self.fault(),
        }
    }
}

/// Runs `work` and tells what was done when it panics.
fn telling(run: &mut Run, work: impl FnOnce(&mut Run)) {
    let setup = run.setup;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(run)));
    if let Err(panic) = result {
        println!("{setup:?}; {}", run.done.join(", "));
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn whatever_happens_every_volume_and_its_frozen_snapshots_say_what_they_should() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, steps) = (number("SEALVOL_MODEL_SEED"), number("SEALVOL_MODEL_STEPS"));
    let wanted = steps.unwrap_or(if first.is_some() { 1 } else { BOUNDED });
    let (mut seed, mut done, mut crashes, mut faults) = (first.unwrap_or(0), 0, 0, 0);
    while done < wanted {
        if wanted <= BOUNDED || seed.is_multiple_of(1000) {
            println!("seed {seed}: repeat with SEALVOL_MODEL_SEED={seed}");
        }
        let mut run = Run::new(seed);
        telling(&mut run, |run| {
            for _ in 0..STEPS {
                run.step();
                if run.dice.one_in(30) {
                    run.crash();
                }
            }
            run.crash();
            run.finish();
        });
        (done, crashes, faults, seed) =
            (done + run.steps, crashes + run.crashes, faults + run.faults, seed + 1);
    }
    println!("{done} steps, {faults} faults, {crashes} crashes; seeds {}..{seed}", first.unwrap_or(0));
}
