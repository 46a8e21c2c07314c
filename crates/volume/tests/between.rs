//! Requests that fall between the steps of another one, placed there exactly: the file system calls us back at a step.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::hooked::{Hooked, Step, join, made};
use common::{read, write};
use env::Crash;
use std::sync::Arc;
use volume::Device;

fn crashed(hooked: &Hooked) -> Arc<Device> {
    hooked.files.crash(Crash::Lost);
    common::open(&hooked.files, true).unwrap()
}

#[test]
fn a_unit_written_after_the_data_was_synced_is_not_named_by_that_flush() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "data.", move || write(&late, 8192, &[2; 4096]));
    volume.flush().unwrap();
    assert_eq!(read(&volume, 8192, 4096), [2; 4096]);
    let volume = crashed(&hooked);
    assert_eq!(read(&volume, 0, 4096), [1; 4096]);
    assert_eq!(read(&volume, 8192, 4096), [0; 4096]);
}

#[test]
fn it_is_named_by_the_next_one() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "data.", move || write(&late, 8192, &[2; 4096]));
    volume.flush().unwrap();
    volume.flush().unwrap();
    assert_eq!(read(&crashed(&hooked), 8192, 4096), [2; 4096]);
}

#[test]
fn a_unit_written_again_before_its_hole_is_punched_keeps_its_bytes() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 8192]);
    volume.flush().unwrap();
    volume.trim(0, 8192).unwrap();
    let late = volume.clone();
    hooked.at(Step::AfterSync, "map", move || write(&late, 4096, &[2; 4096]));
    volume.flush().unwrap();
    assert_eq!(read(&volume, 0, 8192), [[0; 4096], [2; 4096]].concat());
    volume.flush().unwrap();
    assert_eq!(read(&crashed(&hooked), 0, 8192), [[0; 4096], [2; 4096]].concat());
}

/// Trimmed, written, taken by a flush as written, and trimmed again before that flush punches: the durable map says
/// written, so a hole now would be read as noise after a crash.
#[test]
fn a_unit_that_the_durable_map_calls_written_is_never_punched() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    volume.trim(0, 4096).unwrap();
    write(&volume, 0, &[3; 4096]);
    let late = volume.clone();
    hooked.at(Step::AfterSync, "map", move || late.trim(0, 4096).unwrap());
    volume.flush().unwrap();
    assert_eq!(read(&volume, 0, 4096), [0; 4096]);
    hooked.files.crash(Crash::Kept);
    assert_eq!(read(&common::open(&hooked.files, true).unwrap(), 0, 4096), [3; 4096]);
}

#[test]
fn a_flush_asked_for_during_a_flush_covers_what_was_written_before_it() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    let late = volume.clone();
    let second = hooked.beside(Step::AfterSync, "data.", move || {
        write(&late, 8192, &[2; 4096]);
        late.flush().unwrap();
    });
    volume.flush().unwrap();
    join(&second);
    assert_eq!(read(&crashed(&hooked), 8192, 4096), [2; 4096]);
}

#[test]
fn a_part_written_while_another_part_of_its_unit_is_being_written_is_not_lost() {
    // The second writer has a part of the unit, or the whole of it, or zeroes a part.
    for second in 0..3 {
        let (hooked, volume) = made();
        write(&volume, 0, &[1; 4096]);
        let late = volume.clone();
        let beside = hooked.beside(Step::AfterRead, "data.", move || match second {
            0 => write(&late, 2000, &[3; 96]),
            1 => write(&late, 0, &[3; 4096]),
            _ => late.write_zeroes(2000, 96, true, false).unwrap(),
        });
        write(&volume, 0, &[2; 1000]);
        join(&beside);
        let expected = if second == 2 { 0 } else { 3 };
        assert_eq!(read(&volume, 2000, 96), [expected; 96], "second writer {second}");
    }
}

#[test]
fn a_hole_is_not_punched_over_a_write_that_comes_at_that_moment() {
    let (hooked, volume) = made();
    write(&volume, 0, &[1; 4096]);
    volume.flush().unwrap();
    volume.trim(0, 4096).unwrap();
    let late = volume.clone();
    let beside = hooked.beside(Step::BeforePunch, "data.", move || write(&late, 0, &[2; 4096]));
    volume.flush().unwrap();
    join(&beside);
    assert_eq!(read(&volume, 0, 4096), [2; 4096]);
}

#[test]
fn a_hole_is_not_punched_under_a_reader() {
    for whole in [true, false] {
        let (hooked, volume) = made();
        write(&volume, 0, &[1; 8192]);
        volume.flush().unwrap();
        let late = volume.clone();
        let beside = hooked.beside(Step::BeforeRead, "data.", move || {
            late.trim(0, 4096).unwrap();
            late.flush().unwrap();
        });
        let bytes = read(&volume, 0, if whole { 4096 } else { 100 });
        join(&beside);
        assert!(bytes.iter().all(|b| *b == 1) || bytes.iter().all(|b| *b == 0), "{:02x?}…", &bytes[..8]);
    }
}
