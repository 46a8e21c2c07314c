//! Laws of the permission boundaries of users and roles.

use super::Kind;
use crate::attachments::trial::{self, ADMIN};
use crate::testing::{Bench, element};
use serde_json::json;

/// Bounds `bob`.
fn put(bench: &Bench, kind: Kind, arn: &str) -> String {
    let form = kind.form("bob", &[("PermissionsBoundary", arn)]);
    bench.ok(&format!("Put{kind:?}PermissionsBoundary"), &form)
}

/// How many a policy bounds.
fn uses(bench: &Bench, arn: &str) -> String {
    element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "PermissionsBoundaryUsageCount")
}

/// What the account's details say of all of the kind.
fn details(bench: &Bench, kind: Kind) -> String {
    bench.ok("GetAccountAuthorizationDetails", &[("Filter.member.1", &format!("{kind:?}"))])
}

pub fn shown_and_counted(kind: Kind) {
    let bench = trial::bench();
    let (first, second) = (trial::policy(&bench, "first"), trial::policy(&bench, "second"));
    for (arn, counts) in [
        (first.as_str(), ["1", "0", "0"]),
        (&first, ["1", "0", "0"]),
        (&second, ["0", "1", "0"]),
        (ADMIN, ["0", "0", "1"]),
    ] {
        assert_eq!(put(&bench, kind, arn), "", "{kind:?} {arn}");
        assert_eq!([&first, &second, ADMIN].map(|arn| uses(&bench, arn)), counts, "{kind:?} {arn}");
        assert_eq!(
            element(&details(&bench, kind), "PermissionsBoundary"),
            format!(
                "<PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>"
            ),
            "{kind:?}"
        );
    }
}

pub fn what_is_no_policy_bounds_nobody(kind: Kind) {
    let bench = trial::bench();
    let action = format!("Put{kind:?}PermissionsBoundary");
    let form = |name, arn| kind.form(name, &[("PermissionsBoundary", arn)]);
    bench.refused(&action, &form("nobody", ADMIN), "NoSuchEntity", &kind.missing("nobody"));
    for arn in [
        "arn:aws:iam::aws:policy/Nothing",
        "arn:aws:iam::111122223333:policy/p",
        "arn:aws:iam::444455556666:policy/p",
    ] {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        bench.refused(&action, &form("bob", arn), "NoSuchEntity", &message);
    }
    for arn in ["AdministratorAccess", "arn:aws:iam::111122223333:user/bob"] {
        let (status, body) = bench.call_as(&bench.root(), &action, &form("bob", arn));
        let told = (status, element(&body, "Code"));
        assert_eq!(told, (400, "ValidationError".to_owned()), "{kind:?} {arn}");
    }
}

pub fn policies_may_ask_for_the_new_one(kind: Kind) {
    let bench = trial::bench();
    let action = format!("Put{kind:?}PermissionsBoundary");
    let form = |arn| kind.form("bob", &[("PermissionsBoundary", arn)]);
    let (good, bad) = (trial::policy(&bench, "good"), trial::policy(&bench, "bad"));
    let condition = json!({"StringEquals": {"iam:PermissionsBoundary": good}});
    let ann = trial::ann(&bench, &format!("iam:{action}"), condition);
    put(&bench, kind, &good);
    trial::denied(&bench, &ann, &action, &form(&bad));
    bench.ok_as(&ann, &action, &form(&good));
}

pub fn gone_it_counts_no_more(kind: Kind) {
    let bench = trial::bench();
    let delete = format!("Delete{kind:?}PermissionsBoundary");
    let arn = trial::policy(&bench, "p");
    put(&bench, kind, &arn);
    // The second time there is nothing to do.
    for _ in 0..2 {
        assert_eq!(bench.ok(&delete, &kind.form("bob", &[])), "", "{kind:?}");
        assert_eq!(uses(&bench, &arn), "0", "{kind:?}");
    }
    let details = details(&bench, kind);
    assert!(!details.contains("PermissionsBoundary"), "{kind:?}: {details}");
    bench.refused(&delete, &kind.form("nobody", &[]), "NoSuchEntity", &kind.missing("nobody"));
}

pub fn policies_may_ask_for_the_one_that_goes(kind: Kind) {
    let bench = trial::bench();
    let delete = format!("Delete{kind:?}PermissionsBoundary");
    let bob = kind.form("bob", &[]);
    let (keep, go) = (trial::policy(&bench, "keep"), trial::policy(&bench, "go"));
    let condition = json!({"StringEquals": {"iam:PermissionsBoundary": go}});
    let ann = trial::ann(&bench, &format!("iam:{delete}"), condition);
    trial::denied(&bench, &ann, &delete, &bob);
    put(&bench, kind, &keep);
    trial::denied(&bench, &ann, &delete, &bob);
    put(&bench, kind, &go);
    bench.ok_as(&ann, &delete, &bob);
}
