//! LockSnapshot, UnlockSnapshot and DescribeLockedSnapshots as wire text. Which locks are allowed is tested in `rules`.

use crate::rows::Snapshot;
use crate::testing::{Bench, OTHER, texts, xml};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn lock(id: &str, more: &str) -> String {
    format!("LockSnapshot&SnapshotId={id}&{more}")
}

fn row(bench: &Bench, id: &str) -> Option<Snapshot> {
    bench.all::<Snapshot>().into_iter().find(|s| s.id == id)
}

fn listed(bench: &Bench, more: &str) -> Vec<String> {
    texts(&bench.ok(&format!("DescribeLockedSnapshots{more}")), "lockState")
}

#[test]
fn a_lock_is_answered_and_listed_with_its_times() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    let locked = bench.ok(&lock(&id, "LockMode=compliance&LockDuration=2&CoolOffPeriod=3"));
    let time = |element: &str| texts(&locked, element).remove(0);
    let golden = format!(
        "<snapshotId>{id}</snapshotId><lockState>compliance-cooloff</lockState><lockDuration>2</lockDuration>\
         <coolOffPeriod>3</coolOffPeriod><coolOffPeriodExpiresOn>{}</coolOffPeriodExpiresOn>\
         <lockCreatedOn>{}</lockCreatedOn><lockExpiresOn>{}</lockExpiresOn>\
         <lockDurationStartTime>{}</lockDurationStartTime>",
        time("coolOffPeriodExpiresOn"),
        time("lockCreatedOn"),
        time("lockExpiresOn"),
        time("lockDurationStartTime"),
    );
    assert_eq!(locked, xml("LockSnapshot", &golden));
    let held = row(&bench, &id).unwrap().lock.unwrap();
    let now = held.created;
    assert_eq!(held.cool_off_until, Some(now.plus(HOUR * 3)));
    assert_eq!(held.expires, Some(now.plus(HOUR * 48)));
    let shown = bench.ok("DescribeLockedSnapshots");
    assert_eq!(texts(&shown, "snapshotId"), std::slice::from_ref(&id));
    assert_eq!(texts(&shown, "ownerId"), ["111122223333"]);
    for element in ["lockState", "lockDuration", "coolOffPeriod", "lockCreatedOn", "lockExpiresOn"] {
        assert_eq!(texts(&shown, element), texts(&locked, element), "{element}");
    }
}

#[test]
fn a_locked_snapshot_is_not_deleted_until_it_is_unlocked_or_the_lock_expires() {
    let bench = Bench::new();
    let (unlocked, waited) = (bench.plain_snapshot(1).id, bench.plain_snapshot(1).id);
    for id in [&unlocked, &waited] {
        bench.ok(&lock(id, "LockMode=governance&LockDuration=1"));
        let message = format!("The snapshot '{id}' is locked; it cannot be deleted.");
        bench.refused(&format!("DeleteSnapshot&SnapshotId={id}"), "SnapshotLocked", &message);
    }
    let golden = format!("<snapshotId>{unlocked}</snapshotId>");
    assert_eq!(bench.ok(&format!("UnlockSnapshot&SnapshotId={unlocked}")), xml("UnlockSnapshot", &golden));
    bench.ok(&format!("DeleteSnapshot&SnapshotId={unlocked}"));
    bench.clock.advance(HOUR * 24);
    assert_eq!(listed(&bench, ""), ["expired"]);
    bench.ok(&format!("DeleteSnapshot&SnapshotId={waited}"));
    assert!(row(&bench, &waited).is_none());
    assert_eq!(listed(&bench, ""), Vec::<String>::new());
}

#[test]
fn in_compliance_mode_the_lock_only_gets_longer() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    bench.ok(&lock(&id, "LockMode=compliance&LockDuration=2&CoolOffPeriod=1"));
    bench.ok(&format!("UnlockSnapshot&SnapshotId={id}"));
    bench.ok(&lock(&id, "LockMode=compliance&LockDuration=2"));
    let kept = row(&bench, &id).unwrap().lock;
    let refused = |so: &str| format!("The snapshot '{id}' is locked; {so}.");
    let longer = refused("its lock can only be made longer");
    for worse in ["LockMode=compliance&LockDuration=1", "LockMode=governance&LockDuration=9"] {
        bench.refused(&lock(&id, worse), "SnapshotLocked", &longer);
    }
    let unlock = format!("UnlockSnapshot&SnapshotId={id}");
    bench.refused(&unlock, "SnapshotLocked", &refused("it cannot be unlocked"));
    assert_eq!(row(&bench, &id).unwrap().lock, kept);
    bench.ok(&lock(&id, "LockMode=compliance&LockDuration=3"));
}

#[test]
fn what_is_no_lock_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    for (more, code) in [
        ("LockMode=governance", "MissingParameter"),
        ("LockDuration=1", "MissingParameter"),
        ("LockMode=Governance&LockDuration=1", "InvalidParameterValue"),
        ("LockMode=&LockDuration=1", "InvalidParameterValue"),
        ("LockMode=governance&LockDuration=0", "InvalidParameterValue"),
        ("LockMode=governance&LockDuration=36501", "InvalidParameterValue"),
        ("LockMode=governance&LockDuration=1&CoolOffPeriod=1", "InvalidParameterCombination"),
        ("LockMode=compliance&LockDuration=1&CoolOffPeriod=73", "InvalidParameterValue"),
        ("LockMode=governance&ExpirationDate=2001-01-01T00:00:00Z", "InvalidParameterValue"),
    ] {
        let (status, text) = bench.call(&lock(&id, more));
        assert_eq!((status, texts(&text, "Code")), (400, vec![code.to_owned()]), "{more}");
    }
    let not_locked = format!("The snapshot '{id}' is not locked.");
    bench.refused(&format!("UnlockSnapshot&SnapshotId={id}"), "IncorrectState", &not_locked);
    assert_eq!(row(&bench, &id).unwrap().lock, None);
    let malformed = "Value (vol-1) for parameter snapshotId is invalid. Expected: 'snap-...'.";
    bench.refused("UnlockSnapshot&SnapshotId=vol-1", "InvalidParameterValue", malformed);
    let malformed = "Invalid id: \"vol-1\" (expecting \"snap-...\")";
    bench.refused("DescribeLockedSnapshots&SnapshotId.1=vol-1", "InvalidSnapshotID.Malformed", malformed);
}

#[test]
fn others_neither_see_nor_change_a_lock() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(1);
    bench.share(&snapshot, OTHER);
    let id = &snapshot.id;
    bench.ok(&lock(id, "LockMode=governance&LockDuration=1"));
    let nothing = format!("The snapshot '{id}' does not exist.");
    for call in [
        lock(id, "LockMode=governance&LockDuration=2"),
        format!("UnlockSnapshot&SnapshotId={id}"),
        format!("DescribeLockedSnapshots&SnapshotId.1={id}"),
    ] {
        bench.refused_as(&bench.root_of(OTHER), &call, 400, "InvalidSnapshot.NotFound", &nothing);
    }
    assert_eq!(texts(&bench.ok_as(OTHER, "DescribeLockedSnapshots"), "snapshotId"), Vec::<String>::new());
    bench.in_region("us-west-2");
    assert_eq!(listed(&bench, ""), Vec::<String>::new());
}

#[test]
fn locked_snapshots_are_listed_by_state_by_id_and_in_pages() {
    let bench = Bench::new();
    let ids: Vec<String> = (0..7).map(|_| bench.plain_snapshot(1).id).collect();
    for (number, id) in ids.iter().enumerate().skip(1) {
        let mode = if number % 2 == 0 { "governance" } else { "compliance" };
        bench.ok(&lock(id, &format!("LockMode={mode}&LockDuration=1")));
    }
    assert_eq!(listed(&bench, "&Filter.1.Name=lock-state&Filter.1.Value.1=gov*"), ["governance"; 3]);
    assert_eq!(listed(&bench, &format!("&SnapshotId.1={}&SnapshotId.2={}", ids[0], ids[1])), ["compliance"]);
    let first = bench.ok("DescribeLockedSnapshots&MaxResults=5");
    let token = texts(&first, "nextToken").remove(0);
    let second = bench.ok(&format!("DescribeLockedSnapshots&MaxResults=5&NextToken={token}"));
    let mut seen = [texts(&first, "snapshotId"), texts(&second, "snapshotId")].concat();
    seen.sort();
    let mut expected = ids[1..].to_vec();
    expected.sort();
    assert_eq!(seen, expected);
    for (more, code) in [
        ("&MaxResults=4", "InvalidParameterValue"),
        ("&NextToken=x", "InvalidParameterValue"),
        ("&Filter.1.Name=owner-id&Filter.1.Value.1=x", "InvalidParameterValue"),
    ] {
        let (status, text) = bench.call(&format!("DescribeLockedSnapshots{more}"));
        assert_eq!((status, texts(&text, "Code")), (400, vec![code.to_owned()]), "{more}");
    }
}

#[test]
fn only_the_root_may_and_a_dry_run_changes_nothing() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    let arn = format!("arn:aws:ec2:us-east-1::snapshot/{id}");
    let call = lock(&id, "LockMode=governance&LockDuration=1");
    bench.dry_run_passes(&call);
    assert_eq!(row(&bench, &id).unwrap().lock, None);
    bench.only_root_may(&call, "ec2:LockSnapshot", &arn);
    bench.ok(&call);
    let unlock = format!("UnlockSnapshot&SnapshotId={id}");
    bench.dry_run_passes(&unlock);
    assert!(row(&bench, &id).unwrap().lock.is_some());
    bench.only_root_may(&unlock, "ec2:UnlockSnapshot", &arn);
    bench.only_root_may("DescribeLockedSnapshots", "ec2:DescribeLockedSnapshots", "*");
}
