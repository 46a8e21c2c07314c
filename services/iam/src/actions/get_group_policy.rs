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
    use crate::attachments::trial::{self, DOCUMENT, ENCODED};

    #[test]
    fn the_document_is_url_encoded() {
        let bench = trial::bench();
        bench
            .ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        assert_eq!(
            bench.ok("GetGroupPolicy", &[("GroupName", "BOB"), ("PolicyName", "p")]),
            format!(
                "<GroupName>bob</GroupName><PolicyName>p</PolicyName><PolicyDocument>{ENCODED}</PolicyDocument>"
            )
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let bench = trial::bench();
        bench
            .ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        let get = |name, policy| [("GroupName", name), ("PolicyName", policy)];
        bench.refused(
            "GetGroupPolicy",
            &get("nobody", "p"),
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        for policy in ["P", "q", "AdministratorAccess"] {
            let message = format!("The group policy with name {policy} cannot be found.");
            bench.refused("GetGroupPolicy", &get("bob", policy), "NoSuchEntity", &message);
        }
        let bad = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
                   following: +=,.@_-";
        bench.refused("GetGroupPolicy", &get("bob", "a/b"), "ValidationError", bad);
    }
}
