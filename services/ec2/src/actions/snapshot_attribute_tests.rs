//! Describe-, Modify- and ResetSnapshotAttribute as wire text: sharing and what forbids it.

use crate::rows::{Settings, Share};
use crate::testing::{Bench, OTHER, texts, xml};
use base::AccountId;
use rules::lifecycle::snapshot::SnapshotState;

const THIRD: &str = "777788889999";

fn modify(id: &str, more: &str) -> String {
    format!("ModifySnapshotAttribute&SnapshotId={id}{more}")
}

fn permissions(bench: &Bench, id: &str) -> String {
    bench.ok(&format!("DescribeSnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission"))
}

fn item(with: &str) -> String {
    match with {
        "all" => "<item><group>all</group></item>".to_owned(),
        id => format!("<item><userId>{id}</userId></item>"),
    }
}

fn shown(id: &str, with: &[&str]) -> String {
    let items: String = with.iter().map(|w| item(w)).collect();
    let golden =
        format!("<snapshotId>{id}</snapshotId><createVolumePermission>{items}</createVolumePermission>");
    xml("DescribeSnapshotAttribute", &golden)
}

#[test]
fn both_forms_share_and_take_back() {
    let bench = Bench::new();
    let id = bench.snapshot(&bench.volume(""));
    assert_eq!(permissions(&bench, &id), shown(&id, &[]));
    let done = xml("ModifySnapshotAttribute", "<return>true</return>");
    let structured =
        format!("&CreateVolumePermission.Add.1.UserId={OTHER}&CreateVolumePermission.Add.2.Group=all");
    assert_eq!(bench.ok(&modify(&id, &structured)), done);
    assert_eq!(permissions(&bench, &id), shown(&id, &["all", OTHER]));
    assert!(bench.snapshot_row(&id).unwrap().public);
    let flat = format!("&Attribute=createVolumePermission&OperationType=add&UserId.1={THIRD}");
    assert_eq!(bench.ok(&modify(&id, &flat)), done);
    bench.ok(&modify(&id, "&OperationType=remove&UserGroup.1=all"));
    assert_eq!(permissions(&bench, &id), shown(&id, &[OTHER, THIRD]));
    assert!(!bench.snapshot_row(&id).unwrap().public);
    bench.ok(&modify(&id, &format!("&CreateVolumePermission.Remove.1.UserId={OTHER}")));
    assert_eq!(permissions(&bench, &id), shown(&id, &[THIRD]));
    let reset = format!("ResetSnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission");
    assert_eq!(bench.ok(&reset), xml("ResetSnapshotAttribute", "<return>true</return>"));
    bench.ok(&reset);
    assert_eq!(permissions(&bench, &id), shown(&id, &[]));
    assert_eq!(bench.all::<Share>().len(), 0);
    let codes = bench.ok(&format!("DescribeSnapshotAttribute&SnapshotId={id}&Attribute=productCodes"));
    let golden = format!("<productCodes></productCodes><snapshotId>{id}</snapshotId>");
    assert_eq!(codes, xml("DescribeSnapshotAttribute", &golden));
}

#[test]
fn who_gets_a_snapshot_hears_of_it_once() {
    let bench = Bench::new();
    let id = bench.snapshot(&bench.volume(""));
    let before = bench.events().len();
    let share = modify(
        &id,
        &format!("&CreateVolumePermission.Add.1.UserId={OTHER}&CreateVolumePermission.Add.2.Group=all"),
    );
    bench.ok(&share);
    bench.ok(&share);
    let events = bench.events();
    assert_eq!(events.len(), before + 1);
    let event = events.iter().find(|e| e["account"] == OTHER).unwrap();
    assert_eq!(event["detail"]["event"], "shareSnapshot");
    assert_eq!(event["detail"]["source"], "111122223333");
    assert_eq!(event["detail"]["snapshot_id"], format!("arn:aws:ec2::us-east-1:snapshot/{id}"));
    bench.ok(&modify(&id, &format!("&CreateVolumePermission.Remove.1.UserId={OTHER}")));
    assert_eq!(bench.events().len(), before + 1, "nobody is told of the end");
}

#[test]
fn what_is_shared_can_be_restored_and_what_is_taken_back_cannot() {
    let bench = Bench::new();
    let id = bench.snapshot(&bench.volume(""));
    let restore = format!("CreateVolume&AvailabilityZone=us-east-1a&SnapshotId={id}");
    let refused = || {
        bench.refused_as(
            &bench.root_of(OTHER),
            &restore,
            400,
            "InvalidSnapshot.NotFound",
            "Snapshot does not exist",
        );
    };
    refused();
    bench.ok(&modify(&id, &format!("&CreateVolumePermission.Add.1.UserId={OTHER}")));
    bench.ok_as(OTHER, &restore);
    bench.ok(&modify(&id, &format!("&CreateVolumePermission.Remove.1.UserId={OTHER}")));
    refused();
    bench.run();
    bench.assert_tidy();
}

#[test]
fn keys_forbid_sharing_as_documented() {
    let bench = Bench::new();
    let managed = bench.snapshot(&bench.volume("&Encrypted=true"));
    let (volume, _) = bench.encrypted_volume();
    let customer = bench.snapshot(&volume);
    let (user, all) =
        (format!("&CreateVolumePermission.Add.1.UserId={OTHER}"), "&CreateVolumePermission.Add.1.Group=all");
    let default_key = "Encrypted snapshots with EBS default key cannot be shared";
    bench.refused(&modify(&managed, &user), "OperationNotPermitted", default_key);
    bench.refused(&modify(&managed, all), "OperationNotPermitted", default_key);
    bench.refused(
        &modify(&customer, all),
        "OperationNotPermitted",
        "Encrypted snapshots cannot be shared publicly",
    );
    bench.ok(&modify(&customer, &user));
    bench.ok(&modify(&managed, &format!("&CreateVolumePermission.Remove.1.UserId={OTHER}")));
}

#[test]
fn block_public_access_refuses_new_public_sharing_only() {
    let bench = Bench::new();
    let id = bench.snapshot(&bench.volume(""));
    for state in ["block-new-sharing", "block-all-sharing"] {
        bench.put(&Settings {
            account: AccountId::parse("111122223333").unwrap(),
            region: base::Region::parse("us-east-1").unwrap(),
            encryption_by_default: false,
            default_key: None,
            block_public_access: state.to_owned(),
        });
        let message = "Public sharing of snapshots is blocked in this account and Region";
        bench.refused(
            &modify(&id, "&CreateVolumePermission.Add.1.Group=all"),
            "OperationNotPermitted",
            message,
        );
        bench.ok(&modify(&id, &format!("&CreateVolumePermission.Add.1.UserId={OTHER}")));
        bench.ok(&modify(&id, "&CreateVolumePermission.Remove.1.Group=all"));
    }
}

#[test]
fn a_failed_snapshot_is_not_shared() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let id = bench.snapshot_like(&bench.row(&volume).unwrap(), SnapshotState::Error).id;
    let call = modify(&id, &format!("&CreateVolumePermission.Add.1.UserId={OTHER}"));
    bench.refused(&call, "IncorrectState", "Snapshot is in invalid state - error");
}

#[test]
fn malformed_changes_are_refused_before_anything_is_looked_at() {
    let bench = Bench::new();
    let id = "snap-0123456789abcdef0";
    let gone = format!("The snapshot '{id}' does not exist.");
    for (more, code) in [
        (String::new(), "MissingParameter"),
        ("&CreateVolumePermission.Add.1.UserId=12".into(), "InvalidUserID.Malformed"),
        ("&CreateVolumePermission.Add.1.Group=none".into(), "InvalidGroup.NotFound"),
        (format!("&UserId.1={OTHER}"), "MissingParameter"),
        (format!("&OperationType=put&UserId.1={OTHER}"), "InvalidParameterValue"),
        (format!("&Attribute=productCodes&OperationType=add&UserId.1={OTHER}"), "InvalidParameterValue"),
        (
            format!("&OperationType=add&UserId.1={OTHER}&CreateVolumePermission.Add.1.UserId={OTHER}"),
            "InvalidParameterCombination",
        ),
    ] {
        let (status, body) = bench.call(&modify(id, &more));
        assert_eq!((status, texts(&body, "Code")), (400, vec![code.to_owned()]), "{more}");
    }
    let add = format!("&CreateVolumePermission.Add.1.UserId={OTHER}");
    bench.refused(&modify(id, &add), "InvalidSnapshot.NotFound", &gone);
    for call in ["DescribeSnapshotAttribute", "ResetSnapshotAttribute"] {
        let of = |id: &str, attribute: &str| format!("{call}&SnapshotId={id}&Attribute={attribute}");
        bench.refused(&of(id, "createVolumePermission"), "InvalidSnapshot.NotFound", &gone);
        let (status, body) = bench.call(&of(id, "x"));
        assert_eq!((status, texts(&body, "Code")), (400, vec!["InvalidParameterValue".to_owned()]), "{body}");
        let malformed = "Value (snap-) for parameter snapshotId is invalid. Expected: 'snap-...'.";
        bench.refused(&of("snap-", "createVolumePermission"), "InvalidParameterValue", malformed);
    }
    let (status, body) =
        bench.call(&format!("ResetSnapshotAttribute&SnapshotId={id}&Attribute=productCodes"));
    assert_eq!((status, texts(&body, "Code")), (400, vec!["InvalidParameterValue".to_owned()]), "{body}");
}

#[test]
fn others_may_not_look_or_change_even_if_it_is_shared_with_them() {
    let bench = Bench::new();
    let id = bench.snapshot(&bench.volume(""));
    bench.ok(&modify(&id, &format!("&CreateVolumePermission.Add.1.UserId={OTHER}")));
    let gone = format!("The snapshot '{id}' does not exist.");
    for call in [
        modify(&id, "&CreateVolumePermission.Add.1.Group=all"),
        format!("DescribeSnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission"),
        format!("ResetSnapshotAttribute&SnapshotId={id}&Attribute=createVolumePermission"),
    ] {
        bench.refused_as(&bench.root_of(OTHER), &call, 400, "InvalidSnapshot.NotFound", &gone);
        bench.dry_run_passes(&call);
        let action = call.split('&').next().unwrap();
        let arn = format!("arn:aws:ec2:us-east-1::snapshot/{id}");
        bench.only_root_may(&call, &format!("ec2:{action}"), &arn);
    }
}
