//! Each layer of policies counts, and what is gone or broken allows nothing.

use crate::bench::{Bench, root};
use crate::identities::*;
use api::{Caller, Cx, Failure, Principal, SessionPolicy, Touched};
use wire::generated::ec2::SERVICE;

/// Whether the caller may do `ec2:CreateTags` on a volume, and why not.
fn may(bench: &Bench, caller: &Caller) -> Result<(), String> {
    let volume = Touched::plain("arn:aws:ec2:us-east-1:111122223333:volume/vol-1");
    let work = |cx: &mut Cx| cx.authorise("ec2:CreateTags", std::slice::from_ref(&volume));
    match bench.door.transact(caller, &bench.request(), &SERVICE, work) {
        Ok(()) => Ok(()),
        Err(Failure::Refused(refusal)) => Err(refusal.message),
        Err(Failure::Fault(fault)) => Err(format!("fault: {fault}")),
        Err(Failure::Conflict) => Err("conflict".into()),
    }
}

fn refused(bench: &Bench, caller: &Caller, words: &str) {
    let message = may(bench, caller).unwrap_err();
    assert!(message.contains(words), "{message}");
}

const NO_IDENTITY: &str = "because no identity-based policy allows the ec2:CreateTags action";

#[test]
fn a_users_inline_attached_and_group_policies_each_allow() {
    let bench = Bench::new();
    put(&bench, &user());
    refused(&bench, &as_user(), NO_IDENTITY);
    let allow = document("Allow", "ec2:CreateTags");
    put(&bench, &managed("own", &allow));
    let mut inline = user();
    inline.inline.insert("p".into(), allow.clone());
    let attached = |arn: &str| api::identity::User { attached: vec![arn.into()], ..user() };
    let mut ways =
        vec![inline, attached(&managed_arn("own")), attached("arn:aws:iam::aws:policy/AmazonEC2FullAccess")];
    let mut members = group("Devs");
    members.inline.insert("g".into(), allow);
    put(&bench, &members);
    let managed_group = api::identity::Group { attached: vec![managed_arn("own")], ..group("ops") };
    put(&bench, &managed_group);
    for name in ["devs", "ops"] {
        ways.push(api::identity::User { groups: vec![name.into()], ..user() });
    }
    for row in ways {
        put(&bench, &row);
        assert_eq!(may(&bench, &as_user()), Ok(()), "{row:?}");
    }
    put(&bench, &api::identity::User { groups: vec!["gone".into()], ..user() });
    refused(&bench, &as_user(), NO_IDENTITY);
}

#[test]
fn a_groups_deny_is_a_deny() {
    let bench = Bench::new();
    let mut members = group("devs");
    members.inline.insert("no".into(), document("Deny", "ec2:*"));
    put(&bench, &members);
    let row = api::identity::User {
        groups: vec!["devs".into()],
        attached: vec!["arn:aws:iam::aws:policy/AdministratorAccess".into()],
        ..user()
    };
    put(&bench, &row);
    refused(&bench, &as_user(), "with an explicit deny in an identity-based policy");
}

#[test]
fn a_boundary_limits_a_user_and_a_role() {
    let bench = Bench::new();
    let all = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    put(&bench, &managed("b", &document("Allow", "kms:*")));
    let boundary = Some(managed_arn("b"));
    put(&bench, &api::identity::User { attached: all.clone(), boundary: boundary.clone(), ..user() });
    put(&bench, &api::identity::Role { attached: all.clone(), boundary, ..role() });
    let words = "because no permissions boundary allows the ec2:CreateTags action";
    refused(&bench, &as_user(), words);
    refused(&bench, &as_role(&bench), words);
    put(&bench, &api::identity::Role { attached: all, ..role() });
    assert_eq!(may(&bench, &as_role(&bench)), Ok(()));
}

#[test]
fn session_policies_limit_a_role_and_are_all_that_a_federated_user_has() {
    let bench = Bench::new();
    let all = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    put(&bench, &api::identity::User { attached: all.clone(), ..user() });
    put(&bench, &api::identity::Role { attached: all, ..role() });
    let with = |caller: Caller, action: &str| {
        let mut session = caller.session.clone().unwrap();
        let document = document("Allow", action);
        session.policies = Some(vec![SessionPolicy { source: "the inline session policy".into(), document }]);
        caller.in_session(session)
    };
    let words = "because no session policy allows the ec2:CreateTags action";
    assert_eq!(may(&bench, &as_role(&bench)), Ok(()));
    assert_eq!(may(&bench, &with(as_role(&bench), "ec2:*")), Ok(()));
    refused(&bench, &with(as_role(&bench), "kms:*"), words);
    for by in [as_user().principal, Principal::Root] {
        let federated = as_federated(&bench, by);
        refused(&bench, &federated, words);
        assert_eq!(may(&bench, &with(federated, "ec2:*")), Ok(()));
    }
    // What the user may not, whom it vouches for may not either.
    put(&bench, &user());
    refused(&bench, &with(as_federated(&bench, as_user().principal), "ec2:*"), NO_IDENTITY);
}

#[test]
fn every_level_of_control_policies_must_allow_and_any_can_deny() {
    let full: &[&str] = &[api::FULL_ACCESS_ID];
    let none: &[&str] = &[];
    for levels in [[none, full, full], [full, none, full], [full, full, none]] {
        let bench = Bench::new();
        organization(&bench, "444455556666", true, levels);
        refused(&bench, &root(), "because no service control policy allows the ec2:CreateTags action");
    }
    let no: &[&str] = &[api::FULL_ACCESS_ID, "p-no"];
    for levels in [[no, full, full], [full, no, full], [full, full, no]] {
        let bench = Bench::new();
        control(&bench, "p-no", &document("Deny", "ec2:CreateTags"));
        organization(&bench, "444455556666", true, levels);
        refused(&bench, &root(), "with an explicit deny in a service control policy");
        // The management account is limited by none, and none counts before the kind is enabled.
        organization(&bench, ACCOUNT, true, levels);
        assert_eq!(may(&bench, &root()), Ok(()));
        organization(&bench, "444455556666", false, levels);
        assert_eq!(may(&bench, &root()), Ok(()));
    }
    let bench = Bench::new();
    organization(&bench, "444455556666", true, [full, full, full]);
    assert_eq!(may(&bench, &root()), Ok(()));
    // They allow nothing by themselves.
    put(&bench, &user());
    refused(&bench, &as_user(), NO_IDENTITY);
}

#[test]
fn who_is_gone_or_another_by_the_same_name_has_no_policies() {
    let bench = Bench::new();
    let all = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    refused(&bench, &as_user(), NO_IDENTITY);
    refused(&bench, &as_role(&bench), NO_IDENTITY);
    let other = api::identity::User { id: "AIDAOTHER000000000000".into(), attached: all.clone(), ..user() };
    put(&bench, &other);
    refused(&bench, &as_user(), NO_IDENTITY);
    let other = api::identity::Role { id: "AROAOTHER000000000000".into(), attached: all.clone(), ..role() };
    put(&bench, &other);
    refused(&bench, &as_role(&bench), NO_IDENTITY);
    // A user who was given another name is still that user.
    put(&bench, &api::identity::User { name: "anna".into(), attached: all, ..user() });
    assert_eq!(may(&bench, &as_user()), Ok(()));
}

#[test]
fn a_stored_policy_that_is_missing_or_cannot_be_read_is_our_fault_and_allows_nothing() {
    let all = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
    for broken in ["", "{", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}"#] {
        let bench = Bench::new();
        let mut row = api::identity::User { attached: vec![all.clone()], ..user() };
        row.inline.insert("broken".into(), broken.into());
        put(&bench, &row);
        let message = may(&bench, &as_user()).unwrap_err();
        assert!(
            message.starts_with("fault: the stored inline policy \"broken\" of user \"ann\""),
            "{message}"
        );
    }
    let bench = Bench::new();
    put(&bench, &api::identity::User { attached: vec![all, managed_arn("gone")], ..user() });
    assert!(may(&bench, &as_user()).unwrap_err().starts_with("fault: "));
    let bench = Bench::new();
    organization(&bench, "444455556666", true, [&["p-gone"], &[], &[]]);
    assert!(may(&bench, &root()).unwrap_err().starts_with("fault: "));
}

#[test]
fn a_service_linked_roles_session_is_not_limited_by_control_policies() {
    let bench = Bench::new();
    organization(&bench, "444455556666", true, [&[], &[], &[]]);
    let all = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    let linked = Some("ebs.amazonaws.com".to_owned());
    put(&bench, &api::identity::Role { attached: all, linked_service: linked, ..role() });
    let caller = as_role(&bench);
    refused(&bench, &caller, "service control policy");
    let Principal::Role { name, path, id, session, .. } = caller.principal.clone() else { unreachable!() };
    let principal = Principal::Role { name, path, id, session, service_linked: true };
    assert_eq!(may(&bench, &Caller { principal, ..caller }), Ok(()));
}
