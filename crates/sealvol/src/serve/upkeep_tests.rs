//! Sessions that are over go, in their time.

use super::*;
use api::{Principal, Registry, Session};
use base::{AccountId, Timestamp};
use catalog::Catalog;
use env::Env;
use wire::token::TokenKey;

fn session(n: usize, expires: Timestamp) -> TemporaryCredential {
    TemporaryCredential {
        access_key_id: format!("ASIA{n:04}"),
        account: AccountId::parse("111122223333").unwrap(),
        principal: Principal::Root,
        session: Session {
            issued: expires,
            expires,
            policies: None,
            tags: vec![],
            transitive_tags: vec![],
            source_identity: None,
        },
        sealed_secret: vec![],
        token_digest: String::new(),
    }
}

#[test]
fn sessions_are_forgotten_a_day_after_their_end_however_many_there_are() {
    let (env, _) = Env::simulated(1);
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("catalog").display());
    let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
    let door = Door::new(env, catalog, Registry::default(), TokenKey::new([7; 32]));
    let now = door.env.clock.now();
    let hours_ago = |hours: u64| now.minus(Duration::from_secs(hours * 3600));
    let mut tx = door.catalog.begin().unwrap();
    for n in 0..2 * BATCH + 1 {
        tx.put(&session(n, hours_ago(30))).unwrap();
    }
    tx.put(&session(5000, hours_ago(23))).unwrap();
    tx.put(&session(5001, now)).unwrap();
    tx.commit().unwrap();
    let left = || {
        let all = door.catalog.begin().unwrap().scan::<TemporaryCredential>("", None, 1000).unwrap();
        all.into_iter().map(|row| row.access_key_id).collect::<Vec<_>>()
    };
    forget_ended_sessions(&door).unwrap();
    assert_eq!(left(), ["ASIA5000", "ASIA5001"]);
    // The server was away for a month; the next round goes on from where it stopped.
    door.env.clock.sleep(Duration::from_secs(30 * 24 * 3600));
    forget_ended_sessions(&door).unwrap();
    assert_eq!(left(), [""; 0]);
}
