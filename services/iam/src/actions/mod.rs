//! One file per action, named as the action.

mod add_role_to_instance_profile;
mod add_user_to_group;
mod attach_group_policy;
mod attach_role_policy;
mod attach_user_policy;
mod create_access_key;
mod create_account_alias;
mod create_group;
mod create_instance_profile;
mod create_policy;
mod create_policy_version;
mod create_role;
mod create_service_linked_role;
mod create_user;
mod delete_access_key;
mod delete_account_alias;
mod delete_group;
mod delete_group_policy;
mod delete_instance_profile;
mod delete_login_profile;
mod delete_policy;
mod delete_policy_version;
mod delete_role;
mod delete_role_permissions_boundary;
mod delete_role_policy;
mod delete_service_linked_role;
mod delete_user;
mod delete_user_permissions_boundary;
mod delete_user_policy;
mod detach_group_policy;
mod detach_role_policy;
mod detach_user_policy;
mod get_access_key_last_used;
mod get_account_authorization_details;
mod get_account_summary;
mod get_context_keys_for_custom_policy;
mod get_context_keys_for_principal_policy;
mod get_group;
mod get_group_policy;
mod get_instance_profile;
mod get_login_profile;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod get_service_linked_role_deletion_status;
mod get_user;
mod get_user_policy;
mod list_access_keys;
mod list_account_aliases;
mod list_attached_group_policies;
mod list_attached_role_policies;
mod list_attached_user_policies;
mod list_entities_for_policy;
mod list_group_policies;
mod list_groups;
mod list_groups_for_user;
mod list_instance_profile_tags;
mod list_instance_profiles;
mod list_instance_profiles_for_role;
mod list_mfa_devices;
mod list_policies;
mod list_policy_tags;
mod list_policy_versions;
mod list_role_policies;
mod list_role_tags;
mod list_roles;
mod list_service_specific_credentials;
mod list_signing_certificates;
mod list_ssh_public_keys;
mod list_user_policies;
mod list_user_tags;
mod list_users;
mod list_virtual_mfa_devices;
mod put_group_policy;
mod put_role_permissions_boundary;
mod put_role_policy;
mod put_user_permissions_boundary;
mod put_user_policy;
mod remove_role_from_instance_profile;
mod remove_user_from_group;
mod set_default_policy_version;
mod simulate_custom_policy;
mod simulate_principal_policy;
mod tag_instance_profile;
mod tag_policy;
mod tag_role;
mod tag_user;
mod untag_instance_profile;
mod untag_policy;
mod untag_role;
mod untag_user;
mod update_access_key;
mod update_assume_role_policy;
mod update_group;
mod update_role;
mod update_role_description;
mod update_user;

pub use add_role_to_instance_profile::AddRoleToInstanceProfile;
pub use add_user_to_group::AddUserToGroup;
pub use attach_group_policy::AttachGroupPolicy;
pub use attach_role_policy::AttachRolePolicy;
pub use attach_user_policy::AttachUserPolicy;
pub use create_access_key::CreateAccessKey;
pub use create_account_alias::CreateAccountAlias;
pub use create_group::CreateGroup;
pub use create_instance_profile::CreateInstanceProfile;
pub use create_policy::CreatePolicy;
pub use create_policy_version::CreatePolicyVersion;
pub use create_role::CreateRole;
pub use create_service_linked_role::CreateServiceLinkedRole;
pub use create_user::CreateUser;
pub use delete_access_key::DeleteAccessKey;
pub use delete_account_alias::DeleteAccountAlias;
pub use delete_group::DeleteGroup;
pub use delete_group_policy::DeleteGroupPolicy;
pub use delete_instance_profile::DeleteInstanceProfile;
pub use delete_login_profile::DeleteLoginProfile;
pub use delete_policy::DeletePolicy;
pub use delete_policy_version::DeletePolicyVersion;
pub use delete_role::DeleteRole;
pub use delete_role_permissions_boundary::DeleteRolePermissionsBoundary;
pub use delete_role_policy::DeleteRolePolicy;
pub use delete_service_linked_role::DeleteServiceLinkedRole;
pub use delete_user::DeleteUser;
pub use delete_user_permissions_boundary::DeleteUserPermissionsBoundary;
pub use delete_user_policy::DeleteUserPolicy;
pub use detach_group_policy::DetachGroupPolicy;
pub use detach_role_policy::DetachRolePolicy;
pub use detach_user_policy::DetachUserPolicy;
pub use get_access_key_last_used::GetAccessKeyLastUsed;
pub use get_account_authorization_details::GetAccountAuthorizationDetails;
pub use get_account_summary::GetAccountSummary;
pub use get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy;
pub use get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy;
pub use get_group::GetGroup;
pub use get_group_policy::GetGroupPolicy;
pub use get_instance_profile::GetInstanceProfile;
pub use get_login_profile::GetLoginProfile;
pub use get_policy::GetPolicy;
pub use get_policy_version::GetPolicyVersion;
pub use get_role::GetRole;
pub use get_role_policy::GetRolePolicy;
pub use get_service_linked_role_deletion_status::GetServiceLinkedRoleDeletionStatus;
pub use get_user::GetUser;
pub use get_user_policy::GetUserPolicy;
pub use list_access_keys::ListAccessKeys;
pub use list_account_aliases::ListAccountAliases;
pub use list_attached_group_policies::ListAttachedGroupPolicies;
pub use list_attached_role_policies::ListAttachedRolePolicies;
pub use list_attached_user_policies::ListAttachedUserPolicies;
pub use list_entities_for_policy::ListEntitiesForPolicy;
pub use list_group_policies::ListGroupPolicies;
pub use list_groups::ListGroups;
pub use list_groups_for_user::ListGroupsForUser;
pub use list_instance_profile_tags::ListInstanceProfileTags;
pub use list_instance_profiles::ListInstanceProfiles;
pub use list_instance_profiles_for_role::ListInstanceProfilesForRole;
pub use list_mfa_devices::ListMFADevices;
pub use list_policies::ListPolicies;
pub use list_policy_tags::ListPolicyTags;
pub use list_policy_versions::ListPolicyVersions;
pub use list_role_policies::ListRolePolicies;
pub use list_role_tags::ListRoleTags;
pub use list_roles::ListRoles;
pub use list_service_specific_credentials::ListServiceSpecificCredentials;
pub use list_signing_certificates::ListSigningCertificates;
pub use list_ssh_public_keys::ListSSHPublicKeys;
pub use list_user_policies::ListUserPolicies;
pub use list_user_tags::ListUserTags;
pub use list_users::ListUsers;
pub use list_virtual_mfa_devices::ListVirtualMFADevices;
pub use put_group_policy::PutGroupPolicy;
pub use put_role_permissions_boundary::PutRolePermissionsBoundary;
pub use put_role_policy::PutRolePolicy;
pub use put_user_permissions_boundary::PutUserPermissionsBoundary;
pub use put_user_policy::PutUserPolicy;
pub use remove_role_from_instance_profile::RemoveRoleFromInstanceProfile;
pub use remove_user_from_group::RemoveUserFromGroup;
pub use set_default_policy_version::SetDefaultPolicyVersion;
pub use simulate_custom_policy::SimulateCustomPolicy;
pub use simulate_principal_policy::SimulatePrincipalPolicy;
pub use tag_instance_profile::TagInstanceProfile;
pub use tag_policy::TagPolicy;
pub use tag_role::TagRole;
pub use tag_user::TagUser;
pub use untag_instance_profile::UntagInstanceProfile;
pub use untag_policy::UntagPolicy;
pub use untag_role::UntagRole;
pub use untag_user::UntagUser;
pub use update_access_key::UpdateAccessKey;
pub use update_assume_role_policy::UpdateAssumeRolePolicy;
pub use update_group::UpdateGroup;
pub use update_role::UpdateRole;
pub use update_role_description::UpdateRoleDescription;
pub use update_user::UpdateUser;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    let mut table = [identities(), policies()].into_iter().flatten().collect::<Vec<_>>();
    table.sort_by_key(|entry| entry.name);
    table
}

/// Users, groups, roles and what belongs to them.
fn identities() -> Vec<Entry> {
    vec![
        entry::<AddRoleToInstanceProfile>(),
        entry::<AddUserToGroup>(),
        entry::<CreateAccessKey>(),
        entry::<CreateAccountAlias>(),
        entry::<CreateGroup>(),
        entry::<CreateInstanceProfile>(),
        entry::<CreateRole>(),
        entry::<CreateServiceLinkedRole>(),
        entry::<CreateUser>(),
        entry::<DeleteAccessKey>(),
        entry::<DeleteAccountAlias>(),
        entry::<DeleteGroup>(),
        entry::<DeleteInstanceProfile>(),
        entry::<DeleteLoginProfile>(),
        entry::<DeleteRole>(),
        entry::<DeleteServiceLinkedRole>(),
        entry::<DeleteUser>(),
        entry::<GetAccessKeyLastUsed>(),
        entry::<GetAccountSummary>(),
        entry::<GetGroup>(),
        entry::<GetInstanceProfile>(),
        entry::<GetLoginProfile>(),
        entry::<GetRole>(),
        entry::<GetServiceLinkedRoleDeletionStatus>(),
        entry::<GetUser>(),
        entry::<ListAccessKeys>(),
        entry::<ListAccountAliases>(),
        entry::<ListGroups>(),
        entry::<ListGroupsForUser>(),
        entry::<ListInstanceProfileTags>(),
        entry::<ListInstanceProfiles>(),
        entry::<ListInstanceProfilesForRole>(),
        entry::<ListMFADevices>(),
        entry::<ListRoleTags>(),
        entry::<ListRoles>(),
        entry::<ListSSHPublicKeys>(),
        entry::<ListServiceSpecificCredentials>(),
        entry::<ListSigningCertificates>(),
        entry::<ListUserTags>(),
        entry::<ListUsers>(),
        entry::<ListVirtualMFADevices>(),
        entry::<RemoveRoleFromInstanceProfile>(),
        entry::<RemoveUserFromGroup>(),
        entry::<TagInstanceProfile>(),
        entry::<TagRole>(),
        entry::<TagUser>(),
        entry::<UntagInstanceProfile>(),
        entry::<UntagRole>(),
        entry::<UntagUser>(),
        entry::<UpdateAccessKey>(),
        entry::<UpdateAssumeRolePolicy>(),
        entry::<UpdateGroup>(),
        entry::<UpdateRole>(),
        entry::<UpdateRoleDescription>(),
        entry::<UpdateUser>(),
    ]
}

/// Policies: their documents, what they hang on, what they would decide.
fn policies() -> Vec<Entry> {
    vec![
        entry::<AttachGroupPolicy>(),
        entry::<AttachRolePolicy>(),
        entry::<AttachUserPolicy>(),
        entry::<CreatePolicy>(),
        entry::<CreatePolicyVersion>(),
        entry::<DeleteGroupPolicy>(),
        entry::<DeletePolicy>(),
        entry::<DeletePolicyVersion>(),
        entry::<DeleteRolePermissionsBoundary>(),
        entry::<DeleteRolePolicy>(),
        entry::<DeleteUserPermissionsBoundary>(),
        entry::<DeleteUserPolicy>(),
        entry::<DetachGroupPolicy>(),
        entry::<DetachRolePolicy>(),
        entry::<DetachUserPolicy>(),
        entry::<GetAccountAuthorizationDetails>(),
        entry::<GetContextKeysForCustomPolicy>(),
        entry::<GetContextKeysForPrincipalPolicy>(),
        entry::<GetGroupPolicy>(),
        entry::<GetPolicy>(),
        entry::<GetPolicyVersion>(),
        entry::<GetRolePolicy>(),
        entry::<GetUserPolicy>(),
        entry::<ListAttachedGroupPolicies>(),
        entry::<ListAttachedRolePolicies>(),
        entry::<ListAttachedUserPolicies>(),
        entry::<ListEntitiesForPolicy>(),
        entry::<ListGroupPolicies>(),
        entry::<ListPolicies>(),
        entry::<ListPolicyTags>(),
        entry::<ListPolicyVersions>(),
        entry::<ListRolePolicies>(),
        entry::<ListUserPolicies>(),
        entry::<PutGroupPolicy>(),
        entry::<PutRolePermissionsBoundary>(),
        entry::<PutRolePolicy>(),
        entry::<PutUserPermissionsBoundary>(),
        entry::<PutUserPolicy>(),
        entry::<SetDefaultPolicyVersion>(),
        entry::<SimulateCustomPolicy>(),
        entry::<SimulatePrincipalPolicy>(),
        entry::<TagPolicy>(),
        entry::<UntagPolicy>(),
    ]
}
