//! Rows as the wire shows them. Lists leave out tags and boundaries, as IAM does. Policy documents are percent-encoded as RFC 3986
//! says. Source: IAM API Reference, the data types and the List actions.

use crate::{boundary, tagging};
use api::identity::{AccessKey, Group, InstanceProfile, Role, User};
use base::{Tag, Timestamp};
use std::fmt::Write;
use wire::generated::iam;

/// A user as the lists show it.
pub fn user_listed(user: &User) -> iam::User {
    iam::User {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(user.arn()),
        create_date: Some(user.created),
        ..Default::default()
    }
}

/// A user, whole.
pub fn user(user: &User) -> iam::User {
    iam::User {
        permissions_boundary: boundary::shape(user.boundary.as_ref()),
        tags: tagging::shape_some(&user.tags),
        ..user_listed(user)
    }
}

pub fn group(group: &Group) -> iam::Group {
    iam::Group {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(group.arn()),
        create_date: Some(group.created),
    }
}

/// A role as the lists and instance profiles show it. `trust` is its trust policy with ARNs for ids.
pub fn role_listed(role: &Role, trust: &str) -> iam::Role {
    iam::Role {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(role.arn()),
        create_date: Some(role.created),
        assume_role_policy_document: Some(encoded(trust)),
        description: role.description.clone(),
        max_session_duration: i32::try_from(role.session_seconds_max).ok(),
        ..Default::default()
    }
}

/// A role, whole.
pub fn role(role: &Role, trust: &str) -> iam::Role {
    iam::Role {
        permissions_boundary: boundary::shape(role.boundary.as_ref()),
        tags: tagging::shape_some(&role.tags),
        ..role_listed(role, trust)
    }
}

/// When and where a role was last used; an empty element for one that never was.
pub fn role_last_used(role: &Role) -> iam::RoleLastUsed {
    match &role.last_used {
        Some((when, region)) => {
            iam::RoleLastUsed { last_used_date: Some(*when), region: Some(region.clone()) }
        }
        None => iam::RoleLastUsed::default(),
    }
}

/// An instance profile with the one role in it, if any. `tags` as the action shows them.
pub fn instance_profile(
    profile: &InstanceProfile,
    role: Option<iam::Role>,
    tags: Option<&[Tag]>,
) -> iam::InstanceProfile {
    iam::InstanceProfile {
        path: Some(profile.path.clone()),
        instance_profile_name: Some(profile.name.clone()),
        instance_profile_id: Some(profile.id.clone()),
        arn: Some(profile.arn()),
        create_date: Some(profile.created),
        roles: Some(role.into_iter().collect()),
        tags: tags.map(tagging::shape),
    }
}

/// `Active` or `Inactive`.
pub fn status(key: &AccessKey) -> String {
    if key.inactive { "Inactive" } else { "Active" }.into()
}

/// An access key without its secret.
pub fn access_key(key: &AccessKey) -> iam::AccessKeyMetadata {
    iam::AccessKeyMetadata {
        user_name: key.user.clone(),
        access_key_id: Some(key.id.clone()),
        status: Some(status(key)),
        create_date: Some(key.created),
    }
}

/// A moment in whole seconds, all that IAM keeps.
pub fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_secs(moment.secs())
}

/// A policy document in an answer: everything but letters, digits and `-._~` is percent-encoded.
pub fn encoded(document: &str) -> String {
    let mut out = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_percent_encoded() {
        assert_eq!(encoded("{\"a\": \"b*-._~é\"}"), "%7B%22a%22%3A%20%22b%2A-._~%C3%A9%22%7D");
    }

    #[test]
    fn moments_have_no_milliseconds() {
        assert_eq!(whole_seconds(Timestamp::from_millis(1_999)), Timestamp::from_secs(1));
    }
}
