//! Laws of the inline policies of users, groups and roles.

use super::Kind;
use crate::attachments::trial::{self, DOCUMENT, ENCODED};
use crate::testing::{Bench, element, elements};

/// Gives `bob` an inline policy.
fn put(bench: &Bench, kind: Kind, policy: &str, document: &str) -> String {
    let form = kind.form("bob", &[("PolicyName", policy), ("PolicyDocument", document)]);
    bench.ok(&format!("Put{kind:?}Policy"), &form)
}

/// The names of `bob`'s inline policies.
fn names(bench: &Bench, kind: Kind) -> Vec<String> {
    elements(&bench.ok(&format!("List{kind:?}Policies"), &kind.form("bob", &[])), "member")
}

pub fn added_then_replaced(kind: Kind) {
    let bench = trial::bench();
    assert_eq!(put(&bench, kind, "P", &DOCUMENT.replace("ec2", "kms")), "", "{kind:?}");
    put(&bench, kind, "P", DOCUMENT);
    let got = bench.ok(&format!("Get{kind:?}Policy"), &kind.form("bob", &[("PolicyName", "P")]));
    assert_eq!(element(&got, "PolicyDocument"), ENCODED, "{kind:?}");
    // Names of inline policies differ by case.
    put(&bench, kind, "p", DOCUMENT);
    assert_eq!(names(&bench, kind), ["P", "p"], "{kind:?}");
}

pub fn bad_documents_and_names_are_refused(kind: Kind) {
    let bench = trial::bench();
    let action = format!("Put{kind:?}Policy");
    let form =
        |name, policy, document| kind.form(name, &[("PolicyName", policy), ("PolicyDocument", document)]);
    bench.refused(&action, &form("nobody", "p", DOCUMENT), "NoSuchEntity", &kind.missing("nobody"));
    let told = |policy, document| {
        let (status, body) = bench.call_as(&bench.root(), &action, &form("bob", policy, document));
        (status, element(&body, "Code"))
    };
    let (small, old) = (DOCUMENT.replace("Allow", "allow"), DOCUMENT.replace("2012-10-17", "2008-10-17"));
    for document in ["x", "{}", "[]", &small, &old] {
        let malformed = (400, "MalformedPolicyDocument".to_owned());
        assert_eq!(told("p", document), malformed, "{kind:?} {document}");
    }
    for (policy, document) in [("", DOCUMENT), ("a b", DOCUMENT), ("p", "")] {
        let invalid = (400, "ValidationError".to_owned());
        assert_eq!(told(policy, document), invalid, "{kind:?} {policy}");
    }
    assert_eq!(names(&bench, kind), Vec::<String>::new(), "{kind:?}");
}

/// `max` characters are the most that all of them have together.
pub fn all_together_have_a_size(kind: Kind, max: usize) {
    let bench = trial::bench();
    put(&bench, kind, "a", &trial::document_of(1000));
    put(&bench, kind, "b", &trial::document_of(max - 1000));
    let action = format!("Put{kind:?}Policy");
    let over = trial::document_of(max - 999);
    let message = format!("Maximum policy size of {max} bytes exceeded for {} bob", kind.word());
    let form = kind.form("bob", &[("PolicyName", "b"), ("PolicyDocument", &over)]);
    bench.refused(&action, &form, "LimitExceeded", &message);
    let told = bench.last_record(&action).reason.unwrap_or_default();
    assert!(told.contains(&format!("would have {} together", max + 1)), "{kind:?}: {told}");
}

pub fn the_document_is_url_encoded(kind: Kind) {
    let bench = trial::bench();
    put(&bench, kind, "p", DOCUMENT);
    assert_eq!(
        bench.ok(&format!("Get{kind:?}Policy"), &kind.form("BOB", &[("PolicyName", "p")])),
        format!(
            "<{kind:?}Name>bob</{kind:?}Name><PolicyName>p</PolicyName><PolicyDocument>{ENCODED}</PolicyDocument>"
        ),
        "{kind:?}"
    );
}

pub fn only_what_is_there_is_got(kind: Kind) {
    let bench = trial::bench();
    put(&bench, kind, "p", DOCUMENT);
    let get = format!("Get{kind:?}Policy");
    let form = |name, policy| kind.form(name, &[("PolicyName", policy)]);
    bench.refused(&get, &form("nobody", "p"), "NoSuchEntity", &kind.missing("nobody"));
    for policy in ["P", "q", "AdministratorAccess"] {
        let message = format!("The {} policy with name {policy} cannot be found.", kind.word());
        bench.refused(&get, &form("bob", policy), "NoSuchEntity", &message);
    }
    let bad = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
               following: +=,.@_-";
    bench.refused(&get, &form("bob", "a/b"), "ValidationError", bad);
}

pub fn deleted_once(kind: Kind) {
    let bench = trial::bench();
    for policy in ["p", "q"] {
        put(&bench, kind, policy, DOCUMENT);
    }
    let delete = format!("Delete{kind:?}Policy");
    let form = |name, policy| kind.form(name, &[("PolicyName", policy)]);
    let not_found = |policy| {
        let message = format!("The {} policy with name {policy} cannot be found.", kind.word());
        bench.refused(&delete, &form("bob", policy), "NoSuchEntity", &message);
    };
    assert_eq!(bench.ok(&delete, &form("bob", "p")), "", "{kind:?}");
    assert_eq!(names(&bench, kind), ["q"], "{kind:?}");
    not_found("p");
    bench.refused(&delete, &form("nobody", "q"), "NoSuchEntity", &kind.missing("nobody"));
    not_found("Q");
}

pub fn names_come_in_pages(kind: Kind) {
    let bench = trial::bench();
    let list = format!("List{kind:?}Policies");
    let none = "<PolicyNames></PolicyNames><IsTruncated>false</IsTruncated>";
    assert_eq!(bench.ok(&list, &kind.form("bob", &[])), none, "{kind:?}");
    for policy in ["c", "a", "b"] {
        put(&bench, kind, policy, DOCUMENT);
    }
    let all = "<PolicyNames><member>a</member><member>b</member><member>c</member></PolicyNames>\
               <IsTruncated>false</IsTruncated>";
    assert_eq!(bench.ok(&list, &kind.form("bob", &[])), all, "{kind:?}");
    let first = bench.ok(&list, &kind.form("bob", &[("MaxItems", "2")]));
    let told = (elements(&first, "member").len(), element(&first, "IsTruncated"));
    assert_eq!(told, (2, "true".to_owned()), "{kind:?}");
    let marker = element(&first, "Marker");
    let rest = bench.ok(&list, &kind.form("bob", &[("Marker", &marker)]));
    assert_eq!(elements(&rest, "member"), ["c"], "{kind:?}");
}

pub fn other_lists_markers_and_unknown_names_are_refused(kind: Kind) {
    let bench = trial::bench();
    let list = format!("List{kind:?}Policies");
    bench.refused(&list, &kind.form("nobody", &[]), "NoSuchEntity", &kind.missing("nobody"));
    let form = kind.form("bob", &[("Marker", "x")]);
    bench.refused(&list, &form, "ValidationError", "Invalid Marker.");
    let range = "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value \
                 greater than or equal to 1";
    bench.refused(&list, &kind.form("bob", &[("MaxItems", "0")]), "ValidationError", range);
}
