//! DisconnectCustomKeyStore: disconnects a key store from its cluster or proxy.
//!
//! Needs `kms:DisconnectCustomKeyStore`. There is no custom key store here, so every id is unknown. Source: KMS API Reference, DisconnectCustomKeyStore.

use crate::custom_key_store;
use api::{Action, Answer, Cx};
use wire::generated::kms::{
    DisconnectCustomKeyStore as Op, DisconnectCustomKeyStoreInput, DisconnectCustomKeyStoreOutput,
};

pub struct DisconnectCustomKeyStore;

impl Action for DisconnectCustomKeyStore {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DisconnectCustomKeyStore";

    fn handle(_cx: &mut Cx, input: DisconnectCustomKeyStoreInput) -> Answer<DisconnectCustomKeyStoreOutput> {
        Err(custom_key_store::not_found(&input.custom_key_store_id).into())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn no_store_is_there_and_strangers_do_not_even_hear_that() {
        let bench = Bench::new();
        let input = json!({"CustomKeyStoreId": "cks-1234567890abcdef0"});
        bench.refused("DisconnectCustomKeyStore", input.clone(), "CustomKeyStoreNotFoundException", "");
        let told = bench.last_record("DisconnectCustomKeyStore").reason.unwrap();
        assert!(told.contains("cks-1234567890abcdef0"), "{told}");
        let (_, body) = bench.call_as(&bench.session(), "DisconnectCustomKeyStore", input);
        assert_eq!(body["__type"], "AccessDeniedException");
        let (_, body) = bench.call_as(&bench.root(), "DisconnectCustomKeyStore", json!({}));
        assert_eq!(body["__type"], "ValidationException");
    }
}
