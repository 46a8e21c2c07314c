//! Policy documents, read and asked. The first byte chooses the kind of document; what can be read is asked about requests whose
//! resource and keys come from the document itself, so that its patterns meet texts that nearly fit.

use crate::engine::Target;
use rules::iam::{Asker, AskerKind, Context, Policy, PolicyType, Verdict};

const SEEDS: [&str; 6] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"ec2:*","Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":["kms:De*","kms:?ist*"],"NotResource":"arn:aws:kms:*:*:key/${aws:username}*","Condition":{"StringNotLike":{"kms:ViaService":["ec2.*.amazonaws.com","${kms:X, 'y'}"]}}}}"#,
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","444455556666"]},"Action":"kms:*","Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333","Service":"ec2.amazonaws.com"},"Action":"kms:CreateGrant","Condition":{"Bool":{"kms:GrantIsForAWSResource":true},"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]},"Null":{"aws:TagKeys":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"NumericLessThanEquals":{"ec2:VolumeSize":100}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":["arn:aws:iam::*:user/${aws:username}","arn:aws:s3:::a${*}b"],"Condition":{"ArnLikeIfExists":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"},"ForAnyValue:BinaryEquals":{"x:y":"QQ=="},"StringEqualsIgnoreCase":{"a":"\u00dc"}}}]}"#,
];

const WORDS: [&[u8]; 24] = [
    b"\"Effect\":\"Deny\",",
    b"\"NotAction\":",
    b"\"NotResource\":",
    b"\"NotPrincipal\":",
    b"\"Condition\":{",
    b"ForAllValues:",
    b"ForAnyValue:",
    b"IfExists",
    b"${aws:username}",
    b"${aws:username, '*'}",
    b"${*}",
    b"${",
    b"*a*a*a*a*a*a*a*a",
    b"????????",
    b"arn:aws:iam::111122223333:root",
    b"AROAEXAMPLE:s",
    b"2012-10-17",
    b"\"DateEquals\":{\"a\":\"",
    b"-292275054-12-31T23:59:59.999999999+23:59",
    b"\"IpAddress\":{\"aws:SourceIp\":\"::/0\"}",
    b"\\ud83d\\ude00",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"true",
    b"1e999",
];

pub fn target() -> Target {
    Target {
        name: "policy",
        seeds: (0..SEEDS.len() * 4)
            .map(|n| [&[n as u8], SEEDS[n % SEEDS.len()].as_bytes()].concat())
            .collect(),
        words: WORDS.to_vec(),
        length_max: 8192,
        memory_max: 16 << 20,
        run: Box::new(run),
    }
}

fn run(input: &[u8]) {
    let Some((choice, text)) = input.split_first() else { return };
    let kinds = [PolicyType::Identity, PolicyType::Trust, PolicyType::Key, PolicyType::Control];
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(policy) = Policy::parse(text, kinds[usize::from(*choice) % kinds.len()]) else { return };
    let quoted: Vec<&str> = text.split('"').collect();
    let piece = |at: usize| quoted.get(at % quoted.len()).copied().unwrap_or_default();
    let mut context = Context::default();
    for (at, key) in policy.condition_keys().iter().enumerate() {
        match at % 3 {
            0 => context.set(key, piece(at + usize::from(*choice))),
            1 => context.set_all(key, [piece(at).to_owned(), "Decrypt".to_owned()]),
            _ => context.add_spelling(key, piece(at * 2)),
        }
    }
    let askers = [
        (AskerKind::User, "arn:aws:iam::111122223333:user/ann", None),
        (
            AskerKind::RoleSession,
            "arn:aws:sts::111122223333:assumed-role/x/s",
            Some("arn:aws:iam::111122223333:role/x"),
        ),
        (AskerKind::Service, "ec2.amazonaws.com", None),
    ];
    for (kind, arn, issuer_arn) in askers {
        let asker = Asker { kind, arn, issuer_arn, account: "111122223333" };
        for (action, resource) in [("kms:CreateGrant", "*"), (piece(5), piece(9)), ("ec2:CreateVolume", text)]
        {
            let said = policy.ask(&asker, action, resource, &context);
            // What is said of a request must fit what is listed for it.
            let matching = policy.matching(&asker, action, resource, &context);
            let denied = matching.iter().any(|one| one.effect == rules::iam::Effect::Deny);
            assert_eq!(denied, matches!(said, Verdict::Denied(_)));
            assert_eq!(matching.is_empty(), matches!(said, Verdict::Silent(_)));
        }
    }
    policy.principals();
    policy.missing_keys(&context);
}
