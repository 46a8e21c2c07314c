//! SimulateCustomPolicy: what policies that the request carries would decide. Nothing of the account counts: what is not in the
//! request is not there.
//!
//! Needs `iam:SimulateCustomPolicy`. Source: IAM API Reference, SimulateCustomPolicy.

use crate::simulate::answer::Asked;
use crate::simulate::{self, PolicyKind, Scene};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::iam::Attached;
use wire::generated::iam::OrderedOrganizationPolicyType;
use wire::generated::iam::{
    SimulateCustomPolicy as Op, SimulateCustomPolicyInput, SimulateCustomPolicyOutput,
};

pub struct SimulateCustomPolicy;

impl Action for SimulateCustomPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:SimulateCustomPolicy";

    fn check(input: &SimulateCustomPolicyInput) -> Result<(), Refusal> {
        asked(input).check()?;
        simulate::check_resource_policy(input.resource_policy.as_deref(), input.caller_arn.as_deref())?;
        simulate::check_handling(input.resource_handling_option.as_deref())
    }

    fn handle(cx: &mut Cx, input: SimulateCustomPolicyInput) -> Answer<SimulateCustomPolicyOutput> {
        let account = cx.account().to_string();
        let identity = simulate::inputs("PolicyInputList", PolicyKind::Identity, &input.policy_input_list)?;
        let asking = simulate::asking(input.caller_arn.as_deref(), &account)?;
        let scene = Scene {
            owner: simulate::owner(input.resource_owner.as_deref(), &asking)?,
            asking,
            context: simulate::context(input.context_entries.as_deref())?,
            identity,
            boundary: simulate::boundary(input.permissions_boundary_policy_input_list.as_deref())?,
            resource: simulate::resource_policy(input.resource_policy.as_deref())?,
            control: control(input.ordered_organization_policy_input_list.as_deref())?,
        };
        let page = asked(&input).page(cx, "SimulateCustomPolicy", &scene)?;
        Ok(SimulateCustomPolicyOutput {
            is_truncated: page.is_truncated(),
            evaluation_results: Some(page.items),
            marker: page.marker,
        })
    }
}

fn asked(input: &SimulateCustomPolicyInput) -> Asked<'_> {
    Asked {
        actions: &input.action_names,
        resources: input.resource_arns.as_deref(),
        max_items: input.max_items,
        marker: input.marker.as_deref(),
    }
}

/// The levels of an organization, its root first.
fn control(levels: Option<&[OrderedOrganizationPolicyType]>) -> Result<Vec<Vec<Attached>>, Refusal> {
    let level = |(i, level): (usize, &OrderedOrganizationPolicyType)| {
        let list = format!("OrderedOrganizationPolicyInputList.{}.ServiceControlPolicyInputList", i + 1);
        let texts = level.service_control_policy_input_list.as_deref().unwrap_or_default();
        simulate::inputs(&list, PolicyKind::Control, texts)
            .map(|sources| sources.iter().map(|source| source.attached()).collect())
    };
    levels.unwrap_or_default().iter().enumerate().map(level).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    const ACTION: &str = "SimulateCustomPolicy";
    /// Of AWS CLI reference, simulate-custom-policy.
    const AFTER_2018: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
    const EC2_BUT_DELETE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:Delete*","Resource":"*"}]}"#;
    const VOLUME: &str = "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
    const BUCKET: &str = "arn:aws:s3:::bucket/x";
    const ANN: &str = "arn:aws:iam::111122223333:user/ann";
    const BOB: &str = "arn:aws:iam::444455556666:user/bob";

    fn at(moment: &str) -> [(&str, &str); 3] {
        [
            ("ContextEntries.member.1.ContextKeyName", "aws:CurrentTime"),
            ("ContextEntries.member.1.ContextKeyType", "date"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", moment),
        ]
    }

    fn ask<'a>(policy: &'a str, action: &'a str) -> [(&'a str, &'a str); 2] {
        [("PolicyInputList.member.1", policy), ("ActionNames.member.1", action)]
    }

    #[test]
    fn aws_s_own_examples() {
        let bench = Bench::new();
        let form = ask(AFTER_2018, "dynamodb:CreateBackup");
        assert_eq!(
            bench.ok(ACTION, &[&form[..], &at("2019-04-25T11:00:00Z")].concat()),
            "<EvaluationResults><member><EvalActionName>dynamodb:CreateBackup</EvalActionName><EvalResourceName>*</EvalResourceName>\
             <EvalDecision>allowed</EvalDecision><MatchedStatements><member><SourcePolicyId>PolicyInputList.1</SourcePolicyId>\
             <SourcePolicyType>IAM Policy</SourcePolicyType><StartPosition><Line>1</Line><Column>38</Column></StartPosition>\
             <EndPosition><Line>1</Line><Column>167</Column></EndPosition></member></MatchedStatements><MissingContextValues>\
             </MissingContextValues></member></EvaluationResults><IsTruncated>false</IsTruncated>"
        );
        let denied = bench.ok(ACTION, &[&form[..], &at("2014-04-25T11:00:00Z")].concat());
        assert_eq!(
            (element(&denied, "EvalDecision"), element(&denied, "MatchedStatements")),
            ("implicitDeny".into(), String::new())
        );
        // Without the key the condition is not met, and the answer says which key was missing.
        let missing = bench.ok(ACTION, &form);
        assert_eq!(element(&missing, "EvalDecision"), "implicitDeny");
        assert_eq!(element(&missing, "MissingContextValues"), "<member>aws:CurrentTime</member>");
    }

    #[test]
    fn one_resource_has_a_result_of_its_own() {
        let bench = Bench::new();
        let form = ask(EC2_BUT_DELETE, "ec2:DeleteVolume");
        let deny = "<MatchedStatements><member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>IAM Policy\
                    </SourcePolicyType><StartPosition><Line>1</Line><Column>88</Column></StartPosition><EndPosition><Line>1</Line>\
                    <Column>144</Column></EndPosition></member></MatchedStatements><MissingContextValues></MissingContextValues>";
        assert_eq!(
            bench.ok(ACTION, &[&form[..], &[("ResourceArns.member.1", VOLUME)]].concat()),
            format!(
                "<EvaluationResults><member><EvalActionName>ec2:DeleteVolume</EvalActionName><EvalResourceName>{VOLUME}\
                 </EvalResourceName><EvalDecision>explicitDeny</EvalDecision>{deny}<EvalDecisionDetails></EvalDecisionDetails>\
                 <ResourceSpecificResults><member><EvalResourceName>{VOLUME}</EvalResourceName>\
                 <EvalResourceDecision>explicitDeny</EvalResourceDecision>{deny}<EvalDecisionDetails></EvalDecisionDetails></member>\
                 </ResourceSpecificResults></member></EvaluationResults><IsTruncated>false</IsTruncated>"
            )
        );
    }

    #[test]
    fn several_resources_are_told_one_by_one() {
        let bench = Bench::new();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::c/*"}]}"#;
        let said = |resources: &[&str]| {
            let names: Vec<String> =
                (1..=resources.len()).map(|i| format!("ResourceArns.member.{i}")).collect();
            let mut form = ask(policy, "s3:GetObject").to_vec();
            form.extend(names.iter().map(String::as_str).zip(resources.iter().copied()));
            let answer = bench.ok(ACTION, &form);
            (element(&answer, "EvalDecision"), elements(&answer, "EvalResourceDecision").join(" "))
        };
        let (a, b, c) = ("arn:aws:s3:::a/x", "arn:aws:s3:::b/x", "arn:aws:s3:::c/x");
        assert_eq!(said(&[a, b]), ("allowed".into(), "allowed implicitDeny".into()));
        assert_eq!(said(&[a, b, c]), ("explicitDeny".into(), "allowed implicitDeny explicitDeny".into()));
        assert_eq!(said(&[b, b]), ("implicitDeny".into(), "implicitDeny implicitDeny".into()));
        assert_eq!(said(&["*"]), ("implicitDeny".into(), String::new()));
    }

    #[test]
    fn a_boundary_and_control_policies_limit_and_say_so() {
        let bench = Bench::new();
        let none =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
        let all = none.replace("kms:*", "*");
        let boundary = "PermissionsBoundaryPolicyInputList.member.1";
        let root = "OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1";
        let account = "OrderedOrganizationPolicyInputList.member.2.ServiceControlPolicyInputList.member.1";
        let said = |limits: &[(&str, &str)]| {
            let answer = bench.ok(ACTION, &[&ask(EC2_BUT_DELETE, "ec2:CreateVolume")[..], limits].concat());
            let layers = ["AllowedByPermissionsBoundary", "AllowedByOrganizations"]
                .map(|name| elements(&answer, name).join(""));
            (element(&answer, "EvalDecision"), layers[0].clone(), layers[1].clone())
        };
        let words = |decision: &str, boundary: &str, organization: &str| {
            (decision.to_owned(), boundary.to_owned(), organization.to_owned())
        };
        assert_eq!(said(&[]), words("allowed", "", ""));
        assert_eq!(said(&[(boundary, &all)]), words("allowed", "true", ""));
        assert_eq!(said(&[(boundary, none)]), words("implicitDeny", "false", ""));
        assert_eq!(said(&[(root, &all), (account, &all)]), words("allowed", "", "true"));
        assert_eq!(said(&[(root, &all), (account, none)]), words("implicitDeny", "", "false"));
        let deny = all.replace("Allow", "Deny");
        assert_eq!(said(&[(root, &deny), (account, &all)]), words("explicitDeny", "", "false"));
        assert_eq!(said(&[(boundary, &deny)]), words("explicitDeny", "false", ""));
    }

    #[test]
    fn a_resource_s_policy_counts_as_in_and_across_accounts() {
        let bench = Bench::new();
        let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
        let nothing = own.replace("s3:GetObject", "ec2:CreateVolume");
        let resource = |effect: &str, principal: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":{{"AWS":"{principal}"}},"Action":"s3:*","Resource":"*"}}]}}"#
            )
        };
        let said = |own: &str, policy: &str, caller: &str| {
            let form = [
                ("ResourceArns.member.1", BUCKET),
                ("ResourcePolicy", policy),
                ("CallerArn", caller),
                ("ResourceOwner", "111122223333"),
            ];
            let answer = bench.ok(ACTION, &[&ask(own, "s3:GetObject")[..], &form].concat());
            (
                element(&answer, "EvalDecision"),
                elements(&answer, "SourcePolicyType").len() / 2,
                elements(&answer, "value").join(" "),
            )
        };
        let words = |decision: &str, statements: usize, sides: &str| {
            (decision.to_owned(), statements, sides.to_owned())
        };
        for (own, effect, principal, caller, expected) in [
            // In one account one side is enough.
            (own, "Allow", BOB, ANN, words("allowed", 1, "")),
            (&nothing, "Allow", ANN, ANN, words("allowed", 1, "")),
            (own, "Allow", ANN, ANN, words("allowed", 2, "")),
            (&nothing, "Allow", "111122223333", ANN, words("implicitDeny", 0, "")),
            (&nothing, "Allow", BOB, ANN, words("implicitDeny", 0, "")),
            (own, "Deny", ANN, ANN, words("explicitDeny", 1, "")),
            // Across accounts both must allow.
            (own, "Allow", BOB, BOB, words("allowed", 2, "allowed allowed allowed allowed")),
            (own, "Allow", ANN, BOB, words("implicitDeny", 0, "allowed implicitDeny allowed implicitDeny")),
            (
                &nothing,
                "Allow",
                BOB,
                BOB,
                words("implicitDeny", 0, "implicitDeny allowed implicitDeny allowed"),
            ),
            (own, "Deny", BOB, BOB, words("explicitDeny", 1, "allowed explicitDeny allowed explicitDeny")),
        ] {
            assert_eq!(
                said(own, &resource(effect, principal), caller),
                expected,
                "{own} {effect} {principal} {caller}"
            );
        }
    }

    #[test]
    fn a_key_s_policy_must_name_whom_it_lets_in() {
        let bench = Bench::new();
        let own =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
        let key = "arn:aws:kms:us-east-1:111122223333:key/1";
        for (principal, decision) in [(ANN, "allowed"), ("111122223333", "allowed"), (BOB, "implicitDeny")] {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"kms:*","Resource":"*"}}]}}"#
            );
            let form =
                [("ResourceArns.member.1", key), ("ResourcePolicy", policy.as_str()), ("CallerArn", ANN)];
            let answer = bench.ok(ACTION, &[&ask(own, "kms:Decrypt")[..], &form].concat());
            assert_eq!(element(&answer, "EvalDecision"), decision, "{principal}");
        }
    }

    #[test]
    fn actions_come_in_pages() {
        let bench = Bench::new();
        let actions =
            ["ec2:CreateVolume", "ec2:DeleteVolume", "kms:Encrypt", "ec2:CreateVolume", "ec2:AttachVolume"];
        let names: Vec<String> = (1..=5).map(|i| format!("ActionNames.member.{i}")).collect();
        let mut form = vec![("PolicyInputList.member.1", EC2_BUT_DELETE), ("MaxItems", "2")];
        form.extend(names.iter().map(String::as_str).zip(actions));
        let (mut told, mut said, mut marker) = (vec![], vec![], None::<String>);
        loop {
            let mut form = form.clone();
            form.extend(marker.iter().map(|marker| ("Marker", marker.as_str())));
            let page = bench.ok(ACTION, &form);
            told.extend(elements(&page, "EvalActionName"));
            said.extend(elements(&page, "EvalDecision"));
            if element(&page, "IsTruncated") == "false" {
                break;
            }
            marker = Some(element(&page, "Marker"));
        }
        assert_eq!(told, actions);
        assert_eq!(said, ["allowed", "explicitDeny", "implicitDeny", "allowed", "allowed"]);
        let marker = marker.unwrap();
        let other = [&ask(EC2_BUT_DELETE, "ec2:CreateVolume")[..], &[("Marker", marker.as_str())]].concat();
        bench.refused(ACTION, &other, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn what_cannot_be_simulated_is_refused() {
        let bench = Bench::new();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
        for (member, value, code) in [
            ("PolicyInputList.member.1", "x", "InvalidInput"),
            ("PolicyInputList.member.1", "", "ValidationError"),
            ("PolicyInputList.member.1", policy, "InvalidInput"),
            ("ActionNames.member.1", "CreateVolume", "InvalidInput"),
            ("ActionNames.member.1", "ec2:*", "InvalidInput"),
            ("ActionNames.member.1", "ec2:", "InvalidInput"),
            ("ActionNames.member.1", "a", "ValidationError"),
            ("ResourceArns.member.1", "vol-1", "InvalidInput"),
            ("ResourceArns.member.1", "", "ValidationError"),
            ("ResourcePolicy", policy, "InvalidInput"),
            ("CallerArn", "arn:aws:iam::111122223333:role/r", "InvalidInput"),
            ("CallerArn", "arn:aws:sts::111122223333:assumed-role/r/s", "InvalidInput"),
            ("ResourceOwner", "me", "InvalidInput"),
            ("PermissionsBoundaryPolicyInputList.member.2", AFTER_2018, "InvalidInput"),
            (
                "OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1",
                "{}",
                "InvalidInput",
            ),
            ("ContextEntries.member.1.ContextKeyName", "a", "ValidationError"),
            ("MaxItems", "1001", "ValidationError"),
            ("Marker", "forged", "ValidationError"),
        ] {
            let mut form = ask(AFTER_2018, "dynamodb:CreateBackup").to_vec();
            form.retain(|(name, _)| *name != member);
            if member.starts_with("Permissions") {
                form.push(("PermissionsBoundaryPolicyInputList.member.1", AFTER_2018));
            }
            form.push((member, value));
            let (status, body) = bench.call_as(&bench.root(), ACTION, &form);
            assert_eq!((status, element(&body, "Code").as_str()), (400, code), "{member} {value}: {body}");
        }
    }

    #[test]
    fn one_call_decides_at_most_ten_thousand_times() {
        let bench = Bench::new();
        let mut form = vec![("PolicyInputList.member.1".to_owned(), AFTER_2018.to_owned())];
        form.extend((1..=101).map(|i| (format!("ActionNames.member.{i}"), "ec2:CreateVolume".to_owned())));
        form.extend((1..=100).map(|i| (format!("ResourceArns.member.{i}"), VOLUME.to_owned())));
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let message = "A simulation has at most 10000 combinations of action and resource.";
        bench.refused(ACTION, &form, "InvalidInput", message);
    }
}
