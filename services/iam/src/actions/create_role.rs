//! CreateRole: a role that its trust policy lets somebody assume; at most 1,000 in an account.
//!
//! Needs `iam:CreateRole`, with tags `iam:TagRole` too. Source: IAM API Reference, CreateRole.

use crate::{boundary, find, ids, limits, names, shapes, tagging, touches, trust};
use api::identity::{Role, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::iam::{CreateRole as Op, CreateRoleInput, CreateRoleOutput};

pub struct CreateRole;

impl Action for CreateRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateRole";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys", "iam:PermissionsBoundary"];

    fn check(input: &CreateRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::path("path", input.path.as_deref())?;
        names::description(input.description.as_deref())?;
        session_seconds(input.max_session_duration)?;
        trust::check_length("assumeRolePolicyDocument", &input.assume_role_policy_document)?;
        boundary::check(input.permissions_boundary.as_deref())?;
        tagging::check(input.tags.as_deref())
    }

    fn authorise(cx: &mut Cx, input: &CreateRoleInput) -> Answer<()> {
        let arn = touches::arn_of(cx, "role", input.path.as_deref(), &input.role_name);
        let touched = touches::with_boundary(Touched::plain(arn), input.permissions_boundary.as_deref());
        touches::authorise_creation(cx, Self::IAM, "iam:TagRole", touched, input.tags.as_deref())
    }

    fn handle(cx: &mut Cx, input: CreateRoleInput) -> Answer<CreateRoleOutput> {
        let path = input.path.unwrap_or_else(|| "/".into());
        if path.starts_with(find::LINKED_PATH) {
            let message =
                format!("The role path {} is reserved for service-linked roles.", find::LINKED_PATH);
            return Err(Refusal::new("ValidationError", message).into());
        }
        let key = named(cx.account(), &input.role_name);
        if cx.tx.get::<Role>(&key)?.is_some() {
            return Err(limits::already_exists("Role", &input.role_name).into());
        }
        limits::room_for_one::<Role>(cx, "RolesPerAccount", limits::ROLES)?;
        let trust = trust::stored(cx, &input.assume_role_policy_document)?;
        boundary::change(cx, None, input.permissions_boundary.as_deref())?;
        let mut tags = Vec::new();
        tagging::add(&mut tags, input.tags.as_deref().unwrap_or_default())?;
        let role = Role {
            account: cx.account().clone(),
            name: input.role_name,
            path,
            id: ids::unique(cx, ids::ROLE),
            created: shapes::whole_seconds(cx.now()),
            description: input.description,
            trust,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: input.permissions_boundary,
            session_seconds_max: input.max_session_duration.and_then(|n| n.try_into().ok()).unwrap_or(3600),
            linked_service: None,
            last_used: None,
            tags,
        };
        cx.tx.put(&role)?;
        Ok(CreateRoleOutput { role: Some(trust::role(cx, &role)?) })
    }
}

/// One hour to twelve.
pub(super) fn session_seconds(value: Option<i32>) -> Result<(), Refusal> {
    names::range("maxSessionDuration", value, 3600, 43_200)
}

#[cfg(test)]
#[path = "create_role_tests.rs"]
mod tests;
