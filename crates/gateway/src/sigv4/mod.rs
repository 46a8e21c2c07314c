//! AWS Signature Version 4, the server's half: who signed this call, and is it whole?
//!
//! ```text
//! Authorization header ─ header ─┐                    ┌─ canonical ─ what was signed
//! X-Amz-… in the query ─ presigned ─▶ claim ─ verify ─┼─ keys ────── with which derived key
//!                                                     └─ payload ─── and which body (chunked: piece by piece)
//! problem ─ every way to fail ─ errors ─ AWS's code, message and status for it in each protocol
//! ```
//! Source: IAM User Guide, "AWS Signature Version 4 for API requests"; error texts as AWS's services answer them.

pub(crate) mod canonical;
mod chunked;
pub(crate) mod claim;
mod errors;
mod header;
mod payload;
mod presigned;
pub(crate) mod problem;
pub(crate) mod scope;
pub(crate) mod signing_key;
pub(crate) mod time;
mod trailer;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use payload::CONTENT_SHA256;
pub(crate) use problem::Problem;
pub(crate) use verify::{Stopped, Verifier, claimed_scope};

/// The only algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last element of every credential scope.
pub(crate) const TERMINATOR: &str = "aws4_request";
