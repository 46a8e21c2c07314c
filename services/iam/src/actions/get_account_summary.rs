//! GetAccountSummary: how much of what the account has, and its quotas.
//!
//! Source: IAM API Reference, GetAccountSummary.

use crate::{find, limits};
use api::identity::{Group, InstanceProfile, ManagedPolicy, Role, User};
use api::{Action, Answer, Cx};
use catalog::Row;
use std::collections::BTreeMap;
use wire::generated::iam::{GetAccountSummary as Op, GetAccountSummaryInput, GetAccountSummaryOutput};

pub struct GetAccountSummary;

/// What is the same for every account.
const QUOTAS: &[(&str, usize)] = &[
    ("AccessKeysPerUserQuota", limits::ACCESS_KEYS_PER_USER),
    ("AssumeRolePolicySizeQuota", limits::TRUST_CHARS),
    ("AttachedPoliciesPerGroupQuota", limits::ATTACHED),
    ("AttachedPoliciesPerRoleQuota", limits::ATTACHED),
    ("AttachedPoliciesPerUserQuota", limits::ATTACHED),
    ("GroupPolicySizeQuota", limits::GROUP_INLINE_CHARS),
    ("GroupsPerUserQuota", limits::GROUPS_PER_USER),
    ("GroupsQuota", limits::GROUPS),
    ("InstanceProfilesQuota", limits::INSTANCE_PROFILES),
    ("PoliciesQuota", limits::POLICIES),
    ("PolicySizeQuota", limits::POLICY_CHARS),
    ("PolicyVersionsInUseQuota", 10_000),
    ("RolePolicySizeQuota", limits::ROLE_INLINE_CHARS),
    ("RolesQuota", limits::ROLES),
    ("ServerCertificatesQuota", 20),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", limits::USER_INLINE_CHARS),
    ("UsersQuota", limits::USERS),
    ("VersionsPerPolicyQuota", limits::POLICY_VERSIONS),
    // Session tokens of the global endpoint are good in the Regions that are enabled by default.
    ("GlobalEndpointTokenVersion", 1),
];

/// What this server has none of.
const NONE: &[&str] = &[
    "AccountMFAEnabled",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
    "MFADevices",
    "MFADevicesInUse",
    "Providers",
    "ServerCertificates",
];

impl Action for GetAccountSummary {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetAccountSummary";

    fn handle(cx: &mut Cx, _input: GetAccountSummaryInput) -> Answer<GetAccountSummaryOutput> {
        let policies = all::<ManagedPolicy>(cx)?;
        let versions: usize = policies.iter().map(|policy| policy.versions.len()).sum();
        let root_has_keys = !find::access_keys(cx, None)?.is_empty();
        let counted = [
            ("AccountAccessKeysPresent", usize::from(root_has_keys)),
            ("Groups", all::<Group>(cx)?.len()),
            ("InstanceProfiles", all::<InstanceProfile>(cx)?.len()),
            ("Policies", policies.len()),
            ("PolicyVersionsInUse", versions),
            ("Roles", all::<Role>(cx)?.len()),
            ("Users", all::<User>(cx)?.len()),
        ];
        let summary: BTreeMap<String, i32> = counted
            .into_iter()
            .chain(QUOTAS.iter().copied())
            .chain(NONE.iter().map(|name| (*name, 0)))
            .map(|(name, n)| (name.to_owned(), i32::try_from(n).unwrap_or(i32::MAX)))
            .collect();
        Ok(GetAccountSummaryOutput { summary_map: Some(summary) })
    }
}

fn all<R: Row>(cx: &mut Cx) -> Answer<Vec<R>> {
    let prefix = format!("{}/", cx.account());
    Ok(cx.tx.scan(&prefix, None, usize::MAX)?)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST, OTHER_ACCOUNT};

    fn told(summary: &str, name: &str, n: usize) {
        let entry = format!("<entry><key>{name}</key><value>{n}</value></entry>");
        assert!(summary.contains(&entry), "{entry} in {summary}");
    }

    #[test]
    fn what_the_account_has_is_counted() {
        let bench = Bench::new();
        let empty = bench.ok("GetAccountSummary", &[]);
        for name in ["Users", "Groups", "Roles", "InstanceProfiles", "Policies", "AccountAccessKeysPresent"] {
            told(&empty, name, 0);
        }
        told(&empty, "UsersQuota", 5000);
        told(&empty, "AccessKeysPerUserQuota", 2);
        for name in ["a", "b"] {
            bench.ok("CreateUser", &[("UserName", name)]);
        }
        bench.ok_as(&bench.root_of(OTHER_ACCOUNT), "CreateUser", &[("UserName", "c")]);
        bench.ok("CreateGroup", &[("GroupName", "g")]);
        bench.ok("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", EC2_TRUST)]);
        bench.ok("CreateAccessKey", &[]);
        let summary = bench.ok("GetAccountSummary", &[]);
        for (name, n) in [("Users", 2), ("Groups", 1), ("Roles", 1), ("AccountAccessKeysPresent", 1)] {
            told(&summary, name, n);
        }
        assert!(summary.starts_with("<SummaryMap><entry>") && summary.ends_with("</entry></SummaryMap>"));
    }
}
