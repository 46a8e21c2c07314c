//! Fast snapshot restore as wire text, and its job with failures.

use crate::jobs::fast_restore::FastRestoreJob;
use crate::rows::{FastRestore, Snapshot};
use crate::testing::{Bench, Injected, OTHER, Trouble, texts, xml};
use ::jobs::Job;
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::Value;

fn enable(id: &str, zones: &str) -> String {
    format!("EnableFastSnapshotRestores&SourceSnapshotId.1={id}{zones}")
}

fn disable(id: &str, zones: &str) -> String {
    format!("DisableFastSnapshotRestores&SourceSnapshotId.1={id}{zones}")
}

const A: &str = "&AvailabilityZone.1=us-east-1a";
const AB: &str = "&AvailabilityZone.1=us-east-1a&AvailabilityZone.2=us-east-1b";

fn states(bench: &Bench) -> Vec<String> {
    bench.all::<FastRestore>().into_iter().map(|r| r.state).collect()
}

/// `zone state message` of every event about fast restore, oldest first.
fn told(bench: &Bench) -> Vec<String> {
    let about = |e: &Value| e["detail-type"].as_str().unwrap().starts_with("EBS Fast Snapshot Restore");
    let say = |e: Value| {
        let text = |name: &str| e["detail"][name].as_str().unwrap().to_owned();
        format!("{} {} {}", text("zone"), text("state"), text("message"))
    };
    bench.events().into_iter().filter(about).map(say).collect()
}

const ON: [&str; 3] = [
    "us-east-1a enabling Client.UserInitiated",
    "us-east-1a optimizing Client.UserInitiated - Lifecycle state transition",
    "us-east-1a enabled Client.UserInitiated - Lifecycle state transition",
];
const OFF: [&str; 2] = [
    "us-east-1a disabling Client.UserInitiated",
    "us-east-1a disabled Client.UserInitiated - Lifecycle state transition",
];

fn assert_tidy(bench: &Bench) {
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn it_is_enabled_through_its_states_and_disabled_again() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    let answer = bench.ok(&enable(&id, A));
    let time = texts(&answer, "enablingTime").remove(0);
    let golden = format!(
        "<successful><item><snapshotId>{id}</snapshotId><availabilityZone>us-east-1a</availabilityZone>\
         <availabilityZoneId>use1-az1</availabilityZoneId><state>enabling</state>\
         <stateTransitionReason>Client.UserInitiated</stateTransitionReason><ownerId>111122223333</ownerId>\
         <enablingTime>{time}</enablingTime></item></successful><unsuccessful></unsuccessful>"
    );
    assert_eq!(answer, xml("EnableFastSnapshotRestores", &golden));
    bench.host.asked();
    bench.run();
    assert_eq!(states(&bench), ["enabled"]);
    assert_eq!(bench.host.asked(), [format!("preload preload/111122223333/{id}/us-east-1a")]);
    let shown = bench.ok("DescribeFastSnapshotRestores");
    assert_eq!(texts(&shown, "state"), ["enabled"]);
    for time in ["enablingTime", "optimizingTime", "enabledTime"] {
        assert_eq!(texts(&shown, time).len(), 1, "{time}");
    }
    let volume = bench.volume(&format!("&SnapshotId={id}"));
    assert!(bench.row(&volume).unwrap().source.unwrap().fast);
    assert_eq!(texts(&bench.ok(&enable(&id, A)), "state"), ["enabled"], "enabling twice is fine");
    assert_eq!(texts(&bench.ok(&disable(&id, A)), "state"), ["disabling"]);
    bench.run();
    assert_eq!(states(&bench), ["disabled"]);
    assert_eq!(told(&bench), [&ON[..], &OFF[..]].concat());
    let arn = format!("arn:aws:ec2:us-east-1::snapshot/{id}");
    let events = bench.events();
    let event = events.iter().find(|e| e["detail"]["zone"] == "us-east-1a").unwrap();
    assert_eq!((&event["resources"][0], &event["detail"]["snapshot-id"]), (&arn.into(), &id.clone().into()));
    bench.ok(&enable(&id, A));
    bench.run();
    assert_eq!(states(&bench), ["enabled"], "and again");
    assert_tidy(&bench);
}

#[test]
fn each_pair_of_snapshot_and_zone_succeeds_or_fails_by_itself() {
    let bench = Bench::new();
    let (good, large) = (bench.plain_snapshot(1).id, bench.plain_snapshot(1));
    bench.put(&Snapshot { size_gib: 16 * 1024 + 1, ..large.clone() });
    let pending = bench.snapshot_like(&bench.row(&bench.volume("")).unwrap(), SnapshotState::Pending).id;
    let none = "snap-0123456789abcdef0";
    let all = format!(
        "&SourceSnapshotId.2={}&SourceSnapshotId.3={pending}&SourceSnapshotId.4={none}{AB}",
        large.id
    );
    let answer = bench.ok(&enable(&good, &all));
    assert_eq!(texts(&answer, "state"), ["enabling"; 2]);
    let (_, unsuccessful) = answer.split_once("<unsuccessful>").unwrap();
    assert_eq!(texts(unsuccessful, "snapshotId"), [large.id.as_str(), &pending, none]);
    let codes = ["InvalidParameterValue", "IncorrectState", "InvalidSnapshot.NotFound"];
    assert_eq!(texts(unsuccessful, "code"), codes.map(|c| [c, c]).concat());
    assert_eq!(texts(unsuccessful, "availabilityZoneId"), ["use1-az1", "use1-az2"].repeat(3));
    bench.run();
    let answer = bench.ok(&disable(&good, &format!("&SourceSnapshotId.2={none}{A}")));
    assert_eq!(texts(&answer, "state"), ["disabling"]);
    assert_eq!(texts(&answer, "code"), ["IncorrectState"]);
    assert_eq!(texts(&bench.ok(&disable(&good, A)), "code"), ["IncorrectState"], "it is being disabled");
    assert_eq!(texts(&bench.ok(&enable(&good, A)), "code"), ["IncorrectState"]);
    bench.run();
    assert_eq!(states(&bench), ["disabled", "enabled"]);
}

#[test]
fn five_snapshots_per_region_and_those_that_are_gone_do_not_count() {
    let bench = Bench::new();
    let ids: Vec<String> = (0..6).map(|_| bench.plain_snapshot(1).id).collect();
    for id in &ids[..5] {
        assert_eq!(texts(&bench.ok(&enable(id, AB)), "code"), [""; 0]);
    }
    bench.run();
    assert_eq!(texts(&bench.ok(&enable(&ids[5], A)), "code"), ["ResourceLimitExceeded"]);
    let more = bench.ok(&enable(&ids[0], "&AvailabilityZone.1=us-east-1c"));
    assert_eq!(texts(&more, "state"), ["enabling"], "another zone is no other snapshot");
    bench.ok(&format!("DeleteSnapshot&SnapshotId={}", ids[4]));
    bench.run();
    let shown = bench.ok("DescribeFastSnapshotRestores");
    assert!(!texts(&shown, "snapshotId").contains(&ids[4]), "{shown}");
    assert_eq!(texts(&bench.ok(&enable(&ids[5], A)), "state"), ["enabling"]);
    bench.run();
    for row in bench.all::<FastRestore>() {
        let expected = if row.snapshot == ids[4] { "disabled" } else { "enabled" };
        assert_eq!(row.state, expected, "{row:?}");
    }
    assert_tidy(&bench);
}

#[test]
fn what_is_wrong_with_the_request_is_refused() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    for action in ["EnableFastSnapshotRestores", "DisableFastSnapshotRestores"] {
        for (more, code) in [
            ("", "MissingParameter"),
            (A, "MissingParameter"),
            ("&SourceSnapshotId.1=SNAP", "MissingParameter"),
            ("&SourceSnapshotId.1=vol-1&AvailabilityZone.1=us-east-1a", "InvalidParameterValue"),
            ("&SourceSnapshotId.1=SNAP&AvailabilityZone.1=us-west-2a", "InvalidZone.NotFound"),
            ("&SourceSnapshotId.1=SNAP&AvailabilityZoneId.1=use1-az9", "InvalidZone.NotFound"),
            (
                "&SourceSnapshotId.1=SNAP&AvailabilityZone.1=us-east-1a&AvailabilityZoneId.1=use1-az1",
                "InvalidParameterCombination",
            ),
        ] {
            let (status, text) = bench.call(&format!("{action}{}", more.replace("SNAP", &id)));
            assert_eq!((status, texts(&text, "Code")), (400, vec![code.to_owned()]), "{action}{more}");
        }
    }
    for (more, code) in [
        ("&MaxResults=201", "InvalidParameterValue"),
        ("&MaxResults=-1", "InvalidParameterValue"),
        ("&NextToken=x", "InvalidParameterValue"),
        ("&Filter.1.Name=zone&Filter.1.Value.1=x", "InvalidParameterValue"),
    ] {
        let (status, text) = bench.call(&format!("DescribeFastSnapshotRestores{more}"));
        assert_eq!((status, texts(&text, "Code")), (400, vec![code.to_owned()]), "{more}");
    }
    assert_eq!(states(&bench), [""; 0]);
    let twice = "&AvailabilityZoneId.1=use1-az1&AvailabilityZoneId.2=use1-az1";
    assert_eq!(texts(&bench.ok(&enable(&id, twice)), "availabilityZone"), ["us-east-1a"]);
}

#[test]
fn each_account_has_its_own_of_what_it_may_restore_from() {
    let bench = Bench::new();
    let (shared, hidden) = (bench.plain_snapshot(1), bench.plain_snapshot(1));
    bench.share(&shared, OTHER);
    let answer = bench.ok_as(OTHER, &enable(&hidden.id, A));
    assert_eq!(texts(&answer, "code"), ["InvalidSnapshot.NotFound"]);
    assert_eq!(texts(&bench.ok_as(OTHER, &enable(&shared.id, A)), "ownerId"), [OTHER]);
    bench.run();
    assert_eq!(texts(&bench.ok("DescribeFastSnapshotRestores"), "state"), [""; 0]);
    assert_eq!(texts(&bench.ok(&disable(&shared.id, A)), "code"), ["IncorrectState"]);
    assert_eq!(texts(&bench.ok_as(OTHER, "DescribeFastSnapshotRestores"), "state"), ["enabled"]);
}

#[test]
fn they_are_listed_by_filters_and_in_pages() {
    let bench = Bench::new();
    let ids = [bench.plain_snapshot(1).id, bench.plain_snapshot(1).id];
    bench.ok(&enable(&ids[0], &format!("&SourceSnapshotId.2={}{AB}", ids[1])));
    bench.run();
    bench.ok(&disable(&ids[0], A));
    let found = |name: &str, value: &str| {
        let call = format!("DescribeFastSnapshotRestores&Filter.1.Name={name}&Filter.1.Value.1={value}");
        texts(&bench.ok(&call), "snapshotId").len()
    };
    for (name, value, count) in [
        ("availability-zone", "us-east-1b", 2),
        ("availability-zone-id", "use1-az1", 2),
        ("snapshot-id", ids[1].as_str(), 2),
        ("state", "disabling", 1),
        ("state", "enabled", 3),
        ("owner-id", "111122223333", 4),
        ("owner-id", OTHER, 0),
    ] {
        assert_eq!(found(name, value), count, "{name} {value}");
    }
    let first = bench.ok("DescribeFastSnapshotRestores&MaxResults=3");
    let token = texts(&first, "nextToken").remove(0);
    let second = bench.ok(&format!("DescribeFastSnapshotRestores&MaxResults=3&NextToken={token}"));
    assert_eq!((texts(&first, "state").len(), texts(&second, "state").len()), (3, 1));
    assert_eq!(texts(&bench.ok("DescribeFastSnapshotRestores&MaxResults=0"), "state").len(), 4);
}

#[test]
fn a_failure_at_any_step_changes_nothing_in_the_end() {
    for step in 0..FastRestoreJob::STEPS.len() {
        for what in [Injected::FaultBefore, Injected::Crash] {
            for twice in [false, true] {
                let bench = Bench::new();
                let id = bench.plain_snapshot(1).id;
                if twice {
                    bench.run_steps_twice();
                }
                bench.host.work_takes(2);
                bench.inject(FastRestoreJob::KIND, step, what);
                bench.ok(&enable(&id, A));
                bench.run();
                assert_eq!(told(&bench), ON, "{step} {what:?}");
                bench.inject(FastRestoreJob::KIND, step, what);
                bench.ok(&disable(&id, A));
                bench.run();
                assert_eq!(told(&bench)[3..], OFF, "{step} {what:?}");
                assert_tidy(&bench);
            }
        }
    }
}

#[test]
fn a_host_that_fails_is_asked_again_and_one_that_refuses_ends_it() {
    for trouble in [Trouble::Fault, Trouble::Lost, Trouble::Refuse] {
        let bench = Bench::new();
        let id = bench.plain_snapshot(1).id;
        bench.ok(&enable(&id, A));
        bench.host.expect(&[trouble]);
        bench.run();
        if trouble == Trouble::Refuse {
            assert_eq!(states(&bench), ["disabled"]);
            assert_eq!(told(&bench)[2..], ["us-east-1a disabled Server.InternalError"]);
        } else {
            assert_eq!(told(&bench), ON);
        }
        assert_tidy(&bench);
    }
}

#[test]
fn a_refused_job_ends_disabled() {
    for step in 0..FastRestoreJob::STEPS.len() {
        let bench = Bench::new();
        let id = bench.plain_snapshot(1).id;
        bench.inject(FastRestoreJob::KIND, step, Injected::Refuse);
        bench.ok(&enable(&id, A));
        bench.run();
        assert_eq!(states(&bench), ["disabled"], "{step}");
        assert_tidy(&bench);
    }
}

#[test]
fn it_can_be_disabled_and_its_snapshot_deleted_at_any_moment() {
    for rounds in 0..6 {
        let bench = Bench::new();
        let (off, gone) = (bench.plain_snapshot(1).id, bench.plain_snapshot(1).id);
        bench.host.work_takes(2);
        bench.ok(&enable(&off, &format!("&SourceSnapshotId.2={gone}{A}")));
        bench.run_rounds(rounds);
        bench.ok(&disable(&off, A));
        bench.ok(&format!("DeleteSnapshot&SnapshotId={gone}"));
        bench.run();
        let row = |id: &str| bench.all::<FastRestore>().into_iter().find(|r| r.snapshot == id).unwrap();
        assert_eq!(row(&off).state, "disabled", "{rounds}");
        assert_eq!(texts(&bench.ok("DescribeFastSnapshotRestores"), "snapshotId"), [off.as_str()]);
        bench.ok(&enable(&off, A));
        bench.run();
        assert_eq!((row(&off).state.as_str(), row(&gone).state.as_str()), ("enabled", "disabled"));
        assert_tidy(&bench);
    }
}

#[test]
fn only_the_root_may_and_a_dry_run_changes_nothing() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    let arn = format!("arn:aws:ec2:us-east-1::snapshot/{id}");
    bench.dry_run_passes(&enable(&id, A));
    assert_eq!(states(&bench), [""; 0]);
    bench.only_root_may(&enable(&id, A), "ec2:EnableFastSnapshotRestores", &arn);
    bench.only_root_may(&disable(&id, A), "ec2:DisableFastSnapshotRestores", &arn);
    bench.only_root_may("DescribeFastSnapshotRestores", "ec2:DescribeFastSnapshotRestores", "*");
}
