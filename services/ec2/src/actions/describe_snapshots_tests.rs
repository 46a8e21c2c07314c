//! DescribeSnapshots as wire text: whose snapshots are seen by whom, filters, pages, and what is refused.

use crate::rows::{Settings, Snapshot};
use crate::testing::{Bench, OTHER, encoded, texts, xml};
use base::AccountId;
use rules::lifecycle::snapshot::SnapshotState;

const THIRD: &str = "777788889999";

fn ids(body: &str) -> Vec<String> {
    texts(body, "snapshotId")
}

/// Ids in the order in which Describe shows them.
fn sorted(ids: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    ids.sort();
    ids
}

fn share(bench: &Bench, account: &str, snapshot: &str, with: &str) {
    bench.ok_as(
        account,
        &format!("ModifySnapshotAttribute&SnapshotId={snapshot}&CreateVolumePermission.Add.1.{with}"),
    );
}

/// A completed snapshot of another account.
fn of_other(bench: &Bench, account: &str) -> String {
    let volume =
        texts(&bench.ok_as(account, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    bench.run();
    let id = ids(&bench.ok_as(account, &format!("CreateSnapshot&VolumeId={volume}"))).remove(0);
    bench.run();
    id
}

#[test]
fn without_arguments_everything_readable_is_shown() {
    let bench = Bench::new();
    let mine = bench.snapshot(&bench.volume(""));
    let (private, shared, public) =
        (of_other(&bench, OTHER), of_other(&bench, OTHER), of_other(&bench, THIRD));
    share(&bench, OTHER, &shared, "UserId=111122223333");
    share(&bench, THIRD, &public, "Group=all");
    assert_eq!(ids(&bench.ok("DescribeSnapshots")), sorted(&[&mine, &shared, &public]));
    assert_eq!(ids(&bench.ok_as(OTHER, "DescribeSnapshots")), sorted(&[&private, &shared, &public]));
    assert_eq!(ids(&bench.ok_as(THIRD, "DescribeSnapshots")), [public]);
    bench.in_region("eu-west-1");
    assert_eq!(bench.ok("DescribeSnapshots"), xml("DescribeSnapshots", "<snapshotSet></snapshotSet>"));
}

#[test]
fn owners_and_restorers_narrow_it() {
    let bench = Bench::new();
    let mine = bench.snapshot(&bench.volume(""));
    let given = bench.snapshot(&bench.volume(""));
    let (shared, public) = (of_other(&bench, OTHER), of_other(&bench, THIRD));
    share(&bench, "111122223333", &given, &format!("UserId={OTHER}"));
    share(&bench, OTHER, &shared, "UserId=111122223333");
    share(&bench, THIRD, &public, "Group=all");
    let asked = |more: &str| ids(&bench.ok(&format!("DescribeSnapshots{more}")));
    assert_eq!(asked("&Owner.1=self"), sorted(&[&mine, &given]));
    assert_eq!(asked("&Owner.1=111122223333"), sorted(&[&mine, &given]));
    assert_eq!(asked(&format!("&Owner.1={OTHER}")), [shared.as_str()]);
    assert_eq!(asked(&format!("&Owner.1=self&Owner.2={THIRD}")), sorted(&[&mine, &given, &public]));
    assert_eq!(asked("&Owner.1=amazon"), [""; 0]);
    assert_eq!(asked("&Owner.1=999999999999"), [""; 0]);
    assert_eq!(asked("&RestorableBy.1=self"), sorted(&[&mine, &given, &shared]));
    assert_eq!(asked("&RestorableBy.1=all"), [public.as_str()]);
    assert_eq!(asked(&format!("&RestorableBy.1={OTHER}")), [given.as_str()]);
    assert_eq!(asked(&format!("&Owner.1=self&RestorableBy.1={OTHER}")), [given.as_str()]);
    assert_eq!(asked(&format!("&RestorableBy.1={THIRD}")), [""; 0]);
    assert_eq!(asked(&format!("&SnapshotId.1={mine}&Owner.1={OTHER}")), [""; 0]);
}

#[test]
fn tags_of_others_are_not_shown_and_not_searched() {
    let bench = Bench::new();
    let shared = of_other(&bench, OTHER);
    bench.ok_as(OTHER, &format!("CreateTags&ResourceId.1={shared}&Tag.1.Key=a&Tag.1.Value=secret"));
    share(&bench, OTHER, &shared, "UserId=111122223333");
    let body = bench.ok(&format!("DescribeSnapshots&SnapshotId.1={shared}"));
    assert!(!body.contains("secret") && !body.contains("<tagSet"), "{body}");
    assert_eq!(texts(&body, "ownerId"), [OTHER]);
    assert_eq!(ids(&bench.ok("DescribeSnapshots&Filter.1.Name=tag-key&Filter.1.Value.1=a")), [""; 0]);
    assert_eq!(
        ids(&bench.ok_as(OTHER, "DescribeSnapshots&Filter.1.Name=tag:a&Filter.1.Value.1=secret")),
        [shared]
    );
}

#[test]
fn a_public_snapshot_is_hidden_while_its_owner_blocks_all_sharing() {
    let bench = Bench::new();
    let public = of_other(&bench, OTHER);
    share(&bench, OTHER, &public, "Group=all");
    let call = format!("DescribeSnapshots&SnapshotId.1={public}");
    let choose = |state: &str| {
        bench.put(&Settings {
            account: AccountId::parse(OTHER).unwrap(),
            region: base::Region::parse("us-east-1").unwrap(),
            encryption_by_default: false,
            default_key: None,
            block_public_access: state.to_owned(),
        });
    };
    choose("block-new-sharing");
    bench.ok(&call);
    choose("block-all-sharing");
    let gone = format!("The snapshot '{public}' does not exist.");
    bench.refused(&call, "InvalidSnapshot.NotFound", &gone);
    assert_eq!(ids(&bench.ok("DescribeSnapshots&RestorableBy.1=all")), [""; 0]);
    assert_eq!(ids(&bench.ok_as(OTHER, &call)), [public.as_str()]);
    choose("unblocked");
    bench.ok(&call);
}

#[test]
fn each_filter_finds_its_own_and_no_more() {
    let bench = Bench::new();
    let (encrypted, _) = bench.encrypted_volume();
    let tag = "&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=Team&TagSpecification.1.Tag.1.Value=red";
    let wanted = bench.begin_snapshot(&encrypted, &format!("&Description=nightly%20run{tag}"));
    bench.run();
    let large = bench.volume("&Size=7");
    let other = bench.snapshot_like(&bench.row(&large).unwrap(), SnapshotState::Error).id;
    let started = wire::time::iso_millis(bench.snapshot_row(&wanted).unwrap().started);
    let found = |name: &str, value: &str| {
        ids(&bench.ok(&format!(
            "DescribeSnapshots&Owner.1=self&Filter.1.Name={name}&Filter.1.Value.1={}",
            encoded(value)
        )))
    };
    for (name, value) in [
        ("description", "nightly*"),
        ("encrypted", "true"),
        ("snapshot-id", &wanted),
        ("start-time", &started),
        ("status", "completed"),
        ("volume-id", &encrypted),
        ("volume-size", "1"),
        ("tag:Team", "red"),
        ("tag-key", "T?am"),
    ] {
        assert_eq!(found(name, value), [wanted.as_str()], "{name}");
        assert_eq!(found(name, "no such value"), [""; 0], "{name}");
    }
    for (name, value) in
        [("status", "error"), ("volume-size", "7"), ("encrypted", "false"), ("progress", "99%")]
    {
        assert_eq!(found(name, value), [other.as_str()], "{name}");
    }
    for (name, value) in [("owner-id", "111122223333"), ("storage-tier", "standard")] {
        assert_eq!(found(name, value), sorted(&[&wanted, &other]), "{name}");
    }
    for (name, value) in [("owner-alias", "amazon"), ("transfer-type", "standard"), ("tag:Team", "Red")] {
        assert_eq!(found(name, value), [""; 0], "{name}");
    }
}

#[test]
fn pages_hold_what_was_asked_for_and_lead_to_the_end() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let row = bench.row(&volume).unwrap();
    let all: Vec<Snapshot> = (0..12).map(|_| bench.snapshot_like(&row, SnapshotState::Completed)).collect();
    let public = of_other(&bench, OTHER);
    share(&bench, OTHER, &public, "Group=all");
    for (more, count) in
        [("&Owner.1=self", 12), ("", 13), ("&Filter.1.Name=encrypted&Filter.1.Value.1=false", 13)]
    {
        let (mut seen, mut token) = (Vec::new(), String::new());
        for page in 0.. {
            let body = bench.ok(&format!("DescribeSnapshots&MaxResults=5{more}{token}"));
            let here = ids(&body);
            assert_eq!(here.len(), (count - page * 5_usize).min(5), "{more}");
            seen.extend(here);
            match texts(&body, "nextToken").pop() {
                Some(next) => token = format!("&NextToken={}", encoded(&next)),
                None => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "{more}");
    }
    let token = texts(&bench.ok("DescribeSnapshots&MaxResults=5"), "nextToken").remove(0);
    let call = format!("DescribeSnapshots&MaxResults=5&NextToken={}", encoded(&token));
    let bad = "The specified value for parameter nextToken is invalid.";
    bench.refused_as(&bench.root_of(OTHER), &call, 400, "InvalidParameterValue", bad);
    bench.refused("DescribeSnapshots&NextToken=x", "InvalidParameterValue", bad);
    let id = &all[0].id;
    bench.refused(
        &format!("DescribeSnapshots&MaxResults=5&SnapshotId.1={id}"),
        "InvalidParameterCombination",
        "The parameter maxResults cannot be used with the parameter that names the resources' ids",
    );
    bench.refused(
        "DescribeSnapshots&MaxResults=4",
        "InvalidParameterValue",
        "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
    );
}

#[test]
fn what_is_not_there_for_the_caller_and_what_is_malformed_is_refused() {
    let bench = Bench::new();
    let private = of_other(&bench, OTHER);
    let mine = bench.snapshot(&bench.volume(""));
    for id in [private.as_str(), "snap-0123456789abcdef0"] {
        let gone = format!("The snapshot '{id}' does not exist.");
        let call = format!("DescribeSnapshots&SnapshotId.1={mine}&SnapshotId.2={id}");
        bench.refused(&call, "InvalidSnapshot.NotFound", &gone);
    }
    for id in ["x", "vol-0123456789abcdef0", "snap-"] {
        let message = format!("Invalid id: \"{id}\" (expecting \"snap-...\")");
        bench.refused(
            &format!("DescribeSnapshots&SnapshotId.1={id}"),
            "InvalidSnapshotID.Malformed",
            &message,
        );
    }
    for (name, user) in
        [("Owner", "me"), ("Owner", "12345"), ("RestorableBy", "amazon"), ("RestorableBy", "x")]
    {
        let message = format!("Invalid user id: \"{user}\"");
        bench.refused(&format!("DescribeSnapshots&{name}.1={user}"), "InvalidUserID.Malformed", &message);
    }
    bench.refused(
        "DescribeSnapshots&Filter.1.Name=kms-key-id&Filter.1.Value.1=x",
        "InvalidParameterValue",
        "The filter 'kms-key-id' is invalid",
    );
    bench.only_root_may("DescribeSnapshots", "ec2:DescribeSnapshots", "*");
    bench.dry_run_passes("DescribeSnapshots");
}

#[test]
fn a_failed_snapshot_shows_why_and_how_far_it_came() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.host.refuse_work("store/", base::Refusal::new("IncorrectState", "the volume is damaged"));
    let snapshot = bench.snapshot(&volume);
    let body = bench.ok(&format!("DescribeSnapshots&SnapshotId.1={snapshot}"));
    assert_eq!(texts(&body, "status"), ["error"]);
    assert_eq!(texts(&body, "statusMessage"), ["the volume is damaged"]);
    assert_eq!(texts(&body, "progress"), ["0%"]);
    assert!(!body.contains("completionTime") && !body.contains("fullSnapshotSizeInBytes"), "{body}");
}
