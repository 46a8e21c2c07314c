//! DescribeCustomKeyStores: the account's custom key stores. There are none here.
//!
//! Needs `kms:DescribeCustomKeyStores`. Source: KMS API Reference, DescribeCustomKeyStores.

use crate::custom_key_store;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::kms::{
    DescribeCustomKeyStores as Op, DescribeCustomKeyStoresInput, DescribeCustomKeyStoresOutput,
};

pub struct DescribeCustomKeyStores;

impl Action for DescribeCustomKeyStores {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:DescribeCustomKeyStores";

    fn handle(_cx: &mut Cx, input: DescribeCustomKeyStoresInput) -> Answer<DescribeCustomKeyStoresOutput> {
        custom_key_store::none_of(input.custom_key_store_id.as_deref())?;
        custom_key_store::none_of(input.custom_key_store_name.as_deref())?;
        if input.marker.is_some() {
            return Err(Refusal::new("InvalidMarkerException", "The marker is not valid.")
                .because("a list of no key stores has no second page")
                .into());
        }
        Ok(DescribeCustomKeyStoresOutput {
            custom_key_stores: Some(Vec::new()),
            truncated: Some(false),
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    const NAME: &str = "DescribeCustomKeyStores";

    #[test]
    fn the_list_is_empty_and_every_name_unknown() {
        let bench = Bench::new();
        let answer = bench.ok(NAME, json!({"Limit": 10}));
        assert_eq!(answer, json!({"CustomKeyStores": [], "Truncated": false}));
        for filter in [json!({"CustomKeyStoreId": "cks-1"}), json!({"CustomKeyStoreName": "mine"})] {
            bench.refused(NAME, filter, "CustomKeyStoreNotFoundException", "");
        }
        let marker = json!({"Marker": "x"});
        bench.refused(NAME, marker, "InvalidMarkerException", "The marker is not valid.");
        let (_, body) = bench.call_as(&bench.root(), NAME, json!({"Limit": 0}));
        assert_eq!(body["__type"], "ValidationException");
        let (_, body) = bench.call_as(&bench.session(), NAME, json!({}));
        assert_eq!(body["__type"], "AccessDeniedException");
    }
}
