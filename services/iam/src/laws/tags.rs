//! Laws of the tags of users, roles and instance profiles.

use super::Kind;
use crate::testing::{Bench, EC2_TRUST, element, elements};

/// A server with an `x` of the kind.
fn bench(kind: Kind) -> Bench {
    let bench = Bench::new();
    let trust = [("AssumeRolePolicyDocument", EC2_TRUST)];
    let rest = if kind == Kind::Role { &trust[..] } else { &[] };
    bench.ok(&format!("Create{kind:?}"), &kind.form("x", rest));
    bench
}

/// A form that gives `name` one tag.
fn one<'a>(kind: Kind, name: &'a str, key: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    kind.form(name, &[("Tags.member.1.Key", key), ("Tags.member.1.Value", value)])
}

pub fn written_over_those_with_the_same_key(kind: Kind) {
    let bench = bench(kind);
    for (key, value) in [("b", "1"), ("a", "2"), ("B", "3")] {
        assert_eq!(bench.ok(&format!("Tag{kind:?}"), &one(kind, "x", key, value)), "", "{kind:?} {key}");
    }
    assert_eq!(
        bench.ok(&format!("List{kind:?}Tags"), &kind.form("x", &[])),
        "<Tags><member><Key>B</Key><Value>3</Value></member><member><Key>a</Key><Value>2</Value></member></Tags>\
         <IsTruncated>false</IsTruncated>",
        "{kind:?}"
    );
}

pub fn bad_tags_and_missing_names_are_refused(kind: Kind) {
    let bench = bench(kind);
    let tag = format!("Tag{kind:?}");
    let message = "Caller is an end user and not allowed to mutate system tags";
    bench.refused(&tag, &one(kind, "x", "aws:x", "v"), "InvalidInput", message);
    bench.refused(&tag, &one(kind, "y", "k", "v"), "NoSuchEntity", &kind.missing("y"));
    let keys: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Key", i + 1)).collect();
    let values: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Value", i + 1)).collect();
    let texts: Vec<String> = (0..50).map(|i| i.to_string()).collect();
    let mut form = kind.form("x", &[]);
    for i in 0..50 {
        form.push((&keys[i], &texts[i]));
        form.push((&values[i], "v"));
    }
    bench.ok(&tag, &form);
    let message = "Cannot exceed quota for TagsPerResource: 50";
    bench.refused(&tag, &one(kind, "x", "more", "v"), "LimitExceeded", message);
}

pub fn named_ones_go_and_the_others_stay(kind: Kind) {
    let bench = bench(kind);
    for key in ["a", "b"] {
        bench.ok(&format!("Tag{kind:?}"), &one(kind, "x", key, "v"));
    }
    let untag = format!("Untag{kind:?}");
    let form = kind.form("x", &[("TagKeys.member.1", "A"), ("TagKeys.member.2", "z")]);
    assert_eq!(bench.ok(&untag, &form), "", "{kind:?}");
    assert_eq!(
        bench.ok(&format!("List{kind:?}Tags"), &kind.form("x", &[])),
        "<Tags><member><Key>b</Key><Value>v</Value></member></Tags><IsTruncated>false</IsTruncated>",
        "{kind:?}"
    );
    let form = kind.form("y", &[("TagKeys.member.1", "a")]);
    bench.refused(&untag, &form, "NoSuchEntity", &kind.missing("y"));
    let form = kind.form("x", &[("TagKeys.member.1", "aws:a")]);
    let message = "Caller is an end user and not allowed to mutate system tags";
    bench.refused(&untag, &form, "InvalidInput", message);
}

pub fn listed_in_pages_by_key(kind: Kind) {
    let bench = bench(kind);
    let list = format!("List{kind:?}Tags");
    let none = "<Tags></Tags><IsTruncated>false</IsTruncated>";
    assert_eq!(bench.ok(&list, &kind.form("x", &[])), none, "{kind:?}");
    for key in ["c", "a", "b"] {
        bench.ok(&format!("Tag{kind:?}"), &one(kind, "x", key, "v"));
    }
    let first = bench.ok(&list, &kind.form("x", &[("MaxItems", "2")]));
    assert_eq!(elements(&first, "Key"), ["a", "b"], "{kind:?}");
    let marker = element(&first, "Marker");
    let second = bench.ok(&list, &kind.form("x", &[("Marker", &marker)]));
    let told = (elements(&second, "Key"), element(&second, "IsTruncated"));
    assert_eq!(told, (vec!["c".into()], "false".into()), "{kind:?}");
    bench.refused(&list, &kind.form("y", &[]), "NoSuchEntity", &kind.missing("y"));
}
