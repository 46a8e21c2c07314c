//! PutRolePolicy: adds an inline policy to a role, or replaces the one of this name. All inline policies of a role have 10,240 characters
//! together, white space not counted. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:PutRolePolicy` on the role; condition keys `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, PutRolePolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{PutRolePolicy as Op, PutRolePolicyInput, PutRolePolicyOutput};

pub struct PutRolePolicy;

impl Action for PutRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        inline::check(&input.policy_name, &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &PutRolePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: PutRolePolicyInput) -> Answer<PutRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        inline::put(cx, role, input.policy_name, input.policy_document)?;
        Ok(PutRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{element, elements};

    #[test]
    fn a_policy_is_added_then_replaced() {
        let bench = trial::bench();
        let put = |document| [("RoleName", "bob"), ("PolicyName", "P"), ("PolicyDocument", document)];
        let other = DOCUMENT.replace("ec2", "kms");
        assert_eq!(bench.ok("PutRolePolicy", &put(&other)), "");
        bench.ok("PutRolePolicy", &put(DOCUMENT));
        let got = bench.ok("GetRolePolicy", &[("RoleName", "bob"), ("PolicyName", "P")]);
        assert_eq!(element(&got, "PolicyDocument"), trial::ENCODED);
        // Names of inline policies differ by case.
        bench.ok("PutRolePolicy", &[("RoleName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        assert_eq!(elements(&bench.ok("ListRolePolicies", &[("RoleName", "bob")]), "member"), ["P", "p"]);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        let bench = trial::bench();
        let put = |name, policy, document| {
            [("RoleName", name), ("PolicyName", policy), ("PolicyDocument", document)]
        };
        bench.refused(
            "PutRolePolicy",
            &put("nobody", "p", DOCUMENT),
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        let (small, old) = (DOCUMENT.replace("Allow", "allow"), DOCUMENT.replace("2012-10-17", "2008-10-17"));
        for document in ["x", "{}", "[]", &small, &old] {
            let (status, body) = bench.call_as(&bench.root(), "PutRolePolicy", &put("bob", "p", document));
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "MalformedPolicyDocument"),
                "{document}"
            );
        }
        for (policy, document) in [("", DOCUMENT), ("a b", DOCUMENT), ("p", "")] {
            let (status, body) = bench.call_as(&bench.root(), "PutRolePolicy", &put("bob", policy, document));
            assert_eq!((status, element(&body, "Code").as_str()), (400, "ValidationError"), "{policy}");
        }
        assert_eq!(
            elements(&bench.ok("ListRolePolicies", &[("RoleName", "bob")]), "member"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        let bench = trial::bench();
        let (half, rest) = (trial::document_of(1000), trial::document_of(10240 - 1000));
        bench.ok("PutRolePolicy", &[("RoleName", "bob"), ("PolicyName", "a"), ("PolicyDocument", &half)]);
        bench.ok("PutRolePolicy", &[("RoleName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &rest)]);
        let over = trial::document_of(10240 - 999);
        let message = "Maximum policy size of 10240 bytes exceeded for role bob";
        bench.refused(
            "PutRolePolicy",
            &[("RoleName", "bob"), ("PolicyName", "b"), ("PolicyDocument", &over)],
            "LimitExceeded",
            message,
        );
        let told = bench.last_record("PutRolePolicy").reason.unwrap_or_default();
        assert!(told.contains("would have 10241 together"), "{told}");
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)];
        bench.refused("PutRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }
}
