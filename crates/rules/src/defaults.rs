//! The default encryption settings of an account in a Region: what the Get actions show for what is stored, and which key
//! ModifyEbsDefaultKmsKeyId takes. Whose key the default is matters whether encryption by default is on or off. Source: EC2
//! API Reference, the six actions; recordings of AWS for `alias/aws/ebs`.

use crate::encryption::{KeyFacts, check_copy_key, choices};
use base::Refusal;

/// The AWS managed key's alias, which is the default EBS key until ModifyEbsDefaultKmsKeyId names another and again after
/// ResetEbsDefaultKmsKeyId.
pub const MANAGED_KEY: &str = "alias/aws/ebs";

/// The default EBS key, as GetEbsDefaultKmsKeyId shows it and as outcomes use it: the ARN that was chosen, else the alias.
pub fn default_key(chosen_arn: Option<&str>) -> &str {
    chosen_arn.filter(|arn| !arn.is_empty()).unwrap_or(MANAGED_KEY)
}

/// `SseType` of GetEbsEncryptionByDefault. (The API has `sse-ebs` too, reserved for the future.)
pub fn sse_type(by_default: bool) -> &'static str {
    if by_default { "sse-kms" } else { "none" }
}

/// May ModifyEbsDefaultKmsKeyId name this key? `named` is `KmsKeyId` as sent, in any form, `region` the Region of the setting.
/// Permissions are not looked at: a key that nobody may use is taken, and later creations fail. Refusals: `MissingParameter`;
/// `InvalidParameterValue` for unknown, disabled, pending, asymmetric and HMAC keys and those of another Region.
pub fn may_be_default(named: &str, found: KeyFacts, region: &str) -> Result<(), Refusal> {
    if named.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter KmsKeyId")
            .because("ResetEbsDefaultKmsKeyId goes back to the AWS managed key; Modify names one"));
    }
    if choices::DEFAULT_KEY_CHECKED_AT_ONCE { check_copy_key(named, found, region) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_state::KeyState;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn key(symmetric_encryption: bool, state: KeyState) -> KeyFacts<'static> {
        KeyFacts::Own { arn: ARN, symmetric_encryption, kind: "a kind", state }
    }

    #[test]
    fn the_default_key_is_the_managed_one_until_another_was_chosen() {
        assert_eq!(default_key(None), "alias/aws/ebs");
        assert_eq!(default_key(Some("")), "alias/aws/ebs");
        assert_eq!(default_key(Some(ARN)), ARN);
        assert_eq!((sse_type(false), sse_type(true)), ("none", "sse-kms"));
    }

    #[test]
    fn keys_that_cannot_work_are_refused_at_once() {
        let code = |named, found| {
            may_be_default(named, found, "us-east-1")
                .map_or_else(|r| r.code.into_owned(), |()| "ok".to_owned())
        };
        let invalid = "InvalidParameterValue";
        for (named, found, expected) in [
            (ARN, key(true, KeyState::Enabled), "ok"),
            ("alias/mine", key(true, KeyState::Enabled), "ok"),
            // Another account's: whether it may be used shows when it is used.
            ("arn:aws:kms:us-east-1:444455556666:key/x", KeyFacts::Foreign, "ok"),
            ("", KeyFacts::Nothing, "MissingParameter"),
            ("alias/none", KeyFacts::Nothing, invalid),
            (ARN, key(false, KeyState::Enabled), invalid),
            (ARN, key(true, KeyState::Disabled), invalid),
            (ARN, key(true, KeyState::PendingDeletion), invalid),
            (ARN, key(true, KeyState::PendingImport), invalid),
            ("arn:aws:kms:eu-west-1:111122223333:key/x", KeyFacts::Nothing, invalid),
            ("arn:aws:kms:eu-west-1:111122223333:alias/x", KeyFacts::Foreign, invalid),
        ] {
            assert_eq!(code(named, found), expected, "{named} {found:?}");
        }
    }
}
