//! CreateVolume and everything that makes volumes like it: RunInstances, replacing a root volume, restoring an image. Source:
//! EBS User Guide, "Encryption examples", encryption outcomes; for `Encrypted=false` the CreateVolume API page and
//! recordings of AWS.

use super::{Asked, Outcome, Source, choices, named_key, settle};
use base::Refusal;

/// Decides the outcome. Refusals: `InvalidParameterDependency`, `InvalidParameterCombination`.
///
/// ```text
#[doc = include_str!("golden/create.txt")]
/// ```
pub fn create(asked: Asked) -> Result<Outcome, Refusal> {
    let key = named_key(&asked)?;
    let own = match asked.source {
        Source::Encrypted { own, .. } => {
            if asked.encrypted == Some(false) {
                return Err(Refusal::new(
                    "InvalidParameterCombination",
                    "EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]",
                )
                .because("a volume from an encrypted snapshot is always encrypted"));
            }
            own
        }
        Source::Unencrypted => false,
    };
    Ok(settle(&asked, key, own))
}

/// [`create`] with the words of RunInstances, which prints one message without brackets (recorded).
pub fn launch(asked: Asked) -> Result<Outcome, Refusal> {
    create(asked).map_err(|mut refusal| {
        refusal.message = refusal.message.replace("[KmsKeyId]", "KmsKeyId");
        refusal
    })
}

/// The key that CreateVolume's own answer shows as `KmsKeyId`: the named one or the source's; a volume under the default EBS
/// key shows none until DescribeVolumes (recorded). `asked` is what `outcome` was decided from.
pub fn shown_key<'a>(asked: &Asked, outcome: &'a Outcome) -> Option<&'a str> {
    let Outcome::Encrypted { key, .. } = outcome else { return None };
    let chosen =
        super::given(asked.key).is_some() || matches!(asked.source, Source::Encrypted { own: true, .. });
    (chosen || !choices::ANSWER_HIDES_DEFAULT_KEY).then_some(key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DK: &str = "alias/aws/ebs";
    const SOURCES: [Source; 3] = [
        Source::Unencrypted,
        Source::Encrypted { key: "SK", own: true },
        Source::Encrypted { key: "SK", own: false },
    ];

    fn decide(encrypted: Option<bool>, key: Option<&str>, by_default: bool, source: Source) -> String {
        match create(Asked { encrypted, key, by_default, default_key: DK, source }) {
            Ok(Outcome::Unencrypted) => "plain".into(),
            Ok(Outcome::Encrypted { key, .. }) => key,
            Err(r) => r.code.into_owned(),
        }
    }

    #[test]
    fn the_table_holds_row_by_row() {
        let dep = "InvalidParameterDependency";
        let comb = "InvalidParameterCombination";
        /// Encrypted, by default, then the results for the three sources: key not given, key given.
        type Line = (Option<bool>, bool, [&'static str; 3], [&'static str; 3]);
        let table: [Line; 6] = [
            (None, false, ["plain", "SK", DK], [dep; 3]),
            (Some(true), false, [DK, "SK", DK], ["GK"; 3]),
            (None, true, [DK, "SK", DK], [dep; 3]),
            (Some(true), true, [DK, "SK", DK], ["GK"; 3]),
            (Some(false), false, ["plain", comb, comb], [dep; 3]),
            (Some(false), true, [DK, comb, comb], [dep; 3]),
        ];
        for (encrypted, by_default, without, with) in table {
            for (i, source) in SOURCES.into_iter().enumerate() {
                let case = format!("{encrypted:?} {by_default} {i}");
                assert_eq!(decide(encrypted, None, by_default, source), without[i], "{case}");
                assert_eq!(decide(encrypted, Some("GK"), by_default, source), with[i], "{case}");
            }
        }
    }

    #[test]
    fn an_empty_key_counts_as_absent() {
        assert_eq!(decide(None, Some(""), false, Source::Unencrypted), "plain");
        assert_eq!(decide(Some(true), Some(""), false, Source::Unencrypted), DK);
    }

    #[test]
    fn a_launch_is_refused_in_its_own_words() {
        let asked = Asked {
            encrypted: None,
            key: Some("GK"),
            by_default: true,
            default_key: DK,
            source: Source::Unencrypted,
        };
        assert!(create(asked).unwrap_err().message.contains("[KmsKeyId]"));
        assert_eq!(
            launch(asked).unwrap_err().message,
            "The parameter KmsKeyId requires the parameter Encrypted to be set."
        );
    }

    #[test]
    fn the_answer_shows_a_key_only_when_it_is_not_the_default_one() {
        let [empty, own, shared] = SOURCES;
        for (encrypted, key, by_default, source, shown) in [
            (None, None, false, empty, None),
            (Some(true), None, false, empty, None),
            (None, None, true, empty, None),
            (Some(true), Some(""), false, empty, None),
            (None, None, false, shared, None),
            (Some(true), None, false, shared, None),
            (None, None, false, own, Some("SK")),
            (Some(true), Some("GK"), false, empty, Some("GK")),
            (Some(true), Some("GK"), true, shared, Some("GK")),
        ] {
            let asked = Asked { encrypted, key, by_default, default_key: DK, source };
            assert_eq!(shown_key(&asked, &create(asked).unwrap()), shown, "{asked:?}");
        }
    }
}
