//! The KMS calls by which a copy gets its wrapped data key and EBS the grants to move the data, in AWS's order. Every grant is bound to
//! exactly one encryption context, and all are retired at the end. Nobody here sees a plaintext key.
//!
//! ```text
//!  new data key         GenerateDataKeyWithoutPlaintext, CreateGrant Decrypt on the copy        as the caller through EC2
//!    source encrypted   CreateGrant Decrypt on the source, in the source's Region               as the caller through EBS's copying
//!                       (who may not Decrypt and ReEncryptFrom there cannot hand that on)
//!  data key reused      CreateGrant on the base, CreateGrant on the copy                        as the caller through EC2
//!                       ReEncrypt from the base's context to the copy's                         as EBS, under the two grants
//! ```
//! A reused data key needs of the caller nothing but CreateGrant, as was recorded of AWS. AWS grants Decrypt on the base and Encrypt on
//! the copy and does the one after the other; here that would bring a plaintext data key into the control plane, which never has one
//! (invariant 1), so EBS re-encrypts inside KMS and the grants allow ReEncryptFrom and ReEncryptTo instead.
//! Sources: KMS Developer Guide, "How Amazon EBS uses AWS KMS"; order and contexts as recorded of AWS.

use crate::copying::{describe, in_region};
use crate::rows::{Copied, Encryption, Grant, HeldGrant, Snapshot};
use api::{Answer, Caller, Cx, Failure};
use base::{Arn, Fault, Region};
use host::KeyUse;
use rules::defaults::MANAGED_KEY;
use std::collections::BTreeMap;
use wire::Blob;
use wire::generated::kms::{
    CreateGrantInput, GenerateDataKeyWithoutPlaintextInput, GrantConstraints, ReEncryptInput,
    RetireGrantInput,
};

/// Bytes of an AES-256-XTS key: two keys of 256 bits.
const DATA_KEY_BYTES: i32 = 64;

/// The copy's data is decrypted with the source's data key (or is plain) and encrypted with its own. Otherwise ciphertext, or plain
/// data, moves as it is.
pub fn is_written_anew(row: &Snapshot, copied: &Copied) -> bool {
    row.encryption.is_some() && row.lineage != copied.source_lineage
}

/// Makes what is missing; `by_default`: the key is the default one, which nobody has looked at yet. Writes only into `row`; all calls
/// are made in the transaction that stores it, so they count together or not at all.
pub fn make(cx: &mut Cx, row: &mut Snapshot, by_default: bool) -> Answer<()> {
    let (Some(encryption), Some(copied)) = (row.encryption.clone(), row.copied().cloned()) else {
        return Ok(());
    };
    if encryption.wrapped_key.is_some() && encryption.context_id == row.id {
        return Ok(());
    }
    if by_default {
        describe(cx, &encryption.asked_key)?;
    }
    let anew = is_written_anew(row, &copied);
    if let Some(of_source) =
        copied.source_encryption.as_ref().filter(|_| anew && encryption.wrapped_key.is_none())
    {
        in_region(cx, &copied.source_region, |cx| may_read_source(cx, of_source))?;
    }
    let mut grants = Vec::new();
    let made = if encryption.wrapped_key.is_some() {
        rewrap(cx, row, &encryption, anew, &mut grants)?
    } else {
        let made = generate(cx, &encryption)?;
        grants.push(grant(cx, &made.key_arn, &["Decrypt"], &row.id)?);
        made
    };
    if let Some(of_source) = copied.source_encryption.as_ref().filter(|_| anew) {
        let held = in_region(cx, &copied.source_region, |cx| {
            let caller = cx.caller.forwarded_by_ebs_copy(&copied.source_region);
            grant_as(cx, caller, &of_source.key_arn, &["Decrypt"], &of_source.context_id)
        })?;
        grants.push(held);
    }
    row.encryption = Some(made);
    if let Some(copied) = row.copied_mut() {
        copied.grants = grants;
    }
    Ok(())
}

/// A grant hands on what the caller may do: whoever copies what was never copied here before needs to be allowed to decrypt the
/// source, and to re-encrypt from its key. (Recorded of AWS: copies that reuse a data key need neither.) Asked without a call, because
/// EBS makes none in the caller's name.
fn may_read_source(cx: &mut Cx, source: &Encryption) -> Answer<()> {
    let caller = cx.caller.forwarded_by_ec2(cx.region());
    let context = context(&source.context_id);
    for operation in ["Decrypt", "ReEncryptFrom"] {
        kms::permissions::check(cx, &caller, &source.key_arn, operation, &context)?;
    }
    Ok(())
}

/// EBS gives its grants back, in its own name, and the source's wrapped key is forgotten. A grant that somebody revoked is no longer
/// ours to retire.
pub fn retire(cx: &mut Cx, row: &mut Snapshot) -> Answer<()> {
    let account = row.account.clone();
    let Some(copied) = row.copied_mut() else { return Ok(()) };
    if let Some(of_source) = &mut copied.source_encryption {
        of_source.wrapped_key = None;
    }
    for held in std::mem::take(&mut copied.grants) {
        let region = region_of(&held.key_arn)?;
        let input = RetireGrantInput {
            key_id: Some(held.key_arn),
            grant_id: Some(held.grant.id),
            ..Default::default()
        };
        let caller = Caller::ebs(account.clone());
        match in_region(cx, &region, |cx| cx.call::<kms::actions::RetireGrant>(caller, input)) {
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => {
                tracing::warn!(%refusal, "a grant to EBS could not be retired");
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// How EBS reads the source and writes the copy, under its grants: the source's data key and the copy's. Nothing for data that moves as
/// it is.
pub fn uses(row: &Snapshot, request_id: &str) -> Result<Option<(Option<KeyUse>, KeyUse)>, Fault> {
    let Some(copied) = row.copied().filter(|c| is_written_anew(row, c)) else { return Ok(None) };
    let with = |encryption: &Encryption, region: &Region| -> Result<KeyUse, Fault> {
        let missing = || Fault::new("a wrapped data key of a copy in the making is missing");
        Ok(KeyUse {
            caller: Caller::ebs(row.account.clone()),
            region: region.clone(),
            request_id: request_id.to_owned(),
            key_arn: None,
            wrapped_key: encryption.wrapped_key.clone().ok_or_else(missing)?,
            context_id: encryption.context_id.clone(),
            // A grant works here from the moment it is committed.
            grant_token: None,
        })
    };
    let of_source = copied.source_encryption.as_ref().map(|e| with(e, &copied.source_region)).transpose()?;
    let of_copy = row.encryption.as_ref().map(|e| with(e, &row.region)).transpose()?;
    Ok(of_copy.map(|key| (of_source, key)))
}

/// Whether the keys that a copy in the making uses would still work. A host has the data keys in memory while it copies, so it would
/// not notice.
pub fn are_usable(cx: &mut Cx, row: &Snapshot) -> Answer<bool> {
    let Some(copied) = row.copied().filter(|c| is_written_anew(row, c)) else { return Ok(true) };
    let copy = row.encryption.as_ref().map(|e| (e.key_arn.as_str(), &row.region));
    let source = copied.source_encryption.as_ref().map(|e| (e.key_arn.as_str(), &copied.source_region));
    for (key, region) in copy.into_iter().chain(source) {
        if !in_region(cx, region, |cx| kms::names::is_usable(cx, key))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn region_of(key_arn: &str) -> Result<Region, Fault> {
    let arn = Arn::parse(key_arn).map_err(|e| Fault::caused("reading the ARN of a key", e))?;
    Region::parse(&arn.region).map_err(|e| Fault::caused("reading the Region of a key", e))
}

fn context(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("aws:ebs:id".to_owned(), id.to_owned())])
}

/// The key as EC2 names it to KMS: by ARN, only the AWS managed key by its alias.
fn named(encryption: &Encryption) -> String {
    match encryption.asked_key.as_str() {
        MANAGED_KEY => MANAGED_KEY.to_owned(),
        _ => encryption.key_arn.clone(),
    }
}

fn generate(cx: &mut Cx, encryption: &Encryption) -> Answer<Encryption> {
    let input = GenerateDataKeyWithoutPlaintextInput {
        key_id: named(encryption),
        number_of_bytes: Some(DATA_KEY_BYTES),
        encryption_context: Some(context(&encryption.context_id)),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ec2(cx.region());
    let made = cx.call::<kms::actions::GenerateDataKeyWithoutPlaintext>(caller, input)?;
    Ok(Encryption {
        wrapped_key: made.ciphertext_blob.map(|b| b.0),
        key_material_id: made.key_material_id,
        key_arn: made.key_id.unwrap_or_else(|| encryption.key_arn.clone()),
        ..encryption.clone()
    })
}

/// The base's data key, bound to the copy.
fn rewrap(
    cx: &mut Cx,
    row: &Snapshot,
    encryption: &Encryption,
    anew: bool,
    grants: &mut Vec<HeldGrant>,
) -> Answer<Encryption> {
    let key = &encryption.key_arn;
    grants.push(grant(cx, key, &["ReEncryptFrom"], &encryption.context_id)?);
    // What changed is encrypted by the host, which needs the data key for that.
    let operations: &[&str] = if anew { &["ReEncryptTo", "Decrypt"] } else { &["ReEncryptTo"] };
    grants.push(grant(cx, key, operations, &row.id)?);
    let input = ReEncryptInput {
        ciphertext_blob: encryption.wrapped_key.clone().map(Blob),
        source_encryption_context: Some(context(&encryption.context_id)),
        destination_key_id: key.clone(),
        destination_encryption_context: Some(context(&row.id)),
        ..Default::default()
    };
    let made = cx.call::<kms::actions::ReEncrypt>(Caller::ebs(row.account.clone()), input)?;
    Ok(Encryption {
        wrapped_key: made.ciphertext_blob.map(|b| b.0),
        key_material_id: made.destination_key_material_id,
        context_id: row.id.clone(),
        ..encryption.clone()
    })
}

fn grant(cx: &mut Cx, key_arn: &str, operations: &[&str], id: &str) -> Answer<HeldGrant> {
    let caller = cx.caller.forwarded_by_ec2(cx.region());
    grant_as(cx, caller, key_arn, operations, id)
}

fn grant_as(cx: &mut Cx, caller: Caller, key_arn: &str, operations: &[&str], id: &str) -> Answer<HeldGrant> {
    let input = CreateGrantInput {
        key_id: key_arn.to_owned(),
        grantee_principal: Some(api::EBS.to_owned()),
        retiring_principal: Some(api::EBS.to_owned()),
        operations: operations.iter().map(|&op| op.to_owned()).collect(),
        constraints: Some(GrantConstraints {
            encryption_context_equals: Some(context(id)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = cx.call::<kms::actions::CreateGrant>(caller, input)?;
    let grant = Grant { id: made.grant_id.unwrap_or_default(), token: made.grant_token.unwrap_or_default() };
    Ok(HeldGrant { key_arn: key_arn.to_owned(), grant })
}
