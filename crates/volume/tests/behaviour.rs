//! What a volume promises, one statement at a time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{DIR, freeze, key, made, open, read, shared, spec, write};
use env::{Crash, Files, RealFiles, SimFault, SimFiles, SimOp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use volume::{Extent, ExtentKind, VolumeError};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
const HOLE: ExtentKind = ExtentKind::Zero { hole: true };
const ZERO: ExtentKind = ExtentKind::Zero { hole: false };
const DATA: ExtentKind = ExtentKind::Data;

fn data_file(n: u32) -> PathBuf {
    Path::new(DIR).join(format!("data.{n:04}"))
}

#[test]
fn no_plaintext_reaches_a_file_of_an_encrypted_volume_and_the_same_search_finds_it_in_a_plain_one() {
    let marker = b"a marker that must not be on the disk";
    for encrypted in [true, false] {
        let (files, volume) = made(1, GIB, encrypted);
        // Unaligned, so that the read-modify-write path stores it too.
        write(&volume, 8192 - 10, &marker.repeat(300));
        volume.flush().unwrap();
        write(&volume, 3, marker);
        volume.write_zeroes(8192, 100, true, true).unwrap();
        assert_eq!(files.find(marker).is_some(), !encrypted);
        assert_eq!(read(&volume, 3, marker.len()), marker);
    }
}

#[test]
fn writing_leaves_ciphertext_in_the_callers_buffer() {
    let (_, volume) = made(1, GIB, true);
    let mut buf = vec![7; 8192];
    volume.write_at(&mut buf, 0, false).unwrap();
    assert_ne!(buf, vec![7; 8192]);
    assert_eq!(read(&volume, 0, 8192), vec![7; 8192]);
}

#[test]
fn the_ends_of_64_tib_and_of_its_data_files_hold_their_bytes() {
    let size = 64 * TIB;
    let (files, volume) = made(1, size, true);
    let places = [0, TIB - 2048, 5 * TIB - 4096, 32 * TIB - MIB, size - 4096, size - 1];
    for (n, at) in (1u8..).zip(places) {
        let len = (size - at).min(4096) as usize;
        // The last place lies in the one before it.
        write(&volume, at, &vec![n; len]);
    }
    volume.flush().unwrap();
    files.crash(Crash::Lost);
    let volume = open(&files, true).unwrap();
    assert_eq!(read(&volume, TIB - 2049, 4098), [vec![0], vec![2; 4096], vec![0]].concat());
    assert_eq!(read(&volume, size - 4097, 4097), [vec![0], vec![5; 4095], vec![6]].concat());
    assert_eq!(read(&volume, 32 * TIB - MIB, 4096), vec![4; 4096]);
    let listed = files.list(Path::new(DIR)).unwrap();
    let data: Vec<_> = listed
        .iter()
        .filter(|p| p.starts_with("data.0000") || p.to_string_lossy().starts_with("data"))
        .collect();
    assert_eq!(
        data,
        ["data.0000", "data.0001", "data.0004", "data.0031", "data.0063"]
            .map(Path::new)
            .iter()
            .collect::<Vec<_>>()
    );
    volume.write_zeroes(TIB - 100, 200, true, false).unwrap();
    assert_eq!(read(&volume, TIB - 101, 202), [vec![2], vec![0; 200], vec![2]].concat());
}

#[test]
fn ranges_outside_the_volume_are_refused_and_do_nothing() {
    let (files, volume) = made(1, GIB, true);
    let outside = |result: Result<(), VolumeError>| matches!(result, Err(VolumeError::OutOfRange { .. }));
    for (offset, len) in [(GIB, 1), (GIB - 1, 2), (u64::MAX, 1), (u64::MAX - 1, 4), (GIB + 1, 0)] {
        let mut buf = vec![1; len as usize];
        assert!(outside(volume.read_at(&mut buf, offset)));
        assert!(outside(volume.write_at(&mut buf, offset, false)));
        assert!(outside(volume.trim(offset, len)));
        assert!(outside(volume.write_zeroes(offset, len, true, false)));
        assert!(volume.extents(offset, len, 9).is_err());
    }
    assert!(outside(volume.trim(1, u64::MAX)));
    volume.read_at(&mut [], GIB).unwrap();
    volume.write_at(&mut [], GIB, false).unwrap();
    assert!(!files.exists(&data_file(0)), "something was written");
}

#[test]
fn extents_tell_data_zeros_and_holes_to_the_byte() {
    let (_, volume) = made(1, GIB, false);
    write(&volume, 4096, &[1; 3 * 4096]);
    volume.write_zeroes(8192, 4096, true, false).unwrap();
    let list = |offset, len, max| -> Vec<(u64, ExtentKind)> {
        let extents = volume.extents(offset, len, max).unwrap();
        extents.into_iter().map(|Extent { len, kind }| (len, kind)).collect()
    };
    let whole = [(4096, HOLE), (4096, DATA), (4096, ZERO), (4096, DATA), (GIB - 4 * 4096, HOLE)];
    assert_eq!(list(0, GIB, 99), whole);
    assert_eq!(list(0, GIB, 2), whole[..2]);
    assert_eq!(list(5000, 100, 1), [(100, DATA)]);
    assert_eq!(list(8191, 2, 9), [(1, DATA), (1, ZERO)]);
    assert_eq!(list(GIB, 0, 9), []);
    assert_eq!(list(0, GIB, 0), []);
}

#[test]
fn trimmed_units_read_zero_at_once_and_give_their_space_back_after_a_flush() {
    let (files, volume) = made(1, GIB, true);
    write(&volume, 0, &[1; 16384]);
    volume.flush().unwrap();
    volume.trim(100, 12288).unwrap();
    assert_eq!(read(&volume, 0, 16384), [vec![1; 4096], vec![0; 8192], vec![1; 4096]].concat());
    assert_eq!(files.bytes_held(&data_file(0)), 16384, "punched before the map was durable");
    volume.flush().unwrap();
    assert_eq!(files.bytes_held(&data_file(0)), 8192);
}

#[test]
fn space_is_kept_when_zeroes_are_asked_for_without_a_hole() {
    let (files, volume) = made(1, GIB, true);
    write(&volume, 0, &[1; 8192]);
    volume.write_zeroes(0, 8192, false, true).unwrap();
    assert_eq!(files.bytes_held(&data_file(0)), 8192);
    assert_eq!(read(&volume, 0, 8192), vec![0; 8192]);
}

#[test]
fn zeroing_parts_of_units_keeps_the_bytes_around_them() {
    for (offset, len) in [(10, 20), (4090, 12), (4000, 4096), (1, 8190), (4096, 1), (0, 4095), (4095, 4098)] {
        let (_, volume) = made(1, GIB, true);
        write(&volume, 0, &[9; 12288]);
        volume.write_zeroes(offset, len, true, false).unwrap();
        let mut expected = vec![9; 12288];
        expected[offset as usize..(offset + len) as usize].fill(0);
        assert!(read(&volume, 0, 12288) == expected, "{offset}+{len}");
    }
}

#[test]
fn zeros_over_nothing_write_nothing() {
    let (files, volume) = made(1, 16 * TIB, true);
    volume.write_zeroes(1, 16 * TIB - 2, true, true).unwrap();
    volume.trim(0, 16 * TIB).unwrap();
    volume.flush().unwrap();
    assert!(!files.exists(&data_file(0)));
    assert_eq!(files.bytes_held(&Path::new(DIR).join("map")), 0);
}

#[test]
fn a_full_disk_fails_writes_and_loses_nothing() {
    let (files, volume) = made(1, GIB, true);
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    let full = |op, path| SimFault { op, path, skip: 0, times: 1, errno: 28 };
    files.inject(full(SimOp::Write, "data"));
    assert!(matches!(volume.write_at(&mut [2; 4096], 4096, false), Err(VolumeError::NoSpace)));
    assert_eq!(read(&volume, 0, 8192), [vec![1; 4096], vec![0; 4096]].concat());
    write(&volume, 4096, &[2; 4096]);
    files.inject(full(SimOp::Write, "map"));
    assert!(matches!(volume.flush(), Err(VolumeError::NoSpace)));
    volume.flush().unwrap();
    files.crash(Crash::Lost);
    assert_eq!(read(&open(&files, true).unwrap(), 4096, 4096), vec![2; 4096]);
}

#[test]
fn after_a_failed_sync_the_volume_reads_and_never_pretends_to_write() {
    for path in ["data", "map"] {
        let (files, volume) = made(1, GIB, true);
        write(&volume, 0, &[1; 4096]);
        files.inject(SimFault { op: SimOp::Sync, path, skip: 0, times: 1, errno: 5 });
        let read_only = |result: Result<(), VolumeError>| match result {
            Err(VolumeError::ReadOnly(why)) => why.contains("sync"),
            _ => false,
        };
        assert!(read_only(volume.flush()), "{path}");
        assert!(read_only(volume.flush()), "the second flush believed the kernel");
        assert!(read_only(volume.write_at(&mut [1], 0, false)));
        assert!(read_only(volume.write_zeroes(0, 1, true, false)));
        assert!(read_only(volume.trim(0, 4096)));
        assert!(read_only(volume.close()));
        assert_eq!(read(&volume, 0, 4096), vec![1; 4096]);
    }
}

#[test]
fn a_failing_read_is_told_and_passes() {
    let (files, volume) = made(1, GIB, true);
    write(&volume, 0, &[1; 4096]);
    files.inject(SimFault { op: SimOp::Read, path: "data", skip: 0, times: 2, errno: 5 });
    assert!(matches!(volume.read_at(&mut [0; 10], 0), Err(VolumeError::Io { .. })));
    assert!(volume.write_at(&mut [0; 10], 5, false).is_err(), "a part written without knowing the rest");
    assert_eq!(read(&volume, 0, 4096), vec![1; 4096]);
}

#[test]
fn a_cut_or_missing_file_is_damage_and_never_zeros() {
    let prepared = || {
        let (files, volume) = made(1, 4 * GIB, true);
        write(&volume, 0, &[1; 8192]);
        volume.close().unwrap();
        files
    };
    let damaged = |result: Result<(), VolumeError>| matches!(result, Err(VolumeError::Damaged(_)));

    let files = prepared();
    files.open(&data_file(0), false).unwrap().set_len(4096).unwrap();
    let volume = open(&files, true).unwrap();
    assert!(damaged(volume.read_at(&mut [0; 4096], 4096)));
    assert_eq!(read(&volume, 0, 4096), vec![1; 4096]);

    let files = prepared();
    files.remove_file(&data_file(0)).unwrap();
    assert!(damaged(open(&files, true).unwrap().read_at(&mut [0; 1], 0)));

    let map = Path::new(DIR).join("map");
    let files = prepared();
    files.open(&map, false).unwrap().set_len(8192).unwrap();
    assert!(damaged(open(&files, true).map(drop)));

    let files = prepared();
    files.remove_file(&map).unwrap();
    assert!(damaged(open(&files, true).map(drop)));

    // One page of the map: only its 32 MiB are refused.
    let files = prepared();
    files.open(&map, false).unwrap().write_all_at(&[3; 8192], 0).unwrap();
    let volume = open(&files, true).unwrap();
    assert!(damaged(volume.read_at(&mut [0; 1], 32 * MIB - 1)));
    assert!(damaged(volume.write_at(&mut [0; 1], 0, false)));
    assert!(damaged(volume.write_zeroes(0, 10, true, false)));
    assert!(volume.extents(0, 10, 1).is_err());
    write(&volume, 32 * MIB, &[5; 100]);
    assert_eq!(read(&volume, 32 * MIB, 100), [5; 100]);
}

#[test]
fn a_key_is_needed_if_and_only_if_the_volume_is_encrypted() {
    for encrypted in [true, false] {
        let (files, _volume) = made(1, GIB, encrypted);
        let wrong = common::open_in(shared(&files), Path::new(DIR), key(!encrypted));
        assert!(matches!(wrong, Err(VolumeError::Key(_))));
    }
}

#[test]
fn creating_twice_is_fine_with_the_same_specification_only() {
    let (files, volume) = made(1, GIB, true);
    write(&volume, 0, b"kept");
    volume.close().unwrap();
    volume::create(&shared(&files), Path::new(DIR), &spec(GIB, true)).unwrap();
    assert_eq!(read(&open(&files, true).unwrap(), 0, 4), b"kept");
    let other = volume::create(&shared(&files), Path::new(DIR), &spec(2 * GIB, true));
    assert!(matches!(other, Err(VolumeError::Exists { .. })));
    assert!(matches!(
        volume::create(&shared(&files), Path::new("/x"), &spec(1, true)),
        Err(VolumeError::BadSpec(_))
    ));
}

#[test]
fn a_superblock_is_read_without_a_key() {
    let (files, _) = made(1, GIB, true);
    let superblock = volume::read_superblock(&shared(&files), Path::new(DIR)).unwrap();
    assert_eq!(superblock.spec(), spec(GIB, true));
    assert_eq!(superblock.wrapped_key(), Some([1, 2, 3].as_slice()));
    let none = volume::read_superblock(&shared(&files), Path::new("/nowhere"));
    assert!(matches!(none, Err(VolumeError::NotFound(_))));
}

#[test]
fn removing_is_repeatable_and_nothing_comes_back() {
    let (files, volume) = made(1, GIB, false);
    write(&volume, 0, b"an old secret");
    volume.close().unwrap();
    for _ in 0..2 {
        volume::remove(&shared(&files), Path::new(DIR)).unwrap();
    }
    files.crash(Crash::Lost);
    assert!(!files.exists(Path::new(DIR)));
    volume::create(&shared(&files), Path::new(DIR), &spec(GIB, false)).unwrap();
    assert_eq!(read(&open(&files, false).unwrap(), 0, 13), [0; 13]);
}

#[test]
fn power_may_go_at_any_point_of_creating_and_removing() {
    for cut in 1..40 {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed] {
            let files = SimFiles::new(cut);
            files.cut_power_after(cut);
            let created = volume::create(&shared(&files), Path::new(DIR), &spec(GIB, false));
            let dark = files.is_dark();
            files.crash(how);
            assert_eq!(created.is_err(), dark, "a power cut was not noticed");
            if !dark {
                assert!(open(&files, false).is_ok(), "created, and gone after a crash");
            }
            volume::create(&shared(&files), Path::new(DIR), &spec(GIB, false)).unwrap();
            let volume = open(&files, false).unwrap();
            write(&volume, 0, b"old bytes");
            volume.close().unwrap();

            files.cut_power_after(cut);
            let removed = volume::remove(&shared(&files), Path::new(DIR));
            files.crash(how);
            if removed.is_ok() {
                assert!(!files.exists(&Path::new(DIR).join("superblock")), "removed, and back after a crash");
            }
            // A volume of the same name, made over what is left, is empty; or the removal never happened.
            match open(&files, false) {
                Ok(volume) => assert_eq!(read(&volume, 0, 9), b"old bytes"),
                Err(_) => {
                    volume::create(&shared(&files), Path::new(DIR), &spec(GIB, false)).unwrap();
                    assert_eq!(read(&open(&files, false).unwrap(), 0, 9), [0; 9]);
                }
            }
        }
    }
}

#[test]
fn a_real_file_system_takes_a_64_tib_volume_sparsely() {
    let root = tempfile::tempdir().unwrap();
    let (files, dir): (Arc<dyn Files>, _) = (Arc::new(RealFiles), root.path().join("a/b"));
    volume::create(&files, &dir, &spec(64 * TIB, true)).unwrap();
    let volume = common::open_in(files.clone(), &dir, key(true)).unwrap();
    write(&volume, 64 * TIB - 10, b"at the end");
    volume.close().unwrap();
    drop(volume);
    let volume = common::open_in(files.clone(), &dir, key(true)).unwrap();
    assert_eq!(read(&volume, 64 * TIB - 10, 10), b"at the end");
    volume::remove(&files, &dir).unwrap();
    assert!(!files.exists(&dir));
}

#[test]
fn a_read_that_must_not_wait_says_so_and_finds_what_was_asked_for_ahead() {
    for encrypted in [false, true] {
        let (files, device) = made(1, GIB, encrypted);
        write(&device, 0, &[1; 4 * 4096]);
        freeze(&device, "snap-1");
        write(&device, 4096, &[2; 4096]);
        files.forget_cached();
        let once = |offset, len: usize| {
            let mut bytes = vec![0xee; len];
            device.read_at_once(&mut bytes, offset).unwrap().then_some(bytes)
        };
        assert_eq!(once(4096, 100), None);
        assert_eq!(once(8 << 20, 9000), Some(vec![0; 9000]), "zeros need no disk");
        device.will_need(4000, 4200);
        // One place in each layer; the unit in the middle is in the upper one.
        let place = |name: &str, at: u64| (Path::new(DIR).join(name), at..at + 4096);
        let expected = [place("data.0000", 0), place("layer.0001/data.0000", 4096), place("data.0000", 8192)];
        assert_eq!(files.hints(), expected);
        assert_eq!(once(4000, 200), Some([vec![1; 96], vec![2; 104]].concat()));
        assert_eq!(once(8192, 8192), None, "half of it is there");
        assert_eq!(read(&device, 8192, 8192), [1; 8192]);
        assert_eq!(once(8192, 8192), Some(vec![1; 8192]));
        for (offset, len) in [(GIB - 4096, u64::MAX), (GIB, 1), (u64::MAX, u64::MAX), (0, 0)] {
            device.will_need(offset, len);
        }
        assert!(device.read_at_once(&mut [0; 2], GIB - 1).is_err());
        files.inject(SimFault { op: SimOp::Read, path: "data", skip: 0, times: 1, errno: 5 });
        assert!(matches!(device.read_at_once(&mut [0; 512], 0), Err(VolumeError::Io { .. })));
    }
}
