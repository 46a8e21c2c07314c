//! ListEntitiesForPolicy: the users, groups and roles that a managed policy is attached to, or that it bounds; by kind and name.
//!
//! Needs `iam:ListEntitiesForPolicy` on the policy. Source: IAM API Reference, ListEntitiesForPolicy.

use crate::attachments::{Holder, managed};
use crate::paging::{self, Page, Paging};
use crate::{names, touches};
use api::identity::{Group, Role, User};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListEntitiesForPolicy as Op, ListEntitiesForPolicyInput, ListEntitiesForPolicyOutput,
};
use wire::generated::iam::{PolicyGroup, PolicyRole, PolicyUser};

pub struct ListEntitiesForPolicy;

impl Action for ListEntitiesForPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListEntitiesForPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListEntitiesForPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        if let Some(kind) = &input.entity_filter {
            names::one_of(
                "entityFilter",
                kind,
                &["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"],
            )?;
        }
        names::path_prefix(input.path_prefix.as_deref())?;
        if let Some(usage) = &input.policy_usage_filter {
            names::one_of("policyUsageFilter", usage, &["PermissionsPolicy", "PermissionsBoundary"])?;
        }
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListEntitiesForPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: ListEntitiesForPolicyInput) -> Answer<ListEntitiesForPolicyOutput> {
        managed::find(cx, &input.policy_arn)?;
        let wanted = Wanted {
            arn: &input.policy_arn,
            kind: input.entity_filter.as_deref(),
            path: input.path_prefix.as_deref().unwrap_or("/"),
            usage: input.policy_usage_filter.as_deref(),
        };
        let mut entities = Vec::new();
        entities.extend(wanted.among::<Group>(cx, "Group", |_| None)?.iter().map(Entity::group));
        entities.extend(
            wanted.among::<User>(cx, "User", |user| user.boundary.as_ref())?.iter().map(Entity::user),
        );
        entities.extend(
            wanted.among::<Role>(cx, "Role", |role| role.boundary.as_ref())?.iter().map(Entity::role),
        );
        let of = format!("{wanted:?}");
        let marker = input.marker.as_deref();
        let paging = Paging { action: "ListEntitiesForPolicy", of: &of, max_items: input.max_items, marker };
        Ok(answer(paging.list(cx, entities, Entity::key)?))
    }
}

/// Which entities are asked for.
#[derive(Debug)]
struct Wanted<'a> {
    arn: &'a str,
    kind: Option<&'a str>,
    path: &'a str,
    usage: Option<&'a str>,
}

impl Wanted<'_> {
    /// The rows of one kind.
    fn among<H: Holder>(
        &self,
        cx: &mut Cx,
        kind: &str,
        boundary: fn(&H) -> Option<&String>,
    ) -> Answer<Vec<H>> {
        if self.kind.is_some_and(|wanted| wanted != kind) {
            return Ok(vec![]);
        }
        let prefix = format!("{}/", cx.account());
        let rows = cx.tx.scan::<H>(&prefix, None, usize::MAX)?;
        let uses = |row: &H| {
            let attached = row.attached().iter().any(|arn| arn == self.arn);
            let bounds = boundary(row).is_some_and(|arn| arn == self.arn);
            (attached && self.usage != Some("PermissionsBoundary"))
                || (bounds && self.usage != Some("PermissionsPolicy"))
        };
        Ok(rows.into_iter().filter(|row| row.path().starts_with(self.path) && uses(row)).collect())
    }
}

/// Somebody whom the policy concerns.
enum Entity {
    Group(PolicyGroup),
    User(PolicyUser),
    Role(PolicyRole),
}

impl Entity {
    fn group(group: &Group) -> Entity {
        Entity::Group(PolicyGroup { group_name: Some(group.name.clone()), group_id: Some(group.id.clone()) })
    }

    fn user(user: &User) -> Entity {
        Entity::User(PolicyUser { user_name: Some(user.name.clone()), user_id: Some(user.id.clone()) })
    }

    fn role(role: &Role) -> Entity {
        Entity::Role(PolicyRole { role_name: Some(role.name.clone()), role_id: Some(role.id.clone()) })
    }

    /// Pages go kind by kind, and in each by the keys of the rows, which are names in lower case.
    fn key(&self) -> String {
        let (kind, name) = match self {
            Entity::Group(group) => (1, &group.group_name),
            Entity::User(user) => (2, &user.user_name),
            Entity::Role(role) => (3, &role.role_name),
        };
        format!("{kind}/{}", name.as_deref().unwrap_or_default().to_ascii_lowercase())
    }
}

fn answer(page: Page<Entity>) -> ListEntitiesForPolicyOutput {
    let is_truncated = page.is_truncated();
    let (mut groups, mut users, mut roles) = (vec![], vec![], vec![]);
    for entity in page.items {
        match entity {
            Entity::Group(group) => groups.push(group),
            Entity::User(user) => users.push(user),
            Entity::Role(role) => roles.push(role),
        }
    }
    ListEntitiesForPolicyOutput {
        policy_groups: Some(groups),
        policy_users: Some(users),
        policy_roles: Some(roles),
        is_truncated,
        marker: page.marker,
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::laws::managed;
    use crate::testing::{Bench, element, elements};

    /// `bob`s that use a policy in every way.
    fn used() -> (Bench, String) {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        for kind in ["User", "Group", "Role"] {
            bench.ok(&format!("Attach{kind}Policy"), &[(&format!("{kind}Name"), "bob"), ("PolicyArn", &arn)]);
        }
        bench.ok("CreateUser", &[("UserName", "bound")]);
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bound"), ("PermissionsBoundary", &arn)]);
        (bench, arn)
    }

    #[test]
    fn everybody_who_uses_the_policy_is_told() {
        let (bench, arn) = used();
        let answer = bench.ok("ListEntitiesForPolicy", &[("PolicyArn", &arn)]);
        let ids: Vec<String> =
            ["GroupId", "UserId", "RoleId"].iter().flat_map(|name| elements(&answer, name)).collect();
        assert_eq!(
            answer,
            format!(
                "<PolicyGroups><member><GroupName>bob</GroupName><GroupId>{}</GroupId></member></PolicyGroups><PolicyUsers><member>\
                 <UserName>bob</UserName><UserId>{}</UserId></member><member><UserName>bound</UserName><UserId>{}</UserId></member>\
                 </PolicyUsers><PolicyRoles><member><RoleName>bob</RoleName><RoleId>{}</RoleId></member></PolicyRoles>\
                 <IsTruncated>false</IsTruncated>",
                ids[0], ids[1], ids[2], ids[3]
            )
        );
        let nobody = "<PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles></PolicyRoles>\
                      <IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListEntitiesForPolicy", &[("PolicyArn", ADMIN)]), nobody);
    }

    #[test]
    fn filters_leave_out() {
        let (bench, arn) = used();
        let told = |member: &str, value: &str| {
            let answer = bench.ok("ListEntitiesForPolicy", &[("PolicyArn", &arn), (member, value)]);
            ["GroupName", "UserName", "RoleName"].map(|name| elements(&answer, name).join(","))
        };
        assert_eq!(told("EntityFilter", "User"), ["", "bob,bound", ""]);
        assert_eq!(told("EntityFilter", "Role"), ["", "", "bob"]);
        assert_eq!(told("EntityFilter", "Group"), ["bob", "", ""]);
        assert_eq!(told("EntityFilter", "LocalManagedPolicy"), ["", "", ""]);
        assert_eq!(told("PathPrefix", "/x/"), ["bob", "bob", "bob"]);
        assert_eq!(told("PolicyUsageFilter", "PermissionsPolicy"), ["bob", "bob", "bob"]);
        assert_eq!(told("PolicyUsageFilter", "PermissionsBoundary"), ["", "bound", ""]);
    }

    #[test]
    fn pages_go_kind_by_kind() {
        let (bench, arn) = used();
        let (mut told, mut marker) = (vec![], None::<String>);
        loop {
            let mut form = vec![("PolicyArn", arn.as_str()), ("MaxItems", "1")];
            form.extend(marker.iter().map(|marker| ("Marker", marker.as_str())));
            let page = bench.ok("ListEntitiesForPolicy", &form);
            told.extend(["GroupId", "UserId", "RoleId"].iter().flat_map(|name| elements(&page, name)));
            if element(&page, "IsTruncated") == "false" {
                break;
            }
            marker = Some(element(&page, "Marker"));
        }
        let kinds: Vec<&str> = told.iter().map(|id| &id[..4]).collect();
        assert_eq!(kinds, ["AGPA", "AIDA", "AIDA", "AROA"]);
    }

    #[test]
    fn words_that_are_none_are_refused() {
        let (bench, arn) = used();
        for (member, value) in [
            ("EntityFilter", "user"),
            ("PolicyUsageFilter", "Permissions"),
            ("PathPrefix", "x"),
            ("MaxItems", "0"),
            ("Marker", "x"),
        ] {
            let (status, body) = bench.call_as(
                &bench.root(),
                "ListEntitiesForPolicy",
                &[("PolicyArn", &arn), (member, value)],
            );
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{member}");
        }
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("ListEntitiesForPolicy", &[]);
    }
}
