//! The KMS calls by which a new volume gets its wrapped data key, in AWS's order for each kind of source, and the end of the grant
//! that some of them need. Every call carries the encryption context `{"aws:ebs:id": <volume>}`; nobody here sees a plaintext key.
//!
//! ```text
//!  new, empty                        GenerateDataKeyWithoutPlaintext
//!  snapshot, same data key           ReEncrypt: the snapshot's data key, bound to the volume
//!  snapshot, another KMS key         ReEncrypt (to read the snapshot's data), GenerateDataKeyWithoutPlaintext, CreateGrant
//!  unencrypted snapshot              GenerateDataKeyWithoutPlaintext, CreateGrant
//! ```
//! The grant lets EBS decrypt while it writes the data anew; it is retired when that is done. Sources: KMS Developer Guide, "How
//! Amazon EBS uses AWS KMS"; for restores, the order that was recorded of AWS (the guide has CreateGrant first for unencrypted
//! snapshots; made in this order, a key that cannot encrypt is told as such).

use crate::rows::{Encryption, Grant, Source, Volume};
use api::{Answer, Caller, Cx, Failure};
use base::Fault;
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

/// Makes the volume's wrapped data key, and what EBS needs to write its data anew, as the caller through EC2. Writes only into
/// `row`; all calls are made in the transaction that stores it, so they count together or not at all.
pub fn make(cx: &mut Cx, row: &mut Volume) -> Answer<()> {
    let Some(encryption) = row.encryption.clone().filter(|e| e.wrapped_key.is_none()) else { return Ok(()) };
    match row.source.clone() {
        None => generate(cx, row, &encryption),
        Some(source) if !row.is_written_anew() => {
            let wrapped = re_encrypt(cx, row, &encryption, &source)?;
            row.encryption = Some(wrapped);
            Ok(())
        }
        Some(source) => {
            let rewrapped_key = match &source.encryption {
                Some(_) => re_encrypt(cx, row, &encryption, &source)?.wrapped_key,
                None => None,
            };
            generate(cx, row, &encryption)?;
            let grant = Some(grant_to_ebs(cx, row, &encryption)?);
            row.source = Some(Source { rewrapped_key, grant, ..source });
            Ok(())
        }
    }
}

/// EBS gives its grant back, in its own name. One that somebody revoked is no longer ours to retire.
pub fn retire(cx: &mut Cx, row: &mut Volume) -> Answer<()> {
    let key_arn = row.encryption.as_ref().map(|e| e.key_arn.clone());
    let Some(source) = &mut row.source else { return Ok(()) };
    source.rewrapped_key = None;
    let (Some(key_arn), Some(grant)) = (key_arn, source.grant.take()) else { return Ok(()) };
    let input = RetireGrantInput { key_id: Some(key_arn), grant_id: Some(grant.id), ..Default::default() };
    match cx.call::<kms::actions::RetireGrant>(Caller::ebs(row.account.clone()), input) {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(volume = row.id, %refusal, "a grant to EBS could not be retired");
            Ok(())
        }
        Err(other) => Err(other),
    }
}

/// How EBS reads the source and writes the volume, under its grant: the source's data key and the volume's.
pub fn uses(row: &Volume, request_id: &str) -> Result<(Option<KeyUse>, Option<KeyUse>), Fault> {
    let (Some(encryption), Some(source)) = (&row.encryption, &row.source) else { return Ok((None, None)) };
    let missing = || Fault::new("a wrapped data key of a volume in the making is missing");
    let token = source.grant.as_ref().map(|g| g.token.clone());
    let with = |wrapped: &Option<Vec<u8>>| -> Result<KeyUse, Fault> {
        Ok(KeyUse {
            caller: Caller::ebs(row.account.clone()),
            region: row.region.clone(),
            request_id: request_id.to_owned(),
            key_arn: None,
            wrapped_key: wrapped.clone().ok_or_else(missing)?,
            context_id: encryption.context_id.clone(),
            grant_token: token.clone(),
        })
    };
    let of_source = match &source.encryption {
        Some(_) => Some(with(&source.rewrapped_key)?),
        None => None,
    };
    Ok((of_source, Some(with(&encryption.wrapped_key)?)))
}

fn context(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("aws:ebs:id".to_owned(), id.to_owned())])
}

/// The key as EC2 names it to KMS (and so as the trail shows it): by ARN, only the AWS managed key by its alias.
fn named(encryption: &Encryption) -> String {
    match encryption.asked_key.as_str() {
        MANAGED_KEY => MANAGED_KEY.to_owned(),
        _ => encryption.key_arn.clone(),
    }
}

fn generate(cx: &mut Cx, row: &mut Volume, encryption: &Encryption) -> Answer<()> {
    let input = GenerateDataKeyWithoutPlaintextInput {
        key_id: named(encryption),
        number_of_bytes: Some(DATA_KEY_BYTES),
        encryption_context: Some(context(&encryption.context_id)),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ec2(&row.region);
    let made = cx.call::<kms::actions::GenerateDataKeyWithoutPlaintext>(caller, input)?;
    row.encryption = Some(Encryption {
        wrapped_key: made.ciphertext_blob.map(|b| b.0),
        key_material_id: made.key_material_id,
        key_arn: made.key_id.unwrap_or_else(|| encryption.key_arn.clone()),
        ..encryption.clone()
    });
    Ok(())
}

/// The source's data key wrapped under the volume's KMS key and bound to the volume.
fn re_encrypt(cx: &mut Cx, row: &Volume, encryption: &Encryption, source: &Source) -> Answer<Encryption> {
    let missing = || Fault::new(format!("{} has no wrapped data key", source.snapshot));
    let of_source = source.encryption.as_ref().ok_or_else(missing)?;
    let input = ReEncryptInput {
        ciphertext_blob: Some(Blob(of_source.wrapped_key.clone().ok_or_else(missing)?)),
        source_encryption_context: Some(context(&of_source.context_id)),
        destination_key_id: named(encryption),
        destination_encryption_context: Some(context(&encryption.context_id)),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ec2(&row.region);
    let made = cx.call::<kms::actions::ReEncrypt>(caller, input)?;
    Ok(Encryption {
        wrapped_key: made.ciphertext_blob.map(|b| b.0),
        key_material_id: made.destination_key_material_id,
        key_arn: made.key_id.unwrap_or_else(|| encryption.key_arn.clone()),
        ..encryption.clone()
    })
}

fn grant_to_ebs(cx: &mut Cx, row: &Volume, encryption: &Encryption) -> Answer<Grant> {
    let input = CreateGrantInput {
        key_id: encryption.key_arn.clone(),
        grantee_principal: Some(api::EBS.to_owned()),
        retiring_principal: Some(api::EBS.to_owned()),
        operations: vec!["Decrypt".into()],
        constraints: Some(GrantConstraints {
            encryption_context_subset: Some(context(&encryption.context_id)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ec2(&row.region);
    let made = cx.call::<kms::actions::CreateGrant>(caller, input)?;
    Ok(Grant { id: made.grant_id.unwrap_or_default(), token: made.grant_token.unwrap_or_default() })
}
