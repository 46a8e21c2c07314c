//! Tests of snapshot locks.

use super::*;
use LockMode::{Compliance, Governance};
use proptest::prelude::*;

const DAYS: i64 = 24 * 3600;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn ask(mode: LockMode, cool_off_hours: Option<i32>, duration_days: i32) -> LockRequest {
    LockRequest { mode, cool_off_hours, duration_days: Some(duration_days), expiration: None }
}

fn until(mode: LockMode, moment: i64) -> LockRequest {
    LockRequest { mode, cool_off_hours: None, duration_days: None, expiration: Some(at(moment)) }
}

/// A fresh lock, made at moment 0.
fn fresh(asked: LockRequest) -> Lock {
    lock("snap-1", None, asked, false, at(0)).unwrap()
}

fn code<T>(r: Result<T, Refusal>) -> String {
    r.map_or_else(|e| e.code.into_owned(), |_| "ok".into())
}

#[test]
fn a_lock_goes_through_its_states() {
    let governance = fresh(ask(Governance, None, 2));
    let cooling = fresh(ask(Compliance, Some(3), 2));
    for (lock, now, state) in [
        (governance, 0, "governance"),
        (governance, 2 * DAYS - 1, "governance"),
        (governance, 2 * DAYS, "expired"),
        (cooling, 0, "compliance-cooloff"),
        (cooling, 3 * 3600 - 1, "compliance-cooloff"),
        (cooling, 3 * 3600, "compliance"),
        (cooling, 2 * DAYS - 1, "compliance"),
        (cooling, 2 * DAYS, "expired"),
        (fresh(ask(Compliance, None, 1)), 0, "compliance"),
        (fresh(until(Governance, 100)), 99, "governance"),
        (fresh(until(Governance, 100)), 100, "expired"),
    ] {
        assert_eq!(lock.state(at(now)).as_str(), state, "{lock:?} at {now}");
    }
    assert_eq!(fresh(until(Governance, DAYS + 1)).duration_days, 2);
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let none = LockRequest { mode: Governance, cool_off_hours: None, duration_days: None, expiration: None };
    let both = LockRequest { duration_days: Some(1), ..until(Governance, 100) };
    let (missing, comb, value) = ("MissingParameter", "InvalidParameterCombination", "InvalidParameterValue");
    for (asked, expected) in [
        (none, missing),
        (both, comb),
        (ask(Governance, Some(1), 1), comb),
        (ask(Governance, None, 0), value),
        (ask(Governance, None, -1), value),
        (ask(Governance, None, 36_501), value),
        (ask(Compliance, Some(0), 1), value),
        (ask(Compliance, Some(73), 1), value),
        (ask(Compliance, Some(-1), 1), value),
        (ask(Compliance, Some(i32::MAX), i32::MAX), value),
        (until(Governance, 0), value),
        (until(Governance, -5), value),
        (until(Governance, i64::MAX), value),
        (until(Governance, 36_500 * DAYS + 1), value),
        (until(Governance, 36_500 * DAYS), "ok"),
        (ask(Compliance, Some(72), 36_500), "ok"),
    ] {
        assert_eq!(code(lock("snap-1", None, asked, false, at(0))), expected, "{asked:?}");
    }
}

#[test]
fn what_may_be_changed_depends_on_the_state() {
    let governance = fresh(ask(Governance, None, 10));
    let cooling = fresh(ask(Compliance, Some(24), 10));
    let compliance = fresh(ask(Compliance, None, 10));
    let no = "SnapshotLocked";
    for (current, now, asked, expected) in [
        (governance, DAYS, ask(Governance, None, 1), "ok"),
        (governance, DAYS, ask(Governance, None, 100), "ok"),
        (governance, DAYS, ask(Compliance, None, 1), "ok"),
        (cooling, 3600, ask(Governance, None, 1), "ok"),
        (cooling, 3600, ask(Compliance, None, 1), "ok"),
        (cooling, DAYS, ask(Compliance, None, 1), no),
        (cooling, DAYS, ask(Governance, None, 100), no),
        (compliance, DAYS, ask(Compliance, None, 8), no),
        (compliance, DAYS, ask(Compliance, None, 9), "ok"),
        (compliance, DAYS, ask(Compliance, Some(1), 100), no),
        (compliance, DAYS, ask(Governance, None, 100), no),
        (compliance, DAYS, until(Compliance, 10 * DAYS - 1), no),
        (compliance, DAYS, until(Compliance, 10 * DAYS), "ok"),
        // Expired: as if there were none.
        (compliance, 10 * DAYS, ask(Governance, None, 1), "ok"),
    ] {
        assert_eq!(
            code(lock("snap-1", Some(&current), asked, false, at(now))),
            expected,
            "{current:?} {asked:?}"
        );
    }
}

#[test]
fn locking_again_keeps_the_creation_and_a_running_cooling_off_period() {
    let cooling = fresh(ask(Compliance, Some(24), 10));
    let again = lock("snap-1", Some(&cooling), ask(Compliance, None, 20), false, at(3600)).unwrap();
    assert_eq!((again.created, again.cool_off_until), (at(0), Some(at(DAYS))));
    assert_eq!(again.expires, Some(at(3600 + 20 * DAYS)));
    let restarted = lock("snap-1", Some(&cooling), ask(Compliance, Some(1), 20), false, at(3600)).unwrap();
    assert_eq!(restarted.cool_off_until, Some(at(7200)));
    let governance = lock("snap-1", Some(&cooling), ask(Governance, None, 20), false, at(3600)).unwrap();
    assert_eq!((governance.cool_off_hours, governance.cool_off_until), (None, None));
}

#[test]
fn days_on_a_pending_snapshot_start_when_it_is_completed() {
    let pending = lock("snap-1", None, ask(Compliance, None, 1), true, at(0)).unwrap();
    assert_eq!((pending.starts, pending.expires), (None, None));
    assert_eq!(pending.state(at(1000 * DAYS)), LockState::Compliance);
    let done = pending.snapshot_completed(at(50));
    assert_eq!((done.starts, done.expires), (Some(at(50)), Some(at(50 + DAYS))));
    assert_eq!(done.snapshot_completed(at(99)), done);
    let dated = lock("snap-1", None, until(Compliance, 100), true, at(0)).unwrap();
    assert_eq!((dated.starts, dated.expires), (None, Some(at(100))));
    assert_eq!(dated.snapshot_completed(at(50)), Lock { starts: Some(at(50)), ..dated });
    for (asked, expected) in [
        (ask(Compliance, None, 1), "ok"),
        (ask(Compliance, None, 2), "ok"),
        (until(Compliance, 5 * DAYS), "SnapshotLocked"),
        (ask(Governance, None, 2), "SnapshotLocked"),
    ] {
        assert_eq!(code(lock("snap-1", Some(&pending), asked, true, at(10))), expected, "{asked:?}");
    }
    let longer = lock("snap-1", None, ask(Compliance, None, 3), true, at(0)).unwrap();
    assert_eq!(code(lock("snap-1", Some(&longer), ask(Compliance, None, 2), true, at(1))), "SnapshotLocked");
}

#[test]
fn unlocking_and_deleting_follow_the_state() {
    let cooling = fresh(ask(Compliance, Some(24), 10));
    for (current, now, unlock, delete) in [
        (None, 0, "IncorrectState", "ok"),
        (Some(fresh(ask(Governance, None, 10))), DAYS, "ok", "SnapshotLocked"),
        (Some(fresh(ask(Governance, None, 10))), 10 * DAYS, "IncorrectState", "ok"),
        (Some(cooling), 3600, "ok", "SnapshotLocked"),
        (Some(cooling), DAYS, "SnapshotLocked", "SnapshotLocked"),
        (Some(cooling), 10 * DAYS, "IncorrectState", "ok"),
    ] {
        assert_eq!(code(may_unlock("snap-1", current.as_ref(), at(now))), unlock, "{current:?} at {now}");
        assert_eq!(code(may_delete("snap-1", current.as_ref(), at(now))), delete, "{current:?} at {now}");
    }
}

fn requests() -> impl Strategy<Value = LockRequest> {
    let mode = prop_oneof![Just(Governance), Just(Compliance)];
    let hours = proptest::option::of(-1..80i32);
    let days = proptest::option::of(0..60i32);
    let date = proptest::option::of((-10..60 * DAYS).prop_map(at));
    (mode, hours, days, date).prop_map(|(mode, cool_off_hours, duration_days, expiration)| LockRequest {
        mode,
        cool_off_hours,
        duration_days,
        expiration,
    })
}

proptest! {
    #[test]
    fn after_the_cooling_off_nothing_shortens_or_unlocks(
        first in requests(), second in requests(), was_pending in any::<bool>(), later in 0..60 * DAYS,
    ) {
        let Ok(mut current) = lock("snap-1", None, first, was_pending, at(0)) else { return Ok(()) };
        if was_pending {
            current = current.snapshot_completed(at(later / 2));
        }
        let now = at(later);
        prop_assume!(current.state(now) == LockState::Compliance);
        prop_assert!(may_unlock("snap-1", Some(&current), now).is_err());
        prop_assert!(may_delete("snap-1", Some(&current), now).is_err());
        if let Ok(changed) = lock("snap-1", Some(&current), second, false, now) {
            prop_assert!(changed.expires >= current.expires);
            prop_assert_eq!(changed.state(now), LockState::Compliance);
        }
    }

    #[test]
    fn an_expired_lock_locks_nothing(first in requests(), second in requests(), later in 0..200 * DAYS) {
        let Ok(current) = lock("snap-1", None, first, false, at(0)) else { return Ok(()) };
        let now = at(later);
        prop_assume!(current.state(now) == LockState::Expired);
        prop_assert!(may_delete("snap-1", Some(&current), now).is_ok());
        prop_assert_eq!(
            lock("snap-1", Some(&current), second, false, now),
            lock("snap-1", None, second, false, now)
        );
    }

    #[test]
    fn no_moment_breaks_the_arithmetic(asked in requests(), now in any::<i64>(), date in any::<i64>()) {
        let dated = LockRequest { expiration: Some(Timestamp::from_millis(date)), duration_days: None, ..asked };
        for asked in [asked, dated] {
            if let Ok(made) = lock("snap-1", None, asked, false, Timestamp::from_millis(now)) {
                made.state(Timestamp::from_millis(date));
            }
        }
    }
}
