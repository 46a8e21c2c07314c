//! GetSessionToken, GetFederationToken, GetAccessKeyInfo, DecodeAuthorizationMessage.

use crate::testing::*;
use api::identity::AccessKey;
use api::{Caller, Cx, Failure, Principal, Touched};
use base::Region;

const TOKEN: &str = "Action=GetSessionToken";
const FEDERATE: &str = "Action=GetFederationToken&Name=bob";

#[test]
fn a_user_and_the_root_get_a_session_without_any_permission() {
    let bench = Bench::new();
    let (row, caller) = bench.session(&bench.call(&ann(ACCOUNT), TOKEN));
    assert_eq!((caller.arn(), row.session.policies), (ann(ACCOUNT).arn(), None));
    assert_eq!(row.session.expires.secs() - row.session.issued.secs(), 43_200);
    let (row, _) = bench.session(&bench.call(&root(), &format!("{TOKEN}&DurationSeconds=129600")));
    assert_eq!(row.session.expires.secs() - row.session.issued.secs(), 3600);
    assert_eq!(row.principal, Principal::Root);
}

#[test]
fn temporary_credentials_get_no_further_ones() {
    let bench = Bench::new();
    bench.allow(ACCOUNT, &may(r#""*""#));
    let federated = Principal::FederatedUser { name: "bob".into(), by: Box::new(Principal::Root) };
    let role = Principal::Role {
        name: "ops".into(),
        path: "/eng/".into(),
        id: "AROAOPS0000000000000A".into(),
        session: "s1".into(),
        service_linked: false,
    };
    let session = ann_in_session(&bench);
    let of = |principal: &Principal| Caller { principal: principal.clone(), ..session.clone() };
    for caller in [session.clone(), of(&federated), of(&role), of(&Principal::Root)] {
        for (action, body) in [("GetSessionToken", TOKEN), ("GetFederationToken", FEDERATE)] {
            let words = format!("Cannot call {action} with session credentials");
            refused(&bench.call(&caller, body), 403, "AccessDenied", &words);
        }
        assert_eq!(bench.call(&caller, "Action=GetCallerIdentity").0, 200);
    }
    for caller in [session.clone(), of(&federated)] {
        for body in [
            "Action=GetAccessKeyInfo&AccessKeyId=AKIA0123456789ABCDEF",
            "Action=DecodeAuthorizationMessage&EncodedMessage=x",
        ] {
            refused(&bench.call(&caller, body), 403, "AccessDenied", "with session credentials");
        }
    }
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn durations_and_mfa_are_checked() {
    let bench = Bench::new();
    for seconds in ["899", "129601", "-1"] {
        let answer = bench.call(&ann(ACCOUNT), &format!("{TOKEN}&DurationSeconds={seconds}"));
        refused(&answer, 400, "ValidationError", "durationSeconds");
    }
    let answer = bench.call(&ann(ACCOUNT), &format!("{TOKEN}&SerialNumber=GAHT12345678&TokenCode=123456"));
    refused(&answer, 403, "AccessDenied", "MultiFactorAuthentication failed");
}

#[test]
fn a_user_federates_with_permission_and_tags_need_one_more() {
    let bench = Bench::new();
    let words = "is not authorized to perform: sts:GetFederationToken on resource: \
                 arn:aws:sts::111122223333:federated-user/bob";
    refused(&bench.call(&ann(ACCOUNT), FEDERATE), 403, "AccessDenied", words);
    bench.allow(ACCOUNT, &may(r#""sts:GetFederationToken""#));
    let answer = bench.call(&ann(ACCOUNT), FEDERATE);
    let (row, caller) = bench.session(&answer);
    assert_eq!(element(&answer.1, "FederatedUserId"), "111122223333:bob");
    assert_eq!(caller.arn(), "arn:aws:sts::111122223333:federated-user/bob");
    assert_eq!(caller.issuer_arn().as_deref(), Some("arn:aws:iam::111122223333:user/ann"));
    assert_eq!((row.session.policies, row.session.tags), (None, vec![]));
    let tagged = format!("{FEDERATE}&Tags.member.1.Key=k&Tags.member.1.Value=v");
    refused(&bench.call(&ann(ACCOUNT), &tagged), 403, "AccessDenied", "perform: sts:TagSession on");
    bench.allow(ACCOUNT, &may(r#"["sts:GetFederationToken","sts:TagSession"]"#));
    assert_eq!(bench.session(&bench.call(&ann(ACCOUNT), &tagged)).0.session.tags.len(), 1);
    for name in ["b", &"b".repeat(33), "a b"] {
        let answer = bench.call(&ann(ACCOUNT), &format!("Action=GetFederationToken&Name={name}"));
        refused(&answer, 400, "ValidationError", "'name'");
    }
    refused(&bench.call(&ann(ACCOUNT), &format!("{FEDERATE}&Policy=x")), 400, "MalformedPolicyDocument", "");
}

#[test]
fn an_access_key_tells_its_account_to_who_may_ask() {
    let bench = Bench::new();
    bench.put(&AccessKey {
        id: "AKIA0123456789ABCDEF".into(),
        account: account(OTHER),
        user: None,
        inactive: true,
        created: bench.door.env.clock.now(),
        sealed_secret: vec![],
    });
    let info =
        |caller: &Caller, id: &str| bench.call(caller, &format!("Action=GetAccessKeyInfo&AccessKeyId={id}"));
    assert_eq!(element(&info(&root(), "AKIA0123456789ABCDEF").1, "Account"), OTHER);
    let (row, _) = bench.session(&bench.call(&root(), TOKEN));
    assert_eq!(element(&info(&root(), &row.access_key_id).1, "Account"), ACCOUNT);
    refused(&info(&root(), "AKIA0000000000000000"), 400, "ValidationError", "AKIA0000000000000000");
    refused(&info(&root(), "short"), 400, "ValidationError", "accessKeyId");
    let words = "perform: sts:GetAccessKeyInfo on resource: *";
    refused(&info(&ann(ACCOUNT), "AKIA0123456789ABCDEF"), 403, "AccessDenied", words);
}

/// An encoded message for `ann` of this account.
fn message(bench: &Bench, id: &str) -> String {
    let request = api::Request {
        id: "01234567-89ab-4def-8123-456789abcdef".into(),
        region: Region::parse("us-east-1").unwrap(),
        received: bench.door.env.clock.now(),
        host: "localhost".into(),
    };
    let volume = Touched::plain("arn:aws:ec2:us-east-1:111122223333:volume/vol-1");
    let work = |cx: &mut Cx| cx.authorise("ec2:DeleteVolume", std::slice::from_ref(&volume));
    match bench.door.transact(&ann(id), &request, &wire::generated::ec2::SERVICE, work) {
        Err(Failure::Refused(refusal)) => refusal.message.rsplit(": ").next().unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn decoded(bench: &Bench, caller: &Caller, message: &str) -> (u16, String) {
    let message = message.replace('+', "%2B").replace('=', "%3D");
    bench.call(caller, &format!("Action=DecodeAuthorizationMessage&EncodedMessage={message}"))
}

#[test]
fn an_encoded_message_is_decoded_for_who_may_in_the_account() {
    let bench = Bench::new();
    let encoded = message(&bench, ACCOUNT);
    let (status, body) = decoded(&bench, &root(), &encoded);
    let text = element(&body, "DecodedMessage").replace("&quot;", "\"");
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &text["context"]["action"]), (200, &serde_json::json!("ec2:DeleteVolume")));
    let words = "perform: sts:DecodeAuthorizationMessage on resource: *";
    refused(&decoded(&bench, &ann(ACCOUNT), &encoded), 403, "AccessDenied", words);
    bench.allow(ACCOUNT, &may(r#""sts:DecodeAuthorizationMessage""#));
    assert_eq!(decoded(&bench, &ann(ACCOUNT), &encoded).0, 200);
    let foreign = message(&bench, OTHER);
    refused(
        &decoded(&bench, &root(), &foreign),
        400,
        "InvalidAuthorizationMessageException",
        "Message is invalid",
    );
}

#[test]
fn a_thousand_changes_of_an_encoded_message_are_all_refused() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+=";
    let bench = Bench::new();
    let encoded = message(&bench, ACCOUNT);
    let entropy = env::SimEntropy::new(11);
    for round in 0..1000 {
        let mut random = [0; 4];
        env::Entropy::fill(&entropy, &mut random);
        let at = usize::from(u16::from_le_bytes([random[0], random[1]])) % encoded.len();
        let letter = char::from(ALPHABET[usize::from(random[2]) % ALPHABET.len()]);
        let (before, after) = encoded.split_at(at);
        let changed = match random[3] % 4 {
            0 => format!("{before}{letter}{}", &after[1..]),
            1 => format!("{before}{}", &after[1..]),
            2 => format!("{before}{letter}{after}"),
            _ if at > 0 => before.to_owned(),
            _ => continue,
        };
        if changed == encoded {
            continue;
        }
        let (status, body) = decoded(&bench, &root(), &changed);
        let code = body.contains("<Code>InvalidAuthorizationMessageException</Code>");
        assert!(status == 400 && code, "{round}: {status} {body}");
    }
    let long = "A".repeat(10_241);
    refused(&decoded(&bench, &root(), &long), 400, "ValidationError", "encodedMessage");
}
