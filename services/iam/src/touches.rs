//! What the actions touch, with the condition keys that policies may ask about. Source: Service Authorization Reference, "Actions,
//! resources, and condition keys for AWS Identity and Access Management".

use crate::find::Named;
use api::identity::{Group, InstanceProfile, Role, User, named};
use api::{Answer, Cx, Touched, role_arn, user_arn};
use base::Tag;
use wire::generated::iam;

/// The condition keys of whatever has tags.
pub const TAGGED: &[&str] = &["aws:ResourceTag/", "iam:ResourceTag/"];
/// Those of making or tagging something.
pub const TAGGING: &[&str] = &["aws:ResourceTag/", "iam:ResourceTag/", "aws:RequestTag/", "aws:TagKeys"];
/// Those of taking tags away.
pub const UNTAGGING: &[&str] = &["aws:ResourceTag/", "iam:ResourceTag/", "aws:TagKeys"];

/// A user by name, whether it is there or not.
pub fn user(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    Ok(match cx.tx.get::<User>(&key)? {
        Some(user) => tagged(user.arn(), &user.tags),
        None => Touched::plain(user_arn(cx.account(), "/", name)),
    })
}

/// A user with its boundary as `iam:PermissionsBoundary`, for actions on its policies.
pub fn bounded_user(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    let bound = cx.tx.get::<User>(&key)?.and_then(|user| user.boundary);
    Ok(with_boundary(user(cx, name)?, bound.as_deref()))
}

/// Whom a request means that may leave the user's name out; the root is the account itself.
pub fn user_or_root(cx: &mut Cx, who: &Named) -> Answer<Touched> {
    match who {
        Named::Root => Ok(Touched::plain(cx.account().root_arn())),
        Named::User(name) => user(cx, name),
    }
}

/// A role by name.
pub fn role(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    Ok(match cx.tx.get::<Role>(&key)? {
        Some(role) => tagged(role.arn(), &role.tags),
        None => Touched::plain(role_arn(cx.account(), "/", name)),
    })
}

/// A role with its boundary as `iam:PermissionsBoundary`, for actions on its policies.
pub fn bounded_role(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    let bound = cx.tx.get::<Role>(&key)?.and_then(|role| role.boundary);
    Ok(with_boundary(role(cx, name)?, bound.as_deref()))
}

/// A group by name; groups have no tags.
pub fn group(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    Ok(match cx.tx.get::<Group>(&key)? {
        Some(group) => Touched::plain(group.arn()),
        None => Touched::plain(arn_of(cx, "group", None, name)),
    })
}

/// An instance profile by name.
pub fn instance_profile(cx: &mut Cx, name: &str) -> Answer<Touched> {
    let key = named(cx.account(), name);
    Ok(match cx.tx.get::<InstanceProfile>(&key)? {
        Some(profile) => tagged(profile.arn(), &profile.tags),
        None => Touched::plain(arn_of(cx, "instance-profile", None, name)),
    })
}

/// A managed policy by ARN; AWS's own have no tags.
pub fn policy(cx: &mut Cx, arn: &str) -> Answer<Touched> {
    Ok(match crate::find::policy_if_there(cx, arn)? {
        Some(policy) => tagged(policy.arn(), &policy.tags),
        None => Touched::plain(arn),
    })
}

/// The ARN of something to be made: `kind` is `user`, `group`, `role`, `policy`, `instance-profile`.
pub fn arn_of(cx: &Cx, kind: &str, path: Option<&str>, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{}{name}", cx.account(), path.unwrap_or("/"))
}

/// What List actions without a resource of their own touch: every `kind` (`user`) under a path.
pub fn all_under(cx: &Cx, kind: &str, path_prefix: Option<&str>) -> Vec<Touched> {
    vec![Touched::plain(format!("arn:aws:iam::{}:{kind}{}", cx.account(), path_prefix.unwrap_or("/")))]
}

/// Adds `aws:RequestTag/…` and `aws:TagKeys`.
pub fn with_request_tags(mut touched: Touched, tags: Option<&[iam::Tag]>) -> Touched {
    let tags = crate::tagging::read(tags.unwrap_or_default());
    for tag in &tags {
        touched.keys.set(&format!("aws:RequestTag/{}", tag.key), &tag.value);
    }
    touched.keys.set_all("aws:TagKeys", tags.into_iter().map(|tag| tag.key));
    touched
}

/// Adds `aws:TagKeys`.
pub fn with_tag_keys(mut touched: Touched, keys: &[String]) -> Touched {
    touched.keys.set_all("aws:TagKeys", keys.iter().cloned());
    touched
}

/// Adds `iam:PermissionsBoundary`.
pub fn with_boundary(mut touched: Touched, arn: Option<&str>) -> Touched {
    touched.keys.set_some("iam:PermissionsBoundary", arn);
    touched
}

/// Adds `iam:PolicyARN`.
pub fn with_policy_arn(mut touched: Touched, arn: &str) -> Touched {
    touched.keys.set("iam:PolicyARN", arn);
    touched
}

/// Making something with tags needs the permission to tag it too.
pub fn authorise_creation(
    cx: &mut Cx,
    create: &str,
    tag: &str,
    touched: Touched,
    tags: Option<&[iam::Tag]>,
) -> Answer<()> {
    let touched = [with_request_tags(touched, tags)];
    cx.authorise(create, &touched)?;
    if tags.is_some_and(|tags| !tags.is_empty()) { cx.authorise(tag, &touched) } else { Ok(()) }
}

fn tagged(arn: String, tags: &[Tag]) -> Touched {
    let mut touched = Touched::plain(arn);
    for tag in tags {
        touched.keys.set(&format!("iam:ResourceTag/{}", tag.key), &tag.value);
        touched.keys.set(&format!("aws:ResourceTag/{}", tag.key), &tag.value);
    }
    touched
}
