//! UpdateAssumeRolePolicy: another trust policy. Sessions that were made under the old one go on.
//!
//! Source: IAM API Reference, UpdateAssumeRolePolicy.

use crate::{find, names, touches, trust};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    UpdateAssumeRolePolicy as Op, UpdateAssumeRolePolicyInput, UpdateAssumeRolePolicyOutput,
};

pub struct UpdateAssumeRolePolicy;

impl Action for UpdateAssumeRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateAssumeRolePolicy";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &UpdateAssumeRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        trust::check_length("policyDocument", &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &UpdateAssumeRolePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: UpdateAssumeRolePolicyInput) -> Answer<UpdateAssumeRolePolicyOutput> {
        let mut role = find::role_to_change(cx, &input.role_name)?;
        role.trust = trust::stored(cx, &input.policy_document)?;
        cx.tx.put(&role)?;
        Ok(UpdateAssumeRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::shapes::encoded;
    use crate::testing::{Bench, EC2_TRUST, element};

    #[test]
    fn the_new_policy_is_shown_as_it_was_written() {
        let bench = Bench::new();
        let name = ("RoleName", "r");
        bench.ok("CreateRole", &[name, ("AssumeRolePolicyDocument", EC2_TRUST)]);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let arn = "arn:aws:iam::111122223333:user/alice";
        // The same ARN in a condition is text, not a principal.
        let trust = format!(
            "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{ \"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"{arn}\"}},\n\
             \"Action\": \"sts:AssumeRole\", \"Condition\": {{\"ArnEquals\": {{\"aws:PrincipalArn\": \"{arn}\"}}}} }}]\n}}"
        );
        assert_eq!(bench.ok("UpdateAssumeRolePolicy", &[name, ("PolicyDocument", &trust)]), "");
        assert_eq!(element(&bench.ok("GetRole", &[name]), "AssumeRolePolicyDocument"), encoded(&trust));
    }

    #[test]
    fn bad_policies_and_missing_roles_are_refused_and_nothing_changes() {
        let bench = Bench::new();
        let name = ("RoleName", "r");
        bench.ok("CreateRole", &[name, ("AssumeRolePolicyDocument", EC2_TRUST)]);
        let arn = "arn:aws:iam::111122223333:role/none";
        let trust = EC2_TRUST.replace("\"Service\":\"ec2.amazonaws.com\"", &format!("\"AWS\":\"{arn}\""));
        let message = format!("Invalid principal in policy: \"AWS\":\"{arn}\"");
        let form = [name, ("PolicyDocument", trust.as_str())];
        bench.refused("UpdateAssumeRolePolicy", &form, "MalformedPolicyDocument", &message);
        assert_eq!(element(&bench.ok("GetRole", &[name]), "AssumeRolePolicyDocument"), encoded(EC2_TRUST));
        let form = [("RoleName", "none"), ("PolicyDocument", EC2_TRUST)];
        bench.refused(
            "UpdateAssumeRolePolicy",
            &form,
            "NoSuchEntity",
            "The role with name none cannot be found.",
        );
        let (status, told) =
            bench.call_as(&bench.root(), "UpdateAssumeRolePolicy", &[name, ("PolicyDocument", "")]);
        assert!(status == 400 && told.contains("ValidationError"), "{told}");
    }
}
