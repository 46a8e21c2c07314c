//! UpdateKeyDescription: another description. Any state but PendingDeletion.
//!
//! Needs `kms:UpdateKeyDescription` on the key; not for AWS managed keys. Source: KMS API Reference, UpdateKeyDescription.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use wire::generated::kms::{
    UpdateKeyDescription as Op, UpdateKeyDescriptionInput, UpdateKeyDescriptionOutput,
};

pub struct UpdateKeyDescription;

impl Action for UpdateKeyDescription {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:UpdateKeyDescription";

    fn authorise(cx: &mut Cx, input: &UpdateKeyDescriptionInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "UpdateKeyDescription", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: UpdateKeyDescriptionInput) -> Answer<UpdateKeyDescriptionOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::UpdateKeyDescription)?;
        key.description = input.description;
        cx.tx.put(&key)?;
        Ok(UpdateKeyDescriptionOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_description_changes_and_may_be_emptied() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"Description": "old"}));
        for text in ["new", ""] {
            bench.ok("UpdateKeyDescription", json!({"KeyId": key.id, "Description": text}));
            let metadata = bench.ok("DescribeKey", json!({"KeyId": key.id}))["KeyMetadata"].clone();
            assert_eq!(metadata["Description"], json!(text));
        }
    }

    #[test]
    fn too_long_or_missing_is_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        for input in [json!({"KeyId": key.id}), json!({"KeyId": key.id, "Description": "x".repeat(8193)})] {
            let (_, body) = bench.call_as(&bench.root(), "UpdateKeyDescription", input);
            assert_eq!(body["__type"], "ValidationException");
        }
    }
}
