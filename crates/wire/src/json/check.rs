//! Checks of values against their rules, in AWS's words: `2 validation errors detected: Value null at 'keyId' failed
//! to satisfy constraint: Member must not be null; ...`. All violations of a request are told at once; a value of the
//! wrong JSON type ends the reading instead (`SerializationException`).

use super::rule::Rule;
use crate::at::At;
use crate::blob::{Blob, Payload, SecretBlob};
use base::{Refusal, Timestamp};
use std::collections::BTreeMap;

/// AWS tells every violation; past this many nobody reads on, and an answer must not outgrow its request.
const VIOLATIONS_MAX: usize = 100;

/// What is wrong with a request.
#[derive(Default)]
pub struct Checks {
    violations: Vec<String>,
    serialization: Option<Refusal>,
}

impl Checks {
    /// Notes a broken constraint; `shown` is the value as AWS prints it, `None` for what must not be shown.
    pub(super) fn violated(&mut self, at: &At<'_>, shown: Option<&str>, constraint: &str) {
        if self.violations.len() < VIOLATIONS_MAX {
            let value = shown.map_or_else(|| "Value".to_owned(), |shown| format!("Value '{shown}'"));
            self.violations
                .push(format!("{value} at '{}' failed to satisfy constraint: {constraint}", at.json()));
        }
    }

    pub(crate) fn missing(&mut self, at: &At<'_>) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(format!(
                "Value null at '{}' failed to satisfy constraint: Member must not be null",
                at.json()
            ));
        }
    }

    /// Notes a value of the wrong type; the first one is told.
    pub(crate) fn unreadable(&mut self, at: &At<'_>, message: String) {
        self.serialization.get_or_insert_with(|| {
            Refusal::new("SerializationException", message)
                .because(format!("at {:?} in the request", at.json()))
        });
    }

    /// The refusal that these problems amount to.
    pub(crate) fn result<T>(self, value: T) -> Result<T, Refusal> {
        if let Some(refusal) = self.serialization {
            return Err(refusal);
        }
        let count = self.violations.len();
        if count == 0 {
            return Ok(value);
        }
        let errors = if count == 1 { "error" } else { "errors" };
        let message = format!("{count} validation {errors} detected: {}", self.violations.join("; "));
        Err(Refusal::new("ValidationException", message))
    }
}

/// A value that rules can be checked on.
pub trait Checked {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks);

    /// As AWS prints the value inside a printed list; `None` if it is not printed.
    fn shown(&self) -> Option<String> {
        None
    }

    /// Whether the value keeps its rule, for entries of lists: AWS reports those at the list.
    fn keeps(&self, _rule: &Rule) -> bool {
        true
    }
}

impl Checked for String {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        let shown = (!rule.sensitive).then_some(self.as_str());
        if let Some(broken) = rule.length(self.chars().count()) {
            checks.violated(at, shown, &broken);
        }
        if let Some(broken) = rule.mismatch(self) {
            checks.violated(at, shown, &broken);
        }
        if let Some(set) = rule.value_set().filter(|_| !rule.values.contains(&self.as_str())) {
            checks.violated(at, shown, &set);
        }
    }

    fn shown(&self) -> Option<String> {
        Some(self.clone())
    }

    fn keeps(&self, rule: &Rule) -> bool {
        rule.length(self.chars().count()).is_none()
            && rule.mismatch(self).is_none()
            && (rule.values.is_empty() || rule.values.contains(&self.as_str()))
    }
}

impl Checked for i64 {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        if let Some(broken) = rule.range(*self) {
            checks.violated(at, Some(&self.to_string()), &broken);
        }
    }
}

impl Checked for i32 {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        i64::from(*self).check(rule, at, checks);
    }
}

/// Blobs are never shown: AWS prints a Java buffer's coordinates there, and for plaintext nothing.
fn check_bytes(bytes: &[u8], rule: &Rule, at: &At<'_>, checks: &mut Checks) {
    if let Some(broken) = rule.length(bytes.len()) {
        checks.violated(at, None, &broken);
    }
}

impl Checked for Blob {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        check_bytes(&self.0, rule, at, checks);
    }
}

impl Checked for SecretBlob {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        check_bytes(self.expose(), rule, at, checks);
    }
}

impl Checked for Payload {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        check_bytes(&self.0, rule, at, checks);
    }
}

impl Checked for bool {
    fn check(&self, _: &'static Rule, _: &At<'_>, _: &mut Checks) {}
}

impl Checked for f64 {
    fn check(&self, _: &'static Rule, _: &At<'_>, _: &mut Checks) {}
}

impl Checked for Timestamp {
    fn check(&self, _: &'static Rule, _: &At<'_>, _: &mut Checks) {}
}

/// Checks a list of plain values; AWS reports a bad entry at the list, with the constraints of all entries.
pub(super) fn check_entries<T: Checked>(list: &[T], rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
    let shown = || {
        let entries = list.iter().map(Checked::shown).collect::<Option<Vec<_>>>()?;
        (!rule.sensitive && !rule.element().sensitive).then(|| format!("[{}]", entries.join(", ")))
    };
    if let Some(broken) = rule.length(list.len()) {
        checks.violated(at, shown().as_deref(), &broken);
    }
    if list.iter().any(|entry| !entry.keeps(rule.element())) {
        let all = rule.element().constraints().join(", ");
        checks.violated(at, shown().as_deref(), &format!("Member must satisfy constraint: [{all}]"));
    }
}

impl<T: Checked> Checked for BTreeMap<String, T> {
    fn check(&self, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        if let Some(broken) = rule.length(self.len()) {
            checks.violated(at, None, &broken);
        }
        if self.values().any(|value| !value.keeps(rule.element())) {
            let all = rule.element().constraints().join(", ");
            checks.violated(at, None, &format!("Map value must satisfy constraint: [{all}]"));
        }
    }
}
