//! Tests of sharing snapshots.

use super::*;
use BlockPublicAccess::{BlockAllSharing, BlockNewSharing, Unblocked};

const ALICE: &str = "111122223333";
const BOB: &str = "444455556666";

fn id(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

fn user(text: &str) -> Grantee {
    Grantee::Account(id(text))
}

fn set<const N: usize>(grantees: [Grantee; N]) -> BTreeSet<Grantee> {
    grantees.into()
}

fn item<'a>(user_id: Option<&'a str>, group: Option<&'a str>) -> Item<'a> {
    Item { user_id, group }
}

fn code<T>(r: Result<T, Refusal>) -> String {
    r.map_or_else(|e| e.code.into_owned(), |_| "ok".into())
}

#[test]
fn both_forms_say_the_same() {
    let structured = change(ModifyAttribute {
        add: &[item(Some(BOB), None), item(None, Some("all")), item(Some(BOB), None)],
        ..Default::default()
    });
    let added = Change { add: set([user(BOB), Grantee::Everyone]), ..Default::default() };
    assert_eq!(structured, Ok(added));
    let structured = change(ModifyAttribute { remove: &[item(Some(ALICE), Some(""))], ..Default::default() });
    assert_eq!(structured, Ok(Change { remove: set([user(ALICE)]), ..Default::default() }));
    let flat = ModifyAttribute {
        attribute: Some("createVolumePermission"),
        operation: Some("add"),
        user_ids: &[BOB],
        group_names: &["all"],
        ..Default::default()
    };
    let listed = set([user(BOB), Grantee::Everyone]);
    assert_eq!(change(flat), Ok(Change { add: listed.clone(), ..Default::default() }));
    let flat = ModifyAttribute { operation: Some("remove"), ..flat };
    assert_eq!(change(flat), Ok(Change { remove: listed, ..Default::default() }));
}

#[test]
fn requests_that_say_nothing_or_too_much_are_refused() {
    let one = [item(Some(BOB), None)];
    let base = ModifyAttribute::default();
    for (asked, expected) in [
        (base, "MissingParameter"),
        (ModifyAttribute { attribute: Some("createVolumePermission"), ..base }, "MissingParameter"),
        (ModifyAttribute { operation: Some("add"), ..base }, "MissingParameter"),
        (ModifyAttribute { user_ids: &[BOB], ..base }, "MissingParameter"),
        (ModifyAttribute { group_names: &["all"], operation: Some(""), ..base }, "MissingParameter"),
        (ModifyAttribute { attribute: Some("productCodes"), add: &one, ..base }, "InvalidParameterValue"),
        (ModifyAttribute { operation: Some("Add"), user_ids: &[BOB], ..base }, "InvalidParameterValue"),
        (ModifyAttribute { add: &one, operation: Some("add"), ..base }, "InvalidParameterCombination"),
        (ModifyAttribute { remove: &one, user_ids: &[BOB], ..base }, "InvalidParameterCombination"),
        (ModifyAttribute { add: &[item(Some(BOB), Some("all"))], ..base }, "InvalidParameterCombination"),
        (ModifyAttribute { add: &one, remove: &one, ..base }, "InvalidParameterCombination"),
        (ModifyAttribute { add: &[item(None, None)], ..base }, "MissingParameter"),
        (ModifyAttribute { add: &[item(Some(""), Some(""))], ..base }, "MissingParameter"),
        (ModifyAttribute { remove: &[item(None, Some("everyone"))], ..base }, "InvalidGroup.NotFound"),
        (ModifyAttribute { operation: Some("add"), group_names: &["ALL"], ..base }, "InvalidGroup.NotFound"),
        (ModifyAttribute { operation: Some("add"), group_names: &[""], ..base }, "InvalidGroup.NotFound"),
    ] {
        assert_eq!(code(change(asked)), expected, "{asked:?}");
    }
    for bad in [
        "",
        "1111",
        "1111222233334",
        "11112222333a",
        "arn:aws:iam::111122223333:root",
        "１１１１２２２２３３３３",
    ] {
        let asked = ModifyAttribute { operation: Some("add"), user_ids: &[bad], ..base };
        assert_eq!(code(change(asked)), "InvalidUserID.Malformed", "{bad}");
    }
}

#[test]
fn one_call_makes_at_most_500_modifications() {
    let ids: Vec<String> = (0..501).map(|n| format!("{:012}", 100_000_000_000_u64 + n)).collect();
    let items: Vec<Item> = ids.iter().map(|id| item(Some(id), None)).collect();
    let users: Vec<&str> = ids.iter().map(String::as_str).collect();
    let structured = |items| change(ModifyAttribute { add: items, ..Default::default() });
    let flat =
        |user_ids| change(ModifyAttribute { operation: Some("remove"), user_ids, ..Default::default() });
    assert_eq!(structured(&items[1..]).unwrap().add.len(), 500);
    assert_eq!(flat(&users[1..]).unwrap().remove.len(), 500);
    assert_eq!(code(structured(&items)), "InvalidParameterValue");
    assert_eq!(code(flat(&users)), "InvalidParameterValue");
    let repeated = [items[0]; 501];
    assert_eq!(code(structured(&repeated)), "InvalidParameterValue", "a repeated one counts");
}

#[test]
fn who_is_added_and_removed_at_once_is_removed() {
    let change = Change { add: set([user(BOB), user(ALICE)]), remove: set([user(BOB)]) };
    assert_eq!(change.applied_to(&set([Grantee::Everyone])), set([user(ALICE), Grantee::Everyone]));
    assert_eq!(change.applied_to(&set([user(BOB)])), set([user(ALICE)]));
    assert_eq!(change.newly_shared(&set([])), [id(ALICE)]);
    assert_eq!(change.newly_shared(&set([user(ALICE)])), []);
}

#[test]
fn what_is_encrypted_is_never_public_and_what_the_managed_key_encrypts_is_not_shared() {
    let add = |grantee| Change { add: set([grantee]), ..Default::default() };
    let remove = |grantee| Change { remove: set([grantee]), ..Default::default() };
    let no = "OperationNotPermitted";
    for (key, change, block, expected) in [
        (SharedKey::Unencrypted, add(user(BOB)), BlockAllSharing, "ok"),
        (SharedKey::Unencrypted, add(Grantee::Everyone), Unblocked, "ok"),
        (SharedKey::Unencrypted, add(Grantee::Everyone), BlockNewSharing, no),
        (SharedKey::Unencrypted, add(Grantee::Everyone), BlockAllSharing, no),
        (SharedKey::Unencrypted, remove(Grantee::Everyone), BlockAllSharing, "ok"),
        (SharedKey::Customer, add(user(BOB)), Unblocked, "ok"),
        (SharedKey::Customer, add(Grantee::Everyone), Unblocked, no),
        (SharedKey::Customer, add(Grantee::Everyone), BlockNewSharing, no),
        (SharedKey::Managed, add(user(BOB)), Unblocked, no),
        (SharedKey::Managed, add(Grantee::Everyone), Unblocked, no),
        (SharedKey::Managed, remove(user(BOB)), Unblocked, "ok"),
    ] {
        assert_eq!(code(may_share(key, &change, block)), expected, "{key:?} {change:?} {block:?}");
    }
    let text = |key| may_share(key, &add(Grantee::Everyone), Unblocked).unwrap_err().message;
    assert_eq!(text(SharedKey::Managed), "Encrypted snapshots with EBS default key cannot be shared");
    assert_eq!(text(SharedKey::Customer), "Encrypted snapshots cannot be shared publicly");
}

#[test]
fn a_stranger_sees_only_what_is_public_and_not_hidden() {
    let public = set([Grantee::Everyone]);
    let with_bob = set([user(BOB)]);
    let nobody = set([]);
    for (caller, shared, block, sees) in [
        (ALICE, &nobody, BlockAllSharing, true),
        (BOB, &nobody, Unblocked, false),
        (BOB, &with_bob, BlockAllSharing, true),
        ("777788889999", &with_bob, Unblocked, false),
        (BOB, &public, Unblocked, true),
        (BOB, &public, BlockNewSharing, true),
        (BOB, &public, BlockAllSharing, false),
    ] {
        assert_eq!(may_read(&id(caller), &id(ALICE), shared, block), sees, "{caller} {shared:?} {block:?}");
    }
}

#[test]
fn enabling_the_block_takes_blocking_states_only() {
    for good in [BlockNewSharing, BlockAllSharing] {
        assert_eq!(BlockPublicAccess::parse_blocking(good.as_str()), Ok(good));
    }
    for bad in ["", "unblocked", "Block-All-Sharing", "block-all", "block_all_sharing"] {
        assert_eq!(code(BlockPublicAccess::parse_blocking(bad)), "InvalidParameterValue", "{bad}");
    }
}
