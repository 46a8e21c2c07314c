//! What falls between the steps of a freeze or a merge, placed there exactly: the file system calls us back at a step.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::chunks::plain;
use common::hooked::{Hooked, Step, join, made};
use common::{freeze, merge, read, write};
use env::{Crash, Files};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::Device;

/// The beginning of a frozen snapshot.
fn frozen(device: &Device, snapshot: &str, len: usize) -> Vec<u8> {
    let chunk = device.volume().frozen(snapshot, false).unwrap().chunk(0).unwrap().unwrap();
    plain(0, chunk, true)[..len].to_vec()
}

#[test]
fn what_is_written_between_the_first_flush_and_the_instant_is_in_the_snapshot_and_durable() {
    let (hooked, device) = made();
    write(&device, 0, &[1; 4096]);
    let late = device.clone();
    hooked.at(Step::AfterSync, "layer.", move || write(&late, 4096, &[2; 4096]));
    freeze(&device, "snap-1");
    hooked.files.crash(Crash::Lost);
    let device = common::open(&hooked.files, true).unwrap();
    let expected = [[1; 4096], [2; 4096]].concat();
    assert!(frozen(&device, "snap-1", 8192) == expected && read(&device, 0, 8192) == expected);
}

#[test]
fn what_is_written_after_the_instant_is_not_in_the_snapshot_although_it_is_not_recorded_yet() {
    let (hooked, device) = made();
    write(&device, 0, &[1; 4096]);
    let (late, hook) = (device.clone(), hooked.clone());
    hooked.at(Step::AfterSync, "layer.", move || {
        // Before the instant, so that the flush after it has data to sync.
        write(&late, 8192, &[3; 4096]);
        hook.at(Step::AfterSync, "/data.0000", move || write(&late, 0, &[2; 4096]));
    });
    freeze(&device, "snap-1");
    assert_eq!(read(&device, 0, 4096), [2; 4096]);
    let expected = [[1; 4096], [0; 4096], [3; 4096]].concat();
    assert!(frozen(&device, "snap-1", 12288) == expected);
}

/// Two layers, the upper with units 0 and 1 of the lower's three.
fn layered() -> (Hooked, Arc<Device>) {
    let (hooked, device) = made();
    write(&device, 0, &[1; 12288]);
    freeze(&device, "snap-1");
    write(&device, 0, &[2; 8192]);
    device.volume().thaw("snap-1", true).unwrap();
    (hooked, device)
}

#[test]
fn a_unit_written_or_trimmed_while_it_is_being_merged_keeps_what_came_later() {
    for trimmed in [false, true] {
        let (hooked, device) = layered();
        let late = device.clone();
        let beside = hooked.beside(Step::BeforeRead, "layer.0001/data", move || match trimmed {
            true => late.trim(4096, 4096).unwrap(),
            false => write(&late, 4096, &[3; 4096]),
        });
        merge(&device);
        join(&beside);
        let later = if trimmed { 0 } else { 3 };
        let expected = [[2; 4096], [later; 4096], [1; 4096]].concat();
        assert_eq!(read(&device, 0, 12288), expected);
        device.close().unwrap();
        hooked.files.crash(Crash::Lost);
        assert_eq!(read(&common::open(&hooked.files, true).unwrap(), 0, 12288), expected);
    }
}

#[test]
fn a_snapshot_frozen_while_layers_are_merged_holds_everything() {
    let (hooked, device) = layered();
    let late = device.clone();
    let beside = hooked.beside(Step::BeforeRead, "layer.0001/data", move || {
        freeze(&late, "snap-2");
        write(&late, 0, &[9; 4096]);
    });
    merge(&device);
    join(&beside);
    let expected = [[2; 4096], [2; 4096], [1; 4096]].concat();
    assert!(frozen(&device, "snap-2", 12288) == expected);
    merge(&device);
    assert!(frozen(&device, "snap-2", 12288) == expected);
    assert_eq!(read(&device, 0, 8192), [[9; 4096], [2; 4096]].concat());
    device.volume().thaw("snap-2", true).unwrap();
    merge(&device);
    assert!(!hooked.files.exists(&Path::new(common::DIR).join("layer.0002")));
    assert_eq!(read(&device, 0, 12288), [[9; 4096], [2; 4096], [1; 4096]].concat());
}

/// Whatever is durable of a merge, the volume says the same, and no change is forgotten.
#[test]
fn power_may_go_at_any_point_of_a_merge() {
    let (before, after) = ([[1; 4096]; 3].concat(), [[2; 4096], [2; 4096], [1; 4096]].concat());
    for (cut, flushed) in (1..60).flat_map(|cut| [(cut, true), (cut, false)]) {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed, Crash::Mixed] {
            let (hooked, device) = layered();
            if flushed {
                device.flush().unwrap();
            }
            hooked.files.cut_power_after(cut);
            let _ = device.volume().merge(&AtomicBool::new(false));
            hooked.files.crash(how);
            let device = common::open(&hooked.files, true).unwrap();
            let found = read(&device, 0, 12288);
            for (n, byte) in found.iter().enumerate() {
                assert!(
                    *byte == after[n] || !flushed && *byte == before[n],
                    "{cut} {how:?}: byte {n} is {byte}"
                );
            }
            merge(&device);
            assert!(read(&device, 0, 12288) == found, "{cut} {how:?}");
            freeze(&device, "snap-2");
            let forgotten = found != before && common::indices(device.volume(), "snap-2", true) != [0];
            assert!(!forgotten, "{cut} {how:?}: the change is forgotten");
        }
    }
}
