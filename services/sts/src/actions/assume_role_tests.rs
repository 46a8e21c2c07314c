//! Who may assume a role, how long, with which tags and policies, and what both trails say.

use crate::testing::*;
use api::identity::{Account, Role, User};
use api::{Caller, Principal};
use catalog::Row;
use serde_json::json;
use std::time::Duration;

const ALL: &str = r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#;
const NOT: &str =
    "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/eng/ops";

/// A bench on which `ann` may assume the role.
fn allowed() -> Bench {
    let bench = Bench::new();
    bench.allow(ACCOUNT, &may(ALL));
    bench
}

#[test]
fn the_answer_has_credentials_and_the_row_has_neither_secret_nor_token() {
    let bench = allowed();
    let answer = bench.assume(&ann(ACCOUNT), "");
    let (row, caller) = bench.session(&answer);
    assert_eq!(element(&answer.1, "Arn"), "arn:aws:sts::111122223333:assumed-role/ops/s1");
    assert_eq!(element(&answer.1, "AssumedRoleId"), "AROAOPS0000000000000A:s1");
    assert_eq!(caller.arn(), "arn:aws:sts::111122223333:assumed-role/ops/s1");
    assert_eq!(caller.issuer_arn().as_deref(), Some(ROLE));
    assert_eq!(row.session.expires, bench.door.env.clock.now().plus(Duration::from_secs(3600)));
    let token = element(&answer.1, "SessionToken");
    assert!(token.len() >= 200 && token.starts_with("SVT1"), "{token}");
    assert_eq!(row.token_digest.len(), 64);
    let (secret, stored) = (element(&answer.1, "SecretAccessKey"), serde_json::to_string(&row).unwrap());
    assert_eq!(secret.len(), 40);
    assert!(!stored.contains(&secret) && !stored.contains(&token[4..40]));
    assert!(row.access_key_id.starts_with("ASIA") && row.access_key_id.len() == 20);
    assert!(!answer.1.contains("PackedPolicySize"));
}

#[test]
fn roots_and_federated_users_cannot_and_their_refusal_makes_no_session() {
    let bench = allowed();
    refused(&bench.assume(&root(), ""), 403, "AccessDenied", "Roles may not be assumed by root accounts.");
    let federated = Principal::FederatedUser { name: "bob".into(), by: Box::new(ann(ACCOUNT).principal) };
    refused(
        &bench.assume(&Caller { principal: federated, ..ann_in_session(&bench) }, ""),
        403,
        "AccessDenied",
        NOT,
    );
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn in_one_account_a_trust_that_names_the_caller_is_enough_and_one_that_names_the_account_is_not() {
    let bench = Bench::new();
    let words = "because no identity-based policy allows the sts:AssumeRole action";
    refused(&bench.assume(&ann(ACCOUNT), ""), 403, "AccessDenied", words);
    bench.trust(&trusts("arn:aws:iam::111122223333:user/ann", r#""sts:AssumeRole""#, ""));
    assert_eq!(bench.assume(&ann(ACCOUNT), "").0, 200);
    bench.allow(ACCOUNT, r#"{"Effect":"Deny","Action":"sts:*","Resource":"*"}"#);
    let words = "with an explicit deny in an identity-based policy";
    refused(&bench.assume(&ann(ACCOUNT), ""), 403, "AccessDenied", words);
}

#[test]
fn who_is_not_trusted_hears_the_same_as_for_a_role_that_is_not_there() {
    let bench = allowed();
    bench.trust(&trusts("arn:aws:iam::111122223333:user/bob", r#""sts:AssumeRole""#, ""));
    let untrusted = bench.assume(&ann(ACCOUNT), "").1;
    let mut tx = bench.door.catalog.begin().unwrap();
    tx.delete::<Role>(&bench.role().key()).unwrap();
    tx.commit().unwrap();
    let absent = bench.assume(&ann(ACCOUNT), "").1;
    assert_eq!(untrusted, absent);
    refused(&(403, absent), 403, "AccessDenied", &format!("{NOT}</Message>"));
}

#[test]
fn across_accounts_both_sides_must_allow_and_both_trails_tell_of_one_event() {
    let bench = Bench::new();
    let stranger = ann(OTHER);
    bench.allow(OTHER, &may(ALL));
    refused(&bench.assume(&stranger, ""), 403, "AccessDenied", NOT);
    bench.trust(&trusts("arn:aws:iam::444455556666:user/ann", r#""sts:AssumeRole""#, ""));
    bench.allow(OTHER, &may(r#""ec2:*""#));
    let words = "because no identity-based policy allows the sts:AssumeRole action";
    refused(&bench.assume(&stranger, ""), 403, "AccessDenied", words);
    assert!(bench.records().iter().all(|record| record.account.as_str() == OTHER));
    bench.allow(OTHER, &may(ALL));
    let (row, _) = bench.session(&bench.assume(&stranger, ""));
    assert_eq!(row.account.as_str(), ACCOUNT);
    let done: Vec<_> = bench.records().into_iter().filter(|r| r.body["errorCode"].is_null()).collect();
    let of = |id: &str| done.iter().find(|record| record.account.as_str() == id).unwrap();
    let (callers, owners) = (of(OTHER), of(ACCOUNT));
    assert_eq!(done.len(), 2);
    assert!(callers.body["sharedEventID"].is_string());
    assert_eq!(callers.body["sharedEventID"], owners.body["sharedEventID"]);
    assert_eq!(owners.body["userIdentity"]["type"], "AWSAccount");
    let resource = json!([{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}]);
    assert_eq!((&owners.body["resources"], &callers.body["resources"]), (&resource, &resource));
    assert_eq!(callers.body["requestParameters"]["roleSessionName"], "s1");
    let answered = &callers.body["responseElements"];
    assert_eq!(answered["credentials"]["accessKeyId"], row.access_key_id);
    let told = callers.body.to_string();
    assert!(!told.contains("secretAccessKey"), "{told}");
}

#[test]
fn the_trust_policys_conditions_see_the_request() {
    let cases = [
        (r#"{"StringEquals":{"sts:ExternalId":"x-1"}}"#, "&ExternalId=x-1", "&ExternalId=x-2"),
        (r#"{"StringEquals":{"sts:RoleSessionName":"s1"}}"#, "", ""),
        (r#"{"StringLike":{"sts:SourceIdentity":"a*"}}"#, "&SourceIdentity=ann", "&SourceIdentity=bob"),
        (
            r#"{"NumericLessThanEquals":{"sts:DurationSeconds":"900"}}"#,
            "&DurationSeconds=900",
            "&DurationSeconds=901",
        ),
        (
            r#"{"StringEquals":{"aws:RequestTag/team":"red"}}"#,
            "&Tags.member.1.Key=team&Tags.member.1.Value=red",
            "&Tags.member.1.Key=team&Tags.member.1.Value=blue",
        ),
        (
            r#"{"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["team"]},"Null":{"sts:TransitiveTagKeys":"false"}}"#,
            "&Tags.member.1.Key=team&Tags.member.1.Value=red&TransitiveTagKeys.member.1=team",
            "&Tags.member.1.Key=team&Tags.member.1.Value=red",
        ),
        (r#"{"StringEquals":{"iam:ResourceTag/team":"red"}}"#, "", ""),
        (r#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/ann"}}"#, "", ""),
    ];
    for (condition, good, bad) in cases {
        let bench = allowed();
        bench.trust(&trusts("111122223333", ALL, condition));
        assert_eq!(bench.assume(&ann(ACCOUNT), good).0, 200, "{condition}");
        if good != bad {
            refused(&bench.assume(&ann(ACCOUNT), bad), 403, "AccessDenied", NOT);
        }
        let never = condition.replace("red", "x").replace("s1", "x").replace("ann", "x").replace("a*", "x");
        if never != condition {
            bench.trust(&trusts("111122223333", ALL, &never));
            refused(&bench.assume(&ann(ACCOUNT), good), 403, "AccessDenied", NOT);
        }
    }
}

#[test]
fn tags_and_source_identity_need_a_permission_on_both_sides() {
    let tags = "&Tags.member.1.Key=k&Tags.member.1.Value=v";
    for (more, action) in [(tags, "sts:TagSession"), ("&SourceIdentity=ann", "sts:SetSourceIdentity")] {
        let bench = allowed();
        assert_eq!(bench.assume(&ann(ACCOUNT), more).0, 200);
        bench.trust(&trusts("111122223333", r#""sts:AssumeRole""#, ""));
        refused(&bench.assume(&ann(ACCOUNT), more), 403, "AccessDenied", &format!("perform: {action} on"));
        assert_eq!(bench.assume(&ann(ACCOUNT), "").0, 200);
        bench.trust(&trusts("111122223333", ALL, ""));
        bench.allow(ACCOUNT, &may(r#""sts:AssumeRole""#));
        refused(&bench.assume(&ann(ACCOUNT), more), 403, "AccessDenied", &format!("perform: {action} on"));
    }
}

#[test]
fn durations_are_limited_by_the_role_and_by_chaining() {
    let bench = allowed();
    for (seconds, words) in [
        ("899", "Member must have value greater than or equal to 900"),
        ("43201", "Member must have value less than or equal to 43200"),
        ("7201", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ] {
        let answer = bench.assume(&ann(ACCOUNT), &format!("&DurationSeconds={seconds}"));
        refused(&answer, 400, "ValidationError", words);
    }
    let (row, session) = bench.session(&bench.assume(&ann(ACCOUNT), "&DurationSeconds=7200"));
    assert_eq!(row.session.expires.secs() - row.session.issued.secs(), 7200);
    bench.trust(&trusts("arn:aws:sts::111122223333:assumed-role/ops/s1", ALL, ""));
    assert_eq!(bench.assume(&session, "&DurationSeconds=3600").0, 200);
    let words = "1 hour session limit for roles assumed by role chaining";
    refused(&bench.assume(&session, "&DurationSeconds=3601"), 400, "ValidationError", words);
}

#[test]
fn transitive_tags_and_the_source_identity_go_down_the_chain_and_cannot_be_changed() {
    let bench = allowed();
    let tags = "&Tags.member.1.Key=team&Tags.member.1.Value=red&Tags.member.2.Key=cost&Tags.member.2.Value=1\
                &TransitiveTagKeys.member.1=team&SourceIdentity=ann";
    let (_, first) = bench.session(&bench.assume(&ann(ACCOUNT), tags));
    bench.trust(&trusts(ROLE, ALL, ""));
    let (second, _) = bench.session(&bench.assume(&first, "&Tags.member.1.Key=cost&Tags.member.1.Value=2"));
    let held: Vec<_> = second.session.tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect();
    assert_eq!(held, [("team", "red"), ("cost", "2")]);
    assert_eq!(second.session.transitive_tags, ["team"]);
    assert_eq!(second.session.source_identity.as_deref(), Some("ann"));
    let changed = bench.assume(&first, "&Tags.member.1.Key=TEAM&Tags.member.1.Value=blue");
    refused(&changed, 400, "InvalidParameterValue", "conflicts with a transitive tag key");
    let changed = bench.assume(&first, "&SourceIdentity=bob");
    refused(&changed, 403, "AccessDenied", "cannot be changed");
    // Handing them on needs the permissions as well.
    bench.trust(&trusts(ROLE, r#""sts:AssumeRole""#, ""));
    refused(&bench.assume(&first, ""), 403, "AccessDenied", "perform: sts:TagSession on");
}

#[test]
fn session_policies_are_kept_and_measured() {
    let bench = allowed();
    bench.put(&managed());
    let inline = policy(&may(r#""ec2:Describe*""#)).replace('"', "%22");
    let more = format!(
        "&Policy={inline}&PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess\
         &PolicyArns.member.2.arn=arn:aws:iam::111122223333:policy/own"
    );
    let answer = bench.assume(&ann(ACCOUNT), &more);
    let (row, _) = bench.session(&answer);
    let policies = row.session.policies.unwrap();
    let sources: Vec<_> = policies.iter().map(|p| p.source.as_str()).collect();
    let expected = [
        "the inline session policy",
        "session policy arn:aws:iam::aws:policy/ReadOnlyAccess",
        "session policy arn:aws:iam::111122223333:policy/own",
    ];
    assert_eq!(sources, expected);
    assert!(policies[2].document.contains("ec2:*"));
    let percent: i32 = element(&answer.1, "PackedPolicySize").parse().unwrap();
    assert!((1..=100).contains(&percent), "{percent}");
}

#[test]
fn bad_session_policies_are_refused() {
    let bench = allowed();
    let as_ann = |more: &str| bench.assume(&ann(ACCOUNT), more);
    refused(&as_ann("&Policy=nonsense"), 400, "MalformedPolicyDocument", "");
    refused(&as_ann("&Policy=%7B%22Statement%22%3A1%7D"), 400, "MalformedPolicyDocument", "");
    refused(
        &as_ann(&format!("&Policy={}", "x".repeat(2049))),
        400,
        "ValidationError",
        "less than or equal to 2048",
    );
    let gone = "&PolicyArns.member.1.arn=arn:aws:iam::111122223333:policy/gone";
    refused(&as_ann(gone), 400, "ValidationError", "does not exist");
    let foreign = "&PolicyArns.member.1.arn=arn:aws:iam::444455556666:policy/own";
    bench.put(&managed());
    refused(&as_ann(foreign), 400, "ValidationError", "does not exist");
    let eleven: String = (1..=11)
        .map(|n| format!("&PolicyArns.member.{n}.arn=arn:aws:iam::aws:policy/ReadOnlyAccess"))
        .collect();
    refused(&as_ann(&eleven), 400, "LimitExceeded", "");
    let many: String = (1..=50)
        .map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value={}", "v".repeat(200)))
        .collect();
    refused(&as_ann(&many), 400, "PackedPolicyTooLarge", "Packed size of session tags consumes");
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn bad_parameters_are_refused_before_anything_is_looked_up() {
    let bench = Bench::new();
    let tag = |key: &str, value: &str| format!("&Tags.member.1.Key={key}&Tags.member.1.Value={value}");
    let cases = [
        ("&ExternalId=x".to_owned(), "ValidationError", "externalId"),
        ("&ExternalId=x%20y".to_owned(), "ValidationError", "regular expression"),
        ("&SourceIdentity=x".to_owned(), "ValidationError", "sourceIdentity"),
        ("&SourceIdentity=aws%3Ax".to_owned(), "ValidationError", "sourceIdentity"),
        (tag(&"k".repeat(129), "v"), "ValidationError", "128"),
        (tag("k", &"v".repeat(257)), "ValidationError", "256"),
        (tag("k%3C", "v"), "ValidationError", "regular expression"),
        (tag("aws%3Ak", "v"), "InvalidParameterValue", "reserved"),
        (
            format!("{}&Tags.member.2.Key=K&Tags.member.2.Value=w", tag("k", "v")),
            "InvalidParameterValue",
            "Duplicate tag keys",
        ),
        ("&TransitiveTagKeys.member.1=k".to_owned(), "InvalidParameterValue", "transitive tag key"),
        ("&MinimumSessionTokenSize=100000".to_owned(), "ValidationError", "minimumSessionTokenSize"),
    ];
    for (more, code, words) in cases {
        refused(&bench.assume(&ann(ACCOUNT), &more), 400, code, words);
    }
    for body in [
        "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:user/ops&RoleSessionName=s1",
        "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:role/&RoleSessionName=s1",
        "Action=AssumeRole&RoleArn=ops&RoleSessionName=s1",
        "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:role/eng/ops&RoleSessionName=s",
        "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:role/eng/ops&RoleSessionName=a/b",
    ] {
        refused(&bench.call(&ann(ACCOUNT), body), 400, "ValidationError", "");
    }
}

#[test]
fn a_wrong_path_is_another_role_and_mfa_never_passes() {
    let bench = allowed();
    let body = "Action=AssumeRole&RoleArn=arn:aws:iam::111122223333:role/ops&RoleSessionName=s1";
    refused(&bench.call(&ann(ACCOUNT), body), 403, "AccessDenied", "is not authorized to perform");
    let mfa = "&SerialNumber=arn:aws:iam::111122223333:mfa/ann&TokenCode=123456";
    refused(&bench.assume(&ann(ACCOUNT), mfa), 403, "AccessDenied", "MultiFactorAuthentication failed");
}

#[test]
fn a_control_policy_and_a_boundary_stop_it_too() {
    let bench = allowed();
    let boundary = Some("arn:aws:iam::aws:policy/AmazonEC2FullAccess".to_owned());
    let row: User = bench.door.catalog.begin().unwrap().get("111122223333/ann").unwrap().unwrap();
    bench.put(&User { boundary, ..row });
    let words = "because no permissions boundary allows the sts:AssumeRole action";
    refused(&bench.assume(&ann(ACCOUNT), ""), 403, "AccessDenied", words);
}

#[test]
fn the_roles_last_use_is_written_at_most_hourly() {
    let bench = allowed();
    bench.assume(&ann(ACCOUNT), "");
    let first = bench.role().last_used.unwrap();
    assert_eq!(first, (bench.door.env.clock.now(), "us-east-1".to_owned()));
    bench.door.env.clock.sleep(Duration::from_secs(3599));
    bench.assume(&ann(ACCOUNT), "");
    assert_eq!(bench.role().last_used.unwrap(), first);
    bench.door.env.clock.sleep(Duration::from_secs(1));
    bench.assume(&ann(ACCOUNT), "");
    assert!(bench.role().last_used.unwrap().0 > first.0);
}

#[test]
fn a_token_is_as_long_as_asked() {
    let bench = allowed();
    let answer = bench.assume(&ann(ACCOUNT), "&MinimumSessionTokenSize=2000");
    let token = element(&answer.1, "SessionToken");
    assert!(token.len() >= 2000);
    assert_eq!(element(&answer.1, "SessionTokenSize"), token.len().to_string());
    let _: Account = bench.door.catalog.begin().unwrap().get(ACCOUNT).unwrap().unwrap();
}
