//! Many threads on one volume: neighbours keep their bytes, readers see whole units, flushes join.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Dice, key, made, read, spec};
use env::{Files, RealFiles};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

const GIB: u64 = 1 << 30;

/// Thread `n` of `of` owns every `of`-th stretch of 700 bytes, so that nearly every unit has several owners. Each writes
/// its own stretches, zeroes some, and knows what they must hold in the end.
#[test]
fn no_byte_of_a_neighbour_is_ever_lost() {
    const STRETCH: u64 = 700;
    const STRETCHES: u64 = 24;
    let root = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    volume::create(&files, root.path(), &spec(GIB, true)).unwrap();
    let volume = common::open_in(files, root.path(), key(true)).unwrap();
    // Over a region border.
    let base = (1 << 20) - STRETCHES * STRETCH / 2;
    let of = 4;
    let start = Arc::new(Barrier::new(of as usize));
    let work = |n: u64| {
        let volume = volume.clone();
        let start = start.clone();
        move || {
            start.wait();
            let mut dice = Dice(n);
            let mut mine = vec![0u8; STRETCHES as usize];
            for step in 0..1500 {
                let stretch = dice.below(STRETCHES / of) * of + n;
                let (at, byte) = (base + stretch * STRETCH, dice.below(256) as u8);
                if dice.one_in(4) {
                    volume.write_zeroes(at, STRETCH, true, false).unwrap();
                    mine[stretch as usize] = 0;
                } else {
                    volume.write_at(&mut [byte; STRETCH as usize], at, false).unwrap();
                    mine[stretch as usize] = byte;
                }
                assert_eq!(read(&volume, at, STRETCH as usize), [mine[stretch as usize]; STRETCH as usize]);
                if step % 100 == 0 {
                    volume.flush().unwrap();
                }
            }
            mine
        }
    };
    let threads: Vec<_> = (0..of).map(|n| env::spawn("writer", work(n)).unwrap()).collect();
    let owned: Vec<Vec<u8>> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    for stretch in 0..STRETCHES {
        let expected = owned[(stretch % of) as usize][stretch as usize];
        let found = read(&volume, base + stretch * STRETCH, STRETCH as usize);
        assert_eq!(found, [expected; STRETCH as usize], "stretch {stretch}");
    }
}

/// Writers and trimmers change whole units; a reader beside them sees every unit whole: one writer's byte throughout,
/// or zeros. Half a unit, or a hole deciphered, would show as a mixture.
#[test]
fn a_reader_sees_a_unit_before_or_after_and_never_noise() {
    let (_files, volume) = made(1, GIB, true);
    let stop = Arc::new(AtomicBool::new(false));
    let changer = {
        let (volume, stop) = (volume.clone(), stop.clone());
        move || {
            let mut dice = Dice(7);
            while !stop.load(Ordering::Relaxed) {
                let at = dice.below(16) * 4096;
                match dice.below(4) {
                    0 => volume.trim(at, 4096).unwrap(),
                    1 => volume.flush().unwrap(),
                    _ => volume.write_at(&mut [dice.below(250) as u8; 4096], at, false).unwrap(),
                }
            }
        }
    };
    let changers: Vec<_> = (0..2).map(|_| env::spawn("changer", changer.clone()).unwrap()).collect();
    for _ in 0..300 {
        for unit in read(&volume, 0, 16 * 4096).chunks(4096) {
            assert!(unit.iter().all(|b| *b == unit[0]), "a mixture: {:02x?}…", &unit[..8]);
        }
    }
    stop.store(true, Ordering::Relaxed);
    changers.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn every_flush_covers_what_was_written_before_it_however_many_run() {
    for round in 0..20 {
        let (files, volume) = made(round, GIB, false);
        let work = |n: u64| {
            let volume = volume.clone();
            move || {
                for step in 0..10 {
                    let at = (n * 10 + step) * 40 * 4096;
                    volume.write_at(&mut [n as u8 + 1; 4096], at, false).unwrap();
                    volume.flush().unwrap();
                }
            }
        };
        let threads: Vec<_> = (0..4).map(|n| env::spawn("flusher", work(n)).unwrap()).collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        files.crash(env::Crash::Lost);
        let volume = common::open(&files, false).unwrap();
        for n in 0..4u64 {
            for step in 0..10 {
                assert_eq!(read(&volume, (n * 10 + step) * 40 * 4096, 4096), [n as u8 + 1; 4096]);
            }
        }
    }
}
