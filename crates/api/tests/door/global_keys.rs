//! The condition keys that every request has, per kind of caller.

use crate::bench::{Bench, root};
use crate::identities::*;
use api::{Caller, Cx, Principal, Touched};
use base::Region;
use std::collections::BTreeMap;
use wire::generated::ec2::SERVICE;

/// All keys of a request about `arn`.
fn keys(bench: &Bench, caller: &Caller, arn: &str) -> BTreeMap<String, Vec<String>> {
    let work = |cx: &mut Cx| {
        let authority = cx.authority(caller)?;
        cx.context(&authority, &Touched::plain(arn))
    };
    let context = bench.door.transact(caller, &bench.request(), &SERVICE, work).unwrap();
    context.all().map(|(key, values)| (key.to_owned(), values.to_vec())).collect()
}

fn has(found: &BTreeMap<String, Vec<String>>, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(
            found.get(*key).map(Vec::as_slice),
            Some([(*value).to_owned()].as_slice()),
            "{key} in {found:?}"
        );
    }
}

fn has_not(found: &BTreeMap<String, Vec<String>>, missing: &[&str]) {
    for key in missing {
        assert_eq!(found.get(*key), None, "{key}");
    }
}

#[test]
fn a_root_has_its_own_and_those_of_the_request() {
    let bench = Bench::new();
    let found = keys(&bench, &root(), "*");
    let now = bench.door.env.clock.now();
    has(
        &found,
        &[
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:root"),
            ("aws:PrincipalAccount", ACCOUNT),
            ("aws:PrincipalType", "Account"),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:userid", ACCOUNT),
            ("aws:SourceIp", "127.0.0.1"),
            ("aws:UserAgent", "aws-cli/2"),
            ("aws:RequestedRegion", "us-east-1"),
            ("aws:SecureTransport", "true"),
            ("aws:ViaAWSService", "false"),
            ("aws:CurrentTime", &api::trail::iso_seconds(now)),
            ("aws:EpochTime", &now.secs().to_string()),
        ],
    );
    has_not(
        &found,
        &[
            "aws:username",
            "aws:MultiFactorAuthPresent",
            "aws:TokenIssueTime",
            "aws:PrincipalOrgID",
            "aws:ResourceAccount",
            "aws:CalledVia",
            "aws:SourceIdentity",
        ],
    );
}

#[test]
fn a_user_has_a_name_and_tags() {
    let bench = Bench::new();
    put(&bench, &api::identity::User { tags: vec![tag("team", "red")], ..user() });
    let found = keys(&bench, &as_user(), "*");
    has(
        &found,
        &[
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:user/eng/ann"),
            ("aws:PrincipalType", "User"),
            ("aws:userid", "AIDAANN0000000000000A"),
            ("aws:username", "ann"),
            ("aws:PrincipalTag/team", "red"),
            ("aws:SourceIp", "192.0.2.7"),
            ("aws:SecureTransport", "false"),
        ],
    );
    // Temporary credentials of the same user say so.
    let found = keys(&bench, &as_user().in_session(session(&bench)), "*");
    has(&found, &[("aws:username", "ann"), ("aws:MultiFactorAuthPresent", "false")]);
    assert!(found.contains_key("aws:TokenIssueTime"));
}

#[test]
fn a_session_is_its_role_and_its_tags_cover_the_roles() {
    let bench = Bench::new();
    put(&bench, &api::identity::Role { tags: vec![tag("Team", "red"), tag("cost", "1")], ..role() });
    let mut session = session(&bench);
    session.tags = vec![tag("team", "blue")];
    session.source_identity = Some("ann".into());
    let found = keys(&bench, &as_role(&bench).in_session(session), "*");
    has(
        &found,
        &[
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/ops"),
            ("aws:PrincipalType", "AssumedRole"),
            ("aws:userid", "AROAOPS0000000000000A:s1"),
            ("aws:PrincipalTag/team", "blue"),
            ("aws:PrincipalTag/cost", "1"),
            ("aws:SourceIdentity", "ann"),
        ],
    );
    has_not(&found, &["aws:username", "aws:PrincipalTag/Team"]);
}

#[test]
fn a_federated_user_is_itself_and_has_not_its_users_tags() {
    let bench = Bench::new();
    put(&bench, &api::identity::User { tags: vec![tag("team", "red")], ..user() });
    let found = keys(&bench, &as_federated(&bench, as_user().principal), "*");
    has(
        &found,
        &[
            ("aws:PrincipalArn", "arn:aws:sts::111122223333:federated-user/bob"),
            ("aws:PrincipalType", "FederatedUser"),
            ("aws:userid", "111122223333:bob"),
        ],
    );
    has_not(&found, &["aws:username", "aws:PrincipalTag/team"]);
}

#[test]
fn a_forwarded_call_has_the_service_and_not_the_address() {
    let bench = Bench::new();
    let found = keys(&bench, &root().forwarded_by_ec2(&Region::parse("us-east-1").unwrap()), "*");
    has(
        &found,
        &[
            ("aws:ViaAWSService", "true"),
            ("aws:CalledVia", "ec2.amazonaws.com"),
            ("aws:CalledViaFirst", "ec2.amazonaws.com"),
            ("aws:CalledViaLast", "ec2.amazonaws.com"),
            ("aws:SecureTransport", "true"),
        ],
    );
    has_not(&found, &["aws:SourceIp"]);
}

#[test]
fn a_service_is_no_principal_of_an_account() {
    let bench = Bench::new();
    let found = keys(&bench, &Caller::service(account(), "ec2.us-east-1.amazonaws.com"), "*");
    has(&found, &[("aws:PrincipalIsAWSService", "true"), ("aws:PrincipalServiceName", "ec2.amazonaws.com")]);
    assert_eq!(found["aws:PrincipalServiceNamesList"], ["ec2.amazonaws.com", "ec2.us-east-1.amazonaws.com"]);
    has_not(&found, &["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:SourceIp"]);
}

#[test]
fn the_organization_is_known_of_the_caller_and_of_the_resource() {
    let bench = Bench::new();
    organization(&bench, ACCOUNT, true, [&[], &[], &[]]);
    let found = keys(&bench, &root(), "arn:aws:ec2:us-east-1:111122223333:volume/vol-1");
    has(
        &found,
        &[
            ("aws:PrincipalOrgID", "o-a"),
            ("aws:PrincipalOrgPaths", "o-a/r-a/ou-a/"),
            ("aws:ResourceAccount", ACCOUNT),
            ("aws:ResourceOrgID", "o-a"),
        ],
    );
    let stranger = "arn:aws:kms:us-east-1:444455556666:key/k";
    let found = keys(&bench, &root(), stranger);
    has(&found, &[("aws:ResourceAccount", "444455556666")]);
    has_not(&found, &["aws:ResourceOrgID"]);
    has_not(&keys(&bench, &root(), "arn:aws:ec2:us-east-1::snapshot/snap-1"), &["aws:ResourceAccount"]);
}

#[test]
fn what_a_user_calls_itself_cannot_pass_for_another_key() {
    let bench = Bench::new();
    let principal = Principal::User { name: "ann".into(), path: "/".into(), id: "AIDAX".into() };
    let caller = Caller { user_agent: "aws:PrincipalOrgID=o-a".into(), ..outside(principal) };
    has_not(&keys(&bench, &caller, "*"), &["aws:PrincipalOrgID", "aws:PrincipalTag/team"]);
}
