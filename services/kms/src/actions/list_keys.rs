//! ListKeys: all keys of the account in the Region, AWS managed ones too, in the order of their ids; 100 to a page, at most 1,000.
//!
//! Needs `kms:ListKeys`; until policies exist, the account root. Source: KMS API Reference, ListKeys.

use crate::paging::Paging;
use crate::rows::Key;
use crate::shapes;
use api::{Action, Answer, Cx};
use wire::generated::kms::{ListKeys as Op, ListKeysInput, ListKeysOutput};

pub struct ListKeys;

impl Action for ListKeys {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:ListKeys";

    fn handle(cx: &mut Cx, input: ListKeysInput) -> Answer<ListKeysOutput> {
        let paging = Paging {
            action: "ListKeys",
            limit: input.limit,
            marker: input.marker.as_deref(),
            default: 100,
            max: 1000,
        };
        let now = cx.now();
        let tenant = cx.tenant();
        let mut page = paging.scan::<Key>(cx, &tenant)?;
        page.items.retain(|key| !key.is_gone(now));
        let page = page.map(shapes::key_entry);
        Ok(ListKeysOutput {
            truncated: page.truncated(),
            keys: Some(page.items),
            next_marker: page.next_marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn pages_join_without_gap_or_repeat() {
        let bench = Bench::new();
        let made: BTreeSet<String> = (0..5).map(|_| bench.create_key().arn).collect();
        let mut listed = Vec::new();
        let mut marker = Value::Null;
        loop {
            let page = bench.ok("ListKeys", json!({"Limit": 2, "Marker": marker}));
            let keys = page["Keys"].as_array().unwrap();
            listed.extend(keys.iter().map(|key| key["KeyArn"].as_str().unwrap().to_owned()));
            marker = page["NextMarker"].clone();
            assert_eq!(page["Truncated"], json!(!marker.is_null()));
            if marker.is_null() {
                break;
            }
        }
        assert_eq!((listed.len(), listed.into_iter().collect()), (5, made));
    }

    #[test]
    fn a_marker_is_good_for_its_account_and_action_only() {
        let bench = Bench::new();
        (0..2).for_each(|_| drop(bench.create_key()));
        let marker = bench.ok("ListKeys", json!({"Limit": 1}))["NextMarker"].clone();
        let other = bench.root_of("444455556666");
        for (caller, operation, marker) in [
            (&other, "ListKeys", marker.clone()),
            (&bench.root(), "ListAliases", marker),
            (&bench.root(), "ListKeys", json!("made up")),
        ] {
            let (_, body) = bench.call_as(caller, operation, json!({"Marker": marker}));
            assert_eq!(body["__type"], "InvalidMarkerException", "{operation}");
        }
    }

    #[test]
    fn other_accounts_keys_and_limits_out_of_range_are_not_served() {
        let bench = Bench::new();
        bench.create_key();
        let other = bench.root_of("444455556666");
        assert_eq!(bench.ok_as(&other, "ListKeys", json!({}))["Keys"], json!([]));
        for limit in [0, 1001, -1] {
            let (_, body) = bench.call_as(&bench.root(), "ListKeys", json!({"Limit": limit}));
            assert_eq!(body["__type"], "ValidationException", "{limit}");
        }
    }
}
