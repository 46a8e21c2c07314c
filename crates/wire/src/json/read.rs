//! JSON text to a typed input. Unknown members are ignored, as AWS does; `null` is the same as absent. The parsed
//! tree may hold the text of secrets (base64 of a plaintext), so it is wiped when dropped.

use super::check::{Checked, Checks, check_entries};
use super::rule::Rule;
use crate::at::At;
use crate::blob::{Blob, SecretBlob};
use crate::call::Call;
use crate::time::from_epoch;
use base::{Refusal, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// A structure that can be read from JSON. Implemented by generated code.
pub trait JsonStruct: Sized {
    fn from_members(members: &mut Members<'_>) -> Self;
}

/// Anything that can stand behind a member name. `None` means that a problem was noted.
pub trait FromJson: Sized {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self>;
}

/// Reads a whole body into an operation's input. No body is an empty object: clients of operations without
/// parameters send either.
pub fn decode<T: JsonStruct>(call: &Call) -> Result<T, Refusal> {
    let mut checks = Checks::default();
    let members = parse_object(&call.body)?;
    let input = read_struct(members, &At::ROOT, &mut checks);
    checks.result(input)
}

/// The members of a body. Errors: `SerializationException` if it is not a JSON object. serde_json bounds the depth.
pub(crate) fn parse_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(mut other) => {
            wipe(&mut other);
            Err(Refusal::new("SerializationException", "Start of structure expected"))
        }
        Err(error) => Err(Refusal::new("SerializationException", "").because(format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

fn read_struct<T: JsonStruct>(map: Map<String, Value>, at: &At<'_>, checks: &mut Checks) -> T {
    let mut members = Members { map, at: *at, checks };
    T::from_members(&mut members)
}

/// One structure being read.
pub struct Members<'a> {
    map: Map<String, Value>,
    at: At<'a>,
    checks: &'a mut Checks,
}

impl<'a> Members<'a> {
    pub(crate) fn new(map: Map<String, Value>, at: At<'a>, checks: &'a mut Checks) -> Self {
        Members { map, at, checks }
    }

    /// A member that may be absent.
    pub fn optional<T: FromJson>(&mut self, name: &'static str, rule: &'static Rule) -> Option<T> {
        match self.map.remove(name)? {
            Value::Null => None,
            value => T::from_json(value, rule, &self.at.member(name), self.checks),
        }
    }

    /// A required member of an operation's input; the default stands in when it is missing and the call is refused.
    pub fn required<T: FromJson + Default>(&mut self, name: &'static str, rule: &'static Rule) -> T {
        self.inner_required(name, rule).unwrap_or_default()
    }

    /// A required member of a structure inside.
    pub fn inner_required<T: FromJson>(&mut self, name: &'static str, rule: &'static Rule) -> Option<T> {
        if self.map.get(name).is_none_or(Value::is_null) {
            self.checks.missing(&self.at.member(name));
        }
        self.optional(name, rule)
    }
}

impl Drop for Members<'_> {
    fn drop(&mut self) {
        self.map.values_mut().for_each(wipe);
    }
}

/// Overwrites every text in a parsed tree.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Notes that a value cannot become `wanted`, in the words of AWS's JSON reader, and wipes it.
fn unreadable<T>(mut value: Value, wanted: &str, at: &At<'_>, checks: &mut Checks) -> Option<T> {
    let message = match value {
        Value::Null => format!("NULL_VALUE can not be converted to {wanted}"),
        Value::Bool(true) => format!("TRUE_VALUE can not be converted to {wanted}"),
        Value::Bool(false) => format!("FALSE_VALUE can not be converted to {wanted}"),
        Value::Number(_) => format!("NUMBER_VALUE can not be converted to {wanted}"),
        Value::String(_) => format!("STRING_VALUE can not be converted to {wanted}"),
        Value::Array(_) | Value::Object(_) => {
            "Start of structure or map found where not expected.".to_owned()
        }
    };
    wipe(&mut value);
    checks.unreadable(at, message);
    None
}

impl<T: JsonStruct> FromJson for T {
    fn from_json(value: Value, _: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        match value {
            Value::Object(map) => Some(read_struct(map, at, checks)),
            other => unreadable(other, "a structure", at, checks),
        }
    }
}

impl FromJson for String {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let Value::String(text) = value else { return unreadable(value, "String", at, checks) };
        text.check(rule, at, checks);
        Some(text)
    }
}

impl FromJson for bool {
    fn from_json(value: Value, _: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        value.as_bool().or_else(|| unreadable(value, "Boolean", at, checks))
    }
}

impl FromJson for i64 {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let Some(number) = value.as_i64() else { return unreadable(value, "Long", at, checks) };
        number.check(rule, at, checks);
        Some(number)
    }
}

impl FromJson for i32 {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        let Some(number) = number else { return unreadable(value, "Integer", at, checks) };
        number.check(rule, at, checks);
        Some(number)
    }
}

impl FromJson for f64 {
    fn from_json(value: Value, _: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        value.as_f64().or_else(|| unreadable(value, "Double", at, checks))
    }
}

impl FromJson for Timestamp {
    fn from_json(value: Value, _: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        value.as_f64().and_then(from_epoch).or_else(|| unreadable(value, "Timestamp", at, checks))
    }
}

/// Base64 to bytes; the text is wiped, for it may be a secret's.
fn bytes(value: Value, at: &At<'_>, checks: &mut Checks) -> Option<Vec<u8>> {
    let Value::String(mut text) = value else { return unreadable(value, "Blob", at, checks) };
    let bytes = STANDARD.decode(&text);
    text.zeroize();
    match bytes {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            checks.unreadable(at, "Invalid base64 in a blob".to_owned());
            None
        }
    }
}

impl FromJson for Blob {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let blob = Blob(bytes(value, at, checks)?);
        blob.check(rule, at, checks);
        Some(blob)
    }
}

impl FromJson for SecretBlob {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let blob = SecretBlob::new(bytes(value, at, checks)?);
        blob.check(rule, at, checks);
        Some(blob)
    }
}

/// Lists of structures check each entry at its own place; lists of plain values are checked as a whole, because AWS
/// reports those at the list.
impl<T: FromJson + ListEntry> FromJson for Vec<T> {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let Value::Array(values) = value else { return unreadable(value, "a list", at, checks) };
        let mut entries = Vec::with_capacity(values.len());
        for (index, value) in (1..).zip(values) {
            let at = at.index(index);
            if value.is_null() {
                checks.missing(&at);
            } else {
                entries.extend(T::from_json(value, &super::NONE, &at, checks));
            }
        }
        T::check_list(&entries, rule, at, checks);
        Some(entries)
    }
}

/// How a list of such entries is checked against the rule of the list.
pub trait ListEntry: Sized {
    fn check_list(list: &[Self], rule: &'static Rule, at: &At<'_>, checks: &mut Checks);
}

impl ListEntry for String {
    fn check_list(list: &[Self], rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        check_entries(list, rule, at, checks);
    }
}

impl<T: JsonStruct> ListEntry for T {
    fn check_list(list: &[Self], rule: &'static Rule, at: &At<'_>, checks: &mut Checks) {
        if let Some(broken) = rule.length(list.len()) {
            checks.violated(at, None, &broken);
        }
    }
}

impl<T: FromJson + Checked> FromJson for BTreeMap<String, T> {
    fn from_json(value: Value, rule: &'static Rule, at: &At<'_>, checks: &mut Checks) -> Option<Self> {
        let Value::Object(values) = value else { return unreadable(value, "a map", at, checks) };
        let mut map = BTreeMap::new();
        for (key, value) in values {
            if value.is_null() {
                checks.missing(at);
            } else if let Some(value) = T::from_json(value, &super::NONE, at, checks) {
                map.insert(key, value);
            }
        }
        map.check(rule, at, checks);
        Some(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wiped_tree_holds_no_text() {
        let mut tree = serde_json::json!({ "a": "secret", "b": [{ "c": "secret" }, "secret", 1, null] });
        wipe(&mut tree);
        assert_eq!(tree, serde_json::json!({ "a": "", "b": [{ "c": "" }, "", 1, null] }));
    }
}
