//! PutUserPolicy: adds an inline policy to a user, or replaces the one of this name. All inline policies of a user have 2,048 characters
//! together, white space not counted.
//!
//! Needs `iam:PutUserPolicy` on the user; condition keys `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, PutUserPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{PutUserPolicy as Op, PutUserPolicyInput, PutUserPolicyOutput};

pub struct PutUserPolicy;

impl Action for PutUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        inline::check(&input.policy_name, &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &PutUserPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: PutUserPolicyInput) -> Answer<PutUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        inline::put(cx, user, input.policy_name, input.policy_document)?;
        Ok(PutUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{element, elements};

    #[test]
    fn a_policy_is_added_then_replaced() {
        let bench = trial::bench();
        let put = |document| [("UserName", "bob"), ("PolicyName", "P"), ("PolicyDocument", document)];
        let other = DOCUMENT.replace("ec2", "kms");
        assert_eq!(bench.ok("PutUserPolicy", &put(&other)), "");
        bench.ok("PutUserPolicy", &put(DOCUMENT));
        let got = bench.ok("GetUserPolicy", &[("UserName", "bob"), ("PolicyName", "P")]);
        assert_eq!(element(&got, "PolicyDocument"), trial::ENCODED);
        // Names of inline policies differ by case.
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        assert_eq!(elements(&bench.ok("ListUserPolicies", &[("UserName", "bob")]), "member"), ["P", "p"]);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        let bench = trial::bench();
        let put = |name, policy, document| {
            [("UserName", name), ("PolicyName", policy), ("PolicyDocument", document)]
        };
        bench.refused(
            "PutUserPolicy",
            &put("nobody", "p", DOCUMENT),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        let (small, old) = (DOCUMENT.replace("Allow", "allow"), DOCUMENT.replace("2012-10-17", "2008-10-17"));
        for document in ["x", "{}", "[]", &small, &old] {
            let (status, body) = bench.call_as(&bench.root(), "PutUserPolicy", &put("bob", "p", document));
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "MalformedPolicyDocument"),
                "{document}"
            );
        }
        for (policy, document) in [("", DOCUMENT), ("a b", DOCUMENT), ("p", "")] {
            let (status, body) = bench.call_as(&bench.root(), "PutUserPolicy", &put("bob", policy, document));
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{policy}");
        }
        assert_eq!(
            elements(&bench.ok("ListUserPolicies", &[("UserName", "bob")]), "member"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        let bench = trial::bench();
        let (half, rest) = (trial::document_of(1000), trial::document_of(2048 - 1000));
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "a"), ("PolicyDocument", &half)]);
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &rest)]);
        let over = trial::document_of(2048 - 999);
        let message = "Maximum policy size of 2048 bytes exceeded for user bob";
        bench.refused(
            "PutUserPolicy",
            &[("UserName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &over)],
            "LimitExceeded",
            message,
        );
        let told = bench.last_record("PutUserPolicy").reason.unwrap_or_default();
        assert!(told.contains("would have 2049 together"), "{told}");
    }
}
