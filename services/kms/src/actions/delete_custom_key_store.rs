//! DeleteCustomKeyStore: deletes a key store.
//!
//! Needs `kms:DeleteCustomKeyStore`. There is no custom key store here, so every id is unknown. Source: KMS API Reference, DeleteCustomKeyStore.

use crate::custom_key_store;
use api::{Action, Answer, Cx};
use wire::generated::kms::{
    DeleteCustomKeyStore as Op, DeleteCustomKeyStoreInput, DeleteCustomKeyStoreOutput,
};

pub struct DeleteCustomKeyStore;

impl Action for DeleteCustomKeyStore {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DeleteCustomKeyStore";

    fn handle(_cx: &mut Cx, input: DeleteCustomKeyStoreInput) -> Answer<DeleteCustomKeyStoreOutput> {
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
        bench.refused("DeleteCustomKeyStore", input.clone(), "CustomKeyStoreNotFoundException", "");
        let told = bench.last_record("DeleteCustomKeyStore").reason.unwrap();
        assert!(told.contains("cks-1234567890abcdef0"), "{told}");
        let (_, body) = bench.call_as(&bench.session(), "DeleteCustomKeyStore", input);
        assert_eq!(body["__type"], "AccessDeniedException");
        let (_, body) = bench.call_as(&bench.root(), "DeleteCustomKeyStore", json!({}));
        assert_eq!(body["__type"], "ValidationException");
    }
}
