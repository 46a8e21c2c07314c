//! Every action with the resource that a policy must name to allow it. An action without a case here fails a test. Source: Service
//! Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".

use crate::testing::{Bench, EC2_TRUST, Form, element};
use api::Caller;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const POLICY_ARN: &str = "arn:aws:iam::111122223333:policy/x/pol";
const USER_ARN: &str = "arn:aws:iam::111122223333:user/x/u";
const BOUND: (&str, &str) = ("PermissionsBoundary", POLICY_ARN);
const U: (&str, &str) = ("UserName", "u");
const G: (&str, &str) = ("GroupName", "g");
const R: (&str, &str) = ("RoleName", "r");
const P: (&str, &str) = ("InstanceProfileName", "p");
const POL: (&str, &str) = ("PolicyArn", POLICY_ARN);
const DOCUMENT: (&str, &str) = ("PolicyDocument", POLICY);
const NAMED: (&str, &str) = ("PolicyName", "inline");
const KEY: (&str, &str) = ("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA");
const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
const UNTAG: (&str, &str) = ("TagKeys.member.1", "k");
const TRUST: (&str, &str) = ("AssumeRolePolicyDocument", EC2_TRUST);
const SPOT_ROLE: &str = "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot";

/// Action, a form, and the resource: without `arn:aws:iam::111122223333:`, or `*`.
#[rustfmt::skip] // one case, one line
const CASES: &[(&str, Form, &str)] = &[
    ("AddRoleToInstanceProfile", &[P, R], "instance-profile/x/p"),
    ("AddUserToGroup", &[G, U], "group/x/g"),
    ("AttachGroupPolicy", &[G, POL], "group/x/g"),
    ("AttachRolePolicy", &[R, POL], "role/x/r"),
    ("AttachUserPolicy", &[U, POL], "user/x/u"),
    ("CreateAccessKey", &[U], "user/x/u"),
    ("CreateAccountAlias", &[("AccountAlias", "my-co")], "*"),
    ("CreateGroup", &[("GroupName", "n"), ("Path", "/y/")], "group/y/n"),
    ("CreateInstanceProfile", &[("InstanceProfileName", "n"), ("Path", "/y/")], "instance-profile/y/n"),
    ("CreatePolicy", &[("PolicyName", "n"), ("Path", "/y/"), DOCUMENT], "policy/y/n"),
    ("CreatePolicyVersion", &[POL, DOCUMENT], "policy/x/pol"),
    ("CreateRole", &[("RoleName", "n"), ("Path", "/y/"), TRUST], "role/y/n"),
    ("CreateServiceLinkedRole", &[("AWSServiceName", "spot.amazonaws.com")], SPOT_ROLE),
    ("CreateUser", &[("UserName", "n"), ("Path", "/y/")], "user/y/n"),
    ("DeleteAccessKey", &[U, KEY], "user/x/u"),
    ("DeleteAccountAlias", &[("AccountAlias", "my-co")], "*"),
    ("DeleteGroup", &[G], "group/x/g"),
    ("DeleteGroupPolicy", &[G, NAMED], "group/x/g"),
    ("DeleteInstanceProfile", &[P], "instance-profile/x/p"),
    ("DeleteLoginProfile", &[U], "user/x/u"),
    ("DeletePolicy", &[POL], "policy/x/pol"),
    ("DeletePolicyVersion", &[POL, ("VersionId", "v1")], "policy/x/pol"),
    ("DeleteRole", &[R], "role/x/r"),
    ("DeleteRolePermissionsBoundary", &[R], "role/x/r"),
    ("DeleteRolePolicy", &[R, NAMED], "role/x/r"),
    ("DeleteServiceLinkedRole", &[("RoleName", "AWSServiceRoleForECS")], "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
    ("DeleteUser", &[U], "user/x/u"),
    ("DeleteUserPermissionsBoundary", &[U], "user/x/u"),
    ("DeleteUserPolicy", &[U, NAMED], "user/x/u"),
    ("DetachGroupPolicy", &[G, POL], "group/x/g"),
    ("DetachRolePolicy", &[R, POL], "role/x/r"),
    ("DetachUserPolicy", &[U, POL], "user/x/u"),
    ("GetAccessKeyLastUsed", &[KEY], "*"),
    ("GetAccountAuthorizationDetails", &[], "*"),
    ("GetAccountSummary", &[], "*"),
    ("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", POLICY)], "*"),
    ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", USER_ARN)], "user/x/u"),
    ("GetGroup", &[G], "group/x/g"),
    ("GetGroupPolicy", &[G, NAMED], "group/x/g"),
    ("GetInstanceProfile", &[P], "instance-profile/x/p"),
    ("GetLoginProfile", &[U], "user/x/u"),
    ("GetPolicy", &[POL], "policy/x/pol"),
    ("GetPolicyVersion", &[POL, ("VersionId", "v1")], "policy/x/pol"),
    ("GetRole", &[R], "role/x/r"),
    ("GetRolePolicy", &[R, NAMED], "role/x/r"),
    ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", "task/aws-service-role/s/r/1")], "role/aws-service-role/s/r"),
    ("GetUser", &[U], "user/x/u"),
    ("GetUserPolicy", &[U, NAMED], "user/x/u"),
    ("ListAccessKeys", &[U], "user/x/u"),
    ("ListAccountAliases", &[], "*"),
    ("ListAttachedGroupPolicies", &[G], "group/x/g"),
    ("ListAttachedRolePolicies", &[R], "role/x/r"),
    ("ListAttachedUserPolicies", &[U], "user/x/u"),
    ("ListEntitiesForPolicy", &[POL], "policy/x/pol"),
    ("ListGroupPolicies", &[G], "group/x/g"),
    ("ListGroups", &[("PathPrefix", "/x/")], "group/x/"),
    ("ListGroupsForUser", &[U], "user/x/u"),
    ("ListInstanceProfileTags", &[P], "instance-profile/x/p"),
    ("ListInstanceProfiles", &[("PathPrefix", "/x/")], "instance-profile/x/"),
    ("ListInstanceProfilesForRole", &[R], "role/x/r"),
    ("ListMFADevices", &[U], "user/x/u"),
    ("ListPolicies", &[], "*"),
    ("ListPolicyTags", &[POL], "policy/x/pol"),
    ("ListPolicyVersions", &[POL], "policy/x/pol"),
    ("ListRolePolicies", &[R], "role/x/r"),
    ("ListRoleTags", &[R], "role/x/r"),
    ("ListRoles", &[("PathPrefix", "/x/")], "role/x/"),
    ("ListSSHPublicKeys", &[U], "user/x/u"),
    ("ListServiceSpecificCredentials", &[U], "user/x/u"),
    ("ListSigningCertificates", &[U], "user/x/u"),
    ("ListUserPolicies", &[U], "user/x/u"),
    ("ListUserTags", &[U], "user/x/u"),
    ("ListUsers", &[("PathPrefix", "/x/")], "user/x/"),
    ("ListVirtualMFADevices", &[], "*"),
    ("PutGroupPolicy", &[G, NAMED, DOCUMENT], "group/x/g"),
    ("PutRolePermissionsBoundary", &[R, BOUND], "role/x/r"),
    ("PutRolePolicy", &[R, NAMED, DOCUMENT], "role/x/r"),
    ("PutUserPermissionsBoundary", &[U, BOUND], "user/x/u"),
    ("PutUserPolicy", &[U, NAMED, DOCUMENT], "user/x/u"),
    ("RemoveRoleFromInstanceProfile", &[P, R], "instance-profile/x/p"),
    ("RemoveUserFromGroup", &[G, U], "group/x/g"),
    ("SetDefaultPolicyVersion", &[POL, ("VersionId", "v1")], "policy/x/pol"),
    ("SimulateCustomPolicy", &[("PolicyInputList.member.1", POLICY), ("ActionNames.member.1", "ec2:RunInstances")], "*"),
    ("SimulatePrincipalPolicy", &[("PolicySourceArn", USER_ARN), ("ActionNames.member.1", "ec2:RunInstances")], "user/x/u"),
    ("TagInstanceProfile", &[P, TAG[0], TAG[1]], "instance-profile/x/p"),
    ("TagPolicy", &[POL, TAG[0], TAG[1]], "policy/x/pol"),
    ("TagRole", &[R, TAG[0], TAG[1]], "role/x/r"),
    ("TagUser", &[U, TAG[0], TAG[1]], "user/x/u"),
    ("UntagInstanceProfile", &[P, UNTAG], "instance-profile/x/p"),
    ("UntagPolicy", &[POL, UNTAG], "policy/x/pol"),
    ("UntagRole", &[R, UNTAG], "role/x/r"),
    ("UntagUser", &[U, UNTAG], "user/x/u"),
    ("UpdateAccessKey", &[U, KEY, ("Status", "Inactive")], "user/x/u"),
    ("UpdateAssumeRolePolicy", &[R, ("PolicyDocument", EC2_TRUST)], "role/x/r"),
    ("UpdateGroup", &[G], "group/x/g"),
    ("UpdateRole", &[R], "role/x/r"),
    ("UpdateRoleDescription", &[R, ("Description", "d")], "role/x/r"),
    ("UpdateUser", &[U], "user/x/u"),
];

fn bench() -> Bench {
    let bench = Bench::new();
    let path = ("Path", "/x/");
    bench.ok("CreateUser", &[U, path]);
    bench.ok("CreateGroup", &[G, path]);
    bench.ok("CreateRole", &[R, path, TRUST]);
    bench.ok("CreateInstanceProfile", &[P, path]);
    bench.ok("CreatePolicy", &[("PolicyName", "pol"), path, DOCUMENT]);
    bench.ok("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]);
    bench.ok("CreateUser", &[("UserName", "asker")]);
    bench
}

fn arn(resource: &str) -> String {
    if resource == "*" { "*".into() } else { format!("arn:aws:iam::111122223333:{resource}") }
}

/// The user `asker`, with a policy of these statements.
fn asker(bench: &Bench, statements: &[Value]) -> Caller {
    bench.give("asker", &json!({"Version": "2012-10-17", "Statement": statements}));
    bench.user("asker")
}

fn statement(effect: &str, action: &str, resource: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": resource})
}

#[test]
fn every_action_has_a_case() {
    let actions: BTreeSet<&str> = crate::table().iter().map(|entry| entry.name).collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|(action, _, _)| *action).collect();
    assert_eq!(actions.difference(&cases).collect::<Vec<_>>(), Vec::<&&str>::new(), "without a case");
    assert_eq!(cases.difference(&actions).collect::<Vec<_>>(), Vec::<&&str>::new(), "without an action");
}

#[test]
fn the_permission_is_called_as_the_action() {
    for entry in crate::table() {
        assert_eq!(entry.iam, format!("iam:{}", entry.name));
        let reads = ["Get", "List", "Simulate"].iter().any(|verb| entry.name.starts_with(verb));
        assert_eq!(entry.read_only, reads, "{}", entry.name);
    }
}

#[test]
fn everything_else_allowed_is_not_enough() {
    let bench = bench();
    for (action, form, resource) in CASES {
        let (iam, arn) = (format!("iam:{action}"), arn(resource));
        let others = json!({"Effect": "Allow", "NotAction": &iam, "Resource": "*"});
        let elsewhere = statement("Allow", &iam, "arn:aws:iam::111122223333:*/elsewhere");
        let (status, told) = bench.call_as(&asker(&bench, &[others, elsewhere]), action, form);
        let message = format!(
            "User: arn:aws:iam::111122223333:user/asker is not authorized to perform: {iam} on resource: {arn} because no \
             identity-based policy allows the {iam} action"
        );
        assert_eq!(
            (status, element(&told, "Code"), element(&told, "Message")),
            (403, "AccessDenied".into(), message)
        );
    }
}

#[test]
fn a_deny_of_it_wins_over_everything() {
    let bench = bench();
    for (action, form, resource) in CASES {
        let deny = statement("Deny", &format!("iam:{action}"), &arn(resource));
        let caller = asker(&bench, &[statement("Allow", "*", "*"), deny]);
        let (status, told) = bench.call_as(&caller, action, form);
        assert_eq!(status, 403, "{action}: {told}");
        assert!(told.contains("with an explicit deny in an identity-based policy"), "{action}: {told}");
    }
}

#[test]
fn allowing_it_alone_is_enough() {
    let read_only: BTreeSet<&str> =
        crate::table().iter().filter(|entry| entry.read_only).map(|entry| entry.name).collect();
    let shared = bench();
    for (action, form, resource) in CASES {
        // What changes something gets a server of its own.
        let own = (!read_only.contains(action)).then(bench);
        let bench = own.as_ref().unwrap_or(&shared);
        let mut statements = vec![statement("Allow", &format!("iam:{action}"), &arn(resource))];
        if *action == "AddRoleToInstanceProfile" {
            statements.push(statement("Allow", "iam:PassRole", &arn("role/x/r")));
        }
        let (status, told) = bench.call_as(&asker(bench, &statements), action, form);
        assert_ne!(status, 403, "{action}: {told}");
        assert!(status < 500, "{action}: {told}");
    }
}
