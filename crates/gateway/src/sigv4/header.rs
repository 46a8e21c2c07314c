//! The `Authorization` header.
//!
//! ```text
//! AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=<64 hex>
//! ```
//! Parts come in any order, separated by commas, spaces or both: clients differ.

use super::claim::{Parts, credential, signed_headers};
use super::{ALGORITHM, Problem};
use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Reads the header's value. `dated` tells whether the request has a date header, because AWS complains of all that is
/// missing in one message. Errors: [`Problem::Incomplete`].
pub(super) fn parse(value: &str, dated: bool) -> Result<Parts, Problem> {
    let value = value.trim();
    let (algorithm, rest) = value.split_once([' ', ',']).unwrap_or((value, ""));
    if !algorithm.starts_with("AWS4-") {
        // Basic, Bearer, or an old signature: AWS answers as if every part were missing.
        return Err(Problem::incomplete(missing(&[None, None, None], false, algorithm)));
    }
    if algorithm != ALGORITHM {
        return Err(Problem::incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
    }
    let [credential_text, signature, headers] = fields(value, rest)?;
    match (credential_text, signature, headers) {
        (Some(credential_text), Some(signature), Some(headers)) if dated => Ok(Parts {
            scope: credential(credential_text)?,
            signed_headers: signed_headers(headers)?,
            signature: signature.to_owned(),
        }),
        found => Err(Problem::incomplete(missing(&[found.0, found.1, found.2], dated, algorithm))),
    }
}

/// The values of `Credential`, `Signature` and `SignedHeaders`; empty ones count as missing. Other keys are ignored, as AWS
/// does.
fn fields<'a>(value: &str, rest: &'a str) -> Result<[Option<&'a str>; 3], Problem> {
    let mut found = [None; 3];
    for pair in rest.split([',', ' ', '\t']).filter(|pair| !pair.is_empty()) {
        let Some((name, text)) = pair.split_once('=') else {
            let hash = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, value.as_bytes()));
            return Err(Problem::incomplete(format!(
                "Invalid key=value pair (missing equal-sign) in Authorization header \
                 (hashed with SHA-256 and encoded with Base64): '{hash}'."
            )));
        };
        let at = match name {
            "Credential" => 0,
            "Signature" => 1,
            "SignedHeaders" => 2,
            _ => continue,
        };
        if found[at].replace(text).is_some() {
            return Err(Problem::incomplete(format!(
                "Authorization header has more than one '{name}' parameter."
            )));
        }
    }
    Ok(found.map(|text| text.filter(|text: &&str| !text.is_empty())))
}

fn missing(found: &[Option<&str>; 3], dated: bool, algorithm: &str) -> String {
    let mut text = String::new();
    for (name, value) in ["Credential", "Signature", "SignedHeaders"].iter().zip(found) {
        if value.is_none() {
            text.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    if !dated {
        text.push_str(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        );
    }
    // AWS echoes the whole header; the first word is enough to find the mistake and holds no signature.
    text + "Authorization=" + algorithm.get(..algorithm.len().min(32)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/ec2/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=5d67";

    fn refused(value: &str) -> String {
        match parse(value, true) {
            Err(Problem::Incomplete(message)) => message,
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn parts_may_come_in_any_order_and_with_any_separator() {
        let expected = parse(GOOD, true).unwrap();
        assert_eq!(expected.signed_headers, ["host", "x-amz-date"]);
        assert_eq!(expected.scope.service, "ec2");
        let credential = "Credential=AKID/20150830/us-east-1/ec2/aws4_request";
        for other in [
            format!("AWS4-HMAC-SHA256 {credential},SignedHeaders=host;x-amz-date,Signature=5d67"),
            format!("AWS4-HMAC-SHA256 Signature=5d67 SignedHeaders=x-amz-date;Host   {credential}"),
            format!(" AWS4-HMAC-SHA256\t{credential}, SignedHeaders=host;x-amz-date,, Signature=5d67 ")
                .replace("SHA256\t", "SHA256 \t"),
        ] {
            assert_eq!(parse(&other, true).unwrap(), expected, "{other}");
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let message = refused("AWS4-HMAC-SHA256 Signature=5d67");
        assert!(message.contains("requires 'Credential'") && message.contains("requires 'SignedHeaders'"));
        assert!(!message.contains("requires 'Signature'"), "{message}");
        let Err(Problem::Incomplete(message)) = parse(GOOD, false) else { panic!() };
        assert!(message.starts_with("Authorization header requires existence of either a 'X-Amz-Date'"));
    }

    #[test]
    fn what_is_not_a_signature_of_this_kind_is_refused() {
        assert!(refused("Basic Zm9vOmJhcg==").ends_with("Authorization=Basic"));
        assert!(refused("").contains("requires 'Signature'"));
        assert_eq!(refused("AWS4-HMAC-SHA1 Credential=x"), "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.");
        assert!(refused("AWS4-HMAC-SHA256 Credential").contains("missing equal-sign"));
        assert!(
            refused(&GOOD.replace("Credential=AKID/", "Credential= AKID/")).contains("missing equal-sign")
        );
        assert!(refused(&format!("{GOOD}, Signature=00")).contains("more than one 'Signature'"));
        assert!(refused(&GOOD.replace("us-east-1/", "")).contains("exactly 5 slash-delimited elements"));
        assert!(refused(&GOOD.replace("host;x-amz-date", "")).contains("requires 'SignedHeaders'"));
        assert!(refused(&GOOD.replace("host;", "host;;")).contains("empty"));
    }

    #[test]
    fn no_message_repeats_the_signature() {
        for value in [GOOD.replace("Signature=5d67", "5d67"), GOOD.replace("SignedHeaders=", "S=")] {
            assert!(!refused(&value).contains("5d67"), "{value}");
        }
    }
}
