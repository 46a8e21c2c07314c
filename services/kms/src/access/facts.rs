//! Condition keys that every use of a key has: of the call, and of the key. Each action adds its own (`Asks`).
//! Source: KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context keys".

use super::Asks;
use crate::rows::{Alias, Key, MultiRegionKey};
use api::{Answer, Authority, Caller, Cx, Principal};
use rules::iam::Context;

/// What is known without the key.
pub fn of_call(authority: &Authority, caller: &Caller, operation: &str, asks: &Asks) -> Context {
    let mut keys = authority.context.clone();
    keys.set("kms:CallerAccount", caller.account.as_str());
    keys.set_some("kms:ViaService", caller.via_service());
    if matches!(operation, "CreateGrant" | "ListGrants" | "RevokeGrant") {
        let service = matches!(caller.principal, Principal::Service { .. });
        keys.set("kms:GrantIsForAWSResource", (service || caller.via.is_some()).to_string());
    }
    if let Some(context) = asks.context {
        for (name, value) in context {
            keys.add_spelling(&format!("kms:EncryptionContext:{name}"), value);
        }
        keys.set_all("kms:EncryptionContextKeys", context.keys().cloned());
    }
    keys.extend(&asks.keys);
    keys
}

/// What the key adds.
pub fn of_key(cx: &mut Cx, key: &Key, keys: &mut Context) -> Answer<()> {
    keys.set("kms:KeySpec", key.spec.name());
    keys.set("kms:KeyUsage", key.usage.name());
    keys.set("kms:KeyOrigin", key.origin.name());
    keys.set("kms:MultiRegion", key.multi_region.to_string());
    if key.multi_region {
        let row = cx.tx.get::<MultiRegionKey>(&format!("{}/{}", key.account, key.key_id))?;
        let primary = row.is_none_or(|row| row.primary == key.region);
        keys.set("kms:MultiRegionKeyType", if primary { "PRIMARY" } else { "REPLICA" });
    }
    let aliases = cx.tx.scan_index::<Alias>("target", &catalog::Row::key(key), None, ALIASES_MAX)?;
    keys.set_all("kms:ResourceAliases", aliases.into_iter().map(|alias| alias.name));
    for tag in &key.tags {
        keys.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.as_str());
    }
    Ok(())
}

/// A key has at most 50 aliases (KMS Developer Guide, "Resource quotas").
const ALIASES_MAX: usize = 50;
