//! Data keys: made for a new snapshot, taken over from its parent, and named to the host for reading and writing blocks. KMS is
//! asked as the caller, through EBS, and here its refusals become this API's.
//!
//! ```text
//!  new snapshot      GenerateDataKey (64 bytes, context = the snapshot)           recorded of AWS; the plaintext is dropped at once
//!  child snapshot    ReEncrypt (context: the parent's id ─► the child's)          ours: what AWS calls here was not seen
//!  every block       Decrypt (explicit key, context of the snapshot)              recorded; made by the host
//! ```

use api::{Answer, Cx, Failure};
use base::{Fault, Refusal};
use ec2::rows::{Encryption, Snapshot};
use host::{HostError, KeyUse};
use kms::actions::{GenerateDataKey, ReEncrypt};
use std::collections::BTreeMap;
use wire::Blob;
use wire::generated::kms::{GenerateDataKeyInput, ReEncryptInput};

/// Bytes of an AES-256-XTS key: two keys of 256 bits.
const DATA_KEY_BYTES: i32 = 64;

fn context(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("aws:ebs:id".to_owned(), id.to_owned())])
}

/// Refuses a key of which it can be known at once that it will not do.
pub fn check_named(cx: &mut Cx, key: &str) -> Answer<()> {
    ec2::key_facts::check(cx, key, rules::encryption::check_direct_key)
}

/// A data key for the new snapshot `id`, under `key` (an ARN, or the AWS managed key's alias). `row`: why this key.
pub fn generate(cx: &mut Cx, key: &str, row: &str, id: &str) -> Answer<Encryption> {
    let input = GenerateDataKeyInput {
        key_id: key.to_owned(),
        number_of_bytes: Some(DATA_KEY_BYTES),
        encryption_context: Some(context(id)),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ebs(cx.region());
    // `made` holds the plaintext, which AWS's own call asks for too; it is wiped when this function ends.
    let made = cx.call::<GenerateDataKey>(caller, input).map_err(|f| refused(f, start_refused))?;
    let missing = || Fault::new("KMS answered without a wrapped key");
    let arn = made.key_id.clone().ok_or_else(missing)?;
    let wrapped = made.ciphertext_blob.as_ref().map(|blob| blob.0.clone()).ok_or_else(missing)?;
    Ok(Encryption {
        wrapped_key: Some(wrapped),
        key_material_id: made.key_material_id.clone(),
        ..Encryption::planned(arn, key.to_owned(), row, id)
    })
}

/// The parent's data key, bound to the new snapshot `id`.
pub fn take_over(cx: &mut Cx, parent: &Encryption, row: &str, id: &str) -> Answer<Encryption> {
    let input = ReEncryptInput {
        ciphertext_blob: Some(Blob(wrapped(parent)?)),
        source_encryption_context: Some(context(&parent.context_id)),
        source_key_id: Some(parent.key_arn.clone()),
        destination_key_id: parent.key_arn.clone(),
        destination_encryption_context: Some(context(id)),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ebs(cx.region());
    let made = cx.call::<ReEncrypt>(caller, input).map_err(|f| refused(f, start_refused))?;
    let arn = made.key_id.unwrap_or_else(|| parent.key_arn.clone());
    Ok(Encryption {
        wrapped_key: made.ciphertext_blob.map(|blob| blob.0),
        key_material_id: made.destination_key_material_id,
        ..Encryption::planned(arn, parent.asked_key.clone(), row, id)
    })
}

/// How the host reads or writes blocks of this snapshot: as the caller. `None` for an unencrypted one.
pub fn use_of(cx: &Cx, snapshot: &Snapshot) -> Answer<Option<KeyUse>> {
    let Some(encryption) = &snapshot.encryption else { return Ok(None) };
    Ok(Some(KeyUse {
        caller: cx.caller.forwarded_by_ebs(cx.region()),
        region: cx.region().clone(),
        request_id: cx.request.id.clone(),
        key_arn: Some(encryption.key_arn.clone()),
        wrapped_key: wrapped(encryption)?,
        context_id: encryption.context_id.clone(),
        grant_token: None,
    }))
}

fn wrapped(encryption: &Encryption) -> Result<Vec<u8>, Fault> {
    encryption.wrapped_key.clone().ok_or_else(|| Fault::new("a snapshot's wrapped data key is missing"))
}

/// What the host answered, in this API's words.
pub fn told<T>(result: Result<T, HostError>) -> Answer<T> {
    result.map_err(|error| match error {
        HostError::Refused(refusal) if is_of_storage(&refusal) => Fault::new(refusal.to_string()).into(),
        HostError::Refused(refusal) => Failure::Refused(use_refused(refusal)),
        HostError::Fault(fault) => Failure::Fault(fault),
    })
}

/// The host's word for bytes that are damaged: our failure, not KMS's answer.
fn is_of_storage(refusal: &Refusal) -> bool {
    refusal.code == "IncorrectState"
}

fn refused(failure: Failure, turn: fn(Refusal) -> Refusal) -> Failure {
    match failure {
        Failure::Refused(refusal) => Failure::Refused(turn(refusal)),
        other => other,
    }
}

/// KMS did not decrypt: whatever its reason, the caller cannot have the block.
fn use_refused(refusal: Refusal) -> Refusal {
    Refusal::new("AccessDeniedException", "The KMS key of the snapshot could not be used for this request.")
        .with_status(403)
        .with_word("DEPENDENCY_ACCESS_DENIED")
        .because(why(&refusal))
}

/// KMS did not make the data key: the caller may not, or the key is not there or in no state to.
fn start_refused(refusal: Refusal) -> Refusal {
    match refusal.code.as_ref() {
        "AccessDeniedException" => use_refused(refusal),
        "NotFoundException" => {
            Refusal::new("ResourceNotFoundException", "The specified KMS key does not exist.")
                .with_status(404)
                .with_word("DEPENDENCY_RESOURCE_NOT_FOUND")
                .because(why(&refusal))
        }
        _ => crate::refusals::invalid("INVALID_CUSTOMER_KEY", "The specified KMS key cannot be used")
            .because(why(&refusal)),
    }
}

fn why(refusal: &Refusal) -> String {
    format!("KMS: {}: {}", refusal.code, refusal.reason)
}
