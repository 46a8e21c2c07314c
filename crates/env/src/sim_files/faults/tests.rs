//! Faults and damage happen where they are told to, and nowhere else.

use crate::{Crash, File, Files, Moment, Rot, SimFault, SimFiles, SimOp, SimTamper, Tamper};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const F: &str = "/d/f";

fn made(seed: u64, bytes: &[u8]) -> (SimFiles, Arc<dyn File>) {
    let files = SimFiles::new(seed);
    files.create_dir_all(Path::new("/d")).unwrap();
    let file = files.open(Path::new(F), true).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
    files.sync_dir(Path::new("/d")).unwrap();
    files.sync_dir(Path::new("/")).unwrap();
    (files, file)
}

fn contents(files: &SimFiles) -> Vec<u8> {
    files.read(Path::new(F)).unwrap()
}

fn tamper(files: &SimFiles, how: Tamper) {
    files.tamper(SimTamper { path: "f", skip: 0, how });
}

#[test]
fn a_write_cut_short_leaves_its_beginning_and_fails() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let (files, file) = made(seed, &[1; 2048]);
        tamper(&files, Tamper::Part { errno: 28 });
        assert_eq!(file.write_all_at(&[2; 2048], 0).unwrap_err().raw_os_error(), Some(28));
        let written = contents(&files).iter().filter(|b| **b == 2).count();
        assert!(contents(&files)[..written].iter().all(|b| *b == 2));
        seen.insert(written);
        file.write_all_at(&[2; 2048], 0).unwrap();
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 512, 1024, 1536], "never all of it");
}

#[test]
fn a_lost_write_is_read_back_and_synced_and_gone_after_a_crash() {
    let (files, file) = made(1, &[1; 1024]);
    tamper(&files, Tamper::Lost);
    file.write_all_at(&[2; 512], 0).unwrap();
    file.write_all_at(&[3; 512], 512).unwrap();
    file.sync_data().unwrap();
    assert_eq!((contents(&files)[0], contents(&files)[512]), (2, 3));
    assert_eq!(files.durable(Path::new(F)).unwrap()[0], 1);
    files.crash(Crash::Kept);
    assert_eq!((contents(&files)[0], contents(&files)[512]), (1, 3));
}

#[test]
fn a_misdirected_write_damages_another_place_and_is_missing_at_its_own() {
    let (files, file) = made(1, &[1; 2048]);
    tamper(&files, Tamper::Elsewhere { sectors: 2 });
    file.write_all_at(&[2; 512], 512).unwrap();
    file.sync_data().unwrap();
    files.crash(Crash::Kept);
    let firsts: Vec<u8> = contents(&files).chunks(512).map(|sector| sector[0]).collect();
    assert_eq!(firsts, [1, 1, 1, 2]);
}

#[test]
fn a_flipped_read_is_wrong_once() {
    let (files, file) = made(1, &[0; 512]);
    tamper(&files, Tamper::FlipOnRead);
    let ones = |bytes: &[u8]| bytes.iter().map(|b| b.count_ones()).sum::<u32>();
    let mut bytes = [9; 512];
    file.read_at(&mut bytes, 0).unwrap();
    assert_eq!(ones(&bytes), 1);
    assert_eq!(ones(&contents(&files)), 0);
}

#[test]
fn rot_is_in_the_sector_it_names_and_hidden_by_what_is_not_synced() {
    let (files, file) = made(1, &[1; 1536]);
    file.write_all_at(&[2; 1536], 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(&[3; 512], 512).unwrap();
    let path = Path::new(F);
    assert!(files.rot(path, 5, Rot::Flip { bit: 8 }).unwrap());
    assert!(files.rot(path, 512, Rot::Zero).unwrap());
    assert!(files.rot(path, 1535, Rot::Stale).unwrap());
    assert!(!files.rot(path, 1024, Rot::Stale).unwrap(), "it is so already");
    let bytes = contents(&files);
    assert_eq!((bytes[0], bytes[1], bytes[512], bytes[1024]), (2, 3, 3, 1));
    files.crash(Crash::Lost);
    assert_eq!(contents(&files)[512], 0);
    assert!(files.rot(Path::new("/d"), 0, Rot::Zero).is_err());
}

#[test]
fn an_unreadable_sector_fails_what_touches_it_until_it_is_written_over() {
    let (files, file) = made(1, &[1; 1536]);
    files.rot(Path::new(F), 600, Rot::Unreadable).unwrap();
    files.crash(Crash::Kept);
    let file_again = files.open(Path::new(F), false).unwrap();
    assert!(file.read_at(&mut [0], 0).is_err(), "dead");
    for _ in 0..3 {
        assert_eq!(file_again.read_at(&mut [0; 1536], 0).unwrap_err().raw_os_error(), Some(5));
    }
    file_again.read_at(&mut [0; 512], 0).unwrap();
    file_again.read_at(&mut [0; 512], 1024).unwrap();
    file_again.write_all_at(&[2; 512], 512).unwrap();
    file_again.read_at(&mut [0; 1536], 0).unwrap();
}

#[test]
fn a_full_disk_takes_what_fits_and_what_needs_no_space() {
    let (files, file) = made(1, &[1; 1024]);
    files.limit_space(Some(1536));
    assert_eq!(file.write_all_at(&[2; 2048], 0).unwrap_err().raw_os_error(), Some(28));
    assert_eq!(contents(&files), [2; 1536]);
    file.write_all_at(&[3; 1536], 0).unwrap();
    file.punch_hole(0, 512).unwrap();
    file.write_all_at(&[4; 512], 1536).unwrap();
    assert!(file.write_all_at(&[5; 512], 0).is_err());
    files.limit_space(None);
    file.write_all_at(&[5; 512], 0).unwrap();
}

#[test]
fn a_split_write_lets_others_see_a_part_and_the_power_go_between() {
    let (files, file) = made(3, &[1; 4096]);
    files.split_writes(true);
    let before = files.changes();
    file.write_all_at(&[2; 4096], 0).unwrap();
    let parts = files.changes() - before;
    assert!(parts > 1);
    file.sync_data().unwrap();
    files.cut_power_after(1);
    assert!(file.write_all_at(&[3; 4096], 0).is_err());
    assert_eq!(files.cut_at(), Some((SimOp::Write, F.into())));
    files.crash(Crash::Kept);
    let bytes = contents(&files);
    assert!(bytes[0] == 3 && bytes[4095] == 2);
}

#[test]
fn a_slow_disk_lets_others_go_first() {
    let (files, file) = made(1, &[1; 512]);
    let (steps, inside) = (Arc::new(AtomicU64::new(0)), files.clone());
    let counted = steps.clone();
    files.slow(move |moment, op, path| {
        if op == SimOp::Sync && path == Path::new(F) {
            let add = if moment == Moment::Before { 1 } else { 10 };
            counted.fetch_add(add, Ordering::Relaxed);
            assert!(inside.exists(path), "it may use the file system");
        }
    });
    file.sync_data().unwrap();
    files.inject(SimFault { op: SimOp::Sync, path: "f", skip: 0, times: 1, errno: 5 });
    assert!(file.sync_data().is_err());
    files.fast();
    file.sync_data().unwrap();
    assert_eq!(steps.load(Ordering::Relaxed), 12);
}

#[test]
fn healing_tells_whether_anything_was_still_to_come() {
    let (files, file) = made(1, &[1; 512]);
    assert!(!files.heal());
    tamper(&files, Tamper::Lost);
    assert!(files.heal());
    file.write_all_at(&[2; 512], 0).unwrap();
    file.sync_data().unwrap();
    files.crash(Crash::Lost);
    assert_eq!(contents(&files)[0], 2, "it was healed");
}
