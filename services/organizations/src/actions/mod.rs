//! One file per action, named as the action.

pub mod attach_policy;
pub mod close_account;
pub mod create_account;
pub mod create_organization;
pub mod create_organizational_unit;
pub mod create_policy;
pub mod delete_organization;
pub mod delete_organizational_unit;
pub mod delete_policy;
pub mod describe_account;
pub mod describe_create_account_status;
pub mod describe_organization;
pub mod describe_organizational_unit;
pub mod describe_policy;
pub mod detach_policy;
pub mod disable_policy_type;
pub mod enable_policy_type;
pub mod list_accounts;
pub mod list_accounts_for_parent;
pub mod list_aws_service_access_for_organization;
pub mod list_children;
pub mod list_create_account_status;
pub mod list_delegated_administrators;
pub mod list_organizational_units_for_parent;
pub mod list_parents;
pub mod list_policies;
pub mod list_policies_for_target;
pub mod list_roots;
pub mod list_tags_for_resource;
pub mod list_targets_for_policy;
pub mod move_account;
pub mod remove_account_from_organization;
pub mod tag_resource;
pub mod untag_resource;
pub mod update_organizational_unit;
pub mod update_policy;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<attach_policy::AttachPolicy>(),
        entry::<close_account::CloseAccount>(),
        entry::<create_account::CreateAccount>(),
        entry::<create_organization::CreateOrganization>(),
        entry::<create_organizational_unit::CreateOrganizationalUnit>(),
        entry::<create_policy::CreatePolicy>(),
        entry::<delete_organization::DeleteOrganization>(),
        entry::<delete_organizational_unit::DeleteOrganizationalUnit>(),
        entry::<delete_policy::DeletePolicy>(),
        entry::<describe_account::DescribeAccount>(),
        entry::<describe_create_account_status::DescribeCreateAccountStatus>(),
        entry::<describe_organization::DescribeOrganization>(),
        entry::<describe_organizational_unit::DescribeOrganizationalUnit>(),
        entry::<describe_policy::DescribePolicy>(),
        entry::<detach_policy::DetachPolicy>(),
        entry::<disable_policy_type::DisablePolicyType>(),
        entry::<enable_policy_type::EnablePolicyType>(),
        entry::<list_accounts::ListAccounts>(),
        entry::<list_accounts_for_parent::ListAccountsForParent>(),
        entry::<list_aws_service_access_for_organization::ListAWSServiceAccessForOrganization>(),
        entry::<list_children::ListChildren>(),
        entry::<list_create_account_status::ListCreateAccountStatus>(),
        entry::<list_delegated_administrators::ListDelegatedAdministrators>(),
        entry::<list_organizational_units_for_parent::ListOrganizationalUnitsForParent>(),
        entry::<list_parents::ListParents>(),
        entry::<list_policies::ListPolicies>(),
        entry::<list_policies_for_target::ListPoliciesForTarget>(),
        entry::<list_roots::ListRoots>(),
        entry::<list_tags_for_resource::ListTagsForResource>(),
        entry::<list_targets_for_policy::ListTargetsForPolicy>(),
        entry::<move_account::MoveAccount>(),
        entry::<remove_account_from_organization::RemoveAccountFromOrganization>(),
        entry::<tag_resource::TagResource>(),
        entry::<untag_resource::UntagResource>(),
        entry::<update_organizational_unit::UpdateOrganizationalUnit>(),
        entry::<update_policy::UpdatePolicy>(),
    ]
}
