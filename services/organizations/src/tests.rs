//! Organizations from outside: the tree, its members, and what is attached where.

use crate::operator::OPERATOR_FACT;
use crate::testing::{Bench, MANAGEMENT};
use api::identity::{Account, Role, ServerFact};
use serde_json::json;

const SCP: &str = "SERVICE_CONTROL_POLICY";

#[test]
fn without_an_organization_nothing_but_making_one_works() {
    let bench = Bench::new();
    for operation in ["DescribeOrganization", "ListAccounts", "ListRoots", "DeleteOrganization"] {
        bench.refused(operation, json!({}), "AWSOrganizationsNotInUseException");
    }
    let made = bench.ok("CreateOrganization", json!({"FeatureSet": "ALL"}));
    let organization = &made["Organization"];
    let id = organization["Id"].as_str().unwrap();
    assert!(id.starts_with("o-") && id.len() == 12, "{id}");
    assert_eq!(organization["Arn"], format!("arn:aws:organizations::{MANAGEMENT}:organization/{id}"));
    assert_eq!(organization["MasterAccountId"], MANAGEMENT);
    bench.refused("CreateOrganization", json!({}), "AlreadyInOrganizationException");
    assert_eq!(bench.ok("DescribeOrganization", json!({})), made);
}

#[test]
fn a_new_account_is_a_member_with_a_role_for_its_maker() {
    let (bench, root) = Bench::organized();
    let id = bench.member("builders");
    let listed = bench.ok("ListAccounts", json!({}));
    assert_eq!(listed["Accounts"].as_array().unwrap().len(), 2);
    let children = bench.ok("ListChildren", json!({"ParentId": root, "ChildType": "ACCOUNT"}));
    assert!(children["Children"].as_array().unwrap().iter().any(|child| child["Id"] == id.as_str()));
    let role = bench.with_cx(|cx| {
        let account = base::AccountId::parse(&id).unwrap();
        cx.tx.get::<Role>(&api::identity::named(&account, "OrganizationAccountAccessRole")).unwrap().unwrap()
    });
    assert!(role.trust.contains(&format!("arn:aws:iam::{MANAGEMENT}:root")), "{}", role.trust);
    // A second account with the same address fails as AWS lets it fail: by its status.
    let again = bench.ok("CreateAccount", json!({"AccountName": "x", "Email": "Builders@example.com"}));
    assert_eq!(again["CreateAccountStatus"]["State"], "FAILED");
    assert_eq!(again["CreateAccountStatus"]["FailureReason"], "EMAIL_ALREADY_EXISTS");
    let request = again["CreateAccountStatus"]["Id"].clone();
    let told = bench.ok("DescribeCreateAccountStatus", json!({"CreateAccountRequestId": request}));
    assert_eq!(told["CreateAccountStatus"]["State"], "FAILED");
    let failed = bench.ok("ListCreateAccountStatus", json!({"States": ["FAILED"]}));
    assert_eq!(failed["CreateAccountStatuses"].as_array().unwrap().len(), 1);
}

#[test]
fn members_may_look_at_the_organization_and_change_nothing() {
    let (bench, root) = Bench::organized();
    let id = bench.member("builders");
    let (status, _) = bench.call_as(&bench.root_of(&id), "DescribeOrganization", &json!({}));
    assert_eq!(status, 200);
    for (operation, input) in [
        ("ListAccounts", json!({})),
        ("CreateAccount", json!({"AccountName": "x", "Email": "x@example.com"})),
        ("CreateOrganizationalUnit", json!({"ParentId": root, "Name": "x"})),
        ("EnablePolicyType", json!({"RootId": root, "PolicyType": SCP})),
        ("MoveAccount", json!({"AccountId": id, "SourceParentId": root, "DestinationParentId": root})),
        ("RemoveAccountFromOrganization", json!({"AccountId": id})),
        ("CloseAccount", json!({"AccountId": id})),
        ("DeleteOrganization", json!({})),
    ] {
        bench.refused_as(&id, operation, input, "AccessDeniedException");
    }
}

#[test]
fn units_form_a_tree_five_levels_deep() {
    let (bench, root) = Bench::organized();
    let mut parent = root.clone();
    for level in 1..=5 {
        let made =
            bench.ok("CreateOrganizationalUnit", json!({"ParentId": parent, "Name": format!("l{level}")}));
        parent = made["OrganizationalUnit"]["Id"].as_str().unwrap().to_owned();
    }
    bench.refused(
        "CreateOrganizationalUnit",
        json!({"ParentId": parent, "Name": "l6"}),
        "ConstraintViolationException",
    );
    bench.refused(
        "CreateOrganizationalUnit",
        json!({"ParentId": root, "Name": "l1"}),
        "DuplicateOrganizationalUnitException",
    );
    bench.refused(
        "CreateOrganizationalUnit",
        json!({"ParentId": "r-none", "Name": "x"}),
        "ParentNotFoundException",
    );
    let parents = bench.ok("ListParents", json!({"ChildId": parent}));
    assert_eq!(parents["Parents"][0]["Type"], "ORGANIZATIONAL_UNIT");
    let id = bench.member("builders");
    bench.ok("MoveAccount", json!({"AccountId": id, "SourceParentId": root, "DestinationParentId": parent}));
    let moved = json!({"AccountId": id, "SourceParentId": root, "DestinationParentId": parent});
    bench.refused("MoveAccount", moved, "SourceParentNotFoundException");
    let same = json!({"AccountId": id, "SourceParentId": parent, "DestinationParentId": parent});
    bench.refused("MoveAccount", same, "DuplicateAccountException");
    bench.refused(
        "DeleteOrganizationalUnit",
        json!({"OrganizationalUnitId": parent}),
        "OrganizationalUnitNotEmptyException",
    );
    bench.refused("DeleteOrganization", json!({}), "OrganizationNotEmptyException");
    let there = bench.ok("ListAccountsForParent", json!({"ParentId": parent}));
    assert_eq!(there["Accounts"][0]["Id"], id.as_str());
}

#[test]
fn enabling_attaches_the_policy_that_allows_everything_and_the_last_one_stays() {
    let (bench, root) = Bench::organized();
    let id = bench.member("builders");
    let policy = bench.policy(
        "nothing",
        &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}),
    );
    let attach = json!({"PolicyId": policy, "TargetId": id});
    bench.refused("AttachPolicy", attach.clone(), "PolicyTypeNotEnabledException");
    bench.ok("EnablePolicyType", json!({"RootId": root, "PolicyType": SCP}));
    bench.refused(
        "EnablePolicyType",
        json!({"RootId": root, "PolicyType": SCP}),
        "PolicyTypeAlreadyEnabledException",
    );
    let on = bench.ok("ListPoliciesForTarget", json!({"TargetId": id, "Filter": SCP}));
    assert_eq!(on["Policies"][0]["Id"], "p-FullAWSAccess");
    let full = json!({"PolicyId": "p-FullAWSAccess", "TargetId": id});
    bench.refused("DetachPolicy", full.clone(), "ConstraintViolationException");
    bench.ok("AttachPolicy", attach.clone());
    bench.refused("AttachPolicy", attach.clone(), "DuplicatePolicyAttachmentException");
    bench.ok("DetachPolicy", full.clone());
    bench.refused("DetachPolicy", full, "PolicyNotAttachedException");
    bench.refused("DeletePolicy", json!({"PolicyId": policy}), "PolicyInUseException");
    let targets = bench.ok("ListTargetsForPolicy", json!({"PolicyId": policy}));
    assert_eq!(targets["Targets"][0]["TargetId"], id.as_str());
    bench.refused(
        "AttachPolicy",
        json!({"PolicyId": policy, "TargetId": "999999999999"}),
        "TargetNotFoundException",
    );
    bench.refused(
        "AttachPolicy",
        json!({"PolicyId": "p-12345678", "TargetId": id}),
        "PolicyNotFoundException",
    );
    bench.refused("AttachPolicy", json!({"PolicyId": "x", "TargetId": id}), "InvalidInputException");
    // Accounts and OUs made later begin the same way.
    let later = bench.member("later");
    let on = bench.ok("ListPoliciesForTarget", json!({"TargetId": later, "Filter": SCP}));
    assert_eq!(on["Policies"][0]["Id"], "p-FullAWSAccess");
    bench.ok("DisablePolicyType", json!({"RootId": root, "PolicyType": SCP}));
    let on = bench.ok("ListPoliciesForTarget", json!({"TargetId": id, "Filter": SCP}));
    assert_eq!(on["Policies"], json!([]));
}

#[test]
fn policies_are_checked_named_once_and_awss_own_is_not_changed() {
    let (bench, _) = Bench::organized();
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]});
    let policy = bench.policy("no-ec2", &deny);
    let create =
        |name: &str, content: &str| json!({"Name": name, "Description": "", "Type": SCP, "Content": content});
    bench.refused("CreatePolicy", create("no-ec2", &deny.to_string()), "DuplicatePolicyException");
    bench.refused("CreatePolicy", create("x", "{"), "MalformedPolicyDocumentException");
    let principal = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    bench.refused("CreatePolicy", create("x", principal), "MalformedPolicyDocumentException");
    bench.refused("CreatePolicy", create("x", &" ".repeat(5121)), "ConstraintViolationException");
    bench.refused(
        "UpdatePolicy",
        json!({"PolicyId": "p-FullAWSAccess", "Name": "x"}),
        "InvalidInputException",
    );
    bench.refused("DeletePolicy", json!({"PolicyId": "p-FullAWSAccess"}), "InvalidInputException");
    bench.ok("UpdatePolicy", json!({"PolicyId": policy, "Name": "renamed"}));
    let told = bench.ok("DescribePolicy", json!({"PolicyId": policy}));
    assert_eq!(told["Policy"]["PolicySummary"]["Name"], "renamed");
    assert_eq!(told["Policy"]["Content"], deny.to_string());
    bench.ok("TagResource", json!({"ResourceId": policy, "Tags": [{"Key": "a", "Value": "b"}]}));
    let tags = bench.ok("ListTagsForResource", json!({"ResourceId": policy}));
    assert_eq!(tags["Tags"], json!([{"Key": "a", "Value": "b"}]));
    bench.ok("UntagResource", json!({"ResourceId": policy, "TagKeys": ["a"]}));
    assert_eq!(bench.ok("ListTagsForResource", json!({"ResourceId": policy}))["Tags"], json!([]));
    bench.ok("DeletePolicy", json!({"PolicyId": policy}));
    bench.refused("DescribePolicy", json!({"PolicyId": policy}), "PolicyNotFoundException");
}

#[test]
fn an_account_can_leave_or_be_closed_the_management_account_cannot() {
    let (bench, _) = Bench::organized();
    let id = bench.member("builders");
    bench.refused(
        "RemoveAccountFromOrganization",
        json!({"AccountId": MANAGEMENT}),
        "MasterCannotLeaveOrganizationException",
    );
    bench.refused("CloseAccount", json!({"AccountId": MANAGEMENT}), "ConstraintViolationException");
    bench.ok("CloseAccount", json!({"AccountId": id}));
    bench.refused("CloseAccount", json!({"AccountId": id}), "AccountAlreadyClosedException");
    assert_eq!(bench.ok("DescribeAccount", json!({"AccountId": id}))["Account"]["Status"], "SUSPENDED");
    bench.ok("RemoveAccountFromOrganization", json!({"AccountId": id}));
    bench.refused("DescribeAccount", json!({"AccountId": id}), "AccountNotFoundException");
    let row = bench.with_cx(|cx| cx.tx.get::<Account>(&id).unwrap().unwrap());
    assert_eq!((row.organization, row.parent), (None, None));
    bench.ok("DeleteOrganization", json!({}));
    bench.refused("DescribeOrganization", json!({}), "AWSOrganizationsNotInUseException");
}

#[test]
fn lists_come_in_pages_and_tokens_of_others_are_refused() {
    let (bench, _) = Bench::organized();
    for n in 0..25 {
        bench.member(&format!("a{n}"));
    }
    let first = bench.ok("ListAccounts", json!({"MaxResults": 20}));
    let token = first["NextToken"].as_str().unwrap();
    let second = bench.ok("ListAccounts", json!({"NextToken": token}));
    assert_eq!(first["Accounts"].as_array().unwrap().len(), 20);
    assert_eq!(second["Accounts"].as_array().unwrap().len(), 6);
    assert!(second["NextToken"].is_null());
    bench.refused("ListAccounts", json!({"NextToken": "x"}), "InvalidInputException");
    bench.refused("ListPolicies", json!({"Filter": SCP, "NextToken": token}), "InvalidInputException");
}

#[test]
fn only_the_operators_account_makes_accounts_outside_of_an_organization() {
    let bench = Bench::new();
    let input = json!({"Name": "lab"});
    bench.refused("sealvol:CreateAccount", input.clone(), "AccessDeniedException");
    bench.with_cx(|cx| {
        let fact = ServerFact { name: OPERATOR_FACT.into(), value: MANAGEMENT.into() };
        cx.tx.put(&fact).unwrap();
    });
    let made = bench.ok("sealvol:CreateAccount", input.clone());
    assert!(made["AccessKeyId"].as_str().unwrap().starts_with("AKIA"));
    assert_eq!(made["SecretAccessKey"].as_str().unwrap().len(), 40);
    let id = made["AccountId"].as_str().unwrap();
    bench.refused_as(id, "sealvol:CreateAccount", input, "AccessDeniedException");
    bench.refused_as(id, "sealvol:ListAccounts", json!({}), "AccessDeniedException");
    let listed = bench.ok("sealvol:ListAccounts", json!({}));
    assert_eq!(listed["Accounts"][0]["AccountId"], id);
    assert_eq!(listed["Accounts"][0]["Name"], "lab");
}
