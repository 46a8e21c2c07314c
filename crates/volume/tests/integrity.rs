//! What integrity refuses: everything that is not what was written there; and that the refusal names the unit and is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::hooked::Step;
use common::{DIR, freeze, made_with_integrity, merge, open, read, shared, write};
use env::{Crash, SimFault, SimFiles, SimOp};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use volume::{Damage, Device, Opening, Volume, VolumeError};

const UNIT: u64 = 4096;
const SIZE: u64 = 64 << 20;

fn bytes_of(files: &SimFiles, name: &str, at: u64, len: usize) -> Vec<u8> {
    let file = shared(files).open(&Path::new(DIR).join(name), false).unwrap();
    let mut bytes = vec![0; len];
    file.read_zero_filled_at(&mut bytes, at).unwrap();
    bytes
}

/// As an attacker, or a failing disk, would.
fn put(files: &SimFiles, name: &str, at: u64, bytes: &[u8]) {
    shared(files).open(&Path::new(DIR).join(name), false).unwrap().write_all_at(bytes, at).unwrap();
}

fn flip(files: &SimFiles, name: &str, at: u64) {
    let byte = bytes_of(files, name, at, 1)[0];
    put(files, name, at, &[byte ^ 0x10]);
}

/// Units 0 to 7 hold their number, units 300 and 301 too; closed in order.
fn written(encrypted: bool) -> (SimFiles, Arc<Device>) {
    let (files, device) = made_with_integrity(7, SIZE, encrypted);
    for unit in (0..8).chain(300..302) {
        write(&device, unit * UNIT, &[unit as u8 + 1; UNIT as usize]);
    }
    device.close().unwrap();
    (files, device)
}

fn refused(device: &Device, unit: u64) {
    let error = device.read_at(&mut [0; 512], unit * UNIT).unwrap_err();
    assert!(matches!(error, VolumeError::Damaged(_)), "{error}");
    assert!(error.to_string().contains(&format!("data unit {unit} (byte {})", unit * UNIT)), "{error}");
    let in_a_run = device.read_at(&mut vec![0; 12 * UNIT as usize], unit.saturating_sub(4) * UNIT);
    assert!(matches!(in_a_run, Err(VolumeError::Damaged(_))));
    let part = device.write_at(&mut [1; 100], unit * UNIT + 50, false);
    assert!(matches!(part, Err(VolumeError::Damaged(_))), "a part would make the damage good");
}

fn reads(device: &Device, unit: u64, byte: u8) {
    assert!(read(device, unit * UNIT, UNIT as usize).iter().all(|b| *b == byte), "unit {unit}");
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_is_and_a_whole_write_heals_it() {
    for encrypted in [false, true] {
        for (name, at) in [("data.0000", 3 * UNIT), ("data.0000", 4 * UNIT - 1), ("tags.0000", 3 * 16 + 15)] {
            let (files, device) = written(encrypted);
            flip(&files, name, at);
            refused(&device, 3);
            reads(&device, 2, 3);
            reads(&device, 4, 5);
            device.write_at(&mut vec![9; UNIT as usize], 3 * UNIT, false).unwrap();
            reads(&device, 3, 9);
        }
    }
}

#[test]
fn swapped_units_are_refused_even_with_their_tags() {
    for encrypted in [false, true] {
        let (files, device) = written(encrypted);
        for (name, len) in [("data.0000", UNIT), ("tags.0000", 16)] {
            let (a, b) = (
                bytes_of(&files, name, 2 * len, len as usize),
                bytes_of(&files, name, 300 * len, len as usize),
            );
            put(&files, name, 2 * len, &b);
            put(&files, name, 300 * len, &a);
        }
        refused(&device, 2);
        refused(&device, 300);
        reads(&device, 3, 4);
    }
}

#[test]
fn a_lost_write_is_refused_whichever_half_was_lost() {
    for (name, len) in [("data.0000", UNIT), ("tags.0000", 16)] {
        let (files, device) = written(true);
        let stale = bytes_of(&files, name, 5 * len, len as usize);
        write(&device, 5 * UNIT, &[77; UNIT as usize]);
        device.close().unwrap();
        put(&files, name, 5 * len, &stale);
        refused(&device, 5);
    }
}

/// What is not found, and is said so in `docs/integrity.md`: a unit put back together with its tag.
#[test]
fn a_stale_unit_with_its_stale_tag_is_read() {
    let (files, device) = written(true);
    let (data, tag) = (bytes_of(&files, "data.0000", 0, 4096), bytes_of(&files, "tags.0000", 0, 16));
    write(&device, 0, &[77; UNIT as usize]);
    device.close().unwrap();
    put(&files, "data.0000", 0, &data);
    put(&files, "tags.0000", 0, &tag);
    reads(&device, 0, 1);
}

#[test]
fn a_cut_or_missing_tag_file_refuses_every_unit() {
    let (files, device) = written(true);
    drop(device);
    let tags = shared(&files).open(&Path::new(DIR).join("tags.0000"), false).unwrap();
    tags.set_len(2 * 16).unwrap();
    let device = open(&files, true).unwrap();
    reads(&device, 1, 2);
    refused(&device, 2);
    refused(&device, 300);
    drop(device);
    shared(&files).remove_file(&Path::new(DIR).join("tags.0000")).unwrap();
    refused(&open(&files, true).unwrap(), 0);
}

#[test]
fn damage_is_told_with_its_chunk() {
    let (files, device) = written(true);
    drop(device);
    flip(&files, "data.0000", 300 * UNIT);
    let told = Arc::new(Mutex::new(Vec::<Damage>::new()));
    let on_damage = {
        let told = told.clone();
        Arc::new(move |damage| told.lock().unwrap().push(damage))
    };
    let source = &|_: &snapshot::SnapshotRef| panic!("no source");
    let volume =
        Volume::open(shared(&files), Path::new(DIR), Opening { source, on_damage, ..Opening::loaded() })
            .unwrap();
    let device = Device::open(volume, common::key(true)).unwrap();
    assert!(device.read_at(&mut [0; 512], 300 * UNIT).is_err());
    let told = told.lock().unwrap();
    assert_eq!((told.len(), told[0].chunk, told[0].volume.as_str()), (1, 2, "vol-0123456789abcdef0"));
}

#[test]
fn another_key_and_a_broken_record_of_intents_are_refused_at_once() {
    let (files, device) = made_with_integrity(7, SIZE, true);
    write(&device, 0, &[1; 4096]);
    device.flush().unwrap();
    drop(device);
    // Now both copies are there: one says that a page is being written, the other that none is.
    let device = open(&files, true).unwrap();
    device.settle(&AtomicBool::new(false)).unwrap();
    device.close().unwrap();
    drop(device);
    let volume = Volume::open(shared(&files), Path::new(DIR), Opening::loaded()).unwrap();
    let other = keys::DataKey::for_tests(std::array::from_fn(|n| n as u8 ^ 1));
    assert!(matches!(Device::open(volume, Some(other)), Err(VolumeError::Damaged(_))));
    flip(&files, "intents", 70);
    assert!(!open(&files, true).unwrap().is_unsure(), "one copy is left");
    flip(&files, "intents", 4096 + 70);
    assert!(matches!(open(&files, true), Err(VolumeError::Damaged(_))));
    shared(&files).open(&Path::new(DIR).join("intents"), false).unwrap().set_len(8192).unwrap();
    assert!(matches!(open(&files, true), Err(VolumeError::Damaged(_))));
    shared(&files).remove_file(&Path::new(DIR).join("intents")).unwrap();
    assert!(matches!(open(&files, true), Err(VolumeError::Damaged(_))));
}

#[test]
fn a_crash_leaves_only_the_pages_in_use_unsure_and_settling_ends_it() {
    let (files, device) = written(true);
    device.close().unwrap();
    drop(device);
    let device = open(&files, true).unwrap();
    assert!(!device.is_unsure(), "closed in order");
    write(&device, 40 << 20, &[5; UNIT as usize]);
    device.flush().unwrap();
    files.crash(Crash::Lost);
    let device = open(&files, true).unwrap();
    assert!(device.is_unsure());
    flip(&files, "data.0000", 0);
    refused(&device, 0);
    // The page at 32 MiB was being written: what happened to it meanwhile cannot be told from a torn write.
    flip(&files, "data.0000", 40 << 20);
    device.read_at(&mut [0; 512], 40 << 20).unwrap();
    device.settle(&AtomicBool::new(false)).unwrap();
    assert!(!device.is_unsure());
    flip(&files, "data.0000", 40 << 20);
    refused(&device, (40 << 20) / UNIT);
    device.close().unwrap();
    drop(device);
    assert!(!open(&files, true).unwrap().is_unsure(), "settled for good");
}

#[test]
fn a_page_written_during_a_flush_keeps_its_intent() {
    let (hooked, device) = common::hooked::made_by(volume::create_with_integrity);
    write(&device, 0, &[1; 4096]);
    device.flush().unwrap();
    device.volume().age_intents();
    // After the flush has synced what it covers.
    let writer = device.clone();
    hooked.at(Step::AfterSync, "tags.", move || write(&writer, 0, &[2; 4096]));
    write(&device, 4096, &[3; 4096]);
    device.flush().unwrap();
    device.volume().age_intents();
    // Takes what was taken back to the disk.
    write(&device, 64 << 20, &[4; 4096]);
    drop(device);
    hooked.files.crash(Crash::Lost);
    let device = open(&hooked.files, true).unwrap();
    flip(&hooked.files, "data.0000", 5);
    device.read_at(&mut [0; 4096], 0).expect("the page was being written");
}

#[test]
fn what_is_settled_during_a_flush_stays_unsure_on_the_disk_until_the_next() {
    let (hooked, device) = common::hooked::made_by(volume::create_with_integrity);
    write(&device, 0, &[1; 4096]);
    device.flush().unwrap();
    drop(device);
    hooked.files.crash(Crash::Lost);
    flip(&hooked.files, "data.0000", 5);
    shared(&hooked.files).open(&Path::new(DIR).join("data.0000"), false).unwrap().sync_data().unwrap();
    let device = open(&hooked.files, true).unwrap();
    assert!(device.is_unsure());
    let settler = device.clone();
    hooked.at(Step::AfterSync, "tags.", move || settler.settle(&AtomicBool::new(false)).unwrap());
    write(&device, 32 << 20, &[3; 4096]);
    device.flush().unwrap();
    device.volume().age_intents();
    assert!(!device.is_unsure());
    write(&device, 64 << 20, &[4; 4096]);
    drop(device);
    hooked.files.crash(Crash::Lost);
    let device = open(&hooked.files, true).unwrap();
    device.read_at(&mut [0; 4096], 0).expect("its new tag was not durable");
}

#[test]
fn a_frozen_snapshot_can_be_read_while_its_units_are_settled() {
    let (hooked, device) = common::hooked::made_by(volume::create_with_integrity);
    write(&device, 0, &[1; 4096]);
    freeze(&device, "snap-1");
    drop(device);
    hooked.files.crash(Crash::Lost);
    flip(&hooked.files, "data.0000", 5);
    let device = open(&hooked.files, true).unwrap();
    let settler = device.clone();
    // The reader has read the old tag.
    let settled = hooked.beside(Step::AfterRead, "tags.", move || {
        settler.settle(&AtomicBool::new(false)).unwrap();
    });
    let frozen = device.volume().frozen("snap-1", false).unwrap();
    assert!(frozen.chunk(0).unwrap().is_some(), "a unit of an unsure page was refused");
    common::hooked::join(&settled);
    assert!(!device.is_unsure() && frozen.chunk(0).unwrap().is_some());
}

#[test]
fn a_new_layer_has_its_files_before_guests_write_to_it() {
    let (files, device) = written(true);
    freeze(&device, "snap-1");
    for name in ["data.0000", "tags.0000"] {
        assert!(shared(&files).exists(&Path::new(DIR).join("layer.0001").join(name)), "{name}");
    }
}

#[test]
fn a_failed_write_of_a_tag_costs_no_unit() {
    let (files, device) = written(true);
    files.inject(SimFault { op: SimOp::Write, path: "tags.", skip: 0, times: 1, errno: 28 });
    assert!(matches!(device.write_at(&mut vec![9; 4096], 0, false), Err(VolumeError::NoSpace)));
    assert!(device.is_unsure());
    reads(&device, 0, 9);
    device.settle(&AtomicBool::new(false)).unwrap();
    reads(&device, 0, 9);
    flip(&files, "data.0000", 0);
    refused(&device, 0);
}

#[test]
fn layers_keep_their_tags_and_a_frozen_snapshot_refuses_damage() {
    let (files, device) = written(true);
    freeze(&device, "snap-1");
    write(&device, 0, &[50; 2 * UNIT as usize]);
    device.flush().unwrap();
    flip(&files, "layer.0001/data.0000", 0);
    refused(&device, 0);
    reads(&device, 1, 50);
    flip(&files, "data.0000", 6 * UNIT);
    let frozen = device.volume().frozen("snap-1", false).unwrap();
    let error = frozen.chunk(0).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("data unit 6 "), "{error}");
    assert!(frozen.chunk(2).is_ok());
    device.volume().thaw("snap-1", true).unwrap();
    merge(&device);
    // A merge moves damage, and makes none good.
    refused(&device, 0);
    reads(&device, 1, 50);
    refused(&device, 6);
}
