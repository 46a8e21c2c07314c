//! DeleteGroupPolicy: takes an inline policy from a group.
//!
//! Needs `iam:DeleteGroupPolicy` on the group.
//! Source: IAM API Reference, DeleteGroupPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteGroupPolicy as Op, DeleteGroupPolicyInput, DeleteGroupPolicyOutput};

pub struct DeleteGroupPolicy;

impl Action for DeleteGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteGroupPolicy";

    fn check(input: &DeleteGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteGroupPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteGroupPolicyInput) -> Answer<DeleteGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        inline::delete(cx, group, &input.policy_name)?;
        Ok(DeleteGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_gone_once() {
        inline::deleted_once(Kind::Group);
    }
}
