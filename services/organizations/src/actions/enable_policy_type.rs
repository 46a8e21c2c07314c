//! EnablePolicyType: from then on service control policies limit what members may do. Every root, OU and account begins with the policy that
//! allows everything.
//! Needs `organizations:EnablePolicyType`. Source: Organizations API Reference, EnablePolicyType.

use crate::actions::disable_policy_type::switch;
use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{EnablePolicyType as Op, EnablePolicyTypeInput, EnablePolicyTypeOutput};

pub struct EnablePolicyType;

impl Action for EnablePolicyType {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:EnablePolicyType";

    fn handle(cx: &mut Cx, input: EnablePolicyTypeInput) -> Answer<EnablePolicyTypeOutput> {
        let row = organization::managed(cx)?;
        organization::check_type(&input.policy_type)?;
        let root = organization::root(cx, &row)?;
        if root.id != input.root_id {
            let message = "You specified a root that doesn't exist.";
            return Err(Refusal::new("RootNotFoundException", message).into());
        }
        if root.control_enabled {
            let message = "The specified policy type is already enabled.";
            return Err(Refusal::new("PolicyTypeAlreadyEnabledException", message).into());
        }
        let root = switch(cx, &row, true)?;
        Ok(EnablePolicyTypeOutput { root: Some(shapes::root(&row, &root)) })
    }
}
