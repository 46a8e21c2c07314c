//! One file per action, named as the action.

mod cancel_key_deletion;
mod connect_custom_key_store;
mod create_alias;
mod create_custom_key_store;
mod create_grant;
mod create_key;
mod decrypt;
mod delete_alias;
mod delete_custom_key_store;
mod delete_imported_key_material;
mod derive_shared_secret;
mod describe_custom_key_stores;
mod describe_key;
mod disable_key;
mod disable_key_rotation;
mod disconnect_custom_key_store;
mod enable_key;
mod enable_key_rotation;
mod encrypt;
mod generate_data_key;
mod generate_data_key_pair;
mod generate_data_key_pair_without_plaintext;
mod generate_data_key_without_plaintext;
mod generate_mac;
mod generate_random;
mod get_key_last_usage;
mod get_key_policy;
mod get_key_rotation_status;
mod get_parameters_for_import;
mod get_public_key;
mod import_key_material;
mod list_aliases;
mod list_grants;
mod list_key_policies;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod list_retirable_grants;
mod put_key_policy;
mod re_encrypt;
mod replicate_key;
mod retire_grant;
mod revoke_grant;
mod rotate_key_on_demand;
mod schedule_key_deletion;
mod sign;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_custom_key_store;
mod update_key_description;
mod update_primary_region;
mod verify;
mod verify_mac;

pub use cancel_key_deletion::CancelKeyDeletion;
pub use connect_custom_key_store::ConnectCustomKeyStore;
pub use create_alias::CreateAlias;
pub use create_custom_key_store::CreateCustomKeyStore;
pub use create_grant::CreateGrant;
pub use create_key::CreateKey;
pub use decrypt::Decrypt;
pub use delete_alias::DeleteAlias;
pub use delete_custom_key_store::DeleteCustomKeyStore;
pub use delete_imported_key_material::DeleteImportedKeyMaterial;
pub use derive_shared_secret::DeriveSharedSecret;
pub use describe_custom_key_stores::DescribeCustomKeyStores;
pub use describe_key::DescribeKey;
pub use disable_key::DisableKey;
pub use disable_key_rotation::DisableKeyRotation;
pub use disconnect_custom_key_store::DisconnectCustomKeyStore;
pub use enable_key::EnableKey;
pub use enable_key_rotation::EnableKeyRotation;
pub use encrypt::Encrypt;
pub use generate_data_key::GenerateDataKey;
pub use generate_data_key_pair::GenerateDataKeyPair;
pub use generate_data_key_pair_without_plaintext::GenerateDataKeyPairWithoutPlaintext;
pub use generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext;
pub use generate_mac::GenerateMac;
pub use generate_random::GenerateRandom;
pub use get_key_last_usage::GetKeyLastUsage;
pub use get_key_policy::GetKeyPolicy;
pub use get_key_rotation_status::GetKeyRotationStatus;
pub use get_parameters_for_import::GetParametersForImport;
pub use get_public_key::GetPublicKey;
pub use import_key_material::ImportKeyMaterial;
pub use list_aliases::ListAliases;
pub use list_grants::ListGrants;
pub use list_key_policies::ListKeyPolicies;
pub use list_key_rotations::ListKeyRotations;
pub use list_keys::ListKeys;
pub use list_resource_tags::ListResourceTags;
pub use list_retirable_grants::ListRetirableGrants;
pub use put_key_policy::PutKeyPolicy;
pub use re_encrypt::ReEncrypt;
pub use replicate_key::ReplicateKey;
pub use retire_grant::RetireGrant;
pub use revoke_grant::RevokeGrant;
pub use rotate_key_on_demand::RotateKeyOnDemand;
pub use schedule_key_deletion::ScheduleKeyDeletion;
pub use sign::Sign;
pub use tag_resource::TagResource;
pub use untag_resource::UntagResource;
pub use update_alias::UpdateAlias;
pub use update_custom_key_store::UpdateCustomKeyStore;
pub use update_key_description::UpdateKeyDescription;
pub use update_primary_region::UpdatePrimaryRegion;
pub use verify::Verify;
pub use verify_mac::VerifyMac;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<CancelKeyDeletion>(),
        entry::<ConnectCustomKeyStore>(),
        entry::<CreateAlias>(),
        entry::<CreateCustomKeyStore>(),
        entry::<CreateGrant>(),
        entry::<CreateKey>(),
        entry::<Decrypt>(),
        entry::<DeleteAlias>(),
        entry::<DeleteCustomKeyStore>(),
        entry::<DeleteImportedKeyMaterial>(),
        entry::<DeriveSharedSecret>(),
        entry::<DescribeCustomKeyStores>(),
        entry::<DescribeKey>(),
        entry::<DisableKey>(),
        entry::<DisableKeyRotation>(),
        entry::<DisconnectCustomKeyStore>(),
        entry::<EnableKey>(),
        entry::<EnableKeyRotation>(),
        entry::<Encrypt>(),
        entry::<GenerateDataKey>(),
        entry::<GenerateDataKeyPair>(),
        entry::<GenerateDataKeyPairWithoutPlaintext>(),
        entry::<GenerateDataKeyWithoutPlaintext>(),
        entry::<GenerateMac>(),
        entry::<GenerateRandom>(),
        entry::<GetKeyLastUsage>(),
        entry::<GetKeyPolicy>(),
        entry::<GetKeyRotationStatus>(),
        entry::<GetParametersForImport>(),
        entry::<GetPublicKey>(),
        entry::<ImportKeyMaterial>(),
        entry::<ListAliases>(),
        entry::<ListGrants>(),
        entry::<ListKeyPolicies>(),
        entry::<ListKeyRotations>(),
        entry::<ListKeys>(),
        entry::<ListResourceTags>(),
        entry::<ListRetirableGrants>(),
        entry::<PutKeyPolicy>(),
        entry::<ReEncrypt>(),
        entry::<ReplicateKey>(),
        entry::<RetireGrant>(),
        entry::<RevokeGrant>(),
        entry::<RotateKeyOnDemand>(),
        entry::<ScheduleKeyDeletion>(),
        entry::<Sign>(),
        entry::<TagResource>(),
        entry::<UntagResource>(),
        entry::<UpdateAlias>(),
        entry::<UpdateCustomKeyStore>(),
        entry::<UpdateKeyDescription>(),
        entry::<UpdatePrimaryRegion>(),
        entry::<Verify>(),
        entry::<VerifyMac>(),
    ]
}

#[cfg(test)]
mod tests {
    /// What the wire can read, the service can do.
    #[test]
    fn every_operation_of_the_wire_has_an_action() {
        let names: Vec<&str> = super::table().iter().map(|entry| entry.name).collect();
        let routes: Vec<&str> = wire::generated::kms::SERVICE.operations.iter().map(|r| r.name).collect();
        assert_eq!(names, routes);
    }
}
