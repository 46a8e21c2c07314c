//! Bytes from anybody meet three parsers: the `Authorization` header, the signed query, the chunked body. None may panic, and
//! no mutation of a good request may pass as something else.

use super::*;
use crate::sigv4::canonical::sha256_hex;
use crate::sigv4::chunked::decode;
use crate::sigv4::claim::Claim;
use crate::sigv4::header;
use env::{Entropy, SimEntropy};
use proptest::prelude::*;

/// Mutations per seed; a run takes about a second unoptimised.
const MUTATIONS: u32 = 4000;

struct Draw(SimEntropy);

impl Draw {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % limit.max(1) as u64) as usize
    }

    /// One to three small changes: a byte set, dropped, doubled or a piece moved.
    fn mutate(&self, bytes: &mut Vec<u8>) {
        const LIKELY: &[u8] = b"\r\n;=&%,/ :+0aA\0\xff";
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 if !bytes.is_empty() => bytes[at] = LIKELY[self.below(LIKELY.len())],
                1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                2 if !bytes.is_empty() => _ = bytes.remove(at),
                3 => bytes.insert(at, LIKELY[self.below(LIKELY.len())]),
                _ => {
                    let piece = bytes[at..(at + self.below(9)).min(bytes.len())].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
    }
}

#[test]
fn no_mutation_of_a_header_verifies_unless_it_says_the_same() {
    let good = signed(form("Action=DescribeVolumes&Version=2016-11-15"), "ec2");
    let claim = Claim::read(&good).unwrap();
    let draw = Draw(SimEntropy::new(11));
    for _ in 0..MUTATIONS {
        let mut value = good.header("authorization").unwrap().as_bytes().to_vec();
        draw.mutate(&mut value);
        let Ok(value) = String::from_utf8(value) else { continue };
        let mutated = with_header(&good, "authorization", Some(&value));
        if verify(&mutated).is_ok() {
            assert_eq!(Claim::read(&mutated), Ok(claim.clone()), "{value}");
        }
    }
}

#[test]
fn no_mutation_of_a_query_or_path_verifies_unless_it_says_the_same() {
    let mut call = form("");
    call.query = "Action=DescribeVolumes&Filter.1.Name=tag%3AName&Filter.1.Value=a%20b".into();
    call.path = "/a/b%2Fc".into();
    let good = signed(call, "ec2");
    let canonical = |call: &Call| {
        let pairs = crate::sigv4::canonical::query_pairs(&call.query).map(|mut pairs| {
            pairs.sort();
            pairs
        });
        let segments: Vec<_> =
            call.path.split('/').filter(|s| !matches!(*s, "" | ".")).map(str::to_owned).collect();
        (pairs, segments)
    };
    let draw = Draw(SimEntropy::new(12));
    for round in 0..MUTATIONS {
        let mut mutated = good.clone();
        let text = if round % 2 == 0 { &mut mutated.query } else { &mut mutated.path };
        let mut bytes = text.clone().into_bytes();
        draw.mutate(&mut bytes);
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        *text = changed;
        if verify(&mutated).is_ok() && !mutated.path.contains("..") {
            assert_eq!(canonical(&mutated), canonical(&good), "{} {}", mutated.path, mutated.query);
        }
    }
}

#[test]
fn no_mutation_of_signed_chunks_decodes_to_other_data() {
    let data = b"three small chunks of data";
    let body = {
        let key =
            crate::sigv4::signing_key::derive(SECRET.as_bytes(), "20150830", "us-east-1", "ebs").unwrap();
        let mut previous = "0".repeat(64);
        let mut body = Vec::new();
        for chunk in data.chunks(10).chain([&[][..]]) {
            let text = format!(
                "AWS4-HMAC-SHA256-PAYLOAD\nD\nS\n{previous}\n{}\n{}",
                sha256_hex(b""),
                sha256_hex(chunk)
            );
            previous = hex::encode(crate::sigv4::signing_key::sign(&key, &text));
            body.extend(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
        body
    };
    let signer = || crate::sigv4::chunked::ChunkSigner {
        key: Arc::new(
            crate::sigv4::signing_key::derive(SECRET.as_bytes(), "20150830", "us-east-1", "ebs").unwrap(),
        ),
        date: "D".into(),
        scope: "S".into(),
        previous: "0".repeat(64),
    };
    assert_eq!(decode(&body.clone().into(), Some(signer()), false).unwrap().data, &data[..]);
    let draw = Draw(SimEntropy::new(13));
    for _ in 0..MUTATIONS {
        let mut mutated = body.clone();
        draw.mutate(&mut mutated);
        let _ = decode(&mutated.clone().into(), None, true);
        if let Ok(decoded) = decode(&mutated.into(), Some(signer()), false) {
            assert_eq!(decoded.data, &data[..]);
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("AWS4-HMAC-SHA256".to_owned()),
        Just("Credential=AKID/20150830/us-east-1/ec2/aws4_request".to_owned()),
        Just("SignedHeaders=host;x-amz-date".to_owned()),
        Just("Signature=00".to_owned()),
        Just("X-Amz-Signature=00".to_owned()),
        Just("X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned()),
        Just("X-Amz-Expires=".to_owned()),
        Just(",".to_owned()),
        Just("&".to_owned()),
        Just("%".to_owned()),
        ".{0,12}",
    ]
}

proptest! {
    #[test]
    fn the_header_parser_takes_any_text(pieces in prop::collection::vec(piece(), 0..12), dated: bool) {
        let _ = header::parse(&pieces.concat(), dated);
        let _ = header::parse(&pieces.join(" "), dated);
    }

    #[test]
    fn the_signed_query_parser_takes_any_text(pieces in prop::collection::vec(piece(), 0..12)) {
        let _ = Claim::read(&Call { query: pieces.join("&"), ..Call::default() });
        let _ = Claim::read(&Call { query: pieces.concat(), ..Call::default() });
    }

    #[test]
    fn the_chunk_decoder_takes_any_bytes_and_never_makes_more_of_them(
        bytes in prop::collection::vec(any::<u8>(), 0..200), trailer: bool,
    ) {
        if let Ok(decoded) = decode(&bytes.clone().into(), None, trailer) {
            prop_assert!(decoded.data.len() <= bytes.len());
        }
    }

    #[test]
    fn what_is_chunked_comes_back(data in prop::collection::vec(any::<u8>(), 0..500), size in 1usize..64) {
        let mut body = Vec::new();
        for chunk in data.chunks(size).chain([&[][..]]) {
            body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
        prop_assert_eq!(decode(&body.into(), None, false).unwrap().data, data);
    }

    #[test]
    fn a_call_of_any_text_is_verified_or_refused(path in ".{0,40}", query in ".{0,40}", value in ".{0,80}") {
        let headers = vec![("host".to_owned(), value.clone()), ("authorization".to_owned(), value)];
        let _ = verify(&Call { method: "GET".into(), path, query, headers, body: Bytes::new() });
    }
}
