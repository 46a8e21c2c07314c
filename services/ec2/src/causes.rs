//! From KMS's refusal to the `cause` of an EBS event: the key's ARN and what is wrong with it. Wording: EBS User Guide,
//! "EventBridge events for EBS" (disabled, pending import, pending deletion); the others in the same form.

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
        // The host's word on a store that it cannot open; no key is to blame.
        "IncorrectState" => refusal.reason.clone(),
        _ => format!("{key_arn} cannot be used: {}", refusal.reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_names_the_key_and_its_trouble() {
        let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for (code, message, cause) in [
            ("DisabledException", format!("{key} is disabled."), format!("{key} is disabled.")),
            (
                "KMSInvalidStateException",
                format!("{key} is pending import."),
                format!("{key} is pending import."),
            ),
            ("NotFoundException", "Invalid keyId 'x'".into(), format!("{key} does not exist.")),
            ("InvalidKeyUsageException", "usage".into(), format!("{key} is not a symmetric encryption key.")),
            ("IncorrectState", "volume vol-1: damaged".into(), "volume vol-1: damaged".into()),
            ("AccessDeniedException", "no".into(), format!("{key} cannot be used: no")),
        ] {
            assert_eq!(of(&Refusal::new(code, message), key), cause);
        }
    }
}
