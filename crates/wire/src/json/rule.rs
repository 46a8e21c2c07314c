//! What a model says of a value besides its type.

/// Limits of one model shape; written by the generator, one constant per shape.
#[derive(Debug)]
pub struct Rule {
    /// Least length (text in characters, blobs in bytes, lists and maps in entries) or least number.
    pub min: Option<i64>,
    /// Greatest length or number.
    pub max: Option<i64>,
    /// All values of an enumeration; empty if the shape is none.
    pub values: &'static [&'static str],
    /// Which characters a text may have.
    pub pattern: Option<Pattern>,
    /// Never shown in a message.
    pub sensitive: bool,
    /// The rule of a list's entries or a map's values.
    pub element: Option<&'static Rule>,
}

/// A regular expression that is one character class, repeated.
#[derive(Debug)]
pub struct Pattern {
    /// As the model writes it and AWS's message quotes it.
    pub text: &'static str,
    /// The characters it allows, first and last of each range.
    pub ranges: &'static [(char, char)],
    /// Whether it wants at least one.
    pub some: bool,
}

/// No limits.
pub const NONE: Rule =
    Rule { min: None, max: None, values: &[], pattern: None, sensitive: false, element: None };

impl Rule {
    pub(super) fn element(&self) -> &'static Rule {
        self.element.unwrap_or(&NONE)
    }

    /// Every constraint of this rule in words, as AWS lists them for the entries of a list.
    pub(super) fn constraints(&self) -> Vec<String> {
        let max = self.max.map(|max| format!("Member must have length less than or equal to {max}"));
        let min = self.min.map(|min| format!("Member must have length greater than or equal to {min}"));
        max.into_iter().chain(min).chain(self.pattern_text()).chain(self.value_set()).collect()
    }

    fn pattern_text(&self) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        Some(format!("Member must satisfy regular expression pattern: {}", pattern.text))
    }

    /// The pattern constraint, if this text breaks it.
    pub(super) fn mismatch(&self, text: &str) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        let allowed = |c: char| pattern.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
        let fits = text.chars().all(allowed) && !(pattern.some && text.is_empty());
        if fits { None } else { self.pattern_text() }
    }

    pub(super) fn value_set(&self) -> Option<String> {
        (!self.values.is_empty())
            .then(|| format!("Member must satisfy enum value set: [{}]", self.values.join(", ")))
    }

    /// Which length constraint a length breaks, in AWS's words.
    pub(super) fn length(&self, length: usize) -> Option<String> {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.broken("length", length)
    }

    /// Which range constraint a number breaks.
    pub(super) fn range(&self, number: i64) -> Option<String> {
        self.broken("value", number)
    }

    fn broken(&self, what: &str, number: i64) -> Option<String> {
        match (self.min, self.max) {
            (Some(min), _) if number < min => {
                Some(format!("Member must have {what} greater than or equal to {min}"))
            }
            (_, Some(max)) if number > max => {
                Some(format!("Member must have {what} less than or equal to {max}"))
            }
            _ => None,
        }
    }
}
