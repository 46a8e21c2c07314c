//! Whose key it is, for every kind of holder, and who is told that there is no such key.

use super::*;
use api::Registry;
use api::identity::{Account, TemporaryCredential};
use base::Timestamp;
use catalog::{Catalog, Row};
use env::Env;
use gateway::Door as _;
use keys::KeyFileSeal;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::token::TokenKey;

const ACCOUNT: &str = "111122223333";

struct Bench {
    front: Front,
    _dir: tempfile::TempDir,
}

fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

impl Bench {
    /// The root's key, an active and an inactive key of user ann, a key of a user who is gone, and a session.
    fn new(dev: bool) -> Bench {
        let (env, _) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
        let files = Env::real().files;
        let seal =
            KeyFileSeal::open_or_create(&*files, &dir.path().join("seal.key"), env.entropy.clone()).unwrap();
        let door = Door::new(env, catalog, Registry::default(), TokenKey::new([7; 32]));
        let bench = Bench { front: Front::new(Arc::new(door), Arc::new(seal), dev, None), _dir: dir };
        bench.put(&Account::new(account(), Timestamp::from_secs(0)));
        bench.put(&user());
        for (id, whose, inactive) in [
            ("AKIAROOT", None, false),
            ("AKIAANN", Some("ann"), false),
            ("AKIAOFF", Some("ann"), true),
            ("AKIAGONE", Some("gone"), false),
        ] {
            let (account, user) = (account(), whose.map(str::to_owned));
            let sealed_secret = bench.sealed(id);
            bench.put(&AccessKey {
                id: id.into(),
                account,
                user,
                inactive,
                created: Timestamp::from_secs(0),
                sealed_secret,
            });
        }
        bench.put(&bench.session());
        bench
    }

    fn sealed(&self, id: &str) -> Vec<u8> {
        let secret = Secret::from_slice_wiping(&mut b"secret".to_vec()).unwrap();
        self.front.seal.wrap(Purpose::AccessKeySecret, id, &secret).unwrap()
    }

    fn session(&self) -> TemporaryCredential {
        let now = self.front.door.env.clock.now();
        TemporaryCredential {
            access_key_id: "ASIAONE".into(),
            account: account(),
            principal: Principal::Root,
            session: Session {
                issued: now,
                expires: now.plus(Duration::from_secs(3600)),
                policies: None,
                tags: vec![],
                transitive_tags: vec![],
                source_identity: None,
            },
            sealed_secret: self.sealed("ASIAONE"),
            token_digest: "d".repeat(64),
        }
    }

    fn put<R: Row>(&self, row: &R) {
        let mut tx = self.front.door.catalog.begin().unwrap();
        tx.put(row).unwrap();
        tx.commit().unwrap();
    }

    fn principal(&self, id: &str) -> Option<Principal> {
        let found = self.front.credential(id).unwrap()?;
        Some(found.holder.downcast_ref::<Holder>().unwrap().principal.clone())
    }
}

fn user() -> User {
    User {
        account: account(),
        name: "ann".into(),
        path: "/eng/".into(),
        id: "AIDAANN".into(),
        created: Timestamp::from_secs(0),
        inline: BTreeMap::new(),
        attached: vec![],
        boundary: None,
        groups: vec![],
        tags: vec![],
    }
}

#[test]
fn a_key_is_its_holders() {
    let bench = Bench::new(false);
    assert_eq!(bench.principal("AKIAROOT"), Some(Principal::Root));
    let ann = Principal::User { name: "ann".into(), path: "/eng/".into(), id: "AIDAANN".into() };
    assert_eq!(bench.principal("AKIAANN"), Some(ann));
    let session = bench.front.credential("ASIAONE").unwrap().unwrap();
    assert_eq!(session.token_digest, Some("d".repeat(64)));
    assert_eq!(session.expires, Some(bench.session().session.expires));
    assert_eq!(session.secret.expose(), b"secret");
    let long = bench.front.credential("AKIAANN").unwrap().unwrap();
    assert_eq!((long.token_digest, long.expires), (None, None));
}

#[test]
fn inactive_keys_keys_of_deleted_users_and_unknown_keys_are_none() {
    let bench = Bench::new(false);
    for id in ["AKIAOFF", "AKIAGONE", "AKIANONE", "ASIATWO", "", "test", "000000000000"] {
        assert_eq!(bench.principal(id), None, "{id}");
    }
}

#[test]
fn nobody_signs_for_a_closed_account() {
    let bench = Bench::new(true);
    assert_eq!(bench.principal(ACCOUNT), Some(Principal::Root));
    let closed = Some(Timestamp::from_secs(1));
    bench.put(&Account { closed, ..Account::new(account(), Timestamp::from_secs(0)) });
    for id in ["AKIAROOT", "AKIAANN", "ASIAONE", ACCOUNT] {
        assert_eq!(bench.principal(id), None, "{id}");
    }
}

#[test]
fn test_credentials_are_roots_of_their_accounts_and_only_when_asked_for() {
    let bench = Bench::new(true);
    for id in ["test", "444455556666"] {
        assert_eq!(bench.principal(id), Some(Principal::Root));
    }
}

#[test]
fn a_call_leaves_the_last_use_of_a_long_term_key() {
    let bench = Bench::new(false);
    let scope =
        Scope { service: &wire::generated::sts::SERVICE, region: base::Region::parse("us-east-1").unwrap() };
    for id in ["AKIAANN", "ASIAONE"] {
        let who = bench.front.credential(id).unwrap().unwrap();
        let origin = Origin {
            request_id: "r".into(),
            source_ip: "127.0.0.1".into(),
            user_agent: String::new(),
            host: "localhost".into(),
            received: bench.front.door.env.clock.now(),
        };
        bench.front.dispatch(&who, &scope, Call::default(), origin, Answering::unheard());
    }
    let mut tx = bench.front.door.catalog.begin().unwrap();
    let used: AccessKeyUse = tx.get("AKIAANN").unwrap().unwrap();
    assert_eq!((used.service.as_str(), used.region.as_str()), ("sts", "us-east-1"));
    assert!(tx.get::<AccessKeyUse>("ASIAONE").unwrap().is_none());
}
