//! Tests of tokens. That a token of another block, snapshot or account opens nothing is tested through GetSnapshotBlock.

use super::*;
use wire::token::{TokenKey, open, seal};

const SCOPE: &str = "111122223333/us-east-1/GetSnapshotBlock/snap-0123456789abcdef0/ff/00000001";

fn key() -> TokenKey {
    TokenKey::new([7; 32])
}

fn read(token: &str) -> Option<Timestamp> {
    expiry(token, |token| open(&key(), SCOPE, token).ok())
}

#[test]
fn a_token_has_the_alphabet_of_the_model_and_one_spelling() {
    let mut seen = [false; 2];
    for millis in 0..200_i64 {
        let token = standard(&seal(&key(), SCOPE, &format!("{millis:016x}")));
        assert!(token.len() <= 256);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/'), "{token}");
        assert_eq!(read(&token), Some(Timestamp::from_millis(millis)));
        seen = [seen[0] || token.contains('+'), seen[1] || token.contains('/')];
        let other = token.replace('+', "-").replace('/', "_");
        assert!(other == token || read(&other).is_none());
        assert_eq!(read(&format!("{token}=")), None);
    }
    assert_eq!(seen, [true, true], "the tokens met no character that differs");
}

#[test]
fn what_is_no_block_token_is_refused() {
    for bad in ["", "A", "AAAA", "====", "+/+/", "é", &"A".repeat(300)] {
        assert_eq!(read(bad), None, "{bad}");
    }
    for cursor in ["", "x", "-", "ffffffffffffffffff", "00000000 0000000"] {
        assert_eq!(
            read(&standard(&seal(&key(), SCOPE, cursor))),
            None,
            "a cursor that is no moment: {cursor}"
        );
    }
    let elsewhere = standard(&seal(&key(), "another scope", "0000000000000001"));
    assert_eq!(read(&elsewhere), None);
    let forged = standard(&seal(&TokenKey::new([8; 32]), SCOPE, "0000000000000001"));
    assert_eq!(read(&forged), None);
}

#[test]
fn any_changed_character_is_refused() {
    let token = standard(&seal(&key(), SCOPE, "0000019b7c2f5b80"));
    for at in 0..token.len() {
        for to in ["A", "z", "0", "+", "/", "=", "-"] {
            let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
            assert!(changed == token || read(&changed).is_none(), "{changed}");
        }
    }
}
