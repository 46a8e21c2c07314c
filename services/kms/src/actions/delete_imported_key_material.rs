//! DeleteImportedKeyMaterial: destroys a key's imported material (its current one unless another is named). It may come back by
//! an import of the same bytes; data keys that were handed out stay good. The next round of upkeep scrubs the database's files.
//!
//! States: Enabled, Disabled → PendingImport; PendingImport and PendingDeletion stay. Material that waits for its rotation was
//! used for nothing, so its end changes no state. Needs `kms:DeleteImportedKeyMaterial` on the key.
//! Source: KMS API Reference, DeleteImportedKeyMaterial.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{import, material};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use wire::generated::kms::{
    DeleteImportedKeyMaterial as Op, DeleteImportedKeyMaterialInput, DeleteImportedKeyMaterialOutput,
};

pub struct DeleteImportedKeyMaterial;

impl Action for DeleteImportedKeyMaterial {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:DeleteImportedKeyMaterial";

    fn authorise(cx: &mut Cx, input: &DeleteImportedKeyMaterialInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "DeleteImportedKeyMaterial", &Asks::nothing())
            .map(|_| ())
    }

    fn handle(cx: &mut Cx, input: DeleteImportedKeyMaterialInput) -> Answer<DeleteImportedKeyMaterialOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::DeleteImportedKeyMaterial)?;
        let (arn, now) = (key.arn(), cx.now());
        let named = input.key_material_id.or_else(|| key.material_id.clone());
        let row = match &named {
            Some(id) => material::row(cx.tx, &key, id)?,
            None => None,
        };
        match (row, &named) {
            (Some(row), _) => drop(import::lose(cx.tx, key, row, now)?),
            (None, Some(id)) => {
                let message = format!("Key material '{id}' is not associated with the KMS key '{arn}'.");
                return Err(Refusal::new("NotFoundException", message).into());
            }
            // Nothing was imported yet.
            (None, None) => {}
        }
        Ok(DeleteImportedKeyMaterialOutput { key_id: Some(arn), key_material_id: named })
    }
}
