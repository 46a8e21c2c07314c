//! What the grant actions share: tokens, principals, constraints, and which operations fit which key.
//! Source: KMS Developer Guide, "Grants in AWS KMS"; KMS API Reference, `CreateGrant`.

use crate::SealHandle;
use crate::grant_rows::{GRANTS_PER_SLOT, SLOTS};
use crate::rows::{Grant, GrantSlot, Key};
use crate::usage::KeyUsage;
use api::identity::principals::{self, Names};
use api::{Answer, Cx};
use base::{AccountId, Arn, Fault, Refusal};
use catalog::Row;
use keys::grant_token::{self, GrantRef};
use rules::key_access::{Constraint, Context, KeyManager};
use wire::generated::kms::{GrantConstraints, GrantListEntry};

/// Pairs of one constraint, and characters of a value ([KMS API Reference], `GrantConstraints`).
const PAIRS_MAX: usize = 8;
const VALUE_CHARS_MAX: usize = 384;
/// What grant-token keys are derived for; never change it: tokens live as long as grants.
const TOKEN_LABEL: &str = "kms grant token";
const INVALID_TOKEN: &str = "The grant token is not valid.";

/// A token for a grant.
pub fn token(cx: &mut Cx, key: &Key, grant_id: &str) -> Answer<String> {
    let token_key = cx.dependency::<SealHandle>()?.0.derive(TOKEN_LABEL);
    let grant = GrantRef { grant_id: grant_id.to_owned(), key_arn: key.arn() };
    grant_token::seal(&token_key, &grant, &*cx.door.env.entropy)
        .map_err(|e| Fault::caused("sealing a grant token", e).into())
}

/// What a token stands for.
pub fn open_token(cx: &mut Cx, token: &str) -> Answer<GrantRef> {
    let token_key = cx.dependency::<SealHandle>()?.0.derive(TOKEN_LABEL);
    let invalid = |_| {
        Refusal::new("InvalidGrantTokenException", INVALID_TOKEN)
            .because("the grant token was not made by this server, or it was changed")
    };
    Ok(grant_token::open(&token_key, token).map_err(invalid)?)
}

/// Refuses tokens that are not ours, are of another Region, or of a grant that has nothing to do with the caller and its account.
/// They are not needed to be allowed: a grant works from the moment it is made.
pub fn check_tokens(cx: &mut Cx, tokens: &Option<Vec<String>>) -> Answer<()> {
    for token in tokens.iter().flatten() {
        let named = open_token(cx, token)?;
        let invalid = |why: &str| Refusal::new("InvalidGrantTokenException", INVALID_TOKEN).because(why);
        let key = Arn::parse(&named.key_arn).map_err(|_| invalid("the grant token names no key"))?;
        if key.region != cx.region().as_str() {
            return Err(invalid("the grant token is of another Region").into());
        }
        let id = key.resource.strip_prefix("key/").unwrap_or_default();
        let row = format!("{}/{}/{id}/{}", key.account, key.region, named.grant_id);
        // The token of a grant that was retired is good for nothing, and does no harm.
        let Some(grant) = cx.tx.get::<Grant>(&row)? else { continue };
        let account = cx.account();
        let concerns = [&grant.account, &grant.issuing_account].contains(&account)
            || Names::of(&cx.caller).each().any(|(_, name)| name == grant.grantee);
        if !concerns {
            return Err(invalid(
                "the grant that the token stands for is of other accounts and to another grantee",
            )
            .into());
        }
    }
    Ok(())
}

/// Counts a new grant on a key: where. `LimitExceededException` if the key has as many as it may. AWS managed keys have no limit.
pub fn count(cx: &mut Cx, key: &Key, grant_id: &str) -> Answer<Option<u32>> {
    if key.manager == KeyManager::Aws {
        return Ok(None);
    }
    let digits = grant_id.get(..8).unwrap_or_default();
    let first = u32::from_str_radix(digits, 16).unwrap_or_default();
    for slot in (0..SLOTS).map(|step| (first % SLOTS + step) % SLOTS) {
        let empty = GrantSlot::new(key, slot);
        let mut row = cx.tx.get::<GrantSlot>(&empty.key())?.unwrap_or(empty);
        if row.grants < GRANTS_PER_SLOT {
            row.grants += 1;
            cx.tx.put(&row)?;
            return Ok(Some(slot));
        }
    }
    let most = SLOTS * GRANTS_PER_SLOT;
    Err(Refusal::new("LimitExceededException", format!("{} already has {most} grants.", key.arn())).into())
}

/// Ends a grant.
pub fn end(cx: &mut Cx, key: &Key, grant: &Grant) -> Answer<()> {
    cx.tx.delete::<Grant>(&grant.key())?;
    let Some(slot) = grant.slot else { return Ok(()) };
    if let Some(mut row) = cx.tx.get::<GrantSlot>(&GrantSlot::new(key, slot).key())? {
        row.grants = row.grants.saturating_sub(1);
        cx.tx.put(&row)?;
    }
    Ok(())
}

/// The stored form of a principal that a request names; refused if there is no such one.
pub fn existing_principal(cx: &mut Cx, name: Option<String>) -> Answer<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    let found = principals::stored(cx.tx, &name)?;
    Ok(Some(found.ok_or_else(|| invalid_arn(format!("ARN does not refer to a valid principal: {name}")))?))
}

/// The stored form of a principal by which a request filters: who is gone is looked for by id.
pub fn filtered_principal(cx: &mut Cx, name: &str) -> Answer<String> {
    Ok(principals::stored(cx.tx, name)?.unwrap_or_else(|| name.to_owned()))
}

/// A grant as answers show it.
pub fn shown(cx: &mut Cx, mut grant: Grant) -> Answer<GrantListEntry> {
    grant.grantee = principals::shown(cx.tx, &grant.grantee)?;
    if let Some(retiring) = &grant.retiring {
        grant.retiring = Some(principals::shown(cx.tx, retiring)?);
    }
    Ok(crate::shapes::grant_entry(grant))
}

/// Grants on this key with this id.
pub fn find(cx: &mut Cx, key: &Key, grant_id: &str) -> Answer<Grant> {
    let found = cx.tx.get::<Grant>(&format!("{}{grant_id}", key.prefix()))?;
    Ok(found.ok_or_else(|| crate::find::not_found(format!("Grant ID {grant_id} not found")))?)
}

/// Refuses what cannot be a grant's id.
pub fn check_id(grant_id: &str) -> Result<(), Refusal> {
    if grant_id.len() == 64 && grant_id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Refusal::new("InvalidGrantIdException", format!("Grant ID {grant_id} is not valid")))
}

/// One of the two members that name a principal; they exclude each other.
pub fn principal(
    ordinary: &Option<String>,
    service: &Option<String>,
    member: &str,
) -> Result<Option<String>, Refusal> {
    match (ordinary, service) {
        (Some(_), Some(_)) => Err(validation(format!(
            "Only one of {member}Principal and {member}ServicePrincipal can be specified."
        ))),
        (Some(name), None) => check_principal(name).map(|()| Some(name.clone())),
        (None, Some(name)) if is_service(name) => Ok(Some(name.clone())),
        (None, Some(name)) => Err(invalid_arn(format!("ARN is not valid: {name}"))),
        (None, None) => Ok(None),
    }
}

/// A principal is an ARN of IAM or STS, or the name of an AWS service.
fn check_principal(name: &str) -> Result<(), Refusal> {
    if is_service(name) {
        return Ok(());
    }
    let Ok(arn) = Arn::parse(name) else {
        return Err(invalid_arn(format!("ARN is not valid: {name}")));
    };
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    let is_one = match (arn.service.as_str(), kind) {
        ("iam", "root") => rest.is_empty(),
        ("iam", "user" | "role") | ("sts", "federated-user") => !rest.is_empty(),
        ("sts", "assumed-role") => {
            rest.split('/').count() == 2 && rest.split('/').all(|part| !part.is_empty())
        }
        _ => false,
    };
    if is_one && arn.region.is_empty() && AccountId::parse(&arn.account).is_ok() {
        return Ok(());
    }
    Err(invalid_arn(format!("ARN does not refer to a valid principal: {name}")))
}

fn is_service(name: &str) -> bool {
    let host = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    name.strip_suffix(".amazonaws.com")
        .is_some_and(|service| !service.is_empty() && service.bytes().all(host))
}

/// The constraint of a request, checked. Only symmetric keys can have one; a condition that is not evaluated is refused.
pub fn constraint(key: &Key, given: Option<GrantConstraints>) -> Result<Constraint, Refusal> {
    let Some(given) = given else { return Ok(Constraint::default()) };
    if given.source_arn.is_some() {
        let message = "Grants constrained to a source ARN are not offered by this server.";
        return Err(Refusal::new("UnsupportedOperationException", message));
    }
    let constraint = asked_constraint(given);
    let pairs: Vec<&Context> = constraint.equals.iter().chain(&constraint.subset).collect();
    if pairs.len() > 1 {
        return Err(validation("Only one encryption context constraint can be specified in a grant."));
    }
    if !pairs.is_empty() && !key.is_symmetric() {
        return Err(validation(
            "Encryption context grant constraints are valid only for symmetric encryption KMS keys.",
        ));
    }
    for context in pairs {
        let long = context.values().any(|value| value.chars().count() > VALUE_CHARS_MAX);
        if context.len() > PAIRS_MAX || long {
            return Err(validation(format!(
                "A grant constraint can have at most {PAIRS_MAX} pairs, each with a value of at most {VALUE_CHARS_MAX} \
                 characters."
            )));
        }
    }
    Ok(constraint)
}

/// The constraint that a request asks for. A context without pairs beside the other kind says nothing: Terraform always sends both
/// kinds. `EncryptionContextEquals` alone stays, since it asks for requests without a context.
pub fn asked_constraint(given: GrantConstraints) -> Constraint {
    let said = |context: &Context| !context.is_empty();
    match (given.encryption_context_equals, given.encryption_context_subset) {
        (Some(equals), Some(subset)) => {
            Constraint { equals: Some(equals).filter(said), subset: Some(subset).filter(said) }
        }
        (equals, subset) => Constraint { equals, subset: subset.filter(said) },
    }
}

/// The operations of a request without repetitions, in its order. Refused if one does not fit the key.
pub fn operations(key: &Key, asked: Vec<String>) -> Result<Vec<String>, Refusal> {
    if asked.is_empty() {
        return Err(validation("A grant must allow at least one operation."));
    }
    let mut operations: Vec<String> = Vec::with_capacity(asked.len());
    for operation in asked {
        if !fits(key, &operation) {
            return Err(validation(format!(
                "Operation {operation} is not valid for a grant on a KMS key with key spec {} and key usage {}.",
                key.spec,
                key.usage.name()
            )));
        }
        if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    Ok(operations)
}

fn fits(key: &Key, operation: &str) -> bool {
    match operation {
        "CreateGrant" | "RetireGrant" | "DescribeKey" => true,
        "Encrypt" | "Decrypt" | "ReEncryptFrom" | "ReEncryptTo" => key.usage == KeyUsage::EncryptDecrypt,
        "Sign" | "Verify" => key.usage == KeyUsage::SignVerify,
        "GenerateMac" | "VerifyMac" => key.usage == KeyUsage::GenerateVerifyMac,
        "DeriveSharedSecret" => key.usage == KeyUsage::KeyAgreement,
        "GetPublicKey" => !key.is_symmetric() && key.usage != KeyUsage::GenerateVerifyMac,
        generate => generate.starts_with("GenerateDataKey") && key.is_symmetric(),
    }
}

pub fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn invalid_arn(message: String) -> Refusal {
    Refusal::new("InvalidArnException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_iam_identities_sessions_and_services() {
        for good in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/path/name",
            "arn:aws:iam::111122223333:role/aws:ec2-infrastructure",
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0",
            "ec2.us-east-1.amazonaws.com",
        ] {
            assert_eq!(check_principal(good), Ok(()), "{good}");
        }
        for (bad, message) in [
            ("x", "ARN is not valid: x"),
            ("111122223333", "ARN is not valid: 111122223333"),
            (".amazonaws.com", "ARN is not valid: .amazonaws.com"),
            ("arn:aws:s3:::bucket", "ARN does not refer to a valid principal: arn:aws:s3:::bucket"),
        ] {
            let refusal = check_principal(bad).unwrap_err();
            assert_eq!((refusal.code.as_ref(), refusal.message.as_str()), ("InvalidArnException", message));
        }
        for bad in [
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::1:root",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:sts::111122223333:assumed-role/only",
            "arn:aws:sts::111122223333:assumed-role/a/b/c",
            "arn:aws:sts::111122223333:assumed-role//b",
        ] {
            assert!(check_principal(bad).is_err(), "{bad}");
        }
    }
}
