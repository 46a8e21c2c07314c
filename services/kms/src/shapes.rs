//! Rows as answers show them.

use crate::material;
use crate::rows::{Alias, Grant, Key};
use crate::usage::{KeyUsage, algorithms};
use api::{Answer, Cx};
use base::{Region, Timestamp};
use rules::key_access::KeyManager;
use rules::key_state::{KeyOrigin, KeyState};
use wire::generated::kms::{
    AliasListEntry, GrantConstraints, GrantListEntry, KeyListEntry, KeyMetadata, MultiRegionConfiguration,
    MultiRegionKey,
};

/// `KeyManager` of AWS.
pub fn manager_name(manager: KeyManager) -> &'static str {
    match manager {
        KeyManager::Customer => "CUSTOMER",
        KeyManager::Aws => "AWS",
    }
}

/// `ExpirationModel` of material that expires then, or never.
pub fn expiration_model(valid_to: Option<Timestamp>) -> &'static str {
    if valid_to.is_some() { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" }
}

/// `KeyMetadata`. Algorithm lists are there only for the key's own usage; the deletion date only while the key waits for its
/// deletion, and the window instead of it while it waits for its replicas; expiry only while there is imported material.
pub fn metadata(cx: &mut Cx, key: &Key) -> Answer<KeyMetadata> {
    let listed = |usage: KeyUsage| (key.usage == usage).then(|| algorithms(key.spec, usage));
    let spec = key.spec.name().to_owned();
    let waits_for_replicas = key.state == KeyState::PendingReplicaDeletion;
    let imported = imported_until(cx, key)?;
    Ok(KeyMetadata {
        aws_account_id: Some(key.account.to_string()),
        key_id: Some(key.key_id.clone()),
        arn: Some(key.arn()),
        creation_date: Some(key.created),
        enabled: Some(matches!(key.state, KeyState::Enabled | KeyState::Updating)),
        description: Some(key.description.clone()),
        key_usage: Some(key.usage.name().to_owned()),
        key_state: Some(key.state.name().to_owned()),
        deletion_date: key.deletion_date,
        pending_deletion_window_in_days: key.pending_window_days.filter(|_| waits_for_replicas),
        origin: Some(key.origin.name().to_owned()),
        expiration_model: imported.map(|until| expiration_model(until).to_owned()),
        valid_to: imported.flatten(),
        key_manager: Some(manager_name(key.manager).to_owned()),
        customer_master_key_spec: Some(spec.clone()),
        key_spec: Some(spec),
        encryption_algorithms: listed(KeyUsage::EncryptDecrypt),
        signing_algorithms: listed(KeyUsage::SignVerify),
        mac_algorithms: listed(KeyUsage::GenerateVerifyMac),
        key_agreement_algorithms: listed(KeyUsage::KeyAgreement),
        multi_region: Some(key.multi_region),
        multi_region_configuration: family(cx, key)?,
        current_key_material_id: key.material_id.clone(),
        ..Default::default()
    })
}

/// When the current imported material expires: `None` if there is none, `Some(None)` for never.
fn imported_until(cx: &mut Cx, key: &Key) -> Answer<Option<Option<Timestamp>>> {
    let now = cx.now();
    match &key.material_id {
        Some(id) if key.origin == KeyOrigin::External => {
            let row = material::row(cx.tx, key, id)?;
            Ok(row.filter(|row| row.is_present(now)).map(|row| row.valid_to))
        }
        _ => Ok(None),
    }
}

/// `MultiRegionConfiguration`.
fn family(cx: &mut Cx, key: &Key) -> Answer<Option<MultiRegionConfiguration>> {
    let Some(family) = material::family(cx.tx, key)? else { return Ok(None) };
    let member = |region: &Region| MultiRegionKey {
        arn: Some(Key { region: region.clone(), ..key.clone() }.arn()),
        region: Some(region.to_string()),
    };
    let kind = if family.primary == key.region { "PRIMARY" } else { "REPLICA" };
    Ok(Some(MultiRegionConfiguration {
        multi_region_key_type: Some(kind.to_owned()),
        primary_key: Some(member(&family.primary)),
        replica_keys: Some(family.replicas.iter().map(member).collect()),
    }))
}

/// An entry of `ListKeys`.
pub fn key_entry(key: Key) -> KeyListEntry {
    KeyListEntry { key_arn: Some(key.arn()), key_id: Some(key.key_id) }
}

/// An entry of `ListGrants`. The token is shown only to who made the grant.
pub fn grant_entry(grant: Grant) -> GrantListEntry {
    let key_arn =
        base::Arn::new("kms", grant.region.as_str(), grant.account.as_str(), format!("key/{}", grant.key_id));
    let constraints = (grant.equals.is_some() || grant.subset.is_some()).then(|| GrantConstraints {
        encryption_context_equals: grant.equals,
        encryption_context_subset: grant.subset,
        ..Default::default()
    });
    GrantListEntry {
        key_id: Some(key_arn.to_string()),
        grant_id: Some(grant.grant_id),
        // AWS shows an empty name where none was given.
        name: Some(grant.name.unwrap_or_default()),
        creation_date: Some(grant.created),
        grantee_principal: Some(grant.grantee),
        retiring_principal: grant.retiring,
        issuing_account: Some(grant.issuing_account.root_arn()),
        operations: Some(grant.operations),
        constraints,
        ..Default::default()
    }
}

/// An entry of `ListAliases`.
pub fn alias_entry(alias: Alias) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(alias.arn()),
        alias_name: Some(alias.name),
        target_key_id: Some(alias.key_id),
        creation_date: Some(alias.created),
        last_updated_date: Some(alias.updated),
    }
}
