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
