//! The laws that hold for every family, as properties over everything that can be asked.

use super::*;
use proptest::prelude::*;

const DK: &str = "arn:aws:kms:us-east-1:111122223333:key/default";
const SK: &str = "arn:aws:kms:us-east-1:444455556666:key/source";

fn sources() -> impl Strategy<Value = Source<'static>> {
    prop_oneof![Just(Source::Unencrypted), any::<bool>().prop_map(|own| Source::Encrypted { key: SK, own }),]
}

fn keys() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), Just(Some(String::new())), "[a-z0-9/:-]{1,40}".prop_map(Some)]
}

fn flags() -> impl Strategy<Value = Option<bool>> {
    proptest::option::of(any::<bool>())
}

type Family = (&'static str, fn(Asked) -> Result<Outcome, Refusal>);

/// The families that take EC2's inputs.
const EC2: [Family; 5] = [
    ("create", create),
    ("launch", launch),
    ("copy_snapshot", copy_snapshot),
    ("copy_image", |asked| copy_image(asked, true)),
    ("copy_image elsewhere", |asked| copy_image(asked, false)),
];

fn start_of(asked: &Asked) -> StartAsked<'static> {
    let parent = match asked.source {
        Source::Encrypted { .. } => Some(Some(SK)),
        Source::Unencrypted => Some(None),
    };
    StartAsked {
        encrypted: asked.encrypted,
        key: None,
        parent,
        by_default: asked.by_default,
        default_key: DK,
    }
}

proptest! {
    #[test]
    fn an_encrypted_source_never_gives_plaintext(
        encrypted in flags(), key in keys(), by_default in any::<bool>(), own in any::<bool>(),
    ) {
        let source = Source::Encrypted { key: SK, own };
        let asked = Asked { encrypted, key: key.as_deref(), by_default, default_key: DK, source };
        for (name, decide) in EC2 {
            prop_assert_ne!(decide(asked), Ok(Outcome::Unencrypted), "{}", name);
        }
        let start = StartAsked { key: key.as_deref(), ..start_of(&asked) };
        prop_assert_ne!(start_snapshot(start), Ok(Outcome::Unencrypted));
        prop_assert_ne!(copy_volume(source, by_default, DK), Outcome::Unencrypted);
        for described in [Described::Snapshot { encrypted: true }, Described::Volume { encrypted: true }] {
            prop_assert_ne!(mapping(described, encrypted, key.as_deref()), Ok(false));
        }
    }

    #[test]
    fn a_key_needs_encrypted_true_and_is_then_used(
        encrypted in flags(), key in "[a-z0-9/:-]{1,40}", by_default in any::<bool>(), source in sources(),
    ) {
        let asked = Asked { encrypted, key: Some(&key), by_default, default_key: DK, source };
        for (name, decide) in EC2 {
            match decide(asked) {
                Ok(Outcome::Encrypted { key: used, .. }) => {
                    prop_assert_eq!(encrypted, Some(true), "{}", name);
                    prop_assert_eq!(&used, &key, "{}", name);
                }
                Ok(Outcome::Unencrypted) => prop_assert!(false, "{} forgot the key", name),
                Err(refusal) => {
                    prop_assert_ne!(encrypted, Some(true), "{}", name);
                    prop_assert_eq!(refusal.code.as_ref(), "InvalidParameterDependency", "{}", name);
                }
            }
        }
    }

    #[test]
    fn for_start_snapshot_a_key_alone_is_enough(key in "[a-z0-9/:-]{1,40}", by_default in any::<bool>()) {
        for encrypted in [None, Some(true)] {
            let asked = StartAsked { encrypted, key: Some(&key), parent: None, by_default, default_key: DK };
            let used = matches!(start_snapshot(asked), Ok(Outcome::Encrypted { key: used, .. }) if used == key);
            prop_assert!(used);
        }
    }

    #[test]
    fn a_shared_encrypted_source_without_a_key_goes_to_the_callers_default_key(
        encrypted in prop_oneof![Just(None), Just(Some(true))], by_default in any::<bool>(),
    ) {
        let source = Source::Encrypted { key: SK, own: false };
        let asked = Asked { encrypted, key: None, by_default, default_key: DK, source };
        let is_default = |outcome: &Outcome| matches!(outcome, Outcome::Encrypted { key, .. } if key == DK);
        for (name, decide) in EC2 {
            prop_assert!(is_default(&decide(asked).unwrap()), "{}", name);
        }
        prop_assert!(is_default(&copy_volume(source, by_default, DK)));
    }

    /// "By default" adds encryption to what would be unencrypted, and that is all it does.
    #[test]
    fn by_default_refuses_nothing_and_changes_nothing_that_is_encrypted(
        encrypted in flags(), key in keys(), source in sources(),
    ) {
        let asked = |by_default| Asked { encrypted, key: key.as_deref(), by_default, default_key: DK, source };
        for (name, decide) in EC2 {
            let (off, on) = (decide(asked(false)), decide(asked(true)));
            match off {
                Ok(Outcome::Unencrypted) => {
                    let now_default = matches!(&on, Ok(Outcome::Encrypted { key, .. }) if key == DK);
                    prop_assert!(now_default, "{}", name);
                }
                encrypted_or_refused => prop_assert_eq!(encrypted_or_refused, on, "{}", name),
            }
        }
    }

    #[test]
    fn with_by_default_on_nothing_is_unencrypted(encrypted in flags(), key in keys(), source in sources()) {
        let asked = Asked { encrypted, key: key.as_deref(), by_default: true, default_key: DK, source };
        for (name, decide) in EC2 {
            prop_assert_ne!(decide(asked), Ok(Outcome::Unencrypted), "{}", name);
        }
        let orphan = StartAsked { key: key.as_deref(), parent: None, ..start_of(&asked) };
        for start in [orphan, StartAsked { key: key.as_deref(), ..start_of(&asked) }] {
            prop_assert_ne!(start_snapshot(start), Ok(Outcome::Unencrypted));
        }
        prop_assert_ne!(copy_volume(source, true, DK), Outcome::Unencrypted);
    }

    #[test]
    fn an_empty_key_counts_as_absent(encrypted in flags(), by_default in any::<bool>(), source in sources()) {
        let asked = |key| Asked { encrypted, key, by_default, default_key: DK, source };
        for (name, decide) in EC2 {
            prop_assert_eq!(decide(asked(Some(""))), decide(asked(None)), "{}", name);
        }
        let start = |key| StartAsked { key, ..start_of(&asked(None)) };
        prop_assert_eq!(start_snapshot(start(Some(""))), start_snapshot(start(None)));
        let fresh = |key| start_snapshot(StartAsked { parent: None, ..start(key) });
        prop_assert_eq!(fresh(Some("")), fresh(None));
        let entry = |key| mapping(Described::Snapshot { encrypted: true }, encrypted, key);
        prop_assert_eq!(entry(Some("")), entry(None));
    }

    #[test]
    fn every_refusal_says_why(
        encrypted in flags(), key in keys(), by_default in any::<bool>(), source in sources(),
    ) {
        let asked = Asked { encrypted, key: key.as_deref(), by_default, default_key: DK, source };
        let mut answers: Vec<_> = EC2.iter().map(|(_, decide)| decide(asked)).collect();
        answers.push(start_snapshot(StartAsked { key: key.as_deref(), ..start_of(&asked) }));
        for refusal in answers.into_iter().filter_map(Result::err) {
            prop_assert!(!refusal.reason.is_empty());
            prop_assert_ne!(&refusal.reason, &refusal.message);
        }
    }
}
