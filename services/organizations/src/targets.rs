//! What a policy can be attached to: the root, an OU, an account. One type for the three, so that attaching is written once.

use crate::organization::{self, FULL_ACCESS};
use crate::{refusals, shapes};
use api::identity::{Account, Node, Organization};
use api::{Answer, Cx};
use wire::generated::organizations::PolicyTargetSummary;

/// Policies on one target at most, and at least while the type is enabled. Source: Organizations User Guide, "Quotas".
const ATTACHED_MAX: usize = 5;

/// A target.
pub enum Target {
    Node(Node),
    Account(Account),
}

impl Target {
    /// The target of this id in this organization.
    pub fn find(cx: &mut Cx, organization: &Organization, id: &str) -> Answer<Target> {
        if let Some(node) = organization::node(cx, organization, id)? {
            return Ok(Target::Node(node));
        }
        match organization::member(cx, organization, id) {
            Ok(account) => Ok(Target::Account(account)),
            Err(api::Failure::Refused(_)) => Err(refusals::no_target(id).into()),
            Err(other) => Err(other),
        }
    }

    /// Every target of an organization.
    pub fn all(cx: &mut Cx, organization: &Organization) -> Answer<Vec<Target>> {
        let nodes = crate::members::nodes(cx, organization)?.into_iter().map(Target::Node);
        let accounts = crate::members::accounts(cx, organization)?.into_iter().map(Target::Account);
        Ok(nodes.chain(accounts).collect())
    }

    pub fn id(&self) -> &str {
        match self {
            Target::Node(node) => &node.id,
            Target::Account(account) => account.id.as_str(),
        }
    }

    /// Ids of the policies attached here.
    pub fn attached(&self) -> &[String] {
        match self {
            Target::Node(node) => &node.control_policies,
            Target::Account(account) => &account.control_policies,
        }
    }

    fn attached_mut(&mut self) -> &mut Vec<String> {
        match self {
            Target::Node(node) => &mut node.control_policies,
            Target::Account(account) => &mut account.control_policies,
        }
    }

    /// Attaches a policy.
    pub fn attach(&mut self, policy: &str) -> Result<(), base::Refusal> {
        let attached = self.attached_mut();
        if attached.iter().any(|id| id == policy) {
            return Err(base::Refusal::new(
                "DuplicatePolicyAttachmentException",
                "A policy with the same name and type already exists on the specified target.",
            ));
        }
        if attached.len() >= ATTACHED_MAX {
            return Err(refusals::constraint(
                "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                "You have attached the maximum number of policies to the specified target.",
            ));
        }
        attached.push(policy.to_owned());
        Ok(())
    }

    /// Detaches a policy. The last one stays: without any nobody could do anything.
    pub fn detach(&mut self, policy: &str) -> Result<(), base::Refusal> {
        let attached = self.attached_mut();
        if !attached.iter().any(|id| id == policy) {
            return Err(base::Refusal::new(
                "PolicyNotAttachedException",
                "The specified policy is not attached to the specified target.",
            ));
        }
        if attached.len() == 1 {
            return Err(refusals::constraint(
                "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
                "You cannot remove the last policy attached to the specified target. You should have at least one attached.",
            ));
        }
        attached.retain(|id| id != policy);
        Ok(())
    }

    /// What the type of policies being enabled or disabled means for a target.
    pub fn reset(&mut self, enabled: bool) {
        *self.attached_mut() = if enabled { vec![FULL_ACCESS.to_owned()] } else { Vec::new() };
    }

    pub fn store(&self, cx: &mut Cx) -> Answer<()> {
        match self {
            Target::Node(node) => cx.tx.put(node)?,
            Target::Account(account) => cx.tx.put(account)?,
        }
        Ok(())
    }

    pub fn summary(&self, organization: &Organization) -> PolicyTargetSummary {
        let (arn, name, kind) = match self {
            Target::Node(node) => (
                shapes::node_arn(organization, node),
                node.name.clone(),
                if node.parent.is_none() { "ROOT" } else { "ORGANIZATIONAL_UNIT" },
            ),
            Target::Account(account) => {
                (shapes::account_arn(organization, account.id.as_str()), account.name.clone(), "ACCOUNT")
            }
        };
        PolicyTargetSummary {
            target_id: Some(self.id().to_owned()),
            arn: Some(arn),
            name: Some(name),
            r#type: Some(kind.to_owned()),
        }
    }
}
