//! ListRoles: the account's roles under a path, by name; without tags, boundaries and last use.
//!
//! Source: IAM API Reference, ListRoles.

use crate::paging::{self, Paging};
use crate::{names, touches, trust};
use api::identity::Role;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListRoles as Op, ListRolesInput, ListRolesOutput};

pub struct ListRoles;

impl Action for ListRoles {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListRoles";

    fn check(input: &ListRolesInput) -> Result<(), Refusal> {
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListRolesInput) -> Answer<Vec<Touched>> {
        Ok(touches::all_under(cx, "role", input.path_prefix.as_deref()))
    }

    fn handle(cx: &mut Cx, input: ListRolesInput) -> Answer<ListRolesOutput> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let paging = Paging {
            action: "ListRoles",
            of: prefix,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.rows(cx, |role: &Role| role.path.starts_with(prefix))?;
        let is_truncated = page.is_truncated();
        let roles = page.items.iter().map(|role| trust::role_listed(cx, role)).collect::<Answer<_>>()?;
        Ok(ListRolesOutput { is_truncated, roles: Some(roles), marker: page.marker })
    }
}

#[cfg(test)]
mod tests {
    use crate::shapes::encoded;
    use crate::testing::{Bench, EC2_TRUST, element, elements};

    #[test]
    fn roles_come_by_name_under_a_path_without_their_tags() {
        let bench = Bench::new();
        for (name, path) in [("b", "/x/"), ("A", "/"), ("c", "/x/")] {
            bench.ok(
                "CreateRole",
                &[
                    ("RoleName", name),
                    ("Path", path),
                    ("AssumeRolePolicyDocument", EC2_TRUST),
                    ("Tags.member.1.Key", "k"),
                    ("Tags.member.1.Value", "v"),
                ],
            );
        }
        let all = bench.ok("ListRoles", &[]);
        assert_eq!(elements(&all, "RoleName"), ["A", "b", "c"]);
        assert!(!all.contains("<Tags>"), "{all}");
        let first = bench.ok("ListRoles", &[("PathPrefix", "/x/"), ("MaxItems", "1")]);
        let (id, trust, marker) = (element(&first, "RoleId"), encoded(EC2_TRUST), element(&first, "Marker"));
        assert_eq!(
            first,
            format!(
                "<Roles><member><Path>/x/</Path><RoleName>b</RoleName><RoleId>{id}</RoleId>\
                 <Arn>arn:aws:iam::111122223333:role/x/b</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate>\
                 <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>\
                 </member></Roles><IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"
            )
        );
        let second = bench.ok("ListRoles", &[("PathPrefix", "/x/"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "RoleName"), ["c"]);
    }
}
