//! The canonical form of a request: the one text that signer and verifier both hash.
//!
//! ```text
//! POST\n                                          method
//! /\n                                             path: dots resolved, each segment percent-encoded once more
//! a=1&b=2\n                                       query: decoded, encoded anew, sorted; without X-Amz-Signature
//! content-type:application/x-amz-json-1.1\n       each signed header: name, values trimmed and joined by commas
//! host:localhost:4566\n
//! \n
//! content-type;host\n                             names of the signed headers
//! e3b0c442…                                       hash of the body, or the word that stands for it
//! ```
//! "Once more": SDKs sign the path as it stands in the URL (already encoded) encoded again; only S3, which we do not serve,
//! is signed with single encoding. Source: IAM User Guide, "Create a signed AWS API request".

use super::Problem;
use aws_lc_rs::digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query parameter that cannot cover itself.
const SIGNATURE: &[u8] = b"X-Amz-Signature";

/// What the canonical form is made of.
pub(crate) struct Request<'a> {
    pub method: &'a str,
    /// Raw, as in the request line.
    pub path: &'a str,
    /// Raw, without the `?`.
    pub query: &'a str,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    /// Lower case and sorted.
    pub signed_headers: &'a [String],
    /// What stands for the body: its SHA-256 in hexadecimal, or `UNSIGNED-PAYLOAD` or such.
    pub payload: &'a str,
}

impl Request<'_> {
    /// The canonical form. Errors: [`Problem::Malformed`] if the query cannot be decoded.
    pub(crate) fn canonical(&self) -> Result<String, Problem> {
        let mut text = String::with_capacity(512);
        text.push_str(self.method);
        text.push('\n');
        push_path(&mut text, self.path);
        text.push('\n');
        push_query(&mut text, self.query)?;
        text.push('\n');
        for name in self.signed_headers {
            push_header(&mut text, name, self.headers);
        }
        text.push('\n');
        text.push_str(&self.signed_headers.join(";"));
        text.push('\n');
        text.push_str(self.payload);
        Ok(text)
    }
}

/// `AWS4-HMAC-SHA256 \n date \n scope \n hash of the canonical form`.
pub(crate) fn string_to_sign(date: &str, scope: &str, canonical: &str) -> String {
    format!("{}\n{date}\n{scope}\n{}", super::ALGORITHM, sha256_hex(canonical.as_bytes()))
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Resolves `.`, `..` and empty segments, then encodes each segment. A slash at the end stays.
fn push_path(text: &mut String, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    for segment in &segments {
        text.push('/');
        text.extend(percent_encode(segment.as_bytes(), ESCAPED));
    }
    if segments.is_empty() || path.ends_with('/') {
        text.push('/');
    }
}

fn push_query(text: &mut String, query: &str) -> Result<(), Problem> {
    let encode = |bytes: &[u8]| percent_encode(bytes, ESCAPED).to_string();
    let mut pairs: Vec<(String, String)> = query_pairs(query)?
        .into_iter()
        .filter(|(name, _)| name != SIGNATURE)
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    // By encoded name, then by encoded value.
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    Ok(())
}

/// A header that is not in the request counts as empty here; the verifier has refused it before.
fn push_header(text: &mut String, name: &str, headers: &[(String, String)]) {
    text.push_str(name);
    text.push(':');
    let values = headers.iter().filter(|(n, _)| n == name);
    for (index, (_, value)) in values.enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Runs of white space, line folds included, count as one space; none at the ends.
        for (index, word) in value.split_ascii_whitespace().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text.push('\n');
}

/// One decoded name and value of a query.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// The decoded names and values of a raw query, in order; `+` is a space, as in every form. Errors: a `%` without two
/// hexadecimal digits.
pub(crate) fn query_pairs(query: &str) -> Result<Vec<Pair>, Problem> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => {
                let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    return Err(Problem::Malformed(
                        "a % in the query is not followed by two hexadecimal digits".into(),
                    ));
                };
                // Two hexadecimal digits fit in a byte.
                bytes.push((high * 16 + low) as u8);
                rest = rest.get(2..).unwrap_or_default();
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(raw: &str) -> String {
        let mut text = String::new();
        push_path(&mut text, raw);
        text
    }

    fn query(raw: &str) -> Result<String, Problem> {
        let mut text = String::new();
        push_query(&mut text, raw).map(|()| text)
    }

    #[test]
    fn paths_are_resolved_and_encoded_once_more() {
        for (raw, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/a/..", "/"),
            ("/../../a", "/a"),
            ("//example//", "/example/"),
            ("/a%2Fb/c d", "/a%252Fb/c%20d"),
            ("/snapshots/snap-1/blocks/0", "/snapshots/snap-1/blocks/0"),
            ("*", "/%2A"),
        ] {
            assert_eq!(path(raw), canonical, "{raw}");
        }
    }

    #[test]
    fn queries_are_decoded_encoded_anew_and_sorted() {
        for (raw, canonical) in [
            ("", ""),
            ("&&", ""),
            ("b=2&a=1&a=0", "a=0&a=1&b=2"),
            ("a", "a="),
            ("a=b=c", "a=b%3Dc"),
            ("token=a%2fb+c%20d", "token=a%2Fb%20c%20d"),
            // By the encoded text: `%` sorts before letters.
            ("z=1&%C3%A4=2", "%C3%A4=2&z=1"),
            ("X-Amz-Signature=00&a=1&X%2DAmz-Signature=11", "a=1"),
        ] {
            assert_eq!(query(raw).unwrap(), canonical, "{raw}");
        }
        for bad in ["a=%", "a=%4", "a=%zz", "%4x=1", "a=%%41"] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn header_values_are_trimmed_folded_and_joined() {
        let headers =
            [("a", "  1   2 "), ("b", "x"), ("a", "\t3\r\n  4")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let mut text = String::new();
        push_header(&mut text, "a", &headers);
        push_header(&mut text, "none", &headers);
        assert_eq!(text, "a:1 2,3 4\nnone:\n");
    }
}
