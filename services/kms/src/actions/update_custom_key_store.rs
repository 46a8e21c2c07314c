//! UpdateCustomKeyStore: changes a key store's name or how it is reached.
//!
//! Needs `kms:UpdateCustomKeyStore`. There is no custom key store here, so every id is unknown. Source: KMS API Reference, UpdateCustomKeyStore.

use crate::custom_key_store;
use api::{Action, Answer, Cx};
use wire::generated::kms::{
    UpdateCustomKeyStore as Op, UpdateCustomKeyStoreInput, UpdateCustomKeyStoreOutput,
};

pub struct UpdateCustomKeyStore;

impl Action for UpdateCustomKeyStore {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:UpdateCustomKeyStore";

    fn handle(_cx: &mut Cx, input: UpdateCustomKeyStoreInput) -> Answer<UpdateCustomKeyStoreOutput> {
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
        bench.refused("UpdateCustomKeyStore", input.clone(), "CustomKeyStoreNotFoundException", "");
        let told = bench.last_record("UpdateCustomKeyStore").reason.unwrap();
        assert!(told.contains("cks-1234567890abcdef0"), "{told}");
        let (_, body) = bench.call_as(&bench.session(), "UpdateCustomKeyStore", input);
        assert_eq!(body["__type"], "AccessDeniedException");
        let (_, body) = bench.call_as(&bench.root(), "UpdateCustomKeyStore", json!({}));
        assert_eq!(body["__type"], "ValidationException");
    }
}
