//! Names and ARNs to rows of the caller's account. Names are found whatever their case. What is not there is `NoSuchEntity`, 404.

use api::identity::{AccessKey, Group, InstanceProfile, ManagedPolicy, Role, User, named};
use api::{Answer, Cx, Principal};
use base::Refusal;

/// Where roles linked to services have their paths.
pub const LINKED_PATH: &str = "/aws-service-role/";

pub fn user(cx: &mut Cx, name: &str) -> Answer<User> {
    let key = named(cx.account(), name);
    Ok(cx.tx.get(&key)?.ok_or_else(|| no_such("user", name))?)
}

pub fn group(cx: &mut Cx, name: &str) -> Answer<Group> {
    let key = named(cx.account(), name);
    Ok(cx.tx.get(&key)?.ok_or_else(|| no_such("group", name))?)
}

pub fn role(cx: &mut Cx, name: &str) -> Answer<Role> {
    let key = named(cx.account(), name);
    Ok(cx.tx.get(&key)?.ok_or_else(|| no_such("role", name))?)
}

/// A role that the caller wants to change; those linked to services are AWS's own to change.
pub fn role_to_change(cx: &mut Cx, name: &str) -> Answer<Role> {
    let role = role(cx, name)?;
    if role.linked_service.is_some() {
        return Err(unmodifiable(name).into());
    }
    Ok(role)
}

pub fn instance_profile(cx: &mut Cx, name: &str) -> Answer<InstanceProfile> {
    let key = named(cx.account(), name);
    let missing = || no_such_entity(format!("Instance Profile {name} cannot be found."));
    Ok(cx.tx.get(&key)?.ok_or_else(missing)?)
}

/// A policy of the caller's own account by its ARN. AWS's own policies have no rows.
pub fn policy(cx: &mut Cx, arn: &str) -> Answer<ManagedPolicy> {
    match policy_if_there(cx, arn)? {
        Some(policy) => Ok(policy),
        None => Err(no_such_policy(arn).into()),
    }
}

/// The same, for callers that have a word of their own for what is not there.
pub fn policy_if_there(cx: &mut Cx, arn: &str) -> Answer<Option<ManagedPolicy>> {
    let prefix = format!("arn:aws:iam::{}:policy/", cx.account());
    let Some((_, name)) = arn.strip_prefix(&prefix).map(|rest| rest.rsplit_once('/').unwrap_or(("", rest)))
    else {
        return Ok(None);
    };
    let key = named(cx.account(), name);
    // The whole ARN must be right: path and case too.
    Ok(cx.tx.get::<ManagedPolicy>(&key)?.filter(|policy| policy.arn() == arn))
}

/// The instance profiles that a role is in.
pub fn profiles_of(cx: &mut Cx, role: &Role) -> Answer<Vec<InstanceProfile>> {
    let key = named(&role.account, &role.name);
    Ok(cx.tx.scan_index("role", &key, None, usize::MAX)?)
}

/// The users in a group, by name.
pub fn members(cx: &mut Cx, group: &Group) -> Answer<Vec<User>> {
    let prefix = format!("{}/", group.account);
    let users = cx.tx.scan::<User>(&prefix, None, usize::MAX)?;
    Ok(users.into_iter().filter(|user| user.groups.contains(&group.name)).collect())
}

/// The access keys of a user, or of the account's root; the oldest first.
pub fn access_keys(cx: &mut Cx, user: Option<&str>) -> Answer<Vec<AccessKey>> {
    let owner = AccessKey::owner_index(cx.account(), user);
    let mut keys = cx.tx.scan_index::<AccessKey>("owner", &owner, None, usize::MAX)?;
    keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(keys)
}

/// Whom a request means that may leave the user's name out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Root,
    User(String),
}

impl Named {
    /// The user's name; the root has none.
    pub fn user(&self) -> Option<&str> {
        match self {
            Named::Root => None,
            Named::User(name) => Some(name),
        }
    }
}

/// The named user, or without a name who is calling. A session knows its user by the name at its start; who has that name now may
/// be somebody else, so the caller is found by id.
pub fn named_or_caller(cx: &mut Cx, name: Option<&str>) -> Answer<Named> {
    if let Some(name) = name {
        return Ok(Named::User(name.to_owned()));
    }
    match cx.caller.principal.clone() {
        Principal::Root => Ok(Named::Root),
        Principal::User { id, name, .. } => {
            let found = cx.tx.scan_index::<User>("id", &id, None, 1)?.pop();
            let own = found.filter(|user| user.account == *cx.account());
            Ok(Named::User(own.ok_or_else(|| no_such("user", &name))?.name))
        }
        _ => Err(Refusal::new(
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )
        .into()),
    }
}

/// For lists that are always empty: the user must be there, and no marker was ever given.
pub fn there(cx: &mut Cx, name: Option<&str>, marker: Option<&str>) -> Answer<()> {
    if let Named::User(name) = named_or_caller(cx, name)? {
        user(cx, &name)?;
    }
    if marker.is_some() { Err(crate::paging::invalid_marker().into()) } else { Ok(()) }
}

/// What is said of the password of a user, or of the root, since nobody has one here.
pub fn no_login_profile(cx: &mut Cx, name: Option<&str>) -> Answer<Refusal> {
    let shown = match named_or_caller(cx, name)? {
        Named::Root => cx.account().to_string(),
        Named::User(name) => user(cx, &name)?.name,
    };
    Ok(no_such_entity(format!("Login Profile for User {shown} cannot be found.")))
}

/// `NoSuchEntity`, 404: `The user with name x cannot be found.`
pub fn no_such(kind: &str, name: &str) -> Refusal {
    no_such_entity(format!("The {kind} with name {name} cannot be found."))
}

pub fn no_such_policy(arn: &str) -> Refusal {
    no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}

pub fn no_such_entity(message: impl Into<String>) -> Refusal {
    Refusal::new("NoSuchEntity", message).with_status(404)
}

/// `UnmodifiableEntity`: roles linked to services.
pub fn unmodifiable(role: &str) -> Refusal {
    Refusal::new(
        "UnmodifiableEntity",
        format!(
            "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
        ),
    )
}
