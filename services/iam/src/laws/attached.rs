//! Laws of managed policies on users, groups and roles.

use super::Kind;
use crate::attachments::trial::{self, ADMIN, VIEW};
use crate::testing::{Bench, element, elements};
use serde_json::json;

fn attachments(bench: &Bench, arn: &str) -> String {
    element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "AttachmentCount")
}

pub fn attached_once_and_counted(kind: Kind) {
    let bench = trial::bench();
    let arn = trial::policy(&bench, "p");
    for arn in [&arn, &arn, ADMIN] {
        let form = kind.form("bob", &[("PolicyArn", arn)]);
        assert_eq!(bench.ok(&format!("Attach{kind:?}Policy"), &form), "", "{kind:?} {arn}");
    }
    let listed = bench.ok(&format!("ListAttached{kind:?}Policies"), &kind.form("bob", &[]));
    assert_eq!(
        listed,
        format!(
            "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>{arn}</PolicyArn></member><member>\
             <PolicyName>AdministratorAccess</PolicyName><PolicyArn>{ADMIN}</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>false</IsTruncated>"
        ),
        "{kind:?}"
    );
    for arn in [arn.as_str(), ADMIN] {
        assert_eq!(attachments(&bench, arn), "1", "{kind:?} {arn}");
    }
}

pub fn only_what_is_there_is_attached(kind: Kind) {
    let bench = trial::bench();
    let attach = format!("Attach{kind:?}Policy");
    let form = |name, arn| kind.form(name, &[("PolicyArn", arn)]);
    bench.refused(&attach, &form("nobody", ADMIN), "NoSuchEntity", &kind.missing("nobody"));
    let theirs = trial::policy(&bench, "p").replace(":policy/p", ":policy/x/p");
    for arn in [
        "arn:aws:iam::111122223333:policy/nothing",
        "arn:aws:iam::aws:policy/Nothing",
        "arn:aws:iam::aws:policy/ViewOnlyAccess",
        "arn:aws:iam::444455556666:policy/x",
        &theirs,
    ] {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        bench.refused(&attach, &form("bob", arn), "NoSuchEntity", &message);
    }
    for arn in [
        "AdministratorAccess-policy",
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:kms::aws:policy/Administrator",
    ] {
        let message = format!("ARN {arn} is not valid.");
        bench.refused(&attach, &form("bob", arn), "InvalidInput", &message);
    }
    let short = "1 validation error detected: Value 'AdministratorAccess' at 'policyArn' failed to satisfy constraint: Member \
                 must have length greater than or equal to 20";
    bench.refused(&attach, &form("bob", "AdministratorAccess"), "ValidationError", short);
}

pub fn ten_are_the_most(kind: Kind) {
    let bench = trial::bench();
    let attach = format!("Attach{kind:?}Policy");
    let form = |arn| kind.form("bob", &[("PolicyArn", arn)]);
    let arns: Vec<String> = (0..11).map(|i| trial::policy(&bench, &format!("p{i}"))).collect();
    for arn in &arns[..10] {
        bench.ok(&attach, &form(arn));
    }
    let message = format!("Cannot exceed quota for PoliciesPer{kind:?}: 10");
    bench.refused(&attach, &form(&arns[10]), "LimitExceeded", &message);
    assert_eq!(attachments(&bench, &arns[10]), "0", "{kind:?}");
    // What is attached already is no eleventh.
    bench.ok(&attach, &form(&arns[3]));
}

/// Of users and roles; groups have no boundaries.
pub fn policies_may_ask_for_policy_and_boundary(kind: Kind) {
    let bench = trial::bench();
    let attach = format!("Attach{kind:?}Policy");
    let form = |arn| kind.form("bob", &[("PolicyArn", arn)]);
    let (mine, bound) = (trial::policy(&bench, "mine"), trial::policy(&bench, "bound"));
    let condition = json!({"ArnEquals": {"iam:PolicyARN": mine, "iam:PermissionsBoundary": bound}});
    let ann = trial::ann(&bench, &format!("iam:{attach}"), condition);
    trial::denied(&bench, &ann, &attach, &form(&mine));
    let bind = kind.form("bob", &[("PermissionsBoundary", &bound)]);
    bench.ok(&format!("Put{kind:?}PermissionsBoundary"), &bind);
    trial::denied(&bench, &ann, &attach, &form(ADMIN));
    bench.ok_as(&ann, &attach, &form(&mine));
}

pub fn detached_counts_no_more(kind: Kind) {
    let bench = trial::bench();
    let arn = trial::policy(&bench, "p");
    for arn in [arn.as_str(), ADMIN] {
        let form = kind.form("bob", &[("PolicyArn", arn)]);
        bench.ok(&format!("Attach{kind:?}Policy"), &form);
        assert_eq!(bench.ok(&format!("Detach{kind:?}Policy"), &form), "", "{kind:?} {arn}");
        assert_eq!(attachments(&bench, arn), "0", "{kind:?} {arn}");
    }
    let listed = bench.ok(&format!("ListAttached{kind:?}Policies"), &kind.form("bob", &[]));
    let none = "<AttachedPolicies></AttachedPolicies><IsTruncated>false</IsTruncated>";
    assert_eq!(listed, none, "{kind:?}");
}

pub fn only_what_is_attached_is_detached(kind: Kind) {
    let bench = trial::bench();
    let arn = trial::policy(&bench, "p");
    let detach = format!("Detach{kind:?}Policy");
    let form = |name, arn| kind.form(name, &[("PolicyArn", arn)]);
    let not_found = |arn| {
        let message = format!("Policy {arn} was not found.");
        bench.refused(&detach, &form("bob", arn), "NoSuchEntity", &message);
    };
    bench.refused(&detach, &form("nobody", &arn), "NoSuchEntity", &kind.missing("nobody"));
    for arn in [&arn, ADMIN, "arn:aws:iam::aws:policy/Nothing"] {
        not_found(arn);
    }
    bench.ok(&format!("Attach{kind:?}Policy"), &form("bob", &arn));
    bench.ok(&detach, &form("bob", &arn));
    not_found(&arn);
    for bad in ["arn:aws:iam::111122223333:group/p", "arn:aws:iam::111122223333:user/p"] {
        let message = format!("ARN {bad} is not valid.");
        bench.refused(&detach, &form("bob", bad), "InvalidInput", &message);
    }
}

pub fn pages_and_paths(kind: Kind) {
    let bench = trial::bench();
    let list = format!("ListAttached{kind:?}Policies");
    for arn in [VIEW, ADMIN, &trial::policy(&bench, "p")] {
        bench.ok(&format!("Attach{kind:?}Policy"), &kind.form("bob", &[("PolicyArn", arn)]));
    }
    let first = bench.ok(&list, &kind.form("bob", &[("MaxItems", "2")]));
    assert_eq!(elements(&first, "PolicyName"), ["p", "AdministratorAccess"], "{kind:?}");
    assert_eq!(element(&first, "IsTruncated"), "true", "{kind:?}");
    let marker = element(&first, "Marker");
    let second = bench.ok(&list, &kind.form("bob", &[("Marker", &marker)]));
    assert_eq!(elements(&second, "PolicyName"), ["ViewOnlyAccess"], "{kind:?}");
    assert_eq!(element(&second, "IsTruncated"), "false", "{kind:?}");
    let under = bench.ok(&list, &kind.form("bob", &[("PathPrefix", "/job-function/")]));
    assert_eq!(elements(&under, "PolicyArn"), [VIEW], "{kind:?}");
    let form = kind.form("bob", &[("Marker", &marker), ("PathPrefix", "/job-function/")]);
    bench.refused(&list, &form, "ValidationError", "Invalid Marker.");
}

pub fn what_no_list_can_be_of_is_refused(kind: Kind) {
    let bench = trial::bench();
    let list = format!("ListAttached{kind:?}Policies");
    bench.refused(&list, &kind.form("nobody", &[]), "NoSuchEntity", &kind.missing("nobody"));
    for (member, value) in
        [("MaxItems", "0"), ("MaxItems", "1001"), ("PathPrefix", "x"), ("Marker", "forged")]
    {
        let (status, body) = bench.call_as(&bench.root(), &list, &kind.form("bob", &[(member, value)]));
        let told = (status, element(&body, "Code"));
        assert_eq!(told, (400, "ValidationError".to_owned()), "{kind:?} {member} {value}");
    }
}
