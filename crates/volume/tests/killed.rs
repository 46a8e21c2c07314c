//! A process that ends without a word while the machine goes on: what the next one sees is durable once that one says so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{DIR, made, open, read, shared, write};
use env::{Crash, Files, Moment, SimFault, SimOp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use volume::{Opening, Volume, VolumeError};

#[test]
fn what_the_next_process_reads_and_flushes_survives_a_power_loss() {
    let (files, device) = made(1, 1 << 20, true);
    write(&device, 0, &[1; 4096]);
    device.flush().unwrap();
    // In place: nothing of the map has to change.
    write(&device, 0, &[2; 4096]);
    drop(device);
    let device = open(&files, true).unwrap();
    assert_eq!(read(&device, 0, 4096), [2; 4096]);
    device.flush().unwrap();
    files.crash(Crash::Lost);
    assert_eq!(read(&open(&files, true).unwrap(), 0, 4096), [2; 4096], "flushed, and lost");
}

#[test]
fn a_map_page_that_was_written_and_not_synced_does_not_cost_the_one_that_was() {
    for seed in 0..40 {
        let (files, device) = made(seed, 32 << 20, true);
        write(&device, 0, &[1; 4096]);
        device.flush().unwrap();
        write(&device, 4096, &[2; 4096]);
        // The process ends between writing the page and syncing it.
        files.slow(|moment, op, path| {
            assert!((moment, op, path.ends_with("map")) != (Moment::Before, SimOp::Sync, true), "the end");
        });
        assert!(catch_unwind(AssertUnwindSafe(|| device.flush())).is_err());
        files.fast();
        std::mem::forget(device);
        let device = open(&files, true).unwrap();
        // In another sector of the page, so that it can be torn.
        write(&device, 4000 * 4096, &[3; 4096]);
        // The power goes while the next page is written, over the other copy.
        files.slow({
            let files = files.clone();
            move |moment, op, path| {
                if (moment, op, path.ends_with("map")) == (Moment::After, SimOp::Write, true) {
                    files.cut_power_after(1);
                }
            }
        });
        assert!(device.flush().is_err());
        files.fast();
        files.crash(Crash::Mixed);
        assert_eq!(read(&open(&files, true).unwrap(), 0, 4096), [1; 4096], "flushed long ago, and lost");
    }
}

#[test]
fn a_snapshot_that_the_next_process_calls_frozen_is_frozen() {
    let (files, device) = made(1, 1 << 20, true);
    write(&device, 0, &[1; 4096]);
    // The record is in its place, but its name was not made durable.
    files.inject(SimFault { op: SimOp::SyncDir, path: "vol-", skip: 3, times: 1, errno: 5 });
    assert!(volume::freeze(&[(device.volume().clone(), "snap-1")]).is_err());
    assert!(!files.heal());
    drop(device);
    let device = open(&files, true).unwrap();
    assert_eq!(device.volume().frozen_snapshots(), ["snap-1"], "the case that is meant");
    volume::freeze(&[(device.volume().clone(), "snap-1")]).unwrap();
    files.crash(Crash::Lost);
    assert_eq!(open(&files, true).unwrap().volume().frozen_snapshots(), ["snap-1"]);
}

#[test]
fn a_volume_whose_leavings_cannot_be_synced_is_not_opened() {
    for (op, path) in [(SimOp::Sync, "data."), (SimOp::Sync, "map"), (SimOp::SyncDir, "vol-")] {
        let (files, device) = made(1, 1 << 20, true);
        write(&device, 0, &[1; 4096]);
        drop(device);
        files.inject(SimFault { op, path, skip: 0, times: 1, errno: 5 });
        let opened = Volume::open(shared(&files), Path::new(DIR), Opening::loaded());
        assert!(matches!(opened, Err(VolumeError::Io { .. })), "{op:?} {path}");
        assert!(files.exists(&Path::new(DIR).join("stack")));
    }
}
