//! SimulatePrincipalPolicy: what the policies of a user (with its groups'), group or role would decide, its boundary and the
//! organization's control policies included; policies of the request are added, and others left out, if it says so.
//!
//! Needs `iam:SimulatePrincipalPolicy` on the principal. Source: IAM API Reference, SimulatePrincipalPolicy.

use crate::simulate::answer::Asked;
use crate::simulate::{self, PolicyKind, Scene, principal};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    SimulatePrincipalPolicy as Op, SimulatePrincipalPolicyInput, SimulatePrincipalPolicyOutput,
};

pub struct SimulatePrincipalPolicy;

impl Action for SimulatePrincipalPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:SimulatePrincipalPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &SimulatePrincipalPolicyInput) -> Result<(), Refusal> {
        asked(input).check()?;
        principal::check_arn(&input.policy_source_arn)?;
        // A user's policies are asked for the user itself; for others somebody must be named whom the resource's policy can mean.
        let caller = input.caller_arn.as_deref().or_else(|| {
            input.policy_source_arn.contains(":user/").then_some(input.policy_source_arn.as_str())
        });
        simulate::check_resource_policy(input.resource_policy.as_deref(), caller)?;
        simulate::check_handling(input.resource_handling_option.as_deref())
    }

    fn touches(cx: &mut Cx, input: &SimulatePrincipalPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![principal::touched(cx, &input.policy_source_arn)?])
    }

    fn handle(cx: &mut Cx, input: SimulatePrincipalPolicyInput) -> Answer<SimulatePrincipalPolicyOutput> {
        let account = cx.account().to_string();
        let entity = principal::find(cx, &input.policy_source_arn)?;
        let added = input.policy_input_list.as_deref().unwrap_or_default();
        let excluded = input.policy_exclusion_list.as_deref().unwrap_or_default();
        let mut identity = simulate::inputs("PolicyInputList", PolicyKind::Identity, added)?;
        for held in entity.policies(cx)?.iter().filter(|held| !held.is_excluded(excluded)) {
            identity.push(held.source(PolicyKind::Identity)?);
        }
        let boundary = match simulate::boundary(input.permissions_boundary_policy_input_list.as_deref())? {
            Some(boundary) => Some(boundary),
            None => match entity.boundary(cx)?.filter(|held| !held.is_excluded(excluded)) {
                Some(held) => Some(held.source(PolicyKind::Boundary)?),
                None => None,
            },
        };
        let asking = match input.caller_arn.as_deref() {
            Some(caller) => simulate::asking(Some(caller), &account)?,
            None => entity.asking(&account),
        };
        let scene = Scene {
            owner: simulate::owner(input.resource_owner.as_deref(), &asking)?,
            asking,
            context: simulate::context(input.context_entries.as_deref())?,
            identity,
            boundary,
            resource: simulate::resource_policy(input.resource_policy.as_deref())?,
            control: principal::control(cx)?,
        };
        let page = asked(&input).page(cx, "SimulatePrincipalPolicy", &scene)?;
        Ok(SimulatePrincipalPolicyOutput {
            is_truncated: page.is_truncated(),
            evaluation_results: Some(page.items),
            marker: page.marker,
        })
    }
}

fn asked(input: &SimulatePrincipalPolicyInput) -> Asked<'_> {
    Asked {
        actions: &input.action_names,
        resources: input.resource_arns.as_deref(),
        max_items: input.max_items,
        marker: input.marker.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{Bench, OTHER_ACCOUNT, element, elements};

    const ACTION: &str = "SimulatePrincipalPolicy";
    const USER: &str = "arn:aws:iam::111122223333:user/x/bob";
    const GROUP: &str = "arn:aws:iam::111122223333:group/x/bob";
    const ROLE: &str = "arn:aws:iam::111122223333:role/x/bob";

    /// Decision and the policies that made it.
    fn said(bench: &Bench, source: &str, action: &str, more: &[(&str, &str)]) -> (String, String) {
        let form = [&[("PolicySourceArn", source), ("ActionNames.member.1", action)][..], more].concat();
        let answer = bench.ok(ACTION, &form);
        (element(&answer, "EvalDecision"), elements(&answer, "SourcePolicyId").join(" "))
    }

    fn words(decision: &str, sources: &str) -> (String, String) {
        (decision.to_owned(), sources.to_owned())
    }

    /// `bob`s with a policy each, `bob` in the group.
    fn bobs() -> Bench {
        let bench = trial::bench();
        bench.ok("AddUserToGroup", &[("GroupName", "bob"), ("UserName", "bob")]);
        for (kind, service) in [("User", "ec2"), ("Group", "kms"), ("Role", "sts")] {
            let document = DOCUMENT.replace("ec2", service);
            let name = format!("{kind}Name");
            let form = [(name.as_str(), "bob"), ("PolicyName", "in"), ("PolicyDocument", &document)];
            bench.ok(&format!("Put{kind}Policy"), &form);
        }
        bench
    }

    #[test]
    fn each_kind_has_its_own_policies_and_a_user_its_groups_too() {
        let bench = bobs();
        for (source, action, expected) in [
            (USER, "ec2:CreateVolume", words("allowed", "user_bob_in")),
            (USER, "kms:Decrypt", words("allowed", "group_bob_in")),
            (USER, "sts:AssumeRole", words("implicitDeny", "")),
            (GROUP, "kms:Decrypt", words("allowed", "group_bob_in")),
            (GROUP, "ec2:CreateVolume", words("implicitDeny", "")),
            (ROLE, "sts:AssumeRole", words("allowed", "role_bob_in")),
            (ROLE, "ec2:CreateVolume", words("implicitDeny", "")),
        ] {
            assert_eq!(said(&bench, source, action, &[]), expected, "{source} {action}");
        }
    }

    #[test]
    fn managed_policies_boundaries_additions_and_exclusions() {
        let bench = bobs();
        let arn = trial::policy(&bench, "managed");
        bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &arn)]);
        let ask = |more: &[(&str, &str)]| said(&bench, USER, "ec2:CreateVolume", more);
        assert_eq!(ask(&[]), words("allowed", "user_bob_in managed"));
        assert_eq!(ask(&[("PolicyExclusionList.member.1.PolicyArn", &arn)]), words("allowed", "user_bob_in"));
        let inline = [
            ("PolicyExclusionList.member.2.InlinePolicyIdentifier.AttachmentName", "bob"),
            ("PolicyExclusionList.member.2.InlinePolicyIdentifier.AttachmentType", "User"),
            ("PolicyExclusionList.member.2.InlinePolicyIdentifier.PolicyName", "in"),
            ("PolicyExclusionList.member.1.PolicyArn", arn.as_str()),
        ];
        assert_eq!(ask(&inline), words("implicitDeny", ""));
        let deny = DOCUMENT.replace("Allow", "Deny");
        assert_eq!(ask(&[("PolicyInputList.member.1", &deny)]), words("explicitDeny", "PolicyInputList.1"));
        let kms = DOCUMENT.replace("ec2", "kms");
        let bound = [("PermissionsBoundaryPolicyInputList.member.1", kms.as_str())];
        assert_eq!(ask(&bound), words("implicitDeny", ""));
        // The user's own boundary, unless the request has one.
        bench.ok("CreatePolicy", &[("PolicyName", "bound"), ("PolicyDocument", &kms)]);
        bench.ok(
            "PutUserPermissionsBoundary",
            &[("UserName", "bob"), ("PermissionsBoundary", &trial::policy_arn("bound"))],
        );
        assert_eq!(ask(&[]), words("implicitDeny", ""));
        let own = [("PermissionsBoundaryPolicyInputList.member.1", DOCUMENT)];
        assert_eq!(ask(&own), words("allowed", "user_bob_in managed PermissionsBoundaryPolicyInputList.1"));
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        let bench = bobs();
        let form = |arn| [("PolicySourceArn", arn), ("ActionNames.member.1", "ec2:CreateVolume")];
        for (arn, kind, name) in [
            ("arn:aws:iam::111122223333:user/nobody", "user", "nobody"),
            ("arn:aws:iam::111122223333:user/bob", "user", "bob"),
            ("arn:aws:iam::111122223333:user/x/BOB", "user", "BOB"),
            ("arn:aws:iam::111122223333:group/x/nobody", "group", "nobody"),
            ("arn:aws:iam::444455556666:role/x/bob", "role", "bob"),
        ] {
            bench.refused(
                ACTION,
                &form(arn),
                "NoSuchEntity",
                &format!("The {kind} with name {name} cannot be found."),
            );
        }
        for arn in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:policy/p",
            "arn:aws:sts::111122223333:assumed-role/bob/s",
            "arn:aws:sts::111122223333:user/x/bob",
            "not-an-arn-but-long-enough",
        ] {
            let message = format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
            bench.refused(ACTION, &form(arn), "InvalidInput", &message);
        }
        let theirs = bench.root_of(OTHER_ACCOUNT);
        let message = "The user with name bob cannot be found.";
        bench.refused_as(&theirs, ACTION, &form(USER), "NoSuchEntity", message);
    }

    #[test]
    fn a_resource_s_policy_needs_somebody_whom_it_can_name() {
        let bench = bobs();
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"s3:*","Resource":"*"}}]}}"#
        );
        let more = [("ResourcePolicy", policy.as_str()), ("ResourceArns.member.1", "arn:aws:s3:::bucket/x")];
        let (decision, _) = said(&bench, USER, "s3:GetObject", &more);
        assert_eq!(decision, "allowed");
        for source in [GROUP, ROLE] {
            let form = [&[("PolicySourceArn", source), ("ActionNames.member.1", "s3:GetObject")][..], &more]
                .concat();
            let message = "A caller ARN must be specified when a resource policy is included.";
            bench.refused(ACTION, &form, "InvalidInput", message);
            let named = [&more[..], &[("CallerArn", USER)]].concat();
            assert_eq!(said(&bench, source, "s3:GetObject", &named).0, "allowed");
        }
    }

    #[test]
    fn the_permission_is_on_the_principal() {
        let bench = bobs();
        let condition = serde_json::json!({"StringEquals": {"aws:ResourceTag/open": "yes"}});
        let ann = trial::ann(&bench, "iam:SimulatePrincipalPolicy", condition);
        let form = [("PolicySourceArn", USER), ("ActionNames.member.1", "ec2:CreateVolume")];
        trial::denied(&bench, &ann, ACTION, &form);
        bench.ok(
            "TagUser",
            &[("UserName", "bob"), ("Tags.member.1.Key", "open"), ("Tags.member.1.Value", "yes")],
        );
        bench.ok_as(&ann, ACTION, &form);
        let elsewhere = [("PolicySourceArn", "arn:aws:iam::111122223333:user/bob"), form[1]];
        trial::denied(&bench, &ann, ACTION, &elsewhere);
    }
}
