//! DisablePolicyType: service control policies are detached everywhere and limit nobody any more.
//! Needs `organizations:DisablePolicyType`. Source: Organizations API Reference, DisablePolicyType.

use crate::targets::Target;
use crate::{organization, shapes};
use api::identity::{Node, Organization};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    DisablePolicyType as Op, DisablePolicyTypeInput, DisablePolicyTypeOutput,
};

pub struct DisablePolicyType;

impl Action for DisablePolicyType {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:DisablePolicyType";

    fn handle(cx: &mut Cx, input: DisablePolicyTypeInput) -> Answer<DisablePolicyTypeOutput> {
        let row = organization::managed(cx)?;
        organization::check_type(&input.policy_type)?;
        let root = organization::root(cx, &row)?;
        if root.id != input.root_id {
            let message = "You specified a root that doesn't exist.";
            return Err(Refusal::new("RootNotFoundException", message).into());
        }
        if !root.control_enabled {
            let message = "The specified policy type isn't currently enabled in this root.";
            return Err(Refusal::new("PolicyTypeNotEnabledException", message).into());
        }
        let root = switch(cx, &row, false)?;
        Ok(DisablePolicyTypeOutput { root: Some(shapes::root(&row, &root)) })
    }
}

/// Enables or disables service control policies in the whole organization; returns the root.
pub(super) fn switch(cx: &mut Cx, organization: &Organization, enabled: bool) -> Answer<Node> {
    for mut target in Target::all(cx, organization)? {
        target.reset(enabled);
        target.store(cx)?;
    }
    let mut root = organization::root(cx, organization)?;
    root.control_enabled = enabled;
    cx.tx.put(&root)?;
    Ok(root)
}
