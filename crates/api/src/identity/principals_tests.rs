//! Names and ids, there and back.

use super::*;
use crate::Caller;
use base::{Region, Timestamp};
use catalog::{Catalog, Row};
use env::Env;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/worker";
const USER: &str = "arn:aws:iam::111122223333:user/ann";

struct Bench {
    catalog: Catalog,
    _dir: tempfile::TempDir,
}

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn user(id: &str) -> User {
    User {
        account: account(),
        name: "ann".into(),
        path: "/".into(),
        id: id.into(),
        created: Timestamp::from_millis(0),
        inline: Default::default(),
        attached: vec![],
        boundary: None,
        groups: vec![],
        tags: vec![],
    }
}

fn role(id: &str) -> Role {
    Role {
        account: account(),
        name: "worker".into(),
        path: "/team/".into(),
        id: id.into(),
        created: Timestamp::from_millis(0),
        description: None,
        trust: String::new(),
        inline: Default::default(),
        attached: vec![],
        boundary: None,
        session_seconds_max: 3600,
        linked_service: None,
        last_used: None,
        tags: vec![],
    }
}

impl Bench {
    fn new() -> Bench {
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(
            &url,
            &[Account::TABLE, ServerFact::TABLE, User::TABLE, Role::TABLE],
            env.clock.clone(),
        )
        .unwrap();
        let bench = Bench { catalog, _dir: dir };
        bench.tx(|tx| {
            tx.put(&Account::new(account(), Timestamp::from_millis(0))).unwrap();
            tx.put(&user("AIDAFIRST")).unwrap();
            tx.put(&role("AROAFIRST")).unwrap();
        });
        bench
    }

    fn tx<T>(&self, work: impl FnOnce(&mut Tx) -> T) -> T {
        let mut tx = self.catalog.begin().unwrap();
        let told = work(&mut tx);
        tx.commit().unwrap();
        told
    }
}

fn caller(principal: Principal) -> Caller {
    Caller::outside(principal, account(), "AKIA", "127.0.0.1", "test")
}

fn session_of(id: &str) -> Caller {
    caller(Principal::Role {
        name: "worker".into(),
        path: "/team/".into(),
        id: id.into(),
        session: "s".into(),
        service_linked: false,
    })
}

#[test]
fn users_roles_and_sessions_are_stored_by_id_and_shown_by_name() {
    let bench = Bench::new();
    for (name, id) in [
        (USER, "AIDAFIRST"),
        (ROLE, "AROAFIRST"),
        ("arn:aws:sts::111122223333:assumed-role/worker/s", "AROAFIRST:s"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
        ("111122223333", "111122223333"),
        ("*", "*"),
        ("ebs.amazonaws.com", "ebs.amazonaws.com"),
        ("arn:aws:sts::111122223333:federated-user/f", "arn:aws:sts::111122223333:federated-user/f"),
        (
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-1",
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-1",
        ),
    ] {
        bench.tx(|tx| {
            assert_eq!(stored(tx, name).unwrap().as_deref(), Some(id), "{name}");
            assert_eq!(shown(tx, id).unwrap(), name, "{id}");
        });
    }
}

#[test]
fn who_is_not_there_has_no_stored_name() {
    let bench = Bench::new();
    for name in [
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:iam::111122223333:user/Ann",
        "arn:aws:iam::111122223333:user/path/ann",
        "arn:aws:iam::111122223333:role/worker",
        "arn:aws:sts::111122223333:assumed-role/team/worker/s",
        "arn:aws:sts::111122223333:assumed-role/nobody/s",
        "arn:aws:sts::111122223333:assumed-role/worker",
        "arn:aws:iam::444455556666:root",
        "arn:aws:iam::444455556666:user/ann",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:s3:::bucket",
        "444455556666",
        "AIDAFIRST",
        "nobody",
        "",
    ] {
        assert_eq!(bench.tx(|tx| stored(tx, name).unwrap()), None, "{name}");
    }
}

#[test]
fn a_document_keeps_everything_but_its_principals() {
    let bench = Bench::new();
    let text = format!(
        r#"{{ "Statement" : [ {{"Principal": {{"AWS": ["{USER}", "111122223333"], "Service": "ebs.amazonaws.com"}},
            "Condition": {{"ArnEquals": {{"aws:PrincipalArn": "{ROLE}", "AWS": "{ROLE}"}}}}}},
            {{"NotPrincipal": {{"AWS": "{}"}}, "Sid": "{USER}"}}] }}"#,
        ROLE.replace('/', "\\/")
    );
    let kept = bench.tx(|tx| stored_document(tx, &text).unwrap()).unwrap();
    let expected = text.replacen(USER, "AIDAFIRST", 1).replace(&ROLE.replace('/', "\\/"), "AROAFIRST");
    assert_eq!(kept, expected);
    assert_eq!(bench.tx(|tx| shown_document(tx, &kept).unwrap()), text.replace("\\/", "/"));
    let nobody = text.replace("user/ann\"", "user/bob\"");
    assert_eq!(
        bench.tx(|tx| stored_document(tx, &nobody).unwrap()),
        Err("arn:aws:iam::111122223333:user/bob".to_owned())
    );
}

#[test]
fn who_is_made_again_under_the_same_name_is_somebody_else() {
    let bench = Bench::new();
    let text = format!(r#"{{"Statement": {{"Principal": {{"AWS": ["{USER}", "{ROLE}"]}}}}}}"#);
    let kept = bench.tx(|tx| stored_document(tx, &text).unwrap()).unwrap();
    bench.tx(|tx| {
        tx.put(&user("AIDASECOND")).unwrap();
        tx.put(&role("AROASECOND")).unwrap();
    });
    assert_eq!(bench.tx(|tx| shown_document(tx, &kept).unwrap()), kept, "the ids of who is gone are shown");
    let ann = |id: &str| caller(Principal::User { name: "ann".into(), path: "/".into(), id: id.into() });
    assert!(document_for(&ann("AIDAFIRST"), &kept).contains(USER));
    assert!(!document_for(&ann("AIDASECOND"), &kept).contains(USER));
    assert!(document_for(&session_of("AROAFIRST"), &kept).contains(ROLE));
    assert!(!document_for(&session_of("AROASECOND"), &kept).contains(ROLE));
    for caller in [ann("AIDASECOND"), session_of("AROAFIRST"), session_of("AROASECOND")] {
        let text = document_for(&caller, &kept)
            .replace("}}}", r#"}, "Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
        assert!(rules::iam::Policy::parse(&text, rules::iam::PolicyType::Key).is_ok(), "{text}");
    }
}

#[test]
fn a_session_is_known_by_its_own_name_its_role_s_and_its_account_s() {
    let names = Names::of(&session_of("AROAFIRST"));
    assert_eq!((names.itself.as_str(), names.issuer.as_deref()), ("AROAFIRST:s", Some("AROAFIRST")));
    assert_eq!(names.account.as_deref(), Some("arn:aws:iam::111122223333:root"));
    let kept = r#"{"Statement":{"Principal":{"AWS":"AROAFIRST:s"}}}"#;
    assert!(document_for(&session_of("AROAFIRST"), kept).contains("assumed-role/worker/s"));
    assert_eq!(Names::of(&caller(Principal::Root)).account, None);
    let by = Box::new(Principal::User { name: "ann".into(), path: "/".into(), id: "AIDAFIRST".into() });
    let federated = caller(Principal::FederatedUser { name: "f".into(), by });
    assert_eq!(Names::of(&federated).issuer.as_deref(), Some("AIDAFIRST"));
    let ec2 = Caller::service(account(), "ec2.us-east-1.amazonaws.com")
        .forwarded_by_ec2(&Region::parse("us-east-1").unwrap());
    assert_eq!(Names::of(&ec2).account, None);
}

#[test]
fn no_text_makes_the_search_for_principals_fail() {
    for text in [
        "",
        "{",
        "\"",
        "\\",
        "{\"Statement\":",
        "[[[[",
        "}}}}",
        "{\"a\\",
        "{\"Statement\":{\"Principal\":{\"AWS\":\"\\",
        "é\"é",
    ] {
        assert_eq!(rewritten(text, |_| Ok(Some("x".into()))).unwrap().is_empty(), text.is_empty(), "{text}");
    }
}
