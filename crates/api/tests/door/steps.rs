//! The order: decode, check, authorise, dry run, handle, record, commit.

use crate::actions::{OVERTAKEN, called};
use crate::bench::{Bench, Note, ec2_error, form, root, text};
use serde_json::{Value, json};
use wire::generated::{ec2, kms};

#[test]
fn a_good_call_passes_every_step_in_order_and_is_committed_last() {
    let bench = Bench::new();
    let (status, body) = bench.tags(&["a"]);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<return>true</return>"), "{body}");
    assert_eq!(called(), ["check", "authorise", "handle", "committed"]);
    assert_eq!(bench.notes(), ["a"]);
}

#[test]
fn a_call_that_does_not_decode_reaches_no_step_and_is_recorded() {
    let bench = Bench::new();
    let call = form("Action=CreateTags&Version=2016-11-15&ResourceId.1=a&Nonsense=1&Tag.1.Key=k");
    let (status, body) = text(&bench.serve(&ec2::SERVICE, &root(), &call));
    assert_eq!((status, body.contains("<Code>UnknownParameter</Code>")), (400, true), "{body}");
    assert_eq!(called(), [""; 0]);
    let record = bench.record();
    assert_eq!(record.body["errorCode"], "Client.UnknownParameter");
    assert_eq!((&record.body["requestParameters"], record.read_only), (&Value::Null, false));
}

#[test]
fn each_step_that_refuses_is_the_last() {
    for (step, reached) in [
        ("check", vec!["check"]),
        ("authorise", vec!["check", "authorise"]),
        ("handle", vec!["check", "authorise", "handle"]),
    ] {
        let bench = Bench::new();
        let answer = bench.tags(&["a", step]);
        assert_eq!(answer, (400, ec2_error("Stopped", &format!("stopped at {step}"))));
        assert_eq!(called(), reached);
        assert_eq!(bench.notes(), [""; 0], "{step}");
    }
}

#[test]
fn a_dry_run_of_ec2_is_answered_before_the_handler_and_after_authorisation() {
    let bench = Bench::new();
    let passed = (412, ec2_error("DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
    assert_eq!(bench.tags_as(&root(), &["a"], "&DryRun=true"), passed);
    assert_eq!(called(), ["check", "authorise"]);
    // The state is not looked at, so a call that the handler would refuse passes too.
    assert_eq!(bench.tags_as(&root(), &["handle"], "&DryRun=true"), passed);
    called();
    for step in ["check", "authorise"] {
        let (status, body) = bench.tags_as(&root(), &[step], "&DryRun=true");
        assert_eq!((status, body), (400, ec2_error("Stopped", &format!("stopped at {step}"))));
    }
    assert_eq!(bench.notes(), [""; 0]);
    assert_eq!(bench.records().iter().filter(|r| r.body["errorCode"] == "Client.DryRunOperation").count(), 2);
}

#[test]
fn a_dry_run_of_kms_looks_at_the_state_and_leaves_nothing() {
    let bench = Bench::new();
    let (status, body) = bench.grant_as(&root(), "good", json!({"DryRun": true}));
    assert_eq!(status, 400);
    assert_eq!(body["__type"], "DryRunOperationException");
    assert_eq!(called(), ["kms authorise", "kms handle"]);
    assert_eq!(bench.notes(), [""; 0]);
    let (_, body) = bench.grant_as(&root(), "refused", json!({"DryRun": true}));
    assert_eq!(body["__type"], "DisabledException");
}

#[test]
fn an_action_without_a_handler_is_unknown_and_leaves_no_record() {
    let bench = Bench::new();
    let (status, body) =
        text(&bench.serve(&ec2::SERVICE, &root(), &form("Action=DescribeVolumes&Version=2016-11-15")));
    let message = "The action DescribeVolumes is not valid for this web service.";
    assert_eq!((status, body), (400, ec2_error("InvalidAction", message)));
    let (_, body) = text(&bench.serve(&ec2::SERVICE, &root(), &form("Version=2016-11-15")));
    assert!(body.contains("<Code>MissingAction</Code>"), "{body}");
    let (status, body) = text(&bench.serve(&kms::SERVICE, &root(), &form("{}")));
    assert_eq!((status, body.contains("UnknownOperationException")), (400, true), "{body}");
    assert_eq!(bench.records().len(), 0);
}

#[test]
fn an_overtaken_call_is_run_again_and_counted_and_recorded_once() {
    let bench = Bench::new();
    OVERTAKEN.set(3);
    assert_eq!(bench.tags(&["count"]).0, 200);
    let counter = bench.door.catalog.begin().unwrap().get::<Note>("counter").unwrap().unwrap();
    assert_eq!(counter.count, 31, "three times overtaken by ten, then one of its own");
    let handled = called().into_iter().filter(|step| *step == "handle").count();
    assert_eq!((handled, bench.records().len()), (4, 1));
}

#[test]
fn a_call_that_is_always_overtaken_ends_as_a_fault_and_leaves_nothing_of_its_own() {
    let bench = Bench::new();
    OVERTAKEN.set(u32::MAX);
    let (status, body) = bench.tags(&["count"]);
    OVERTAKEN.set(0);
    assert_eq!((status, body), (500, ec2_error("InternalError", "An internal error has occurred")));
    assert_eq!(bench.records().len(), 0);
    assert!(!called().contains(&"committed"));
}

#[test]
fn the_registry_lists_its_actions_by_service_and_name() {
    let bench = Bench::new();
    let all: Vec<_> =
        bench.door.registry.all().map(|e| (e.service.name, e.name, e.iam, e.read_only)).collect();
    assert_eq!(
        all,
        [
            ("ebs", "ListSnapshotBlocks", "ebs:ListSnapshotBlocks", true),
            ("ec2", "CreateTags", "ec2:CreateTags", false),
            ("kms", "CreateGrant", "kms:CreateGrant", false),
            ("sts", "GetCallerIdentity", "sts:GetCallerIdentity", true),
        ]
    );
    assert!(bench.door.registry.find("ec2", "CreateGrant").is_none(), "another service's action");
}
