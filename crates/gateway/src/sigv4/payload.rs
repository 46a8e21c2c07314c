//! What stands for the body in the canonical form.
//!
//! | `x-amz-content-sha256` | meaning | taken from |
//! |---|---|---|
//! | absent | SHA-256 of the body, calculated by both sides | every service |
//! | 64 hexadecimal digits | the same, declared; checked after the signature | every service |
//! | `UNSIGNED-PAYLOAD` | the body is not covered | restJson |
//! | `STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]` | each chunk has a signature of its own | restJson |
//! | `STREAMING-UNSIGNED-PAYLOAD-TRAILER` | chunked, a checksum at the end instead of signatures | restJson |
//!
//! Only operations that carry raw data may leave the body uncovered, and those are all restJson (EBS direct's
//! `PutSnapshotBlock`, which the aws CLI sends unsigned). A KMS or EC2 call with an uncovered body could be turned into another
//! call by whoever sees it pass, so there it is refused, as AWS does.

use super::{Problem, claim};
use wire::{Call, Protocol};

/// The header that says it.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// How the body is covered by the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Calculated,
    Declared(String),
    Unsigned,
    Chunked { signed: bool, trailer: bool },
}

impl Payload {
    /// Errors: [`Problem::Incomplete`] for a word nobody knows or a header given twice, [`Problem::Body`] for a form that this
    /// protocol does not take.
    pub(super) fn of(call: &Call, protocol: Protocol) -> Result<Payload, Problem> {
        let payload = match claim::only(call, CONTENT_SHA256)? {
            None => Payload::Calculated,
            Some("UNSIGNED-PAYLOAD") => Payload::Unsigned,
            Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") => Payload::Chunked { signed: true, trailer: false },
            Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") => {
                Payload::Chunked { signed: true, trailer: true }
            }
            Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => Payload::Chunked { signed: false, trailer: true },
            Some(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Payload::Declared(text.to_owned())
            }
            Some(other) => {
                let message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… value, or a valid sha256 value.";
                tracing::debug!(value = other, "unknown x-amz-content-sha256");
                return Err(Problem::incomplete(message));
            }
        };
        match payload {
            Payload::Calculated | Payload::Declared(_) => Ok(payload),
            _ if protocol == Protocol::RestJson => Ok(payload),
            _ => Err(Problem::body("this service takes no body that its signature does not cover")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: Option<&str>, protocol: Protocol) -> Result<Payload, Problem> {
        let headers = value.map(|v| (CONTENT_SHA256.to_owned(), v.to_owned())).into_iter().collect();
        Payload::of(&Call { headers, ..Call::default() }, protocol)
    }

    #[test]
    fn only_data_operations_may_leave_the_body_uncovered() {
        for word in
            ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]
        {
            assert!(of(Some(word), Protocol::RestJson).is_ok(), "{word}");
            for protocol in [Protocol::Ec2Query, Protocol::AwsQuery, Protocol::AwsJson11] {
                assert!(matches!(of(Some(word), protocol), Err(Problem::Body { .. })), "{word}");
            }
        }
    }

    #[test]
    fn a_declared_hash_is_64_hexadecimal_digits_and_nothing_else() {
        let hash = "0".repeat(64);
        assert_eq!(of(Some(&hash), Protocol::Ec2Query), Ok(Payload::Declared(hash)));
        assert_eq!(of(None, Protocol::Ec2Query), Ok(Payload::Calculated));
        for bad in ["", "required", "unsigned-payload", &"0".repeat(63), &"g".repeat(64), "STREAMING-PAYLOAD"]
        {
            assert!(matches!(of(Some(bad), Protocol::RestJson), Err(Problem::Incomplete(_))), "{bad}");
        }
    }
}
