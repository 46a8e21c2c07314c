//! Every way in which a call can fail to say who sent it, with what a person needs to find the mistake. No variant holds a
//! secret or a signature that would be valid.

use base::Timestamp;

/// Why a call was stopped before its caller was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No signature at all, neither in the header nor in the query.
    Missing,
    /// A signature that lacks a part or has one that cannot be read. AWS's text.
    Incomplete(String),
    /// The request itself cannot be read in one way only, so nothing can be said of its signature.
    Malformed(String),
    /// No access key of this id.
    UnknownKey { access_key_id: String },
    /// The session token is missing, wrong, or there is none for this key.
    Token(&'static str),
    /// Temporary credentials past their end.
    TokenExpired { ended: Timestamp, now: Timestamp },
    /// Signed for something else than what it is used for: service, Region, date, terminator. AWS's text.
    Foreign { message: String, reason: String },
    /// A header that must be covered by the signature is not. AWS's text and ours.
    NotSigned { header: String },
    /// Signed longer ago than `window_secs`: fifteen minutes, or what a presigned URL says.
    Expired { signed: Timestamp, now: Timestamp, window_secs: i64 },
    /// Signed in the future, more than the skew allows.
    NotYet { signed: Timestamp, now: Timestamp },
    /// The signature is not the one we calculate. What differed, as far as can be told.
    Mismatch { reason: String },
    /// The signature is good but the body is not the one that was signed.
    Body { reason: String },
    /// The body is longer than we take.
    TooLarge { bytes_max: usize },
    /// The body did not arrive in time, or not at all.
    SlowBody { reason: String },
    /// Too many bodies are being received at once.
    Busy,
}

impl Problem {
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Problem::Incomplete(message.into())
    }

    pub(crate) fn mismatch(reason: impl Into<String>) -> Self {
        Problem::Mismatch { reason: reason.into() }
    }

    pub(crate) fn body(reason: impl Into<String>) -> Self {
        Problem::Body { reason: reason.into() }
    }
}
