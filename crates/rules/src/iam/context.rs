//! The condition keys of one request. Names are case-insensitive; a key has one value, or a set of values
//! (`kms:EncryptionContextKeys`, `aws:TagKeys`) that only `ForAllValues` and `ForAnyValue` look into.
//! Source: IAM User Guide, "The condition context", "Single-valued vs. multivalued context keys".

use std::collections::BTreeMap;

/// Condition keys and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Held>,
}

/// What one key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    /// As AWS spells it, for reasons.
    name: String,
    values: Vec<String>,
    form: Form,
}

/// How the values of one key belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    /// a set, for `ForAllValues` and `ForAnyValue`
    Set,
    /// the values of several names that differ in case only, which no condition can tell apart
    Spellings,
}

impl Context {
    /// Gives a key one value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.put(name, vec![value.into()], Form::One);
    }

    /// Gives a key one value beside those that names differing only in case already have: an encryption context may hold both
    /// `Purpose` and `purpose`, and a condition on `kms:EncryptionContext:purpose` means both. Then an Allow wants every value to
    /// fit, and a Deny is content with one.
    pub fn add_spelling(&mut self, name: &str, value: impl Into<String>) {
        match self.keys.get_mut(&name.to_ascii_lowercase()) {
            Some(held) if held.form != Form::Set => {
                held.values.push(value.into());
                held.form = Form::Spellings;
            }
            _ => self.set(name, value),
        }
    }

    /// Gives a key one value, or leaves it out.
    pub fn set_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Gives a key a set of values, perhaps the empty one. (An empty set counts as a missing key.)
    pub fn set_all(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        self.put(name, values.into_iter().collect(), Form::Set);
    }

    /// Takes over every key of `other`; what both have is `other`'s.
    pub fn extend(&mut self, other: &Context) {
        self.keys.extend(other.keys.iter().map(|(name, held)| (name.clone(), held.clone())));
    }

    /// The values under a key; empty if the key is missing.
    pub fn values(&self, name: &str) -> &[String] {
        self.keys.get(&name.to_ascii_lowercase()).map_or(&[], |held| &held.values)
    }

    /// Whether the key holds a set of values.
    pub fn is_set(&self, name: &str) -> bool {
        self.keys.get(&name.to_ascii_lowercase()).is_some_and(|held| held.form == Form::Set)
    }

    /// Every key as AWS spells it, with its values.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.keys.values().map(|held| (held.name.as_str(), held.values.as_slice()))
    }

    /// The values under a key in lower case, and how they belong together.
    pub(super) fn held(&self, lower: &str) -> (&[String], Form) {
        self.keys.get(lower).map_or((&[], Form::One), |held| (&held.values, held.form))
    }

    /// The value of a key that has exactly one: what a policy variable stands for.
    pub(super) fn single(&self, name: &str) -> Option<&str> {
        match self.keys.get(&name.to_ascii_lowercase())? {
            Held { form: Form::One, values, .. } => values.first().map(String::as_str),
            _ => None,
        }
    }

    fn put(&mut self, name: &str, values: Vec<String>, form: Form) {
        self.keys.insert(name.to_ascii_lowercase(), Held { name: name.to_owned(), values, form });
    }
}
