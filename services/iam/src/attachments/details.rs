//! The account's users, groups, roles and managed policies, whole, in pages that go kind by kind. A marker holds the kind and the
//! key of the last row shown, so that a page reads no more rows than it shows.

use super::managed::{self, Managed, Usage};
use super::{Holder, attached, shapes as policies};
use crate::paging::{self, Page};
use crate::{boundary, find, shapes, tagging, trust};
use api::identity::{Group, ManagedPolicy, Role, User, aws_managed, principals};
use api::{Answer, Cx};
use base::Refusal;
use catalog::Row;
use wire::generated::iam;

/// The words of `Filter`, in the order of the pages.
pub const KINDS: [&str; 5] = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"];

const ACTION: &str = "GetAccountAuthorizationDetails";

/// One of them.
pub enum Detail {
    User(iam::UserDetail),
    Group(iam::GroupDetail),
    Role(Box<iam::RoleDetail>),
    Policy(iam::ManagedPolicyDetail),
}

/// A page of the kinds in `filter`; of all kinds without one.
pub fn page(
    cx: &mut Cx,
    filter: &[String],
    max_items: Option<i32>,
    marker: Option<&str>,
) -> Answer<Page<Detail>> {
    let size = paging::size(max_items)?;
    let scope = format!("{ACTION} {filter:?}");
    let (first, mut after) = match marker {
        None => (0, None),
        Some(marker) => cursor(cx, &scope, marker)?,
    };
    let mut found: Vec<(usize, String, Detail)> = Vec::new();
    for (kind, name) in KINDS.iter().enumerate().skip(first) {
        if filter.is_empty() || filter.iter().any(|wanted| wanted == name) {
            let room = size + 1 - found.len();
            let rows = read(cx, name, after.as_deref(), room)?;
            found.extend(rows.into_iter().map(|(key, detail)| (kind, key, detail)));
        }
        after = None;
        if found.len() > size {
            break;
        }
    }
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let marker = last.map(|(kind, key, _)| cx.page_token(&scope, &format!("{kind} {key}")));
    Ok(Page { items: found.into_iter().map(|(.., detail)| detail).collect(), marker })
}

/// Kind and key of the last one shown.
fn cursor(cx: &Cx, scope: &str, marker: &str) -> Result<(usize, Option<String>), Refusal> {
    let cursor = cx.page_cursor(scope, marker).ok_or_else(paging::invalid_marker)?;
    let (kind, key) = cursor.split_once(' ').ok_or_else(paging::invalid_marker)?;
    let kind = kind.parse().map_err(|_| paging::invalid_marker())?;
    Ok((kind, Some(key.to_owned())))
}

/// At most `limit` of a kind after a key, each with its key.
fn read(cx: &mut Cx, kind: &str, after: Option<&str>, limit: usize) -> Answer<Vec<(String, Detail)>> {
    match kind {
        "User" => rows::<User>(cx, after, limit, |_, row| Ok(Detail::User(user(row)))),
        "Group" => rows::<Group>(cx, after, limit, |_, row| Ok(Detail::Group(group(row)))),
        "Role" => rows::<Role>(cx, after, limit, |cx, row| Ok(Detail::Role(Box::new(role(cx, row)?)))),
        "LocalManagedPolicy" => rows::<ManagedPolicy>(cx, after, limit, |_, row| {
            let usage = Usage::of(row);
            Ok(Detail::Policy(policies::detail(&Managed::Customer(Box::new(row.clone())), usage)))
        }),
        _ => aws_policies(cx, after, limit),
    }
}

fn rows<R: Row>(
    cx: &mut Cx,
    after: Option<&str>,
    limit: usize,
    show: fn(&mut Cx, &R) -> Answer<Detail>,
) -> Answer<Vec<(String, Detail)>> {
    let prefix = format!("{}/", cx.account());
    let rows = cx.tx.scan::<R>(&prefix, after, limit)?;
    rows.iter().map(|row| Ok((row.key(), show(cx, row)?))).collect()
}

fn aws_policies(cx: &mut Cx, after: Option<&str>, limit: usize) -> Answer<Vec<(String, Detail)>> {
    let usage = managed::aws_usage(cx)?;
    let used = usage.into_iter().filter(|(arn, _)| after.is_none_or(|after| arn.as_str() > after));
    let shown = used.filter_map(|(arn, usage)| {
        let policy = aws_managed::find(&arn)?;
        Some((arn, Detail::Policy(policies::detail(&Managed::Aws(policy), usage))))
    });
    Ok(shown.take(limit).collect())
}

fn user(user: &User) -> iam::UserDetail {
    iam::UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(user.arn()),
        create_date: Some(user.created),
        user_policy_list: Some(inline(user)),
        group_list: Some(user.groups.clone()),
        attached_managed_policies: Some(attached::all(user)),
        permissions_boundary: boundary::shape(user.boundary.as_ref()),
        tags: Some(tagging::shape(&user.tags)),
    }
}

fn group(group: &Group) -> iam::GroupDetail {
    iam::GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(group.arn()),
        create_date: Some(group.created),
        group_policy_list: Some(inline(group)),
        attached_managed_policies: Some(attached::all(group)),
    }
}

fn role(cx: &mut Cx, role: &Role) -> Answer<iam::RoleDetail> {
    let trust = principals::shown_document(cx.tx, &role.trust)?;
    let mut profiles = Vec::new();
    for profile in find::profiles_of(cx, role)? {
        let inside = trust::role_listed(cx, role)?;
        profiles.push(shapes::instance_profile(&profile, Some(inside), None));
    }
    Ok(iam::RoleDetail {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(role.arn()),
        create_date: Some(role.created),
        assume_role_policy_document: Some(shapes::encoded(&trust)),
        instance_profile_list: Some(profiles),
        role_policy_list: Some(inline(role)),
        attached_managed_policies: Some(attached::all(role)),
        permissions_boundary: boundary::shape(role.boundary.as_ref()),
        tags: Some(tagging::shape(&role.tags)),
        role_last_used: Some(shapes::role_last_used(role)),
    })
}

fn inline<H: Holder>(holder: &H) -> Vec<iam::PolicyDetail> {
    let shown = holder.inline().iter().map(|(name, document)| iam::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(shapes::encoded(document)),
    });
    shown.collect()
}
