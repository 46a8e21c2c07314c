//! Chunked bodies against the published example (Amazon S3 API Reference, "Example: PUT Object" of both pages on chunked
//! uploads), and everything that can be wrong with one.

use super::*;
use crate::sigv4::canonical::sha256_hex;
use crate::sigv4::chunked::{ChunkSigner, Decoded, decode};
use crate::sigv4::signing_key;

const S3_SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn example_signer(seed: &str) -> ChunkSigner {
    ChunkSigner {
        key: Arc::new(signing_key::derive(S3_SECRET, "20130524", "us-east-1", "s3").unwrap()),
        date: "20130524T000000Z".into(),
        scope: "20130524/us-east-1/s3/aws4_request".into(),
        previous: seed.into(),
    }
}

/// 65 KiB of `a` in chunks of 64 KiB, 1 KiB and nothing, each with this signature.
fn example_body(signatures: [&str; 3], end: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [65536, 1024, 0].into_iter().zip(signatures) {
        body.extend(format!("{size:x};chunk-signature={signature}\r\n").bytes());
        body.extend(vec![b'a'; size]);
        if size > 0 {
            body.extend(b"\r\n");
        }
    }
    body.extend(end.bytes());
    body
}

const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const CHUNKS: [&str; 3] = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];
const TRAILER_SEED: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
const TRAILER_CHUNKS: [&str; 3] = [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
];
const TRAILER: &str = "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:\
                       d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";

fn decode_example(body: Vec<u8>) -> Result<Decoded, Problem> {
    decode(&body.into(), Some(example_signer(SEED)), false)
}

#[test]
fn the_published_chunks_decode_and_their_signatures_match() {
    for end in ["\r\n", ""] {
        let decoded = decode_example(example_body(CHUNKS, end)).unwrap();
        assert_eq!((decoded.data.len(), decoded.data.iter().all(|b| *b == b'a')), (66560, true));
    }
}

#[test]
fn the_published_trailer_decodes_and_its_signature_matches() {
    let body = example_body(TRAILER_CHUNKS, TRAILER);
    let decoded = decode(&body.into(), Some(example_signer(TRAILER_SEED)), true).unwrap();
    assert_eq!(decoded.trailers, [("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())]);
}

#[test]
fn chunks_cannot_be_dropped_reordered_changed_or_moved_to_another_request() {
    let good = example_body(CHUNKS, "\r\n");
    let mut changed = good.clone();
    changed[100] = b'b';
    let first_chunk = 65536 + "10000;chunk-signature=".len() + 64 + 4;
    for (what, body) in [
        ("a changed byte", changed),
        ("a dropped chunk", good[first_chunk..].to_vec()),
        ("swapped signatures", example_body([CHUNKS[1], CHUNKS[0], CHUNKS[2]], "\r\n")),
        ("no end", good[..first_chunk].to_vec()),
        ("a wrong end", example_body([CHUNKS[0], CHUNKS[1], CHUNKS[0]], "\r\n")),
    ] {
        assert!(matches!(decode_example(body), Err(Problem::Body { .. })), "{what}");
    }
    let elsewhere = decode(&good.into(), Some(example_signer(TRAILER_SEED)), false);
    assert!(matches!(elsewhere, Err(Problem::Body { .. })));
}

#[test]
fn trailers_are_signed_complete_and_few() {
    let with = |end: &str| {
        decode(&example_body(TRAILER_CHUNKS, end).into(), Some(example_signer(TRAILER_SEED)), true)
    };
    assert!(with(TRAILER).is_ok());
    for bad in [
        TRAILER.replace("sOO8", "tOO8"),
        TRAILER.replace("crc32c", "crc32"),
        TRAILER.replace("d81f", "d81e"),
        "x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n".to_owned(),
        "\r\n".to_owned(),
        format!("{}x-late:1\r\n\r\n", TRAILER.trim_end_matches("\r\n").to_owned() + "\r\n"),
        "no colon\r\n\r\n".to_owned(),
        "a:1\r\n".repeat(9) + "\r\n",
    ] {
        assert!(with(&bad).is_err(), "{bad}");
    }
}

#[test]
fn wrong_framing_is_refused_whether_signed_or_not() {
    let unsigned = |body: &'static str| decode(&Bytes::from_static(body.as_bytes()), None, false);
    assert_eq!(unsigned("3\r\nabc\r\n0\r\n\r\n").unwrap().data, "abc");
    assert_eq!(unsigned("0\r\n\r\n").unwrap().data, "");
    for bad in [
        "",
        "\r\n",
        "abc",
        "3\r\nabc",
        "3\r\nabc\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
        "4\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\nx",
        "-3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "ffffffff\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "3;x=y\r\nabc\r\n0\r\n\r\n",
        "3;chunk-signature=00\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
    ] {
        assert!(unsigned(bad).is_err(), "{bad:?}");
    }
    let long = format!("{}3\r\nabc\r\n0\r\n\r\n", "0".repeat(600));
    assert!(decode(&long.into(), None, false).is_err());
    // A chunk without its signature where all must have one.
    assert!(decode_example(b"3\r\nabc\r\n0\r\n\r\n".to_vec()).is_err());
}

/// An EBS block sent in chunks signed as this request.
fn chunked_put(data: &[u8], trailer: bool) -> Call {
    let word = if trailer {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    } else {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    };
    let mut headers = vec![
        ("host", "localhost:4566".to_owned()),
        ("x-amz-content-sha256", word.to_owned()),
        ("x-amz-decoded-content-length", data.len().to_string()),
        ("content-encoding", "aws-chunked".to_owned()),
    ];
    if trailer {
        headers.push(("x-amz-trailer", "x-amz-checksum-crc32c".to_owned()));
    }
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let path = "/snapshots/snap-0123456789abcdef0/blocks/0".to_owned();
    let mut call = signed(Call { method: "PUT".into(), path, headers, ..Call::default() }, "ebs");
    let seed = call.header("authorization").unwrap().rsplit_once("Signature=").unwrap().1.to_owned();
    let key = signing_key::derive(SECRET.as_bytes(), "20150830", "us-east-1", "ebs").unwrap();
    let scope = "20150830T123600Z\n20150830/us-east-1/ebs/aws4_request";
    let mut previous = seed;
    let mut body = Vec::new();
    for chunk in data.chunks(8192).chain([&[][..]]) {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{scope}\n{previous}\n{}\n{}",
            sha256_hex(b""),
            sha256_hex(chunk)
        );
        previous = hex::encode(signing_key::sign(&key, &text));
        body.extend(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).bytes());
        body.extend(chunk);
        body.extend(if chunk.is_empty() { &b""[..] } else { b"\r\n" });
    }
    if trailer {
        use base64::Engine;
        let checksum = base64::prelude::BASE64_STANDARD.encode(crc32c::crc32c(data).to_be_bytes());
        let line = format!("x-amz-checksum-crc32c:{checksum}");
        let text = format!(
            "AWS4-HMAC-SHA256-TRAILER\n{scope}\n{previous}\n{}",
            sha256_hex(format!("{line}\n").as_bytes())
        );
        let signature = hex::encode(signing_key::sign(&key, &text));
        body.extend(format!("{line}\r\nx-amz-trailer-signature:{signature}\r\n").bytes());
    }
    body.extend(b"\r\n");
    call.body = body.into();
    call
}

#[test]
fn a_chunked_request_arrives_as_if_it_had_been_sent_whole() {
    let data: Vec<u8> = (0..20_000u32).map(|n| (n % 251) as u8).collect();
    for trailer in [false, true] {
        let (call, scope) = verify(&chunked_put(&data, trailer)).unwrap();
        assert_eq!((scope.service.name, call.body.as_ref()), ("ebs", data.as_slice()));
        assert_eq!(call.header("content-length"), Some("20000"));
        assert_eq!(call.header("x-amz-checksum-crc32c").is_some(), trailer);
    }
}

#[test]
fn a_chunked_request_that_lies_about_its_length_or_checksum_is_refused() {
    let mut call = chunked_put(b"some data", true);
    let text = String::from_utf8(call.body.to_vec()).unwrap();
    call.body = text.replace("some data", "same data").into_bytes().into();
    assert!(matches!(verify(&call), Err(Problem::Body { .. })));
    // The announced length is signed, so lying about it shows in the signature.
    let lied = with_header(&chunked_put(b"some data", false), "x-amz-decoded-content-length", Some("8"));
    assert!(matches!(verify(&lied), Err(Problem::Mismatch { .. })));
}

#[test]
fn unsigned_chunks_stand_or_fall_with_their_checksum() {
    let put = |body: &'static str, length: &str| {
        let headers = [
            ("host", "localhost:4566"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", length),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let path = "/snapshots/snap-0123456789abcdef0/blocks/0".to_owned();
        let call = Call {
            method: "PUT".into(),
            path,
            headers,
            body: Bytes::from_static(body.as_bytes()),
            ..Call::default()
        };
        verify(&signed(call, "ebs"))
    };
    let good = "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n";
    assert_eq!(put(good, "9").unwrap().0.body, "123456789");
    for (body, length) in [
        (good, "8"),
        (good, "nine"),
        ("9\r\n123456780\r\n0\r\nx-amz-checksum-crc32c:4waSgw==\r\n\r\n", "9"),
        ("9\r\n123456789\r\n0\r\n\r\n", "9"),
        ("9\r\n123456789\r\n0\r\nx-amz-checksum-sha1:4waSgw==\r\n\r\n", "9"),
    ] {
        assert!(matches!(put(body, length), Err(Problem::Body { .. })), "{body:?} {length}");
    }
}
