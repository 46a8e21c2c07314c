//! Paths, queries and headers, as EBS direct reads them: `METHOD path?query`, header lines, a blank line, the body.

use super::requests::decode;
use crate::engine::Target;
use bytes::Bytes;
use wire::Call;
use wire::generated::ebs;

const SEEDS: [&str; 5] = [
    "GET /snapshots/snap-0123456789abcdef0/blocks/7?blockToken=AAA%3D\n\n",
    "GET /snapshots/snap-0123456789abcdef0/blocks?pageToken=x&maxResults=100&startingBlockIndex=3\n\n",
    "PUT /snapshots/snap-0123456789abcdef0/blocks/7\nx-amz-data-length: 524288\nx-amz-checksum: AA==\nx-amz-checksum-algorithm: SHA256\n\nbody",
    "POST /snapshots\n\n{\"VolumeSize\":8,\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}],\"Timeout\":60}",
    "POST /snapshots/completion/snap-0123456789abcdef0\nx-amz-changedblockscount: 3\nx-amz-checksum-aggregation-method: LINEAR\n\n",
];

const WORDS: [&[u8]; 8] =
    [b"/", b"%2F", b"?", b"&", b"=", b"\nx-amz-data-length: ", b"99999999999999999999", b"/blocks/"];

pub fn target() -> Target {
    Target {
        name: "rest",
        seeds: SEEDS.iter().map(|s| s.as_bytes().to_vec()).collect(),
        words: WORDS.to_vec(),
        length_max: 4096,
        memory_max: 16 << 20,
        run: Box::new(|input| decode(&ebs::SERVICE, &call(input))),
    }
}

fn call(input: &[u8]) -> Call {
    let text = String::from_utf8_lossy(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|l| l.split_once(' ')).unwrap_or(("GET", "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}
