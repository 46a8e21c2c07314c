//! Checksums that travel after a chunked body. A client whose chunks are not signed relies on them alone.

use super::Problem;
use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wire::Call;

/// Checks that exactly the trailers announced in `x-amz-trailer` have come, and that checksums among them match `data`.
/// Errors: [`Problem::Body`].
pub(super) fn check(call: &Call, trailers: &[(String, String)], data: &[u8]) -> Result<(), Problem> {
    let announced = call.header("x-amz-trailer").unwrap_or_default().to_ascii_lowercase();
    let mut announced: Vec<&str> =
        announced.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut came: Vec<&str> = trailers.iter().map(|(name, _)| name.as_str()).collect();
    announced.sort_unstable();
    came.sort_unstable();
    if announced != came || came.is_empty() {
        return Err(Problem::body(format!("announced trailers {announced:?}, got {came:?}")));
    }
    for (name, value) in trailers {
        let Some(algorithm) = name.strip_prefix("x-amz-checksum-") else { continue };
        let Some(expected) = checksum(algorithm, data) else {
            return Err(Problem::body(format!(
                "we cannot check a trailing checksum of the kind {algorithm:?}"
            )));
        };
        if expected != *value {
            return Err(Problem::body(format!("the trailing checksum {algorithm} is not that of the body")));
        }
    }
    Ok(())
}

/// A checksum in base64; `None` for kinds that we do not know (CRC-32 and CRC-64/NVME).
fn checksum(algorithm: &str, data: &[u8]) -> Option<String> {
    Some(match algorithm {
        "sha256" => BASE64_STANDARD.encode(digest::digest(&digest::SHA256, data)),
        "sha1" => BASE64_STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data)),
        "crc32c" => BASE64_STANDARD.encode(crc32c::crc32c(data).to_be_bytes()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(announced: &str, trailers: &[(&str, &str)], data: &[u8]) -> Result<(), Problem> {
        let headers = vec![("x-amz-trailer".to_owned(), announced.to_owned())];
        let trailers: Vec<_> = trailers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        check(&Call { headers, ..Call::default() }, &trailers, data)
    }

    #[test]
    fn a_checksum_matches_its_body_and_no_other() {
        for (name, value) in [
            // CRC-32C of "123456789" is the check value e3069283 of its definition.
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
            ("x-amz-checksum-sha1", "98O8HYCOBHMqCCZZZTZAKAFALFA="),
        ] {
            let result = check_one(name, &[(name, value)], b"123456789");
            if name.ends_with("sha1") {
                assert!(result.is_err(), "a made-up checksum passed");
            } else {
                assert_eq!(result, Ok(()), "{name}");
            }
            assert!(check_one(name, &[(name, value)], b"12345678").is_err(), "{name}");
        }
    }

    #[test]
    fn trailers_are_those_announced() {
        let crc = ("x-amz-checksum-crc32c", "4waSgw==");
        assert!(check_one("", &[crc], b"123456789").is_err());
        assert!(check_one("x-amz-checksum-crc32c", &[], b"123456789").is_err());
        assert!(check_one("x-amz-checksum-crc32c,x-other", &[crc], b"123456789").is_err());
        assert!(check_one("x-amz-checksum-crc32c", &[crc, crc], b"123456789").is_err());
        assert!(check_one("X-Amz-Checksum-CRC32C", &[crc], b"123456789").is_ok());
        assert!(
            check_one("x-amz-checksum-crc32", &[("x-amz-checksum-crc32", "y/Q5Jg==")], b"123456789").is_err()
        );
    }
}
