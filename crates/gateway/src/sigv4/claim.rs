//! What a request claims about itself before anything is believed: who signed it, when, for what, and over which headers.

use super::scope::CredentialScope;
use super::time::parse_date_header;
use super::{Problem, header, presigned, time};
use base::Timestamp;
use wire::Call;

/// More signed headers than any client sends; keeps the canonical form's work bounded.
const SIGNED_HEADERS_MAX: usize = 100;

/// How the signature travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the `Authorization` header; good for fifteen minutes either way.
    Header,
    /// In the query; good for so many seconds from its date.
    Presigned { expires_secs: i64 },
}

/// The three parts that both forms have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub scope: CredentialScope,
    /// Lower case, sorted, no duplicates.
    pub signed_headers: Vec<String>,
    /// As sent: 64 hexadecimal digits if it is to have a chance.
    pub signature: String,
}

/// A whole claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub form: Form,
    pub parts: Parts,
    pub signed: Timestamp,
    pub token: Option<String>,
}

impl Claim {
    /// Errors: [`Problem::Missing`], [`Problem::Incomplete`], [`Problem::Malformed`].
    pub(crate) fn read(call: &Call) -> Result<Claim, Problem> {
        let authorization = only(call, "authorization")?;
        let query = presigned::Query::of(call)?;
        match (authorization, query) {
            (None, None) => Err(Problem::Missing),
            (Some(_), Some(_)) => Err(Problem::incomplete(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header \
                 should be specified",
            )),
            (Some(value), None) => Self::from_header(call, value),
            (None, Some(query)) => query.claim(),
        }
    }

    fn from_header(call: &Call, value: &str) -> Result<Claim, Problem> {
        let x_amz_date = only(call, "x-amz-date")?;
        let date = only(call, "date")?;
        let parts = header::parse(value, x_amz_date.is_some() || date.is_some())?;
        let signed = match (x_amz_date, date) {
            (Some(text), _) => time::parse_basic(text),
            (None, Some(text)) => parse_date_header(text),
            (None, None) => None,
        };
        let signed = signed.ok_or_else(|| bad_date(x_amz_date.or(date).unwrap_or_default()))?;
        let token = only(call, "x-amz-security-token")?.map(str::to_owned);
        Ok(Claim { form: Form::Header, parts, signed, token })
    }
}

/// AWS's words for a date that cannot be read.
pub(super) fn bad_date(text: &str) -> Problem {
    Problem::incomplete(format!(
        "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

/// A header that may be there once: with two, signer and reader could each take another one.
pub(super) fn only<'a>(call: &'a Call, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = call.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (_, Some(_)) => {
            Err(Problem::incomplete(format!("The header '{name}' must not be given more than once.")))
        }
        (value, None) => Ok(value),
    }
}

/// Reads `AKID/date/region/service/aws4_request`.
pub(super) fn credential(text: &str) -> Result<CredentialScope, Problem> {
    CredentialScope::parse(text).ok_or_else(|| {
        Problem::incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{text}'"
        ))
    })
}

/// Reads `host;x-amz-date` into lower case and canonical order.
pub(super) fn signed_headers(text: &str) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = text.split(';').map(str::to_ascii_lowercase).collect();
    if names.iter().any(String::is_empty) {
        return Err(Problem::incomplete("SignedHeaders has an empty element."));
    }
    if names.len() > SIGNED_HEADERS_MAX {
        return Err(Problem::incomplete(format!(
            "SignedHeaders has more than {SIGNED_HEADERS_MAX} elements."
        )));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
