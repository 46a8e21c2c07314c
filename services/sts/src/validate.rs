//! What texts of a request must look like. Source: STS API Reference, "Length Constraints" and "Pattern" of each member.

use base::Refusal;

/// STS's words for a value that is not as it must be.
pub fn constraint(member: &str, value: &str, must: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
        ),
    )
}

/// A text of `min` to `max` characters.
pub fn length(member: &str, value: &str, min: usize, max: usize) -> Result<(), Refusal> {
    match value.chars().count() {
        n if n > max => {
            Err(constraint(member, value, format_args!("have length less than or equal to {max}")))
        }
        n if n < min => {
            Err(constraint(member, value, format_args!("have length greater than or equal to {min}")))
        }
        _ => Ok(()),
    }
}

/// A text of `min` to `max` letters, digits, `_` and `more`.
pub fn word(member: &str, value: &str, min: usize, max: usize, more: &str) -> Result<(), Refusal> {
    length(member, value, min, max)?;
    if value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c)) {
        return Ok(());
    }
    let pattern = more.replace('/', "\\/");
    Err(constraint(member, value, format_args!("satisfy regular expression pattern: [\\w{pattern}]*")))
}

/// `word` of names of sessions and identities.
pub fn name(member: &str, value: &str, max: usize) -> Result<(), Refusal> {
    word(member, value, 2, max, "+=,.@-")
}

/// A device of multi-factor authentication: this server has none, so no code is the right one.
pub fn no_mfa(serial: Option<&String>, code: Option<&String>) -> Result<(), Refusal> {
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    let refusal = Refusal::new(
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    );
    Err(refusal.with_status(403).because("this server keeps no MFA devices, so no code can be the right one"))
}
