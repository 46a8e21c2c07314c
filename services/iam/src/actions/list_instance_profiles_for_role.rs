//! ListInstanceProfilesForRole: the instance profiles that a role is in, by name.
//!
//! Source: IAM API Reference, ListInstanceProfilesForRole.

use crate::paging::{self, Paging};
use crate::{find, names, profiles, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{
    ListInstanceProfilesForRole as Op, ListInstanceProfilesForRoleInput, ListInstanceProfilesForRoleOutput,
};

pub struct ListInstanceProfilesForRole;

impl Action for ListInstanceProfilesForRole {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListInstanceProfilesForRole";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListInstanceProfilesForRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListInstanceProfilesForRoleInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(
        cx: &mut Cx,
        input: ListInstanceProfilesForRoleInput,
    ) -> Answer<ListInstanceProfilesForRoleOutput> {
        let role = find::role(cx, &input.role_name)?;
        let all = find::profiles_of(cx, &role)?;
        let paging = Paging {
            action: "ListInstanceProfilesForRole",
            of: &role.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, all, Row::key)?;
        let is_truncated = page.is_truncated();
        let shown = page.items.iter().map(|profile| profiles::listed(cx, profile)).collect::<Answer<_>>()?;
        Ok(ListInstanceProfilesForRoleOutput {
            is_truncated,
            instance_profiles: Some(shown),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST, element, elements};

    #[test]
    fn only_the_roles_own_profiles_come() {
        let bench = Bench::new();
        for role in ["r", "s"] {
            bench.ok("CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", EC2_TRUST)]);
        }
        for (profile, role) in [("c", "r"), ("A", "r"), ("b", "s")] {
            bench.ok("CreateInstanceProfile", &[("InstanceProfileName", profile)]);
            bench.ok("AddRoleToInstanceProfile", &[("InstanceProfileName", profile), ("RoleName", role)]);
        }
        let first = bench.ok("ListInstanceProfilesForRole", &[("RoleName", "R"), ("MaxItems", "1")]);
        assert_eq!(elements(&first, "InstanceProfileName"), ["A"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListInstanceProfilesForRole", &[("RoleName", "r"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "InstanceProfileName"), ["c"]);
        let message = "The role with name none cannot be found.";
        bench.refused("ListInstanceProfilesForRole", &[("RoleName", "none")], "NoSuchEntity", message);
    }
}
