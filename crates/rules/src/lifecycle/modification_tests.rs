//! Tests of modifications of volumes.

use super::*;
use ModificationState::{Completed, Failed, Modifying, Optimizing};

fn shape(volume_type: &'static str, size_gib: u32, iops: Option<i32>, throughput: Option<i32>) -> Shape {
    Shape { volume_type, size_gib, iops, throughput, multi_attach: false }
}

fn gp3() -> Shape {
    shape("gp3", 100, Some(4000), Some(500))
}

fn wish() -> Wish<'static> {
    Wish::default()
}

fn of_type(name: &'static str) -> Wish<'static> {
    Wish { volume_type: Some(name), ..wish() }
}

fn code<T>(r: Result<T, Refusal>) -> String {
    r.map_or_else(|e| e.code.into_owned(), |_| "ok".into())
}

fn hours(n: i64) -> Timestamp {
    Timestamp::from_secs(n * 3600)
}

#[test]
fn what_is_not_asked_about_stays() {
    let grown = target(&gp3(), Wish { size_gib: Some(200), ..wish() }, 1);
    assert_eq!(grown, Ok(Shape { size_gib: 200, ..gp3() }));
    let faster = target(&gp3(), Wish { iops: Some(5000), ..wish() }, 1);
    assert_eq!(faster, Ok(Shape { iops: Some(5000), ..gp3() }));
    let same = target(&gp3(), Wish { size_gib: Some(100), ..wish() }, 1);
    assert_eq!(same, Ok(gp3()));
}

#[test]
fn a_new_type_keeps_provisioned_values_that_it_supports_and_nothing_else() {
    let io2 = shape("io2", 400, Some(100_000), None);
    let gp2 = shape("gp2", 2000, Some(6000), None);
    let cases = [
        (gp3(), Wish { iops: Some(4000), ..of_type("io1") }, Ok(shape("io1", 100, Some(4000), None))),
        (gp3(), of_type("io1"), Ok(shape("io1", 100, Some(4000), None))),
        (gp3(), of_type("GP2"), Ok(shape("gp2", 100, Some(300), None))),
        // 6,000 were derived, not provisioned.
        (gp2.clone(), of_type("gp3"), Ok(shape("gp3", 2000, Some(3000), Some(125)))),
        (gp2, of_type("io1"), Err("MissingParameter")),
        // More than gp3 has: its own default. io1 has none.
        (io2.clone(), of_type("gp3"), Ok(shape("gp3", 400, Some(3000), Some(125)))),
        (io2, of_type("io1"), Err("MissingParameter")),
        (shape("st1", 125, None, None), of_type("io2"), Err("MissingParameter")),
    ];
    for (current, wish, expected) in cases {
        let got = target(&current, wish, 0).map_err(|r| r.code.into_owned());
        assert_eq!(got, expected.map_err(str::to_owned), "{current:?} {wish:?}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let (value, comb) = ("InvalidParameterValue", "InvalidParameterCombination");
    let io1 = shape("io1", 100, Some(5000), None);
    for (current, wish, expected) in [
        (gp3(), wish(), value),
        (gp3(), of_type(""), value),
        (gp3(), Wish { size_gib: Some(99), ..wish() }, value),
        (gp3(), Wish { size_gib: Some(0), ..wish() }, value),
        (gp3(), Wish { size_gib: Some(i32::MIN), ..wish() }, value),
        (gp3(), Wish { size_gib: Some(65_537), ..wish() }, value),
        (gp3(), of_type("gp9"), "UnknownVolumeType"),
        (gp3(), of_type("st1"), value),
        (gp3(), Wish { iops: Some(2999), ..wish() }, value),
        (gp3(), Wish { iops: Some(50_001), ..wish() }, value),
        (gp3(), Wish { throughput: Some(1001), ..wish() }, value),
        (gp3(), Wish { throughput: Some(500), ..of_type("gp2") }, comb),
        (gp3(), Wish { iops: Some(500), ..of_type("gp2") }, comb),
        (gp3(), Wish { multi_attach: Some(true), ..wish() }, comb),
        (io1, Wish { iops: Some(5001), ..wish() }, value),
        (shape("gp3", 20_000, Some(3000), Some(125)), of_type("gp2"), value),
    ] {
        assert_eq!(code(target(&current, wish, 0)), expected, "{current:?} {wish:?}");
    }
    let text = target(&gp3(), Wish { size_gib: Some(99), ..wish() }, 0).unwrap_err().message;
    assert_eq!(text, "New size cannot be smaller than existing size");
    let text = target(&gp3(), wish(), 0).unwrap_err().message;
    assert_eq!(text, "Must specify at least one of size, type, iops, throughput or multi-attach");
}

#[test]
fn multi_attach_is_switched_while_nobody_is_hurt() {
    let single = shape("io2", 100, Some(1000), None);
    let multi = Shape { multi_attach: true, ..single.clone() };
    let wish = |on| Wish { multi_attach: Some(on), ..wish() };
    for (current, on, attachments, expected) in [
        (&single, true, 0, "ok"),
        (&single, true, 1, "IncorrectState"),
        (&single, false, 1, "ok"),
        (&multi, true, 3, "ok"),
        (&multi, false, 1, "ok"),
        (&multi, false, 2, "IncorrectState"),
    ] {
        assert_eq!(code(target(current, wish(on), attachments)), expected, "{on} {attachments}");
    }
    // A type without Multi-Attach cannot be reached with it on.
    assert_eq!(code(target(&multi, of_type("gp3"), 0)), "InvalidParameterCombination");
}

#[test]
fn one_at_a_time_and_four_a_day() {
    let four = [hours(100), hours(101), hours(102), hours(103)];
    let rate = "VolumeModificationRateExceeded";
    for (state, latest, begun, now, expected) in [
        (VolumeState::Available, None, &four[..0], hours(104), "ok"),
        (VolumeState::InUse, Some(Completed), &four[..3], hours(104), "ok"),
        (VolumeState::InUse, Some(Failed), &four[..1], hours(104), "ok"),
        (VolumeState::Creating, None, &four[..0], hours(104), "IncorrectState"),
        (VolumeState::Deleting, None, &four[..0], hours(104), "InvalidVolume.NotFound"),
        (VolumeState::InUse, Some(Modifying), &four[..1], hours(104), "IncorrectModificationState"),
        (VolumeState::InUse, Some(Optimizing), &four[..1], hours(104), "IncorrectModificationState"),
        (VolumeState::InUse, Some(Completed), &four[..], hours(104), rate),
        (VolumeState::InUse, Some(Completed), &four[..], Timestamp::from_millis(124 * 3_600_000 - 1), rate),
        (VolumeState::InUse, Some(Completed), &four[..], hours(124), "ok"),
        // The clock was set back a little, and by a week.
        (VolumeState::InUse, Some(Completed), &four[..], hours(99), rate),
        (VolumeState::InUse, Some(Completed), &four[..], hours(-68), "ok"),
    ] {
        assert_eq!(
            code(may_begin("vol-1", state, latest, begun, now)),
            expected,
            "{state:?} {latest:?} {now:?}"
        );
    }
    assert!(not_found("vol-1").message.contains("vol-1 does not exist."));
}

#[test]
fn a_modification_of_performance_alone_needs_no_optimizing() {
    let grown = Shape { size_gib: 200, ..gp3() };
    let faster = Shape { iops: Some(9000), ..gp3() };
    let other = shape("gp2", 100, Some(300), None);
    assert_eq!(ModificationState::after_applied(&gp3(), &grown), Optimizing);
    assert_eq!(ModificationState::after_applied(&gp3(), &other), Optimizing);
    assert_eq!(ModificationState::after_applied(&gp3(), &faster), Completed);
}

#[test]
fn progress_is_full_only_when_completed() {
    for (state, done, total, expected) in [
        (Modifying, 5, 10, 0),
        (Optimizing, 0, 0, 0),
        (Optimizing, 5, 10, 50),
        (Optimizing, 10, 10, 99),
        (Optimizing, u64::MAX, 1, 99),
        (Failed, 5, 10, 50),
        (Completed, 0, 0, 100),
    ] {
        assert_eq!(state.progress(done, total), expected, "{state:?} {done}");
    }
}
