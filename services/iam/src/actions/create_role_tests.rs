//! CreateRole over the wire.

use crate::shapes::encoded;
use crate::testing::{Bench, EC2_TRUST, OTHER_ACCOUNT, element};
use serde_json::{Value, json};

fn trusting(principal: Value) -> String {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[test]
fn a_role_has_a_trust_policy_a_length_of_sessions_and_tags() {
    let bench = Bench::new();
    let told = bench.ok(
        "CreateRole",
        &[
            ("RoleName", "app"),
            ("Path", "/svc/"),
            ("AssumeRolePolicyDocument", EC2_TRUST),
            ("Description", "what it is for"),
            ("MaxSessionDuration", "7200"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ],
    );
    let id = element(&told, "RoleId");
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    let trust = encoded(EC2_TRUST);
    assert_eq!(
        told,
        format!(
            "<Role><Path>/svc/</Path><RoleName>app</RoleName><RoleId>{id}</RoleId>\
             <Arn>arn:aws:iam::111122223333:role/svc/app</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate>\
             <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><Description>what it is for</Description>\
             <MaxSessionDuration>7200</MaxSessionDuration>\
             <Tags><member><Key>k</Key><Value>v</Value></member></Tags></Role>"
        )
    );
    let taken = [("RoleName", "APP"), ("AssumeRolePolicyDocument", EC2_TRUST)];
    bench.refused("CreateRole", &taken, "EntityAlreadyExists", "Role with name APP already exists.");
}

#[test]
fn whom_it_trusts_must_exist() {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "alice")]);
    let create = |n: usize, principal: Value| {
        let trust = trusting(principal);
        let name = format!("r{n}");
        bench.call_as(
            &bench.root(),
            "CreateRole",
            &[("RoleName", &name), ("AssumeRolePolicyDocument", &trust)],
        )
    };
    let good = [
        json!({"AWS": "arn:aws:iam::111122223333:user/alice"}),
        json!({"AWS": ["111122223333", format!("arn:aws:iam::{OTHER_ACCOUNT}:root")]}),
        json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
        json!({"AWS": "*"}),
        json!("*"),
    ];
    for (n, principal) in good.into_iter().enumerate() {
        let (status, told) = create(n, principal.clone());
        assert_eq!(status, 200, "{principal}: {told}");
    }
    for missing in [
        "arn:aws:iam::111122223333:user/nobody",
        "arn:aws:iam::111122223333:user/path/alice",
        "arn:aws:iam::111122223333:role/none",
        "arn:aws:iam::999999999999:root",
        "999999999999",
        "alice",
        "AIDAAAAAAAAAAAAAAAAAA",
    ] {
        let trust = trusting(json!({"AWS": missing}));
        let form = [("RoleName", "x"), ("AssumeRolePolicyDocument", &trust)];
        let message = format!("Invalid principal in policy: \"AWS\":\"{missing}\"");
        bench.refused("CreateRole", &form, "MalformedPolicyDocument", &message);
    }
}

#[test]
fn a_user_made_again_is_not_the_one_who_was_trusted() {
    let bench = Bench::new();
    let arn = "arn:aws:iam::111122223333:user/alice";
    let id = element(&bench.ok("CreateUser", &[("UserName", "alice")]), "UserId");
    let trust = trusting(json!({"AWS": arn}));
    bench.ok("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &trust)]);
    let shown = || element(&bench.ok("GetRole", &[("RoleName", "r")]), "AssumeRolePolicyDocument");
    assert_eq!(shown(), encoded(&trust));
    bench.ok("UpdateUser", &[("UserName", "alice"), ("NewUserName", "bob")]);
    assert_eq!(shown(), encoded(&trust.replace("alice", "bob")));
    bench.ok("DeleteUser", &[("UserName", "bob")]);
    bench.ok("CreateUser", &[("UserName", "alice")]);
    assert_eq!(shown(), encoded(&trust.replace(arn, &id)));
}

#[test]
fn what_is_no_trust_policy_is_refused() {
    let bench = Bench::new();
    let no_principal =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]});
    let with_resource = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Resource": "*"}]});
    for bad in ["{", "[]", "x", &no_principal.to_string(), &with_resource.to_string()] {
        let form = [("RoleName", "r"), ("AssumeRolePolicyDocument", bad)];
        let (status, told) = bench.call_as(&bench.root(), "CreateRole", &form);
        assert!(
            status == 400 && told.contains("<Code>MalformedPolicyDocument</Code>"),
            "{bad}: {status} {told}"
        );
    }
    let long = EC2_TRUST.replace("ec2.amazonaws.com", &format!("{}.amazonaws.com", "x".repeat(2048)));
    let form = [("RoleName", "r"), ("AssumeRolePolicyDocument", long.as_str())];
    bench.refused("CreateRole", &form, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048");
}

#[test]
fn what_no_role_may_have_is_refused() {
    let bench = Bench::new();
    let create = |more: &[(&str, &str)], code: &str, message: &str| {
        let form = [&[("AssumeRolePolicyDocument", EC2_TRUST)][..], more].concat();
        bench.refused("CreateRole", &form, code, message);
    };
    let duration = |n: &str, bound: &str| {
        let message = format!(
            "1 validation error detected: Value '{n}' at 'maxSessionDuration' failed to satisfy constraint: Member must \
             have value {bound}"
        );
        create(&[("RoleName", "r"), ("MaxSessionDuration", n)], "ValidationError", &message);
    };
    duration("3599", "greater than or equal to 3600");
    duration("43201", "less than or equal to 43200");
    let message = "The role path /aws-service-role/ is reserved for service-linked roles.";
    create(&[("RoleName", "r"), ("Path", "/aws-service-role/x/")], "ValidationError", message);
    let arn = "arn:aws:iam::aws:policy/NoSuchPolicy";
    let message = format!("Policy {arn} does not exist or is not attachable.");
    create(&[("RoleName", "r"), ("PermissionsBoundary", arn)], "NoSuchEntity", &message);
    let bound = "arn:aws:iam::aws:policy/PowerUserAccess";
    let told = bench.ok(
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", EC2_TRUST), ("PermissionsBoundary", bound)],
    );
    assert_eq!(element(&told, "PermissionsBoundaryArn"), bound);
}

#[test]
fn tags_need_the_permission_to_tag() {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "admin")]);
    bench.allow("admin", "iam:CreateRole", "*");
    let admin = bench.user("admin");
    bench.ok_as(&admin, "CreateRole", &[("RoleName", "a"), ("AssumeRolePolicyDocument", EC2_TRUST)]);
    let form = [
        ("RoleName", "b"),
        ("AssumeRolePolicyDocument", EC2_TRUST),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
    ];
    let (status, told) = bench.call_as(&admin, "CreateRole", &form);
    assert!(status == 403 && told.contains("iam:TagRole on resource"), "{status} {told}");
}
