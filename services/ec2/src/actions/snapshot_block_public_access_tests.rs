//! Block public access as wire text: three actions about one setting of an account in a Region.

use crate::testing::{Bench, OTHER, texts, xml};

fn state(bench: &Bench) -> String {
    texts(&bench.ok("GetSnapshotBlockPublicAccessState"), "state").remove(0)
}

#[test]
fn sharing_is_unblocked_until_blocked_and_again_when_disabled() {
    let bench = Bench::new();
    let shown = |action: &str, state: &str, more: &str| xml(action, &format!("<state>{state}</state>{more}"));
    let by = "<managedBy>account</managedBy>";
    let get = "GetSnapshotBlockPublicAccessState";
    assert_eq!(bench.ok(get), shown(get, "unblocked", by));
    for chosen in ["block-new-sharing", "block-all-sharing", "block-all-sharing", "block-new-sharing"] {
        let action = "EnableSnapshotBlockPublicAccess";
        assert_eq!(bench.ok(&format!("{action}&State={chosen}")), shown(action, chosen, ""));
        assert_eq!(bench.ok(get), shown(get, chosen, by));
    }
    for _ in 0..2 {
        let action = "DisableSnapshotBlockPublicAccess";
        assert_eq!(bench.ok(action), shown(action, "unblocked", ""));
        assert_eq!(bench.ok(get), shown(get, "unblocked", by));
    }
}

#[test]
fn enabling_takes_the_two_blocking_states_only() {
    let bench = Bench::new();
    for state in ["unblocked", "Block-All-Sharing", "all", "block-all-sharing+"] {
        let (status, text) = bench.call(&format!("EnableSnapshotBlockPublicAccess&State={state}"));
        assert_eq!(
            (status, texts(&text, "Code")),
            (400, vec!["InvalidParameterValue".to_owned()]),
            "{state}"
        );
    }
    let missing = "The request must contain the parameter State";
    bench.refused("EnableSnapshotBlockPublicAccess", "MissingParameter", missing);
    assert_eq!(state(&bench), "unblocked");
}

#[test]
fn each_account_and_region_has_its_own_and_the_defaults_stay() {
    let bench = Bench::new();
    bench.ok("EnableEbsEncryptionByDefault");
    bench.ok("EnableSnapshotBlockPublicAccess&State=block-all-sharing");
    assert_eq!(texts(&bench.ok("GetEbsEncryptionByDefault"), "ebsEncryptionByDefault"), ["true"]);
    bench.ok("DisableEbsEncryptionByDefault");
    assert_eq!(state(&bench), "block-all-sharing");
    assert_eq!(texts(&bench.ok_as(OTHER, "GetSnapshotBlockPublicAccessState"), "state"), ["unblocked"]);
    bench.in_region("us-west-2");
    assert_eq!(state(&bench), "unblocked");
}

#[test]
fn only_the_root_may_and_a_dry_run_changes_nothing() {
    let bench = Bench::new();
    bench.ok("EnableSnapshotBlockPublicAccess&State=block-new-sharing");
    for (action, more) in [
        ("EnableSnapshotBlockPublicAccess", "&State=block-all-sharing"),
        ("DisableSnapshotBlockPublicAccess", ""),
        ("GetSnapshotBlockPublicAccessState", ""),
    ] {
        bench.dry_run_passes(&format!("{action}{more}"));
        bench.only_root_may(&format!("{action}{more}"), &format!("ec2:{action}"), "*");
        assert_eq!(state(&bench), "block-new-sharing");
    }
}
