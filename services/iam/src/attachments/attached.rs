//! Managed policies attached to an identity: at most 10, each once. The account's own policies count by how many identities they
//! hang on. Source: IAM API Reference, AttachUserPolicy and its siblings.

use super::Holder;
use super::managed::{self, Managed};
use crate::paging::{Page, Paging};
use crate::{find, limits};
use api::{Answer, Cx};
use wire::generated::iam::AttachedPolicy;

/// Attaches; what is attached already stays as it is.
pub fn attach<H: Holder>(cx: &mut Cx, mut holder: H, arn: &str) -> Answer<()> {
    let policy = managed::find_some(cx, arn)?.ok_or_else(|| find::no_such_policy(arn))?;
    if holder.attached().iter().any(|there| there == arn) {
        return Ok(());
    }
    if holder.attached().len() >= limits::ATTACHED {
        return Err(limits::exceeded(H::ATTACHED_QUOTA, limits::ATTACHED).into());
    }
    if let Managed::Customer(mut policy) = policy {
        policy.attachments = policy.attachments.saturating_add(1);
        cx.tx.put(&*policy)?;
    }
    holder.attached_mut().push(arn.to_owned());
    Ok(cx.tx.put(&holder)?)
}

/// Detaches; what is not attached is not found.
pub fn detach<H: Holder>(cx: &mut Cx, mut holder: H, arn: &str) -> Answer<()> {
    let Some(at) = holder.attached().iter().position(|there| there == arn) else {
        return Err(managed::not_found(arn).into());
    };
    holder.attached_mut().remove(at);
    cx.tx.put(&holder)?;
    if let Some(Managed::Customer(mut policy)) = managed::find_some(cx, arn)? {
        policy.attachments = policy.attachments.saturating_sub(1);
        cx.tx.put(&*policy)?;
    }
    Ok(())
}

/// The attached policies in the order in which they were attached.
pub fn all<H: Holder>(holder: &H) -> Vec<AttachedPolicy> {
    holder.attached().iter().map(|arn| shape(arn)).collect()
}

/// A page of them, those whose path begins with `path_prefix`, in the order of ARNs.
pub fn list<H: Holder>(
    cx: &Cx,
    action: &'static str,
    holder: &H,
    path_prefix: Option<&str>,
    max_items: Option<i32>,
    marker: Option<&str>,
) -> Answer<Page<AttachedPolicy>> {
    let of = format!("{} {}", holder.id(), path_prefix.unwrap_or("/"));
    let mut arns: Vec<&String> =
        holder.attached().iter().filter(|arn| path_of(arn).starts_with(path_prefix.unwrap_or("/"))).collect();
    arns.sort();
    let page = Paging { action, of: &of, max_items, marker }.list(cx, arns, |arn| (*arn).clone())?;
    Ok(page.map(|arn| shape(arn)))
}

fn shape(arn: &str) -> AttachedPolicy {
    let name = arn.rsplit('/').next().unwrap_or_default();
    AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.to_owned()) }
}

/// `/` or `/a/b/` of `arn:aws:iam::…:policy/a/b/name`.
fn path_of(arn: &str) -> &str {
    let Some(at) = arn.find(":policy/") else { return "/" };
    let rest = &arn[at + ":policy".len()..];
    rest.rfind('/').map_or("/", |end| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_stands_between_policy_and_name() {
        for (arn, path) in [
            ("arn:aws:iam::111122223333:policy/x", "/"),
            ("arn:aws:iam::111122223333:policy/a/b/x", "/a/b/"),
            ("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "/job-function/"),
            ("arn:aws:iam::111122223333:policy/a:policy/x", "/a:policy/"),
            ("", "/"),
            ("x", "/"),
        ] {
            assert_eq!(path_of(arn), path, "{arn}");
        }
    }
}
