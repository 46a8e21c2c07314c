//! What a grant demands of the encryption context.

use std::collections::BTreeMap;

/// The pairs of an encryption context.
pub type Context = BTreeMap<String, String>;

/// What a grant demands of the encryption context (at most one of the two kinds; both are checked if both are there).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraint {
    pub equals: Option<Context>,
    pub subset: Option<Context>,
}

impl Constraint {
    /// Whether a request with this encryption context is within the constraint.
    pub fn admits(&self, context: &Context) -> bool {
        self.equals.as_ref().is_none_or(|all| all == context)
            && self.subset.as_ref().is_none_or(|some| contains(context, some))
    }

    /// Whether everything that `self` admits is admitted by `wider` too.
    pub fn is_within(&self, wider: &Constraint) -> bool {
        let equals = wider.equals.as_ref().is_none_or(|all| self.equals.as_ref() == Some(all));
        let subset = wider.subset.as_ref().is_none_or(|some| {
            self.equals.as_ref().is_some_and(|all| contains(all, some))
                || self.subset.as_ref().is_some_and(|mine| contains(mine, some))
        });
        equals && subset
    }

    /// The first pair that a request must have, if any: grants are found by it. Every context that the constraint admits has it.
    pub fn first_pair(&self) -> Option<(&str, &str)> {
        let pairs = self.equals.as_ref().or(self.subset.as_ref())?;
        pairs.iter().next().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn contains(context: &Context, some: &Context) -> bool {
    some.iter().all(|(name, value)| context.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> Context {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn equals(pairs: &[(&str, &str)]) -> Constraint {
        Constraint { equals: Some(context(pairs)), subset: None }
    }

    fn subset(pairs: &[(&str, &str)]) -> Constraint {
        Constraint { equals: None, subset: Some(context(pairs)) }
    }

    #[test]
    fn equals_takes_the_very_same_pairs_and_subset_takes_more() {
        let (none, one, two) = (context(&[]), context(&[("a", "1")]), context(&[("a", "1"), ("b", "2")]));
        for (constraint, admitted) in [
            (Constraint::default(), [true, true, true]),
            (equals(&[]), [true, false, false]),
            (equals(&[("a", "1")]), [false, true, false]),
            (subset(&[]), [true, true, true]),
            (subset(&[("a", "1")]), [false, true, true]),
            (subset(&[("A", "1")]), [false, false, false]),
            (subset(&[("a", "2")]), [false, false, false]),
        ] {
            let told = [&none, &one, &two].map(|given| constraint.admits(given));
            assert_eq!(told, admitted, "{constraint:?}");
        }
    }

    #[test]
    fn what_is_within_a_constraint_admits_no_more_than_it() {
        let all = [
            Constraint::default(),
            equals(&[]),
            equals(&[("a", "1")]),
            equals(&[("a", "1"), ("b", "2")]),
            subset(&[]),
            subset(&[("a", "1")]),
            subset(&[("b", "2")]),
            subset(&[("a", "1"), ("b", "2")]),
        ];
        let given = [
            context(&[]),
            context(&[("a", "1")]),
            context(&[("b", "2")]),
            context(&[("a", "1"), ("b", "2")]),
        ];
        for inner in &all {
            for outer in all.iter().filter(|outer| inner.is_within(outer)) {
                assert!(
                    given.iter().all(|context| !inner.admits(context) || outer.admits(context)),
                    "{inner:?} {outer:?}"
                );
            }
        }
        assert!(equals(&[("a", "1")]).is_within(&subset(&[("a", "1")])));
        assert!(!subset(&[("a", "1")]).is_within(&equals(&[("a", "1")])));
        assert!(!Constraint::default().is_within(&subset(&[("a", "1")])));
    }

    #[test]
    fn every_context_that_is_admitted_has_the_first_pair() {
        assert_eq!(equals(&[("b", "2"), ("a", "1")]).first_pair(), Some(("a", "1")));
        assert_eq!(subset(&[("b", "2")]).first_pair(), Some(("b", "2")));
        assert_eq!(equals(&[]).first_pair(), None);
        assert_eq!(Constraint::default().first_pair(), None);
    }
}
