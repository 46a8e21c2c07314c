//! Until policies exist only the account root may act. Everybody else hears it in the form of the protocol.

use crate::bench::{Bench, root};
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
        let message = format!(
            "You are not authorized to perform this operation. User: {name} is not authorized to perform: ec2:CreateTags on \
             resource: arn:aws:ec2:us-east-1:111122223333:volume/a because no identity-based policy allows the action"
        );
        let expected = crate::bench::ec2_error("UnauthorizedOperation", &message);
        assert_eq!(bench.tags_as(&caller, &["a", "b"], ""), (403, expected));
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
         the action"
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
         sts:GetCallerIdentity on resource: *</Message>"
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
