//! The map keeps memory small, forgets nothing that is dirty, and goes on after a full disk.

use super::*;
use crate::geometry::{UNITS_PER_PAGE, Unit};
use env::{Crash, Files, SimFault, SimFiles, SimOp};
use std::path::Path;

const TIB: u64 = 1 << 40;

fn map(files: &SimFiles, size: u64) -> Map {
    Map::new(files.open(Path::new("/map"), true).unwrap(), size, 0)
}

fn unit_of(page: u32) -> UnitRange {
    UnitRange { start: PageIndex(page).first_unit(), count: 1 }
}

fn write(map: &Map, range: UnitRange) {
    let page = map.page_to_change(range.start.page()).unwrap();
    map.mark_written(range.start.page(), &page, range, Count::Change);
}

fn flush(map: &Map) {
    let taken = map.take();
    map.write(&taken).unwrap();
    map.sync(&taken).unwrap();
}

fn state(map: &Map, unit: Unit) -> UnitState {
    map.page(unit.page()).unwrap().map_or(UnitState::Unwritten, |page| page.run(unit.in_page(), 1).0)
}

#[test]
fn pages_come_back_from_disk_after_leaving_memory() {
    let files = SimFiles::new(1);
    let map = map(&files, TIB).with_pages_max(10);
    for page in 0..100 {
        write(&map, unit_of(page));
    }
    assert_eq!(map.pages_in_memory(), 100, "dirty pages must stay");
    flush(&map);
    for page in 100..120 {
        write(&map, unit_of(page));
    }
    assert!(map.pages_in_memory() <= 40, "{} pages", map.pages_in_memory());
    flush(&map);
    for page in 0..120 {
        assert_eq!(state(&map, unit_of(page).start), UnitState::Written);
        assert_eq!(state(&map, unit_of(page).start.plus(1)), UnitState::Unwritten);
    }
}

#[test]
fn a_page_that_a_flush_has_taken_stays_in_memory_until_it_is_written() {
    let files = SimFiles::new(1);
    let map = map(&files, TIB).with_pages_max(1);
    write(&map, unit_of(0));
    let taken = map.take();
    for page in 1..50 {
        write(&map, unit_of(page));
    }
    assert_eq!(state(&map, unit_of(0).start), UnitState::Written, "read back from the old page on disk");
    map.write(&taken).unwrap();
    map.sync(&taken).unwrap();
    drop(taken);
    assert_eq!(state(&map, unit_of(0).start), UnitState::Written);
}

#[test]
fn looking_at_what_was_never_written_costs_no_page() {
    let files = SimFiles::new(1);
    let map = map(&files, 16 * TIB);
    for page in 0..1000 {
        assert!(map.page(PageIndex(page * 500)).unwrap().is_none());
    }
    assert_eq!(map.pages_in_memory(), 0);
    write(&map, unit_of(500));
    assert_eq!(state(&map, unit_of(500).start), UnitState::Written, "remembered as absent");
}

#[test]
fn slots_alternate_so_that_the_state_before_a_flush_survives_it() {
    let files = SimFiles::new(1);
    let map = map(&files, TIB);
    for round in 0..4u64 {
        write(&map, UnitRange { start: Unit(round), count: 1 });
        flush(&map);
    }
    let bytes = files.read(Path::new("/map")).unwrap();
    let disk = |n: usize| {
        slot::read_page(0, &{
            let mut page = [0; PAGE_BYTES];
            let slot = &bytes[n * slot::SLOT_BYTES..][..slot::SLOT_BYTES];
            page.copy_from_slice(&[slot, slot].concat());
            page
        })
        .unwrap()
        .unwrap()
    };
    assert_eq!([disk(0).generation, disk(1).generation], [3, 4]);
    assert_eq!([disk(0).words[0], disk(1).words[0]], [0b01_01_01, 0b01_01_01_01]);
}

#[test]
fn what_a_full_disk_kept_from_being_written_is_written_by_the_next_flush() {
    let files = SimFiles::new(1);
    let map = map(&files, TIB);
    files.sync_dir(Path::new("/")).unwrap();
    write(&map, unit_of(3));
    files.inject(SimFault { op: SimOp::Write, path: "map", skip: 0, times: 1, errno: 28 });
    let taken = map.take();
    assert!(matches!(map.write(&taken), Err(VolumeError::NoSpace)));
    map.put_back(taken);
    flush(&map);
    files.crash(Crash::Lost);
    let map = self::map(&files, TIB);
    assert_eq!(state(&map, unit_of(3).start), UnitState::Written);
}

#[test]
fn only_units_zero_when_taken_are_to_be_punched() {
    let files = SimFiles::new(1);
    let map = map(&files, TIB);
    let (range, index) = (UnitRange { start: Unit(10), count: 20 }, PageIndex(0));
    write(&map, range);
    let page = map.page_to_change(index).unwrap();
    map.mark_zero(index, &page, range, Count::Change, true);
    write(&map, UnitRange { start: Unit(15), count: 2 });
    let taken = map.take();
    // Zero again by now, but the copies call it written: a hole here would be noise after a crash.
    map.mark_zero(index, &page, range, Count::Change, true);
    let runs: Vec<(u64, u64)> = taken
        .to_punch()
        .flat_map(|range| taken.free_runs(range))
        .map(|(_, run)| (run.start.0, run.count))
        .collect();
    assert_eq!(runs, [(10, 5), (17, 13)]);
}

#[test]
fn much_that_is_pending_asks_for_a_flush() {
    let files = SimFiles::new(1);
    let map = map(&files, 64 * TIB);
    let mut due = Vec::new();
    for page in 0..5000u32 {
        let range = unit_of(page);
        let held = map.page_to_change(range.start.page()).unwrap();
        due.push(map.mark_written(range.start.page(), &held, range, Count::Change));
    }
    assert!(!due[100] && due[4999]);
    flush(&map);
    let range = UnitRange { start: Unit(1), count: UNITS_PER_PAGE - 1 };
    let page = map.page_to_change(PageIndex(0)).unwrap();
    assert!(!map.mark_written(PageIndex(0), &page, range, Count::Change));
}

#[test]
fn damage_is_told_each_time_and_other_pages_are_not_touched_by_it() {
    let files = SimFiles::new(1);
    let file = files.open(Path::new("/map"), true).unwrap();
    file.write_all_at(&[1; PAGE_BYTES], PAGE_BYTES as u64).unwrap();
    let map = map(&files, TIB);
    for _ in 0..2 {
        assert!(matches!(map.page(PageIndex(1)), Err(VolumeError::Damaged(_))));
        assert!(matches!(map.page_to_change(PageIndex(1)), Err(VolumeError::Damaged(_))));
    }
    assert!(map.page(PageIndex(0)).unwrap().is_none());
    write(&map, unit_of(2));
    flush(&map);
}

#[test]
fn one_look_at_a_hole_tells_of_all_pages_in_it_but_of_none_that_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("map");
    let real = || {
        let file = env::RealFiles.open(&path, true).unwrap();
        file.set_len(u64::from(u32::MAX)).unwrap();
        Map::new(file, 64 * TIB, 0).with_pages_max(2)
    };
    let map = real();
    write(&map, unit_of(700));
    flush(&map);
    drop(map);

    let map = real();
    // Made in memory only, inside the hole that the next look finds.
    write(&map, unit_of(300));
    assert_eq!(state(&map, unit_of(5).start), UnitState::Unwritten);
    for (page, absent) in [(5, true), (299, true), (300, false), (301, true), (699, true), (700, false)] {
        assert_eq!(map.is_known_absent(PageIndex(page)), absent, "page {page}");
    }
    assert_eq!(state(&map, unit_of(700).start), UnitState::Written);
    // What is behind the last data is known after one look, too; a page made there later is not forgotten.
    assert_eq!(state(&map, unit_of(701).start), UnitState::Unwritten);
    assert!(map.is_known_absent(PageIndex(2_000_000)));
    write(&map, unit_of(2_000_000));
    flush(&map);
    for page in 0..50 {
        write(&map, unit_of(page));
        flush(&map);
    }
    for page in [300, 700, 2_000_000, 49] {
        assert_eq!(state(&map, unit_of(page).start), UnitState::Written, "page {page}");
    }
}
