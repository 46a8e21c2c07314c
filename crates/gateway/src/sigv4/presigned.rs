//! A signature in the query: a URL that works for its holder until it expires.
//!
//! ```text
//! ?…&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20150830%2Fus-east-1%2Fec2%2Faws4_request
//!   &X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host[&X-Amz-Security-Token=…]&X-Amz-Signature=<64 hex>
//! ```
//! Slashes of the credential come percent-encoded from most clients and bare from some.

use super::canonical::query_pairs;
use super::claim::{Claim, Form, Parts, bad_date, credential, signed_headers};
use super::{ALGORITHM, Problem, time};
use wire::Call;

/// Seven days. Source: IAM User Guide, "Signature Version 4 signing elements" (`X-Amz-Expires`).
pub(super) const EXPIRES_SECS_MAX: i64 = 7 * 24 * 3600;

const NAMES: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];
/// How many of them, from the front, every presigned URL has; `X-Amz-Expires` too, but AWS words its absence differently.
const REQUIRED: usize = 5;

/// The signing parameters of a query, decoded.
pub(super) struct Query {
    values: [Option<String>; NAMES.len()],
}

impl Query {
    /// `None` if the query is not signed. Errors: it cannot be decoded, or names a parameter twice.
    pub(super) fn of(call: &Call) -> Result<Option<Query>, Problem> {
        // Cheap test first: nearly every call has no query at all.
        if !call.query.contains("X-Amz-") && !call.query.contains('%') {
            return Ok(None);
        }
        let mut values = [const { None }; NAMES.len()];
        for (name, value) in query_pairs(&call.query)? {
            let Some(at) = NAMES.iter().position(|known| known.as_bytes() == name) else { continue };
            let value = String::from_utf8(value)
                .map_err(|_| Problem::Malformed(format!("the query parameter {} is not UTF-8", NAMES[at])))?;
            if values[at].replace(value).is_some() {
                return Err(Problem::incomplete(format!(
                    "AWS query-string parameter '{}' must not be given more than once.",
                    NAMES[at]
                )));
            }
        }
        // Algorithm, credential or signature make it a signed query; a stray date or token does not.
        Ok(values[..3].iter().any(Option::is_some).then_some(Query { values }))
    }

    /// Errors: [`Problem::Incomplete`].
    pub(super) fn claim(self) -> Result<Claim, Problem> {
        let missing: String = NAMES[..REQUIRED]
            .iter()
            .zip(&self.values)
            .filter(|(_, value)| value.as_deref().unwrap_or_default().is_empty())
            .map(|(name, _)| format!("AWS query-string parameters must include '{name}'. "))
            .collect();
        if !missing.is_empty() {
            return Err(Problem::incomplete(missing + "Re-examine the query-string parameters."));
        }
        let [algorithm, scope, signature, headers, date, expires, token] = self.values;
        let algorithm = algorithm.unwrap_or_default();
        if algorithm != ALGORITHM {
            return Err(Problem::incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        }
        let date = date.unwrap_or_default();
        Ok(Claim {
            form: Form::Presigned { expires_secs: expires_secs(expires.as_deref())? },
            parts: Parts {
                scope: credential(&scope.unwrap_or_default())?,
                signed_headers: signed_headers(&headers.unwrap_or_default())?,
                signature: signature.unwrap_or_default(),
            },
            signed: time::parse_basic(&date).ok_or_else(|| bad_date(&date))?,
            token,
        })
    }
}

/// 1 second to 7 days.
fn expires_secs(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else {
        return Err(Problem::incomplete(
            "AWS query-string parameters must include 'X-Amz-Expires'. Re-examine the query-string parameters.",
        ));
    };
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    match number {
        Some(secs) if (1..=EXPIRES_SECS_MAX).contains(&secs) => Ok(secs),
        Some(0) => Err(Problem::incomplete("X-Amz-Expires must be greater than 0")),
        _ if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => Err(Problem::incomplete(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given \
                                     X-Amz-Expires must be less than 604800 seconds",
        )),
        _ => Err(Problem::incomplete("X-Amz-Expires should be a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Action=DescribeVolumes&X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKID%2F20150830%2Fus-east-1%2Fec2%2Faws4_request&X-Amz-Date=20150830T123600Z\
        &X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-custom&X-Amz-Signature=5d67";

    fn read(query: &str) -> Result<Claim, Problem> {
        let call = Call { query: query.to_owned(), ..Call::default() };
        Query::of(&call)?.ok_or(Problem::Missing)?.claim()
    }

    fn refused(query: &str) -> String {
        match read(query) {
            Err(Problem::Incomplete(message)) => message,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn slashes_of_the_credential_may_be_encoded_or_not() {
        let claim = read(GOOD).unwrap();
        assert_eq!(claim.form, Form::Presigned { expires_secs: 3600 });
        assert_eq!(claim.parts.signed_headers, ["host", "x-custom"]);
        assert_eq!(claim.parts.scope.region, "us-east-1");
        assert_eq!(read(&GOOD.replace("%2F", "/").replace("X-Amz-Date", "X%2DAmz%2DDate")).unwrap(), claim);
    }

    #[test]
    fn a_query_without_a_signature_is_not_a_claim() {
        for query in
            ["", "Action=DescribeVolumes", "X-Amz-Date=20150830T123600Z", "x-amz-signature=1", "a=%41"]
        {
            assert_eq!(read(query), Err(Problem::Missing), "{query}");
        }
    }

    #[test]
    fn every_missing_parameter_is_named() {
        let message = refused("X-Amz-Signature=5d67");
        for name in ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date"] {
            assert!(message.contains(&format!("must include '{name}'")), "{message}");
        }
        assert!(
            !message.contains("'X-Amz-Signature'")
                && message.ends_with("Re-examine the query-string parameters.")
        );
        assert!(refused(&GOOD.replace("&X-Amz-Expires=3600", "")).contains("must include 'X-Amz-Expires'"));
    }

    #[test]
    fn expiry_is_one_second_to_seven_days() {
        let with = |expires: &str| GOOD.replace("Expires=3600", &format!("Expires={expires}"));
        for good in ["1", "604800"] {
            assert!(read(&with(good)).is_ok(), "{good}");
        }
        for bad in ["0", "604801", "-1", "+1", "1.5", "", "99999999999999999999", "3600x"] {
            assert!(refused(&with(bad)).contains("X-Amz-Expires"), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_in_one_way_only_is_refused() {
        assert!(refused(&format!("{GOOD}&X-Amz-Signature=00")).contains("more than once"));
        assert!(refused(&GOOD.replace("HMAC-SHA256", "HMAC-SHA512")).contains("Unsupported AWS 'algorithm'"));
        assert!(refused(&GOOD.replace("20150830T123600Z", "2015-08-30")).contains("basic format"));
        assert!(refused(&GOOD.replace("%2Faws4_request", "")).contains("exactly 5"));
        assert!(matches!(read(&GOOD.replace("%2F", "%2")), Err(Problem::Malformed(_))));
        assert!(matches!(read(&GOOD.replace("5d67", "%ff")), Err(Problem::Malformed(_))));
    }
}
