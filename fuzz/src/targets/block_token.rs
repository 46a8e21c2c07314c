//! Block tokens of the EBS direct API: nothing but what was sealed opens, in the one spelling in which it was given.

use crate::engine::Target;
use base::Timestamp;
use wire::token::{TokenKey, open, seal};

const SCOPE: &str = "111122223333/us-east-1/GetSnapshotBlock/snap-0123456789abcdef0/6437b3ac/00000001";

const WORDS: [&[u8]; 8] = [b"+", b"/", b"=", b"-", b"_", b"AAAA", b"%2B", b"\xff"];

fn key() -> TokenKey {
    TokenKey::new([7; 32])
}

/// Tokens as the API gives them: expiry and text.
fn genuine() -> Vec<(i64, String)> {
    let given = |millis: i64| {
        let token = seal(&key(), SCOPE, &format!("{millis:016x}"));
        (millis, token.replace('-', "+").replace('_', "/"))
    };
    [0, 1, 1_767_323_045_000, i64::MAX].map(given).to_vec()
}

pub fn target() -> Target {
    let genuine = genuine();
    let mut seeds: Vec<Vec<u8>> = genuine.iter().map(|(_, token)| token.as_bytes().to_vec()).collect();
    // Sealed, but no moment; and sealed for another block.
    seeds.push(seal(&key(), SCOPE, "tomorrow").into_bytes());
    seeds.push(seal(&key(), "elsewhere", "0000000000000001").into_bytes());
    Target {
        name: "block_token",
        seeds,
        words: WORDS.to_vec(),
        length_max: 512,
        memory_max: 1 << 20,
        run: Box::new(move |input| {
            let text = String::from_utf8_lossy(input);
            let expires = ebs::tokens::expiry(&text, |token| open(&key(), SCOPE, token).ok());
            let known = genuine.iter().find(|(_, token)| *token == text);
            assert_eq!(expires, known.map(|(millis, _)| Timestamp::from_millis(*millis)));
        }),
    }
}
