//! PutGroupPolicy: adds an inline policy to a group, or replaces the one of this name. All inline policies of a group have 5,120 characters
//! together, white space not counted.
//!
//! Needs `iam:PutGroupPolicy` on the group.
//! Source: IAM API Reference, PutGroupPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{PutGroupPolicy as Op, PutGroupPolicyInput, PutGroupPolicyOutput};

pub struct PutGroupPolicy;

impl Action for PutGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutGroupPolicy";

    fn check(input: &PutGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        inline::check(&input.policy_name, &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &PutGroupPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: PutGroupPolicyInput) -> Answer<PutGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        inline::put(cx, group, input.policy_name, input.policy_document)?;
        Ok(PutGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_added_then_replaced() {
        inline::added_then_replaced(Kind::Group);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        inline::bad_documents_and_names_are_refused(Kind::Group);
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        inline::all_together_have_a_size(Kind::Group, 5120);
    }
}
