//! The policies of a user (with its groups'), a group or a role, as its rows say now.

use super::scene::Asking;
use super::source::{PolicyKind, Source};
use crate::attachments::{Holder, managed};
use crate::{find, touches};
use api::identity::{Group, Role, User};
use api::{Answer, Caller, Cx, Principal, Touched};
use base::{Arn, Fault, Refusal};
use rules::iam::{AskerKind, Attached, Malformed};
use wire::generated::iam::PolicyIdentifier;

/// A user, group or role.
#[derive(Clone, Debug)]
pub enum Entity {
    User(User),
    Group(Group),
    Role(Role),
}

/// A policy that hangs on somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// As answers name it: a managed policy's name, `user_<user>_<policy>` of an inline one.
    pub id: String,
    pub document: String,
    /// what an exclusion can name it by
    by: By,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    Arn(String),
    Inline { kind: &'static str, holder: String, policy: String },
}

/// The form of a `PolicySourceArn`.
pub fn check_arn(arn: &str) -> Result<(), Refusal> {
    crate::names::length("policySourceArn", arn, 20, 2048)?;
    parts(arn).map(|_| ())
}

/// Whom a `PolicySourceArn` means.
pub fn find(cx: &mut Cx, arn: &str) -> Answer<Entity> {
    let (account, kind, name) = parts(arn)?;
    let missing = || find::no_such(kind, name);
    if account != cx.account().as_str() {
        return Err(missing().into());
    }
    let entity = match kind {
        "user" => Entity::User(find::user(cx, name)?),
        "group" => Entity::Group(find::group(cx, name)?),
        _ => Entity::Role(find::role(cx, name)?),
    };
    // The whole ARN must be right: the path, and the case of the name.
    if entity.arn() == arn { Ok(entity) } else { Err(missing().into()) }
}

/// Whom a request about a principal touches, whether it is there or not.
pub fn touched(cx: &mut Cx, arn: &str) -> Answer<Touched> {
    let (account, kind, name) = parts(arn)?;
    if account != cx.account().as_str() {
        return Ok(Touched::plain(arn));
    }
    let touched = match kind {
        "user" => touches::user(cx, name)?,
        "group" => touches::group(cx, name)?,
        _ => touches::role(cx, name)?,
    };
    Ok(if touched.arn == arn { touched } else { Touched::plain(arn) })
}

/// The control policies that limit the caller's account, level by level: those of the door, as its root has them.
pub fn control(cx: &mut Cx) -> Answer<Vec<Vec<Attached>>> {
    let root = Caller { principal: Principal::Root, session: None, ..cx.caller.clone() };
    Ok(cx.authority(&root)?.layers.control)
}

/// Account, kind and name of `arn:aws:iam::111122223333:user/path/name`.
fn parts(arn: &str) -> Result<(&str, &'static str, &str), Refusal> {
    let invalid = || {
        super::entries::invalid(format!(
            "Invalid Entity Arn: {arn} does not clearly define entity type and name."
        ))
    };
    let parsed = Arn::parse(arn).map_err(|_| invalid())?;
    let (kind, name) = parsed.resource.split_once('/').ok_or_else(invalid)?;
    let kind = ["user", "group", "role"].into_iter().find(|known| *known == kind).ok_or_else(invalid)?;
    let name = name.rsplit('/').next().unwrap_or_default().len();
    let account = arn.split(':').nth(4).unwrap_or_default();
    if parsed.service != "iam" || name == 0 {
        return Err(invalid());
    }
    Ok((account, kind, arn.get(arn.len() - name..).unwrap_or_default()))
}

impl Entity {
    pub fn arn(&self) -> String {
        match self {
            Entity::User(user) => user.arn(),
            Entity::Group(group) => group.arn(),
            Entity::Role(role) => role.arn(),
        }
    }

    /// Who asks in a simulation of this one. A group asks as one of its users would.
    pub fn asking(&self, account: &str) -> Asking {
        let (kind, issuer) = match self {
            Entity::User(_) | Entity::Group(_) => (AskerKind::User, None),
            Entity::Role(role) if role.linked_service.is_some() => {
                (AskerKind::ServiceLinkedRoleSession, Some(role.arn()))
            }
            Entity::Role(role) => (AskerKind::RoleSession, Some(role.arn())),
        };
        Asking { kind, arn: self.arn(), issuer, account: account.to_owned() }
    }

    /// Its policies, of a user also those of its groups.
    pub fn policies(&self, cx: &mut Cx) -> Answer<Vec<Held>> {
        let mut held = Vec::new();
        match self {
            Entity::User(user) => {
                collect(cx, user, &mut held)?;
                for name in &user.groups {
                    let group = find::group(cx, name)?;
                    collect(cx, &group, &mut held)?;
                }
            }
            Entity::Group(group) => collect(cx, group, &mut held)?,
            Entity::Role(role) => collect(cx, role, &mut held)?,
        }
        Ok(held)
    }

    /// Its permissions boundary.
    pub fn boundary(&self, cx: &mut Cx) -> Answer<Option<Held>> {
        let arn = match self {
            Entity::User(user) => user.boundary.clone(),
            Entity::Group(_) => None,
            Entity::Role(role) => role.boundary.clone(),
        };
        match arn {
            Some(arn) => Ok(managed_policy(cx, &arn)?),
            None => Ok(None),
        }
    }
}

impl Held {
    /// Whether a `PolicyExclusionList` names it.
    pub fn is_excluded(&self, exclusions: &[PolicyIdentifier]) -> bool {
        exclusions.iter().any(|exclusion| match &self.by {
            By::Arn(arn) => exclusion.policy_arn.as_ref() == Some(arn),
            By::Inline { kind, holder, policy } => {
                exclusion.inline_policy_identifier.as_ref().is_some_and(|inline| {
                    let attached_to = inline.attachment_type.as_deref().unwrap_or_default();
                    attached_to.eq_ignore_ascii_case(kind)
                        && inline.attachment_name.as_ref() == Some(holder)
                        && inline.policy_name.as_ref() == Some(policy)
                })
            }
        })
    }

    /// The same for a simulation. What is stored has been read before, so that it cannot be read now is our failure.
    pub fn source(&self, kind: PolicyKind) -> Answer<Source> {
        let unreadable = |why: Malformed| Fault::new(format!("reading stored policy {}: {}", self.id, why.1));
        Ok(Source::read(&self.id, kind, &self.document).map_err(unreadable)?)
    }
}

fn collect<H: Holder>(cx: &mut Cx, holder: &H, held: &mut Vec<Held>) -> Answer<()> {
    for (policy, document) in holder.inline() {
        held.push(Held {
            id: format!("{}_{}_{policy}", H::KIND, holder.name()),
            document: document.clone(),
            by: By::Inline { kind: H::KIND, holder: holder.name().to_owned(), policy: policy.clone() },
        });
    }
    for arn in holder.attached() {
        held.extend(managed_policy(cx, arn)?);
    }
    Ok(())
}

fn managed_policy(cx: &mut Cx, arn: &str) -> Answer<Option<Held>> {
    let policy = managed::find_some(cx, arn)?;
    Ok(policy.map(|policy| Held {
        id: policy.name().to_owned(),
        document: policy.document().to_owned(),
        by: By::Arn(arn.to_owned()),
    }))
}
