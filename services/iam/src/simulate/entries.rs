//! `ContextEntries`: condition keys that the simulated request has, each with values of a type. Source: IAM API Reference,
//! ContextEntry.

use crate::names;
use base::Refusal;
use rules::iam::Context;
use std::net::IpAddr;
use wire::generated::iam::ContextEntry;

const TYPES: [&str; 12] = [
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
];

/// The entries as condition keys. Refuses types that there are not, values that are not of their type, and several values for a
/// type of one.
pub fn context(entries: Option<&[ContextEntry]>) -> Result<Context, Refusal> {
    let mut context = Context::default();
    for (i, entry) in entries.unwrap_or_default().iter().enumerate() {
        let member = |name: &str| format!("contextEntries.{}.member.{name}", i + 1);
        let name = entry.context_key_name.as_deref().unwrap_or_default();
        names::length(&member("contextKeyName"), name, 5, 256)?;
        let kind = entry.context_key_type.as_deref().unwrap_or("string");
        names::one_of(&member("contextKeyType"), kind, &TYPES)?;
        let values = entry.context_key_values.clone().unwrap_or_default();
        let one = kind.trim_end_matches("List");
        if let Some(bad) = values.iter().find(|value| !is_of(one, value)) {
            return Err(invalid(format!("Invalid value {bad} for context key {name} of type {kind}.")));
        }
        match values.as_slice() {
            [value] if one == kind => context.set(name, value.clone()),
            values if one == kind => {
                let message = format!(
                    "Context key {name} of type {kind} has {} values; it must have one.",
                    values.len()
                );
                return Err(invalid(message));
            }
            _ => context.set_all(name, values),
        }
    }
    Ok(context)
}

/// `InvalidInput`, what the simulator says to all that it cannot read.
pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidInput", message)
}

fn is_of(kind: &str, value: &str) -> bool {
    match kind {
        "numeric" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        "ip" => is_address(value),
        "date" => wire::time::parse_iso(value).is_some() || value.parse::<i64>().is_ok(),
        "binary" => {
            let body = value.trim_end_matches('=');
            let digits = body.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b));
            digits && value.len().is_multiple_of(4) && value.len() - body.len() <= 2
        }
        _ => true,
    }
}

/// An address, or a range of them.
fn is_address(value: &str) -> bool {
    let (address, bits) = value.split_once('/').map_or((value, None), |(a, bits)| (a, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: Option<&str>, values: &[&str]) -> ContextEntry {
        ContextEntry {
            context_key_name: Some(name.into()),
            context_key_type: kind.map(Into::into),
            context_key_values: Some(values.iter().map(|v| (*v).into()).collect()),
        }
    }

    #[test]
    fn values_of_every_type_are_taken() {
        for (kind, value) in [
            ("string", ""),
            ("numeric", "-1.5"),
            ("boolean", "True"),
            ("ip", "203.0.113.0/24"),
            ("ip", "2001:db8::1"),
            ("binary", "QmluYXJ5"),
            ("date", "2026-01-02T03:04:05Z"),
            ("date", "1767323045"),
        ] {
            let taken = context(Some(&[entry("aws:key", Some(kind), &[value])])).unwrap();
            assert_eq!(
                (taken.values("AWS:Key"), taken.is_set("aws:key")),
                (&[value.to_owned()][..], false),
                "{kind}"
            );
            let list = format!("{kind}List");
            let taken = context(Some(&[entry("aws:key", Some(&list), &[value, value])])).unwrap();
            assert_eq!((taken.values("aws:key").len(), taken.is_set("aws:key")), (2, true), "{kind}");
        }
        assert_eq!(context(None), Ok(Context::default()));
        assert_eq!(context(Some(&[entry("aws:key", None, &["x"])])).unwrap().values("aws:key"), ["x"]);
    }

    #[test]
    fn what_is_not_of_its_type_is_refused() {
        for (kind, value) in [
            ("numeric", "one"),
            ("numeric", "NaN"),
            ("numeric", ""),
            ("boolean", "1"),
            ("ip", "203.0.113.256"),
            ("ip", "203.0.113.0/33"),
            ("ip", "2001:db8::/129"),
            ("ip", "203.0.113.0/"),
            ("binary", "a"),
            ("binary", "a==="),
            ("binary", "ab c"),
            ("date", "yesterday"),
            ("dateList", "2026-13-01T00:00:00Z"),
        ] {
            let refusal = context(Some(&[entry("aws:key", Some(kind), &[value])])).unwrap_err();
            let message = format!("Invalid value {value} for context key aws:key of type {kind}.");
            assert_eq!((refusal.code.as_ref(), refusal.message), ("InvalidInput", message));
        }
    }

    #[test]
    fn forms_that_no_entry_has_are_refused() {
        for (bad, code) in [
            (entry("aws:key", Some("text"), &["x"]), "ValidationError"),
            (entry("aws:key", Some("String"), &["x"]), "ValidationError"),
            (entry("aws", Some("string"), &["x"]), "ValidationError"),
            (entry(&"k".repeat(257), Some("string"), &["x"]), "ValidationError"),
            (entry("aws:key", Some("string"), &["x", "y"]), "InvalidInput"),
            (entry("aws:key", Some("string"), &[]), "InvalidInput"),
            (ContextEntry::default(), "ValidationError"),
        ] {
            assert_eq!(context(Some(std::slice::from_ref(&bad))).unwrap_err().code, code, "{bad:?}");
        }
    }
}
