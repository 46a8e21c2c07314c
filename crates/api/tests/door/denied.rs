//! Who may not hears it in the form of the protocol; in EC2 with an encoded message that only the account can have decoded.

use crate::bench::{Bench, root};
use crate::identities::{as_federated, as_role, as_user, document, put, tag, user};
use api::{Caller, Principal};
use base::AccountId;
use serde_json::json;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0";

fn session() -> Caller {
    Caller::instance_infrastructure(AccountId::parse("111122223333").unwrap(), "i-0123456789abcdef0")
}

fn service() -> Caller {
    Caller::service(AccountId::parse("111122223333").unwrap(), "ec2.us-east-1.amazonaws.com")
}

#[test]
fn ec2_refuses_others_with_unauthorized_operation_naming_the_first_resource() {
    for (caller, name) in [(session(), SESSION), (service(), "ec2.us-east-1.amazonaws.com")] {
        let bench = Bench::new();
        let (status, body) = bench.tags_as(&caller, &["a", "b"], "");
        let message = format!(
            "<Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. User: {name} is not \
             authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:111122223333:volume/a because no \
             identity-based policy allows the ec2:CreateTags action. Encoded authorization failure message: "
        );
        assert!(status == 403 && body.contains(&message), "{status} {body}");
        assert_eq!(bench.notes(), [""; 0]);
        let record = bench.record();
        assert_eq!(record.body["errorCode"], "Client.UnauthorizedOperation");
        assert!(record.reason.unwrap().contains("may not perform ec2:CreateTags"));
    }
}

#[test]
fn a_dry_run_does_not_pass_who_may_not() {
    let bench = Bench::new();
    assert_eq!(bench.tags_as(&session(), &["a"], "&DryRun=true").0, 403);
}

#[test]
fn json_protocols_refuse_others_with_access_denied_exception() {
    let bench = Bench::new();
    let (status, body) = bench.grant_as(&session(), "k", json!({}));
    assert_eq!((status, &body["__type"]), (400, &json!("AccessDeniedException")));
    let message = format!(
        "User: {SESSION} is not authorized to perform: kms:CreateGrant on resource: k because no identity-based policy allows \
         the kms:CreateGrant action"
    );
    assert_eq!(body["message"], json!(message));
    let reply = bench.blocks_as(&service());
    let kind = reply.headers.iter().find(|h| h.0 == "x-amzn-errortype").map(|h| h.1.as_str());
    assert_eq!(kind, Some("AccessDeniedException"));
}

#[test]
fn the_query_protocol_refuses_others_with_access_denied() {
    let bench = Bench::new();
    let (status, body) = bench.identity_as(&session());
    assert_eq!(status, 403);
    let message = format!(
        "<Type>Sender</Type><Code>AccessDenied</Code><Message>User: {SESSION} is not authorized to perform: \
         sts:GetCallerIdentity on resource: * because no identity-based policy allows the sts:GetCallerIdentity action</Message>"
    );
    assert!(body.contains(&message), "{body}");
    assert_eq!(bench.record().body["errorCode"], "AccessDenied");
}

#[test]
fn the_root_passes_also_when_forwarded_and_read_only_calls_record_no_response() {
    let bench = Bench::new();
    let forwarded = root().forwarded_by_ec2(&bench.request().region);
    assert_eq!(bench.identity_as(&forwarded).0, 200);
    let record = bench.record();
    assert_eq!(record.body["responseElements"], json!(null));
    assert!(record.read_only);
    assert_eq!(forwarded.via_service(), Some("ec2.us-east-1.amazonaws.com"));
    assert_eq!((root().via_service(), root().principal), (None, Principal::Root));
}

#[test]
fn an_instances_session_is_shown_as_aws_shows_it() {
    let region = Bench::new().request().region;
    let expected = json!({
        "type": "AssumedRole",
        "principalId": "111122223333:aws:ec2-infrastructure:i-0123456789abcdef0",
        "arn": SESSION,
        "accountId": "111122223333",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "111122223333:aws:ec2-infrastructure",
                "arn": "arn:aws:iam::111122223333:role/aws:ec2-infrastructure",
                "accountId": "111122223333",
                "userName": "aws:ec2-infrastructure",
            },
            "attributes": {"mfaAuthenticated": "false"},
        },
        "invokedBy": "AWS Internal",
        "inScopeOf": {
            "issuerType": "AWS::EC2::Instance",
            "credentialsIssuedTo": "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0",
        },
    });
    assert_eq!(session().user_identity(&region), expected);
    assert_eq!(service().user_identity(&region), json!({"type": "AWSService", "invokedBy": "AWS Internal"}));
    assert_eq!(session().shown_source(), ("AWS Internal", "AWS Internal"));
}

/// The encoded message of a refusal.
fn encoded(body: &str) -> String {
    let (_, rest) = body.split_once("Encoded authorization failure message: ").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

fn decode(bench: &Bench, caller: &Caller, message: &str) -> Option<String> {
    let service = &wire::generated::sts::SERVICE;
    bench
        .door
        .transact(caller, &bench.request(), service, |cx| Ok(cx.decode_authorization_message(message)))
        .unwrap()
}

#[test]
fn the_encoded_message_tells_the_account_who_asked_for_what_and_why_not() {
    let bench = Bench::new();
    put(&bench, &user());
    let (_, body) = bench.tags_as(&as_user(), &["a"], "");
    let decoded = decode(&bench, &root(), &encoded(&body)).unwrap();
    let decoded: serde_json::Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(
        (&decoded["allowed"], &decoded["explicitDeny"], &decoded["matchedStatements"], &decoded["failures"]),
        (&json!(false), &json!(false), &json!({"items": []}), &json!({"items": []}))
    );
    let context = &decoded["context"];
    let principal = json!({"id": "AIDAANN0000000000000A", "arn": "arn:aws:iam::111122223333:user/eng/ann"});
    assert_eq!(context["principal"], principal);
    assert_eq!(context["action"], "ec2:CreateTags");
    assert_eq!(context["resource"], "arn:aws:ec2:us-east-1:111122223333:volume/a");
    let region = json!({"key": "aws:RequestedRegion", "values": {"items": [{"value": "us-east-1"}]}});
    assert!(context["conditions"]["items"].as_array().unwrap().contains(&region));
    assert_eq!(bench.record().body["errorCode"], "Client.UnauthorizedOperation");
}

#[test]
fn an_explicit_deny_is_told_with_its_statement() {
    let bench = Bench::new();
    let mut denied = user();
    denied.inline.insert("no".into(), document("Deny", "ec2:CreateTags"));
    put(&bench, &denied);
    let (_, body) = bench.tags_as(&as_user(), &["a"], "");
    assert!(body.contains("with an explicit deny in an identity-based policy. Encoded"), "{body}");
    let decoded = decode(&bench, &root(), &encoded(&body)).unwrap();
    let decoded: serde_json::Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(decoded["explicitDeny"], true);
    assert_eq!(decoded["matchedStatements"]["items"][0]["effect"], "DENY");
    assert!(decoded["reason"].as_str().unwrap().contains("inline policy \"no\" of user \"ann\""));
}

#[test]
fn an_encoded_message_of_another_account_or_another_kind_does_not_open() {
    let bench = Bench::new();
    let (_, body) = bench.tags_as(&session(), &["a"], "");
    let message = encoded(&body);
    let stranger = Caller::root(AccountId::parse("444455556666").unwrap(), "AKIAOTHER", "127.0.0.1", "x");
    assert!(decode(&bench, &root(), &message).is_some());
    assert_eq!(decode(&bench, &stranger, &message), None);
    let page = bench
        .door
        .transact(&root(), &bench.request(), &wire::generated::sts::SERVICE, |cx| Ok(cx.page_token("X", "y")))
        .unwrap();
    assert_eq!(decode(&bench, &root(), &page), None);
}

#[test]
fn however_many_condition_keys_a_call_has_its_message_can_be_decoded() {
    let bench = Bench::new();
    let mut many = user();
    many.tags = (0..50).map(|n| tag(&format!("key-{n}"), &"v".repeat(256))).collect();
    put(&bench, &many);
    let (_, body) = bench.tags_as(&as_user(), &["a"], "");
    assert!(encoded(&body).len() <= 10_240);
    assert!(decode(&bench, &root(), &encoded(&body)).is_some());
}

#[test]
fn iam_is_closed_to_a_persons_temporary_credentials() {
    let bench = Bench::new();
    let call = crate::bench::form("Action=ListUsers&Version=2010-05-08");
    let temporary = crate::identities::session(&bench);
    for caller in [root(), as_user(), as_federated(&bench, Principal::Root)] {
        let caller = caller.in_session(temporary.clone());
        let reply = bench.serve(&wire::generated::iam::SERVICE, &caller, &call);
        let (status, body) = crate::bench::text(&reply);
        assert!(status == 403 && body.contains("<Code>InvalidClientTokenId</Code>"), "{body}");
    }
    // Not to a role's. (There is no such action here, so it is answered as unknown.)
    let reply = bench.serve(&wire::generated::iam::SERVICE, &as_role(&bench), &call);
    assert!(!crate::bench::text(&reply).1.contains("InvalidClientTokenId"));
}
