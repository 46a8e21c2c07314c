//! JSON bodies, as KMS, CloudTrail and our own control service read them. The first byte chooses the operation.

use super::requests::decode;
use crate::engine::Target;
use bytes::Bytes;
use wire::generated::{cloudtrail, kms, sealvol};
use wire::{Call, Service};

const SEEDS: [&str; 6] = [
    r#"{"KeyId":"alias/x","Plaintext":"aGVsbG8=","EncryptionContext":{"aws:ebs:id":"vol-1"},"GrantTokens":["t"],"DryRun":true}"#,
    r#"{"KeySpec":"SYMMETRIC_DEFAULT","Description":"\u00fc\ud83d\ude00","Tags":[{"TagKey":"a","TagValue":"b"}]}"#,
    r#"{"KeyId":"k","GranteePrincipal":"arn:aws:iam::1:root","Operations":["Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}}"#,
    r#"{"KeyId":"k","NumberOfBytes":64,"CiphertextBlob":"AQIDBA==","Limit":10,"Marker":"m"}"#,
    r#"{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"Decrypt"}],"StartTime":1.5e9,"EndTime":1700000000.123,"MaxResults":50}"#,
    r#"{"VolumeId":"vol-0123456789abcdef0","Id":"x"}"#,
];

const WORDS: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"1e999",
    b"-0.0",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"\"KeyId\":",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\"GrantTokens\":[",
];

pub fn target() -> Target {
    Target {
        name: "json",
        // Each body for several operations.
        seeds: (0..SEEDS.len() * 8)
            .map(|n| [&[n as u8 * 5], SEEDS[n % SEEDS.len()].as_bytes()].concat())
            .collect(),
        words: WORDS.to_vec(),
        length_max: 8192,
        memory_max: 16 << 20,
        run: Box::new(|input| {
            let Some((choice, body)) = input.split_first() else { return };
            let services: [&'static Service; 3] = [&kms::SERVICE, &cloudtrail::SERVICE, &sealvol::SERVICE];
            let all: Vec<_> =
                services.iter().flat_map(|s| s.operations.iter().map(move |o| (*s, o.name))).collect();
            let (service, name) = all[usize::from(*choice) % all.len()];
            let call = Call {
                method: "POST".into(),
                path: "/".into(),
                headers: vec![
                    ("content-type".into(), "application/x-amz-json-1.1".into()),
                    ("x-amz-target".into(), format!("{}.{name}", service.target_prefix)),
                ],
                body: Bytes::copy_from_slice(body),
                ..Default::default()
            };
            decode(service, &call);
        }),
    }
}
