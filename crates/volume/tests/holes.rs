//! Space that is given back: who waits for it (nobody who asks for a flush or a snapshot), and that it comes back all the same.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::hooked::{Hooked, join, made};
use common::{freeze, held, merge, read, write};
use env::{Clock, Moment, RealClock, SimOp};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use volume::{Device, VolumeError};

const MIB: u64 = 1 << 20;

/// Calls `hook` before every hole in a file whose path contains the text, with how many came before it; returns the count.
fn holes(
    hooked: &Hooked,
    path: &'static str,
    hook: impl Fn(usize) + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = count.clone();
    hooked.files.slow(move |moment, op, at| {
        if (moment, op) == (Moment::Before, SimOp::Punch) && at.to_string_lossy().contains(path) {
            hook(counting.fetch_add(1, Ordering::SeqCst));
        }
    });
    count
}

/// A durable volume of so many units, of which every other one has been trimmed.
fn trimmed(units: u64) -> (Hooked, Arc<Device>) {
    let (hooked, device) = made();
    write(&device, 0, &vec![1; units as usize * 4096]);
    device.flush().unwrap();
    (0..units).step_by(2).for_each(|unit| device.trim(unit * 4096, 4096).unwrap());
    (hooked, device)
}

#[test]
fn a_snapshot_does_not_wait_for_holes_and_they_are_punched_later() {
    let (hooked, device) = trimmed(2000);
    let (late, started) = (device.clone(), Arc::new(Mutex::new(None)));
    let handle = started.clone();
    let punched = holes(&hooked, "data.0000", move |before| {
        if before == 0 {
            let late = late.clone();
            *handle.lock().unwrap() = Some(env::spawn("freeze", move || freeze(&late, "snap-1")).unwrap());
            RealClock::default().sleep(Duration::from_millis(100));
        }
    });
    device.flush().unwrap();
    join(&started);
    let before = punched.load(Ordering::SeqCst);
    assert!((1..200).contains(&before), "the snapshot waited for {before} holes");
    device.flush().unwrap();
    assert_eq!((punched.load(Ordering::SeqCst), held(&hooked.files, "data.0000")), (1000, 1000 * 4096));
}

#[test]
fn a_snapshot_punches_no_holes_itself() {
    let (hooked, device) = trimmed(200);
    let punched = holes(&hooked, "data.0000", |_| {});
    freeze(&device, "snap-1");
    assert_eq!(punched.load(Ordering::SeqCst), 0);
    device.flush().unwrap();
    assert_eq!((punched.load(Ordering::SeqCst), held(&hooked.files, "data.0000")), (100, 100 * 4096));
}

#[test]
fn who_shares_a_flush_does_not_wait_for_its_holes() {
    let (hooked, device) = trimmed(2);
    let (flushed, early) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (done, seen, late) = (flushed.clone(), early.clone(), device.clone());
    let (threads, punched, asked) =
        (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let (started, begun) = (threads.clone(), AtomicBool::new(false));
    let wait = |ms| RealClock::default().sleep(Duration::from_millis(ms));
    hooked.files.slow(move |moment, op, at| {
        let text = at.to_string_lossy();
        // Two ask for the next flush while one runs. They share it, and it has a hole to punch of its own.
        let synced = (moment, op) == (Moment::After, SimOp::Sync) && text.contains("map");
        if synced && begun.swap(true, Ordering::SeqCst) {
            // The other one sleeps by now.
            wait(100);
        } else if synced {
            late.trim(4096, 4096).unwrap();
            for _ in 0..2 {
                let (late, asked, done) = (late.clone(), asked.clone(), done.clone());
                let flush = move || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    late.flush().map(|()| done.fetch_add(1, Ordering::SeqCst))
                };
                threads.lock().unwrap().push(env::spawn("flush", flush).unwrap());
            }
            (0..500).take_while(|_| asked.load(Ordering::SeqCst) < 2).for_each(|_| wait(10));
            wait(300);
        }
        let punches = (moment, op) == (Moment::Before, SimOp::Punch);
        if punches && punched.fetch_add(1, Ordering::SeqCst) == 1 {
            (0..500).take_while(|_| done.load(Ordering::SeqCst) == 0).for_each(|_| wait(10));
            seen.store(done.load(Ordering::SeqCst) == 1, Ordering::SeqCst);
        }
    });
    device.flush().unwrap();
    let threads: Vec<_> = started.lock().unwrap().drain(..).collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    assert_eq!(flushed.load(Ordering::SeqCst), 2);
    assert!(early.load(Ordering::SeqCst), "one waited for the hole that the other punched");
}

/// Two layers, the upper with 4 MiB. The merge stops before it has moved anything; from then on writes go below it.
fn stopped_merge() -> (Hooked, Arc<Device>) {
    let (hooked, device) = made();
    write(&device, 0, &[1; 4096]);
    freeze(&device, "snap-1");
    write(&device, 0, &vec![2; 4 * MIB as usize]);
    device.volume().thaw("snap-1", true).unwrap();
    let stopped = device.volume().merge(&AtomicBool::new(true));
    assert!(matches!(stopped, Err(VolumeError::Stopped)));
    (hooked, device)
}

#[test]
fn writes_over_a_layer_that_is_merged_leave_no_holes_of_their_own() {
    let (hooked, device) = stopped_merge();
    let punched = holes(&hooked, "layer.0001/data", |_| {});
    for unit in (0..1024).step_by(2) {
        write(&device, unit * 4096, &[3; 4096]);
    }
    for unit in (1..1024).step_by(4) {
        device.trim(unit * 4096, 4096).unwrap();
    }
    device.flush().unwrap();
    assert_eq!(punched.load(Ordering::SeqCst), 0, "holes of guests' writes");
    merge(&device);
    // The simulated file system does not tell where nothing is, so that every chunk of the page counts.
    assert!(punched.load(Ordering::SeqCst) <= 64, "holes of the merge");
    let expected: Vec<u8> = (0..1024).flat_map(|unit| [[3, 0, 3, 2][unit % 4]; 4096]).collect();
    assert!(read(&device, 0, 4 * MIB as usize) == expected);
}

#[test]
fn the_space_of_what_a_merge_has_moved_comes_back_although_it_did_not_end() {
    let (hooked, device) = stopped_merge();
    // Told to stop while the third region is read.
    let (stop, reads) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let third = stop.clone();
    hooked.files.slow(move |moment, op, at| {
        let of_layer = at.to_string_lossy().contains("layer.0001/data");
        if (moment, op) == (Moment::Before, SimOp::Read)
            && of_layer
            && reads.fetch_add(1, Ordering::SeqCst) == 2
        {
            third.store(true, Ordering::SeqCst);
        }
    });
    assert!(matches!(device.volume().merge(&stop), Err(VolumeError::Stopped)));
    device.flush().unwrap();
    assert_eq!(held(&hooked.files, "layer.0001/data.0000"), MIB);
    assert!(read(&device, 0, 4 * MIB as usize) == vec![2; 4 * MIB as usize]);
}
