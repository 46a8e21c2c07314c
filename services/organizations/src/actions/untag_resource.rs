//! UntagResource: takes tags from a root, an OU, an account or a policy.
//! Needs `organizations:UntagResource`. Source: Organizations API Reference, UntagResource.

use crate::{organization, refusals};
use api::identity::{Account, ControlPolicy, Node, Organization};
use api::{Action, Answer, Cx};
use base::{AccountId, Tag};
use wire::generated::organizations::{UntagResource as Op, UntagResourceInput, UntagResourceOutput};

pub struct UntagResource;

impl Action for UntagResource {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:UntagResource";

    fn handle(cx: &mut Cx, input: UntagResourceInput) -> Answer<UntagResourceOutput> {
        let row = organization::managed(cx)?;
        let mut tagged = Tagged::find(cx, &row, &input.resource_id)?;
        let kept = tagged.tags().iter().filter(|tag| !input.tag_keys.contains(&tag.key)).cloned().collect();
        tagged.set(cx, kept)?;
        Ok(UntagResourceOutput::default())
    }
}

/// What has tags.
pub(super) enum Tagged {
    Node(Node),
    Account(Account),
    Policy(ControlPolicy),
}

impl Tagged {
    pub fn find(cx: &mut Cx, organization: &Organization, id: &str) -> Answer<Tagged> {
        if let Some(node) = organization::node(cx, organization, id)? {
            return Ok(Tagged::Node(node));
        }
        if AccountId::parse(id).is_ok() {
            return Ok(Tagged::Account(organization::member(cx, organization, id)?));
        }
        let policy = cx.tx.get::<ControlPolicy>(id)?.filter(|policy| policy.organization == organization.id);
        policy.map(Tagged::Policy).ok_or_else(|| refusals::no_target(id).into())
    }

    pub fn tags(&self) -> &[Tag] {
        match self {
            Tagged::Node(node) => &node.tags,
            Tagged::Account(account) => &account.tags,
            Tagged::Policy(policy) => &policy.tags,
        }
    }

    pub fn set(&mut self, cx: &mut Cx, tags: Vec<Tag>) -> Answer<()> {
        match self {
            Tagged::Node(node) => {
                node.tags = tags;
                cx.tx.put(node)?;
            }
            Tagged::Account(account) => {
                account.tags = tags;
                cx.tx.put(account)?;
            }
            Tagged::Policy(policy) => {
                policy.tags = tags;
                cx.tx.put(policy)?;
            }
        }
        Ok(())
    }
}
