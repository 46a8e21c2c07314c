//! What tests of policies start from: a server with a user, a group and a role of one name.

use crate::testing::{ACCOUNT, Bench, EC2_TRUST, element};
use api::Caller;
use serde_json::{Value, json};

pub const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}"#;
/// [`DOCUMENT`] as answers carry it.
pub const ENCODED: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22\
                           ec2%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
pub const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub const VIEW: &str = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";

/// A server whose user, group and role are called `bob`, with the path `/x/`.
pub fn bench() -> Bench {
    let bench = Bench::new();
    bench.ok("CreateUser", &[("UserName", "bob"), ("Path", "/x/")]);
    bench.ok("CreateGroup", &[("GroupName", "bob"), ("Path", "/x/")]);
    let role = [("RoleName", "bob"), ("Path", "/x/"), ("AssumeRolePolicyDocument", EC2_TRUST)];
    bench.ok("CreateRole", &role);
    bench
}

/// A role linked to a service, named `linked`.
pub fn link_role(bench: &Bench) {
    bench.ok("CreateRole", &[("RoleName", "linked"), ("AssumeRolePolicyDocument", EC2_TRUST)]);
    bench.with_cx(|cx| {
        let mut role = crate::find::role(cx, "linked").unwrap();
        role.linked_service = Some("ebs.amazonaws.com".into());
        cx.tx.put(&role).unwrap();
    });
}

/// AWS's words about it.
pub const PROTECTED: &str =
    "Cannot perform the operation on the protected role 'linked' - this role is only modifiable by AWS";

/// A customer managed policy; its ARN.
pub fn policy(bench: &Bench, name: &str) -> String {
    let answer = bench.ok("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", DOCUMENT)]);
    element(&answer, "Arn")
}

/// `arn:aws:iam::111122223333:policy/…`
pub fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// User `ann`, who may do `action` on everything under a condition.
pub fn ann(bench: &Bench, action: &str, condition: Value) -> Caller {
    bench.ok("CreateUser", &[("UserName", "ann")]);
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition});
    bench.give("ann", &json!({"Version": "2012-10-17", "Statement": statement}));
    bench.user("ann")
}

/// The caller's call must be refused for want of permission.
pub fn denied(bench: &Bench, caller: &Caller, action: &str, form: &[(&str, &str)]) {
    let (status, body) = bench.call_as(caller, action, form);
    assert_eq!(
        (status, element(&body, "Code")),
        (403, "AccessDenied".to_owned()),
        "{action} {form:?}: {body}"
    );
}

/// A document of exactly `chars` characters that count.
pub fn document_of(chars: usize) -> String {
    let empty =
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    empty.replace(r#""Sid":"""#, &format!(r#""Sid": "{}""#, "s".repeat(chars - empty.len())))
}
