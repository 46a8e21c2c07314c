//! Who may do what in IAM itself: resources and condition keys of its actions, as policies ask about them.

use crate::testing::{Bench, EC2_TRUST, Form, OTHER_ACCOUNT, element};
use api::Caller;
use serde_json::{Value, json};

/// A bench with the user `admin`, who may do one action on one resource under a condition.
fn admin(bench: &Bench, action: &str, resource: &str, condition: Value) -> Caller {
    if bench.call_as(&bench.root(), "GetUser", &[("UserName", "admin")]).0 == 404 {
        bench.ok("CreateUser", &[("UserName", "admin")]);
    }
    let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    bench.give("admin", &json!({"Version": "2012-10-17", "Statement": [statement]}));
    bench.user("admin")
}

fn denied(bench: &Bench, caller: &Caller, action: &str, form: Form) {
    let (status, told) = bench.call_as(caller, action, form);
    assert!(status == 403 && element(&told, "Code") == "AccessDenied", "{action} {form:?}: {status} {told}");
}

#[test]
fn a_user_without_policies_may_do_nothing_and_hears_why() {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "alice"), ("Path", "/eng/")]);
    let alice = bench.user("alice");
    let message = "User: arn:aws:iam::111122223333:user/eng/alice is not authorized to perform: iam:ListUsers on resource: \
                   arn:aws:iam::111122223333:user/ because no identity-based policy allows the iam:ListUsers action";
    bench.refused_as(&alice, "ListUsers", &[], "AccessDenied", message);
    // Who may not look does not hear who is there.
    for name in ["alice", "nobody"] {
        denied(&bench, &alice, "GetUser", &[("UserName", name)]);
        denied(&bench, &alice, "DeleteUser", &[("UserName", name)]);
    }
    for action in ["GetAccountSummary", "ListAccountAliases", "GetUser", "ListAccessKeys", "CreateAccessKey"]
    {
        denied(&bench, &alice, action, &[]);
    }
}

#[test]
fn a_path_is_part_of_the_resource() {
    let bench = Bench::new();
    let admin = admin(&bench, "iam:*", "arn:aws:iam::111122223333:*/eng/*", Value::Null);
    for (kind, name, more) in [
        ("User", "UserName", &[][..]),
        ("Group", "GroupName", &[]),
        ("Role", "RoleName", &[("AssumeRolePolicyDocument", EC2_TRUST)]),
        ("InstanceProfile", "InstanceProfileName", &[]),
    ] {
        let create = format!("Create{kind}");
        denied(&bench, &admin, &create, &[&[(name, "x"), ("Path", "/ops/")][..], more].concat());
        denied(&bench, &admin, &create, &[&[(name, "x")][..], more].concat());
        bench.ok_as(&admin, &create, &[&[(name, "x"), ("Path", "/eng/")][..], more].concat());
        // By name alone: the resource is the row's own ARN.
        bench.ok_as(&admin, &format!("Get{kind}"), &[(name, "x")]);
        bench.ok_as(&admin, &format!("Delete{kind}"), &[(name, "x")]);
    }
    bench.ok_as(&admin, "ListUsers", &[("PathPrefix", "/eng/a")]);
    denied(&bench, &admin, "ListUsers", &[]);
}

#[test]
fn tags_of_the_resource_decide() {
    let bench = Bench::new();
    for (name, team) in [("a", "red"), ("b", "blue")] {
        let tag = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", team)];
        bench.ok("CreateUser", &[&[("UserName", name)][..], &tag].concat());
        let role = [("RoleName", name), ("AssumeRolePolicyDocument", EC2_TRUST)];
        bench.ok("CreateRole", &[&role[..], &tag].concat());
        bench.ok("CreateInstanceProfile", &[&[("InstanceProfileName", name)][..], &tag].concat());
    }
    for key in ["iam:ResourceTag/team", "aws:ResourceTag/team"] {
        let admin = admin(&bench, "iam:*", "*", json!({"StringEquals": {key: "red"}}));
        for (action, name) in
            [("GetUser", "UserName"), ("GetRole", "RoleName"), ("GetInstanceProfile", "InstanceProfileName")]
        {
            bench.ok_as(&admin, action, &[(name, "a")]);
            denied(&bench, &admin, action, &[(name, "b")]);
        }
    }
}

#[test]
fn tags_of_the_request_decide() {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "a")]);
    let only_team = json!({
        "StringEquals": {"aws:RequestTag/team": ["red", "blue"]},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    });
    let admin_ = admin(&bench, "iam:TagUser", "*", only_team);
    let tag = |k, v| [("UserName", "a"), ("Tags.member.1.Key", k), ("Tags.member.1.Value", v)];
    bench.ok_as(&admin_, "TagUser", &tag("team", "red"));
    denied(&bench, &admin_, "TagUser", &tag("team", "green"));
    denied(&bench, &admin_, "TagUser", &tag("other", "red"));
    let two = [&tag("team", "red")[..], &[("Tags.member.2.Key", "x"), ("Tags.member.2.Value", "y")]].concat();
    denied(&bench, &admin_, "TagUser", &two);
    let not_team = json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}});
    let admin_ = admin(&bench, "iam:UntagUser", "*", not_team);
    denied(&bench, &admin_, "UntagUser", &[("UserName", "a"), ("TagKeys.member.1", "team")]);
    bench.ok_as(&admin_, "UntagUser", &[("UserName", "a"), ("TagKeys.member.1", "other")]);
}

#[test]
fn a_boundary_can_be_demanded() {
    let bench = Bench::new();
    let bound = "arn:aws:iam::aws:policy/PowerUserAccess";
    let demanded = json!({"StringEquals": {"iam:PermissionsBoundary": bound}});
    let admin = admin(&bench, "iam:Create*", "*", demanded);
    let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", EC2_TRUST)];
    let other = ("PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess");
    denied(&bench, &admin, "CreateUser", &[("UserName", "u")]);
    denied(&bench, &admin, "CreateUser", &[("UserName", "u"), other]);
    denied(&bench, &admin, "CreateRole", &role);
    denied(&bench, &admin, "CreateRole", &[&role[..], &[other]].concat());
    let bound = ("PermissionsBoundary", bound);
    bench.ok_as(&admin, "CreateUser", &[("UserName", "u"), bound]);
    bench.ok_as(&admin, "CreateRole", &[&role[..], &[bound]].concat());
}

#[test]
fn a_boundary_counts_as_use_of_its_policy_until_its_user_is_gone() {
    let bench = Bench::new();
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let made = bench.ok("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", document)]);
    let arn = element(&made, "Arn");
    let bound = ("PermissionsBoundary", arn.as_str());
    let count = || element(&bench.ok("GetPolicy", &[("PolicyArn", &arn)]), "PermissionsBoundaryUsageCount");
    bench.ok("CreateUser", &[("UserName", "u"), bound]);
    bench.ok("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", EC2_TRUST), bound]);
    assert_eq!(count(), "2");
    bench.ok("DeleteUser", &[("UserName", "u")]);
    bench.ok("DeleteRole", &[("RoleName", "r")]);
    assert_eq!(count(), "0");
}

#[test]
fn another_account_sees_and_changes_nothing_of_this_one() {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "a")]);
    bench.ok("CreateGroup", &[("GroupName", "a")]);
    bench.ok("CreateRole", &[("RoleName", "a"), ("AssumeRolePolicyDocument", EC2_TRUST)]);
    bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "a")]);
    let key = element(&bench.ok("CreateAccessKey", &[("UserName", "a")]), "AccessKeyId");
    let other = bench.root_of(OTHER_ACCOUNT);
    for (action, form) in [
        ("GetUser", &[("UserName", "a")][..]),
        ("DeleteUser", &[("UserName", "a")]),
        ("GetGroup", &[("GroupName", "a")]),
        ("DeleteGroup", &[("GroupName", "a")]),
        ("GetRole", &[("RoleName", "a")]),
        ("DeleteRole", &[("RoleName", "a")]),
        ("GetInstanceProfile", &[("InstanceProfileName", "a")]),
        ("DeleteInstanceProfile", &[("InstanceProfileName", "a")]),
        ("ListAccessKeys", &[("UserName", "a")]),
        ("DeleteAccessKey", &[("AccessKeyId", &key)]),
    ] {
        let (status, told) = bench.call_as(&other, action, form);
        assert!(status == 404 && element(&told, "Code") == "NoSuchEntity", "{action}: {told}");
    }
    for action in ["ListUsers", "ListGroups", "ListRoles", "ListInstanceProfiles"] {
        let told = bench.ok_as(&other, action, &[]);
        assert!(!told.contains("<member>"), "{action}: {told}");
    }
    assert!(bench.access_key(&key).is_some());
}
