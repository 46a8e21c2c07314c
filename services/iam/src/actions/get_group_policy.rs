//! GetGroupPolicy: the document of an inline policy of a group, URL-encoded.
//!
//! Needs `iam:GetGroupPolicy` on the group. Source: IAM API Reference, GetGroupPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetGroupPolicy as Op, GetGroupPolicyInput, GetGroupPolicyOutput};

pub struct GetGroupPolicy;

impl Action for GetGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetGroupPolicy";

    fn check(input: &GetGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &GetGroupPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: GetGroupPolicyInput) -> Answer<GetGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        let document = inline::get(&group, &input.policy_name)?;
        Ok(GetGroupPolicyOutput {
            group_name: Some(group.name),
            policy_name: Some(input.policy_name),
            policy_document: Some(document),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn the_document_is_url_encoded() {
        inline::the_document_is_url_encoded(Kind::Group);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        inline::only_what_is_there_is_got(Kind::Group);
    }
}
