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
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{element, elements};

    #[test]
    fn a_policy_is_added_then_replaced() {
        let bench = trial::bench();
        let put = |document| [("GroupName", "bob"), ("PolicyName", "P"), ("PolicyDocument", document)];
        let other = DOCUMENT.replace("ec2", "kms");
        assert_eq!(bench.ok("PutGroupPolicy", &put(&other)), "");
        bench.ok("PutGroupPolicy", &put(DOCUMENT));
        let got = bench.ok("GetGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "P")]);
        assert_eq!(element(&got, "PolicyDocument"), trial::ENCODED);
        // Names of inline policies differ by case.
        bench
            .ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        assert_eq!(elements(&bench.ok("ListGroupPolicies", &[("GroupName", "bob")]), "member"), ["P", "p"]);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        let bench = trial::bench();
        let put = |name, policy, document| {
            [("GroupName", name), ("PolicyName", policy), ("PolicyDocument", document)]
        };
        bench.refused(
            "PutGroupPolicy",
            &put("nobody", "p", DOCUMENT),
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        let (small, old) = (DOCUMENT.replace("Allow", "allow"), DOCUMENT.replace("2012-10-17", "2008-10-17"));
        for document in ["x", "{}", "[]", &small, &old] {
            let (status, body) = bench.call_as(&bench.root(), "PutGroupPolicy", &put("bob", "p", document));
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "MalformedPolicyDocument"),
                "{document}"
            );
        }
        for (policy, document) in [("", DOCUMENT), ("a b", DOCUMENT), ("p", "")] {
            let (status, body) =
                bench.call_as(&bench.root(), "PutGroupPolicy", &put("bob", policy, document));
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{policy}");
        }
        assert_eq!(
            elements(&bench.ok("ListGroupPolicies", &[("GroupName", "bob")]), "member"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        let bench = trial::bench();
        let (half, rest) = (trial::document_of(1000), trial::document_of(5120 - 1000));
        bench.ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "a"), ("PolicyDocument", &half)]);
        bench.ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &rest)]);
        let over = trial::document_of(5120 - 999);
        let message = "Maximum policy size of 5120 bytes exceeded for group bob";
        bench.refused(
            "PutGroupPolicy",
            &[("GroupName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &over)],
            "LimitExceeded",
            message,
        );
        let told = bench.last_record("PutGroupPolicy").reason.unwrap_or_default();
        assert!(told.contains("would have 5121 together"), "{told}");
    }
}
