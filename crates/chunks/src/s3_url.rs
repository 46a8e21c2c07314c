//! `s3://bucket/prefix?endpoint=...&region=...&style=...`, read strictly: a mistyped parameter that is ignored would put
//! snapshots somewhere else.

use crate::StoreError;
use percent_encoding::percent_decode_str;

/// Longest prefix: with the longest name it stays below S3's 1,024 bytes for a key.
const PREFIX_MAX: usize = 512;

/// Where an S3 store is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct S3Url {
    pub bucket: String,
    /// Put before every name with a `/` between; may be empty.
    pub prefix: String,
    /// `http://` or `https://`, host, perhaps a port and a path. `None`: Amazon's own.
    pub endpoint: Option<String>,
    pub region: String,
    /// The bucket is part of the host name.
    pub virtual_style: bool,
}

impl S3Url {
    pub fn parse(url: &str) -> Result<S3Url, StoreError> {
        let rest = url.strip_prefix("s3://").ok_or_else(|| refused("an S3 store begins with s3://"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let mut parsed = S3Url {
            bucket: checked("bucket", bucket, is_bucket)?,
            prefix: checked("prefix", prefix, is_prefix)?,
            endpoint: None,
            // What Amazon and nearly all others take when nothing is said.
            region: "us-east-1".to_owned(),
            virtual_style: false,
        };
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (parameter, value) = pair.split_once('=').unwrap_or((pair, ""));
            if seen.contains(&parameter) {
                return Err(refused(&format!("{parameter} is given twice")));
            }
            seen.push(parameter);
            parsed.set(parameter, value)?;
        }
        Ok(parsed)
    }

    fn set(&mut self, parameter: &str, value: &str) -> Result<(), StoreError> {
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| refused(&format!("{parameter} is not UTF-8")))?;
        match parameter {
            "endpoint" => {
                let endpoint = value.strip_suffix('/').unwrap_or(&value);
                self.endpoint = Some(checked("endpoint", endpoint, is_endpoint)?);
            }
            "region" => self.region = checked("region", &value, is_region)?,
            "style" => {
                self.virtual_style = match &*value {
                    "path" => false,
                    "virtual" => true,
                    _ => return Err(refused("style is path or virtual")),
                }
            }
            other => {
                return Err(refused(&format!("unknown parameter {other}: use endpoint, region or style")));
            }
        }
        Ok(())
    }
}

fn refused(what: &str) -> StoreError {
    StoreError::Refused(format!("chunk store: {what}"))
}

fn checked(what: &str, value: &str, good: fn(&str) -> bool) -> Result<String, StoreError> {
    // Not the value: somebody may have written credentials into it.
    if good(value) { Ok(value.to_owned()) } else { Err(refused(&format!("the {what} is malformed"))) }
}

/// S3's general rules for bucket names: 3 to 63 of `a-z 0-9 . -`, a letter or digit at both ends.
fn is_bucket(text: &str) -> bool {
    let outer = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| outer(*b) || *b == b'-' || *b == b'.')
        && [bytes.first(), bytes.last()].into_iter().flatten().all(|b| outer(*b))
        && !text.contains("..")
}

/// Segments of characters that need no escaping anywhere.
fn is_prefix(text: &str) -> bool {
    let segment = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    text.is_empty() || (text.len() <= PREFIX_MAX && text.split('/').all(segment))
}

fn is_region(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]/~".contains(&b);
    // No user, password, query or fragment: their signs are not among the plain ones.
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':']) && rest.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let url =
            "s3://my.bucket-1/some/Prefix_1/?endpoint=http%3A%2F%2F[::1]:9000/&region=garage&style=virtual";
        let expected = S3Url {
            bucket: "my.bucket-1".to_owned(),
            prefix: "some/Prefix_1".to_owned(),
            endpoint: Some("http://[::1]:9000".to_owned()),
            region: "garage".to_owned(),
            virtual_style: true,
        };
        assert_eq!(S3Url::parse(url).unwrap(), expected);
        let plain = S3Url::parse("s3://bucket").unwrap();
        assert_eq!((&*plain.prefix, &*plain.region, plain.virtual_style), ("", "us-east-1", false));
    }

    #[test]
    fn malformed_parts_are_refused_by_name_and_never_repeated() {
        for (url, named) in [
            ("s3://Bucket", "bucket"),
            ("s3://ab", "bucket"),
            ("s3://-bucket", "bucket"),
            ("s3://AKIA:hunter2@bucket", "bucket"),
            ("s3://buc..ket", "bucket"),
            ("s3://bucket//x", "prefix"),
            ("s3://bucket/../x", "prefix"),
            ("s3://bucket/a b", "prefix"),
            ("s3://bucket/%2e%2e", "prefix"),
            ("s3://bucket?endpoint=", "endpoint"),
            ("s3://bucket?endpoint=127.0.0.1:9000", "endpoint"),
            ("s3://bucket?endpoint=ftp://host", "endpoint"),
            ("s3://bucket?endpoint=http://", "endpoint"),
            ("s3://bucket?endpoint=http://AKIA:hunter2@host", "endpoint"),
            ("s3://bucket?endpoint=http://host?x", "endpoint"),
            ("s3://bucket?endpoint=%ff", "endpoint"),
            ("s3://bucket?region=", "region"),
            ("s3://bucket?region=a/b", "region"),
            ("s3://bucket?region=a&region=b", "region"),
            ("s3://bucket?style=round", "style"),
            ("s3://bucket?Region=a", "Region"),
            ("s3://bucket?access_key=hunter2", "access_key"),
        ] {
            let why = S3Url::parse(url).unwrap_err().to_string();
            assert!(why.contains(named) && !why.contains("hunter2"), "{url}: {why}");
        }
    }
}
