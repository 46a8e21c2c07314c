//! AWS's words for each problem, per protocol.
//!
//! | problem | ec2Query | awsQuery | awsJson | restJson |
//! |---|---|---|---|---|
//! | missing | `MissingParameter` 400 | `MissingAuthenticationToken` 403 | `MissingAuthenticationTokenException` 400 | … 403 |
//! | incomplete | `IncompleteSignature` 400 | `IncompleteSignature` 400 | `IncompleteSignatureException` 400 | … 400 |
//! | unknown key, token | `AuthFailure` 403 | `InvalidClientTokenId` 403 | `UnrecognizedClientException` 400 | … 403 |
//! | token expired | `RequestExpired` 400 | `ExpiredToken` 403 | `ExpiredTokenException` 400 | … 403 |
//! | skew, expiry | `RequestExpired` 400 | `SignatureDoesNotMatch` 403 | `InvalidSignatureException` 400 | … 403 |
//! | anything signed | `AuthFailure` 403 | `SignatureDoesNotMatch` 403 | `InvalidSignatureException` 400 | … 403 |
//!
//! Source: EC2 API Reference "Error codes for the Amazon EC2 API"; STS and KMS API References "Common Errors"; statuses and texts
//! as AWS's answers show them in public reports (EC2's `AuthFailure` is 403, as its API reference groups it).

use super::Problem;
use super::time::{SKEW_MAX_SECS, format_basic};
use base::{Refusal, Timestamp};
use std::time::Duration;
use wire::Protocol;

const NOT_VALIDATED: &str = "AWS was not able to validate the provided access credentials";
const TOKEN_INVALID: &str = "The security token included in the request is invalid.";
const TOKEN_EXPIRED: &str = "The security token included in the request is expired";
const NO_MATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                        Access Key and signing method. Consult the service documentation for details.";
const EC2_EXPIRED: &str = "Request has expired.";

impl Problem {
    /// The refusal that AWS answers with in this protocol, with a reason that says exactly what differed.
    pub(crate) fn refusal(&self, protocol: Protocol) -> Refusal {
        let family = self.family();
        let (code, status) = family.code(protocol);
        let message = self.message(protocol);
        Refusal::new(code, message).with_status(status).because(self.reason())
    }

    fn family(&self) -> Family {
        match self {
            Problem::Missing => Family::Missing,
            Problem::Incomplete(_) => Family::Incomplete,
            Problem::Malformed(_) => Family::Malformed,
            Problem::UnknownKey { .. } | Problem::Token(_) => Family::UnknownKey,
            Problem::TokenExpired { .. } => Family::TokenExpired,
            Problem::Expired { .. } | Problem::NotYet { .. } => Family::Time,
            Problem::Foreign { .. }
            | Problem::NotSigned { .. }
            | Problem::Mismatch { .. }
            | Problem::Body { .. } => Family::Signature,
            Problem::TooLarge { .. } => Family::TooLarge,
            Problem::SlowBody { .. } => Family::Slow,
            Problem::Busy => Family::Busy,
        }
    }

    fn message(&self, protocol: Protocol) -> String {
        let ec2 = protocol == Protocol::Ec2Query;
        match self {
            Problem::Missing if ec2 => "The request must contain the parameter AWSAccessKeyId".into(),
            Problem::Missing => "Request is missing Authentication Token".into(),
            Problem::Incomplete(text) | Problem::Malformed(text) => text.clone(),
            Problem::Foreign { message, .. } => message.clone(),
            Problem::NotSigned { header } if header == "host" => {
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()
            }
            Problem::NotSigned { header } => {
                format!("'{header}' must be a 'SignedHeader' in the AWS Authorization.")
            }
            Problem::Expired { .. } | Problem::NotYet { .. } | Problem::TokenExpired { .. } if ec2 => {
                EC2_EXPIRED.into()
            }
            Problem::TokenExpired { .. } => TOKEN_EXPIRED.into(),
            Problem::Expired { signed, now, window_secs } => expired(*signed, *now, *window_secs),
            Problem::NotYet { signed, now } => not_yet(*signed, *now),
            Problem::UnknownKey { .. }
            | Problem::Token(_)
            | Problem::Mismatch { .. }
            | Problem::Body { .. }
                if ec2 =>
            {
                NOT_VALIDATED.into()
            }
            Problem::UnknownKey { .. } | Problem::Token(_) => TOKEN_INVALID.into(),
            Problem::Mismatch { .. } | Problem::Body { .. } => NO_MATCH.into(),
            Problem::TooLarge { bytes_max } => {
                format!("Request body is larger than the {bytes_max} bytes that are accepted.")
            }
            Problem::SlowBody { .. } => "The request body was not received in time.".into(),
            Problem::Busy => "The request has failed due to a temporary failure of the server.".into(),
        }
    }

    fn reason(&self) -> String {
        match self {
            Problem::Missing => {
                "the request has neither an Authorization header nor X-Amz-Signature in its query".into()
            }
            Problem::Incomplete(text) => format!("the signature cannot be read: {text}"),
            Problem::Malformed(text) => format!("the request cannot be read: {text}"),
            Problem::UnknownKey { access_key_id } => format!("there is no access key {access_key_id:?} here"),
            Problem::Token(what) => (*what).to_owned(),
            Problem::TokenExpired { ended, now } => {
                format!("the temporary credentials ended {} seconds ago", now.secs() - ended.secs())
            }
            Problem::Foreign { reason, .. } => reason.clone(),
            Problem::NotSigned { header } => {
                format!(
                    "the header {header:?} is not among the SignedHeaders, so it could have been changed on its way"
                )
            }
            Problem::Expired { signed, now, window_secs } => {
                let age = now.secs() - signed.secs();
                format!("signed {age} seconds ago by our clock; it was good for {window_secs} seconds")
            }
            Problem::NotYet { signed, now } => {
                let ahead = signed.secs() - now.secs();
                format!("signed {ahead} seconds ahead of our clock; {SKEW_MAX_SECS} are allowed")
            }
            Problem::Mismatch { reason } | Problem::Body { reason } | Problem::SlowBody { reason } => {
                reason.clone()
            }
            Problem::TooLarge { bytes_max } => format!("the body is longer than {bytes_max} bytes"),
            Problem::Busy => "too many request bodies are being received at once".into(),
        }
    }
}

/// What shares a code.
#[derive(Clone, Copy)]
enum Family {
    Missing,
    Incomplete,
    Malformed,
    UnknownKey,
    TokenExpired,
    Time,
    Signature,
    TooLarge,
    Slow,
    Busy,
}

impl Family {
    /// Code and HTTP status.
    fn code(self, protocol: Protocol) -> (&'static str, u16) {
        match protocol {
            Protocol::Ec2Query => self.ec2(),
            Protocol::AwsQuery => self.query(),
            Protocol::AwsJson11 => (self.json(), self.transport_status().unwrap_or(400)),
            Protocol::RestJson => {
                let status = if matches!(self, Family::Incomplete | Family::Malformed) { 400 } else { 403 };
                (self.json(), self.transport_status().unwrap_or(status))
            }
        }
    }

    fn ec2(self) -> (&'static str, u16) {
        match self {
            Family::Missing => ("MissingParameter", 400),
            Family::TokenExpired | Family::Time => ("RequestExpired", 400),
            Family::UnknownKey | Family::Signature => ("AuthFailure", 403),
            Family::Busy => ("Unavailable", 503),
            other => other.query(),
        }
    }

    fn query(self) -> (&'static str, u16) {
        match self {
            Family::Missing => ("MissingAuthenticationToken", 403),
            Family::Incomplete => ("IncompleteSignature", 400),
            Family::Malformed => ("MalformedQueryString", 400),
            Family::UnknownKey => ("InvalidClientTokenId", 403),
            Family::TokenExpired => ("ExpiredToken", 403),
            Family::Time | Family::Signature => ("SignatureDoesNotMatch", 403),
            Family::TooLarge => ("RequestEntityTooLarge", 413),
            Family::Slow => ("RequestTimeout", 408),
            Family::Busy => ("ServiceUnavailable", 503),
        }
    }

    fn json(self) -> &'static str {
        match self {
            Family::Missing => "MissingAuthenticationTokenException",
            Family::Incomplete => "IncompleteSignatureException",
            Family::Malformed => "SerializationException",
            Family::UnknownKey => "UnrecognizedClientException",
            Family::TokenExpired => "ExpiredTokenException",
            Family::Time | Family::Signature => "InvalidSignatureException",
            Family::TooLarge => "RequestEntityTooLargeException",
            Family::Slow => "RequestTimeoutException",
            Family::Busy => "ServiceUnavailableException",
        }
    }

    /// The status that HTTP itself gives to a problem of transport, the same in every protocol.
    fn transport_status(self) -> Option<u16> {
        match self {
            Family::TooLarge => Some(413),
            Family::Slow => Some(408),
            Family::Busy => Some(503),
            _ => None,
        }
    }
}

fn expired(signed: Timestamp, now: Timestamp, window_secs: i64) -> String {
    let limit = now.minus(Duration::from_secs(window_secs.unsigned_abs()));
    let window = match window_secs {
        secs if secs % 60 == 0 => format!("{} min.", secs / 60),
        secs => format!("{secs} sec."),
    };
    format!(
        "Signature expired: {} is now earlier than {} ({} - {window})",
        format_basic(signed),
        format_basic(limit),
        format_basic(now)
    )
}

fn not_yet(signed: Timestamp, now: Timestamp) -> String {
    let limit = now.plus(Duration::from_secs(SKEW_MAX_SECS.unsigned_abs()));
    format!(
        "Signature not yet current: {} is still later than {} ({} + {} min.)",
        format_basic(signed),
        format_basic(limit),
        format_basic(now),
        SKEW_MAX_SECS / 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOCOLS: [Protocol; 4] =
        [Protocol::Ec2Query, Protocol::AwsQuery, Protocol::AwsJson11, Protocol::RestJson];

    fn codes(problem: &Problem) -> Vec<(String, u16)> {
        let refusals = PROTOCOLS.map(|protocol| problem.refusal(protocol));
        refusals.iter().map(|refusal| (refusal.code.to_string(), refusal.status)).collect()
    }

    fn pairs(expected: [(&str, u16); 4]) -> Vec<(String, u16)> {
        expected.map(|(code, status)| (code.to_owned(), status)).to_vec()
    }

    #[test]
    fn each_protocol_has_its_own_code_and_status() {
        let missing = [
            ("MissingParameter", 400),
            ("MissingAuthenticationToken", 403),
            ("MissingAuthenticationTokenException", 400),
            ("MissingAuthenticationTokenException", 403),
        ];
        assert_eq!(codes(&Problem::Missing), pairs(missing));
        let unknown = [
            ("AuthFailure", 403),
            ("InvalidClientTokenId", 403),
            ("UnrecognizedClientException", 400),
            ("UnrecognizedClientException", 403),
        ];
        assert_eq!(codes(&Problem::UnknownKey { access_key_id: "AKID".into() }), pairs(unknown));
        let mismatch = [
            ("AuthFailure", 403),
            ("SignatureDoesNotMatch", 403),
            ("InvalidSignatureException", 400),
            ("InvalidSignatureException", 403),
        ];
        assert_eq!(codes(&Problem::mismatch("x")), pairs(mismatch));
        assert_eq!(codes(&Problem::body("x")), pairs(mismatch));
        let late = Problem::Expired {
            signed: Timestamp::from_secs(0),
            now: Timestamp::from_secs(901),
            window_secs: 900,
        };
        let time = [("RequestExpired", 400), mismatch[1], mismatch[2], mismatch[3]];
        assert_eq!(codes(&late), pairs(time));
        assert!(codes(&Problem::TooLarge { bytes_max: 1 }).iter().all(|(_, status)| *status == 413));
        assert!(codes(&Problem::Busy).iter().all(|(_, status)| *status == 503));
    }

    #[test]
    fn times_are_written_as_aws_writes_them() {
        let now = super::super::time::parse_basic("20140325T145251Z").unwrap();
        let late = Problem::Expired { signed: now.minus(Duration::from_secs(1078)), now, window_secs: 900 };
        assert_eq!(
            late.refusal(Protocol::AwsJson11).message,
            "Signature expired: 20140325T143453Z is now earlier than 20140325T143751Z (20140325T145251Z - 15 min.)"
        );
        assert_eq!(late.refusal(Protocol::Ec2Query).message, "Request has expired.");
        let early = Problem::NotYet { signed: now.plus(Duration::from_secs(960)), now };
        assert_eq!(
            early.refusal(Protocol::AwsQuery).message,
            "Signature not yet current: 20140325T150851Z is still later than 20140325T150751Z (20140325T145251Z + 15 min.)"
        );
        assert_eq!(
            early.refusal(Protocol::AwsQuery).reason,
            "signed 960 seconds ahead of our clock; 900 are allowed"
        );
    }
}
