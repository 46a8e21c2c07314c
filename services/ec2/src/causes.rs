//! From KMS's refusal to the `cause` of an EBS event: the key's ARN and what is wrong with it, in one short sentence. Wording: EBS User
//! Guide, "EventBridge events for EBS" (disabled, pending import, pending deletion); the others in the same form. What is kept for
//! `sealvol explain` adds which policy or statement decided.

use base::Refusal;

/// The cause to tell for a refused KMS call on `key_arn`.
pub fn of(refusal: &Refusal, key_arn: &str) -> String {
    match refusal.code.as_ref() {
        // KMS's own message is already `<key arn> is disabled.` or `<key arn> is pending deletion.`
        "DisabledException" | "KMSInvalidStateException" => refusal.message.clone(),
        "NotFoundException" => format!("{key_arn} does not exist."),
        "InvalidKeyUsageException" | "UnsupportedOperationException" => {
            format!("{key_arn} is not a symmetric encryption key.")
        }
        "AccessDeniedException" => match (missing(&refusal.message), permission_in(&refusal.reason)) {
            (Some((permission, key)), _) => format!("{key} cannot be used: {permission} is not allowed."),
            // KMS does not say it of a ciphertext whose key is another account's; its reason does.
            (None, Some(permission)) => format!("{key_arn} cannot be used: {permission} is not allowed."),
            (None, None) => format!("{key_arn} cannot be used: it is not allowed."),
        },
        // The host's word on a store that it cannot open; no key is to blame.
        "IncorrectState" => refusal.reason.clone(),
        _ => format!("{key_arn} cannot be used: {}", refusal.reason),
    }
}

/// The same with why, for `sealvol explain`.
pub fn in_full(refusal: &Refusal, key_arn: &str) -> String {
    let cause = of(refusal, key_arn);
    match refusal.code.as_ref() {
        "AccessDeniedException" if !refusal.reason.is_empty() => format!("{cause} {}", refusal.reason),
        _ => cause,
    }
}

/// The permission that a denial names, and on what: "… is not authorized to perform: <permission> on resource: <ARN> …".
fn missing(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("to perform: ")?;
    let (permission, rest) = rest.split_once(" on resource: ")?;
    Some((permission, rest.split(' ').next()?))
}

/// The first permission that a reason names.
fn permission_in(reason: &str) -> Option<&str> {
    let start = reason.find("kms:")?;
    let rest = reason.get(start..)?;
    let end = rest
        .char_indices()
        .skip(4)
        .find(|(_, c)| !c.is_ascii_alphanumeric())
        .map_or(rest.len(), |(at, _)| at);
    rest.get(..end).filter(|permission| permission.len() > 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_cause_names_the_key_and_its_trouble() {
        for (code, message, cause) in [
            ("DisabledException", format!("{KEY} is disabled."), format!("{KEY} is disabled.")),
            (
                "KMSInvalidStateException",
                format!("{KEY} is pending import."),
                format!("{KEY} is pending import."),
            ),
            ("NotFoundException", "Invalid keyId 'x'".into(), format!("{KEY} does not exist.")),
            ("InvalidKeyUsageException", "usage".into(), format!("{KEY} is not a symmetric encryption key.")),
            ("IncorrectState", "volume vol-1: damaged".into(), "volume vol-1: damaged".into()),
            ("AccessDeniedException", "no".into(), format!("{KEY} cannot be used: it is not allowed.")),
            ("LimitExceededException", "many".into(), format!("{KEY} cannot be used: many")),
        ] {
            assert_eq!(of(&Refusal::new(code, message), KEY), cause);
        }
    }

    #[test]
    fn a_cause_names_the_missing_permission_and_the_key_that_it_is_missing_on() {
        let other = KEY.replace("111122223333", "444455556666");
        let message = format!(
            "User: arn:aws:iam::111122223333:user/eva is not authorized to perform: kms:ReEncryptFrom on resource: {other} \
             because no identity-based policy allows the kms:ReEncryptFrom action"
        );
        let refusal =
            Refusal::new("AccessDeniedException", message).because("no statement of eva's policies fits");
        let short = format!("{other} cannot be used: kms:ReEncryptFrom is not allowed.");
        assert_eq!(of(&refusal, KEY), short);
        assert_eq!(in_full(&refusal, KEY), format!("{short} no statement of eva's policies fits"));
        let silent = |reason: &str| {
            Refusal::new("AccessDeniedException", "The ciphertext refers to …").because(reason)
        };
        for (reason, permission) in [
            ("nobody lets the account do kms:ReEncryptFrom with this context", "kms:ReEncryptFrom is"),
            ("kms:Decrypt", "kms:Decrypt is"),
            ("kms: is no permission", "it is"),
        ] {
            assert_eq!(
                of(&silent(reason), KEY),
                format!("{KEY} cannot be used: {permission} not allowed."),
                "{reason}"
            );
        }
    }
}
