//! Which KMS key a request may name, as far as that can be known at once. EC2's volumes check nothing (a bad key makes the
//! volume vanish later); CopySnapshot checks what the key is and in which state (recorded), and the default EBS key is checked
//! alike (`choices::DEFAULT_KEY_CHECKED_AT_ONCE`); StartSnapshot takes key ARNs only. Permissions are never checked here: they
//! are KMS's to decide when the key is used.

use super::choices;
use crate::key_state::KeyState;
use base::{AccountId, Arn, Refusal};

/// What the name of a key leads to in the Region of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFacts<'a> {
    /// A key of the caller's account.
    Own {
        arn: &'a str,
        /// `SYMMETRIC_DEFAULT` for `ENCRYPT_DECRYPT`: the only kind that EBS works with
        symmetric_encryption: bool,
        /// key spec and usage, for people: `RSA_2048 SIGN_VERIFY`
        kind: &'a str,
        state: KeyState,
    },
    /// A key of another account in this Region: whether it is there and may be used shows when it is used.
    Foreign,
    /// No key, no alias, or a name that cannot name one in this Region.
    Nothing,
}

/// May CopySnapshot (and ModifyEbsDefaultKmsKeyId) name this key? `named` is `KmsKeyId` as sent, `region` that of the new
/// resource. Refusal: `InvalidParameterValue`, `The specified keyId <key> is invalid` or `... is disabled`.
pub fn check_copy_key(named: &str, found: KeyFacts, region: &str) -> Result<(), Refusal> {
    let refused = |key: &str, what: &str, why: String| {
        Err(Refusal::new("InvalidParameterValue", format!("The specified keyId {key} {what}")).because(why))
    };
    if let Some(elsewhere) = other_region(named, region) {
        let why =
            format!("{named} is in {elsewhere}; the key must be in {region}, where the new resource is");
        return refused(named, "is invalid", why);
    }
    match found {
        KeyFacts::Foreign => Ok(()),
        KeyFacts::Nothing => {
            refused(named, "is invalid", format!("no KMS key is called {named} in {region}"))
        }
        KeyFacts::Own { arn, symmetric_encryption: false, kind, .. } => {
            let why = format!("{arn} is a key of kind {kind}; EBS works with symmetric encryption keys only");
            refused(named, choices::UNSUITABLE_KEY_IS, why)
        }
        KeyFacts::Own { arn, state, .. } => match unusable(state) {
            Some(what) => refused(arn, what, format!("{arn} {what}, so it can encrypt nothing")),
            None => Ok(()),
        },
    }
}

/// Checks that `KmsKeyArn` of StartSnapshot has the form of a key ARN: no alias, no bare id. Refusal: `ValidationException`
/// with the word `INVALID_CUSTOMER_KEY`.
pub fn check_key_arn(text: &str) -> Result<Arn, Refusal> {
    let arn = Arn::parse(text).ok().filter(|arn| {
        let id = arn.resource.strip_prefix("key/").unwrap_or("");
        (arn.partition == "aws" || arn.partition.starts_with("aws-"))
            && arn.service == "kms"
            && !arn.region.is_empty()
            && AccountId::parse(&arn.account).is_ok()
            && !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && text.len() <= 2048
    });
    arn.ok_or_else(|| {
        bad_customer_key("KmsKeyArn must be the ARN of a KMS key")
            .because("only arn:aws:kms:<region>:<account>:key/<id> is taken here; no alias, no bare key id")
    })
}

/// May StartSnapshot name this key? The same rules as for a copy, in the words of the EBS direct API: a key that is not there is
/// `ResourceNotFoundException` (404, `DEPENDENCY_RESOURCE_NOT_FOUND`), an unsuitable one `ValidationException`
/// (`INVALID_CUSTOMER_KEY`).
pub fn check_direct_key(named: &str, found: KeyFacts, region: &str) -> Result<(), Refusal> {
    check_key_arn(named)?;
    check_copy_key(named, found, region).map_err(|refusal| {
        if found == KeyFacts::Nothing && other_region(named, region).is_none() {
            Refusal::new("ResourceNotFoundException", format!("The KMS key '{named}' does not exist."))
                .with_status(404)
                .with_word("DEPENDENCY_RESOURCE_NOT_FOUND")
                .because(refusal.reason)
        } else {
            bad_customer_key("The specified KMS key cannot be used").because(refusal.reason)
        }
    })
}

fn bad_customer_key(message: &'static str) -> Refusal {
    Refusal::new("ValidationException", message).with_word("INVALID_CUSTOMER_KEY")
}

/// The Region that `named` says, if it is an ARN of another one.
fn other_region(named: &str, region: &str) -> Option<String> {
    Arn::parse(named).ok().map(|arn| arn.region).filter(|its| its != region)
}

/// Why a key in this state encrypts nothing, in the words of EBS's events. Nothing else is checked before use: a key in
/// `Creating` or `Updating` is about to be usable.
fn unusable(state: KeyState) -> Option<&'static str> {
    match state {
        KeyState::Disabled => Some("is disabled"),
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => Some("is pending deletion"),
        KeyState::PendingImport => Some("is pending import"),
        KeyState::Unavailable => Some("is unavailable"),
        KeyState::Enabled | KeyState::Creating | KeyState::Updating => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const ELSEWHERE: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn own(state: KeyState) -> KeyFacts<'static> {
        KeyFacts::Own {
            arn: ARN,
            symmetric_encryption: true,
            kind: "SYMMETRIC_DEFAULT ENCRYPT_DECRYPT",
            state,
        }
    }

    fn unsuitable(kind: &'static str) -> KeyFacts<'static> {
        KeyFacts::Own { arn: ARN, symmetric_encryption: false, kind, state: KeyState::Enabled }
    }

    fn answer(r: Result<(), Refusal>) -> String {
        r.map_or_else(|e| format!("{} {}: {}", e.code, e.word.unwrap_or("-"), e.message), |()| "ok".into())
    }

    #[test]
    fn a_copy_is_refused_every_key_that_can_be_known_not_to_work() {
        let bad =
            |key: &str, what: &str| format!("InvalidParameterValue -: The specified keyId {key} {what}");
        let cases = [
            ("k", own(KeyState::Enabled), "ok".to_owned()),
            (ARN, own(KeyState::Updating), "ok".to_owned()),
            (ARN, KeyFacts::Foreign, "ok".to_owned()),
            ("alias/x", own(KeyState::Disabled), bad(ARN, "is disabled")),
            ("k", own(KeyState::PendingDeletion), bad(ARN, "is pending deletion")),
            ("k", own(KeyState::PendingReplicaDeletion), bad(ARN, "is pending deletion")),
            ("k", own(KeyState::PendingImport), bad(ARN, "is pending import")),
            ("k", own(KeyState::Unavailable), bad(ARN, "is unavailable")),
            ("alias/none", KeyFacts::Nothing, bad("alias/none", "is invalid")),
            (ELSEWHERE, KeyFacts::Nothing, bad(ELSEWHERE, "is invalid")),
            (ELSEWHERE, KeyFacts::Foreign, bad(ELSEWHERE, "is invalid")),
            ("k", unsuitable("RSA_2048 ENCRYPT_DECRYPT"), bad("k", "is invalid")),
            ("alias/h", unsuitable("HMAC_256 GENERATE_VERIFY_MAC"), bad("alias/h", "is invalid")),
        ];
        for (named, found, expected) in cases {
            assert_eq!(answer(check_copy_key(named, found, "us-east-1")), expected, "{named} {found:?}");
        }
    }

    #[test]
    fn a_refusal_of_a_key_says_which_kind_or_region_it_has() {
        let hmac = check_copy_key("k", unsuitable("HMAC_256 GENERATE_VERIFY_MAC"), "us-east-1").unwrap_err();
        assert!(hmac.reason.contains("HMAC_256"), "{}", hmac.reason);
        let far = check_copy_key(ELSEWHERE, KeyFacts::Nothing, "us-east-1").unwrap_err();
        assert!(far.reason.contains("eu-west-1") && far.reason.contains("us-east-1"), "{}", far.reason);
    }

    #[test]
    fn start_snapshot_takes_key_arns_only() {
        for good in [ARN, "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd"] {
            assert!(check_key_arn(good).is_ok(), "{good}");
        }
        let long = format!("{ARN}{}", "0".repeat(2048));
        for bad in [
            "",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/aws/ebs",
            "arn:aws:kms:us-east-1:111122223333:alias/aws/ebs",
            "arn:aws:kms:us-east-1:111122223333:key/",
            "arn:aws:kms:us-east-1:111122223333:key/a/b",
            "arn:aws:kms:us-east-1:11112222333:key/abc",
            "arn:aws:kms::111122223333:key/abc",
            "arn:aws:ec2:us-east-1:111122223333:key/abc",
            "arn:awsx:kms:us-east-1:111122223333:key/abc",
            long.as_str(),
        ] {
            let refusal = check_key_arn(bad).unwrap_err();
            assert_eq!(
                (refusal.code.as_ref(), refusal.word),
                ("ValidationException", Some("INVALID_CUSTOMER_KEY"))
            );
        }
    }

    #[test]
    fn the_direct_api_refuses_in_its_own_words() {
        let invalid = "ValidationException INVALID_CUSTOMER_KEY: The specified KMS key cannot be used";
        let cases = [
            (ARN, own(KeyState::Enabled), "ok"),
            (ARN, KeyFacts::Foreign, "ok"),
            (ARN, own(KeyState::Disabled), invalid),
            (ARN, unsuitable("RSA_2048 SIGN_VERIFY"), invalid),
            (ELSEWHERE, KeyFacts::Nothing, invalid),
        ];
        for (named, found, expected) in cases {
            assert_eq!(answer(check_direct_key(named, found, "us-east-1")), expected, "{found:?}");
        }
        let gone = check_direct_key(ARN, KeyFacts::Nothing, "us-east-1").unwrap_err();
        assert_eq!((gone.status, gone.word), (404, Some("DEPENDENCY_RESOURCE_NOT_FOUND")));
        assert!(check_direct_key("alias/aws/ebs", own(KeyState::Enabled), "us-east-1").is_err());
    }
}
