//! One condition of a statement: an operator, a key, wanted values.
//!
//! | the request has no such key | result |
//! |---|---|
//! | `ForAnyValue:…`, also with `IfExists`, which speaks of single values of the set | false |
//! | `…IfExists`, `ForAllValues:…` | true |
//! | a negated operator (`StringNotEquals`, `NotIpAddress`) | true |
//! | any other | false |
//!
//! Of several wanted values one must fit; for a negated operator none may. A set of values under an operator without `ForAllValues`
//! and `ForAnyValue`: one of them must fit, or, negated, none may.
//! Source: IAM User Guide, "Condition operators", "Single-valued vs. multivalued context keys".

mod moment;
mod operator;
mod value;

use super::context::Form;
use super::pattern::{Pattern, Reading};
use super::{Context, Effect};
use operator::{Comparison, Operator, SetOperator};

/// Wanted values that a reason shows, and the characters of each.
const SHOWN_MAX: usize = 3;
const SHOWN_LENGTH_MAX: usize = 120;

/// A condition that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    operator: Operator,
    /// as the document writes it
    operator_name: String,
    key_name: String,
    /// in lower case
    key: String,
    wanted: Vec<Pattern>,
}

/// Why a condition cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// there is no such operator
    Operator,
    /// this value of a `Date…` operator is no moment
    Date(String),
    /// this value of `Null` is neither true nor false
    Null(String),
}

impl Condition {
    /// Reads a condition; `variables` if the document's version knows policy variables.
    pub fn read(
        operator: &str,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Condition, Unreadable> {
        let read = Operator::read(operator).ok_or(Unreadable::Operator)?;
        let bad = |fits: fn(&str) -> bool| values.iter().find(|value| !fits(value)).cloned();
        match read.comparison {
            Comparison::Date(_) => {
                if let Some(value) = bad(|value| moment::read(value).is_some()) {
                    return Err(Unreadable::Date(value));
                }
            }
            Comparison::Null => {
                if let Some(value) = bad(|value| value::truth(value).is_some()) {
                    return Err(Unreadable::Null(value));
                }
            }
            _ => {}
        }
        let how = Reading {
            wildcards: read.comparison.takes_wildcards(),
            variables: variables && read.comparison.takes_variables(),
        };
        Ok(Condition {
            operator: read,
            operator_name: operator.to_owned(),
            key_name: key.to_owned(),
            key: key.to_ascii_lowercase(),
            wanted: values.iter().map(|value| Pattern::read(value, how)).collect(),
        })
    }

    /// The key, and those that variables in its values name, as the document writes them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let variables = self.wanted.iter().flat_map(Pattern::variables);
        std::iter::once(self.key_name.as_str()).chain(variables)
    }

    /// Whether it holds. The statement's effect counts only for names of an encryption context that differ in case alone.
    pub fn holds(&self, context: &Context, effect: Effect) -> bool {
        let (values, form) = context.held(&self.key);
        let Operator { set, comparison, negated, if_exists } = self.operator;
        if comparison == Comparison::Null {
            return self.wanted.iter().any(|wanted| value::truth(wanted.text()) == Some(values.is_empty()));
        }
        if values.is_empty() {
            return set.map_or(if_exists || negated, |set| set == SetOperator::All);
        }
        let fits =
            |value: &String| negated != self.wanted.iter().any(|wanted| self.fits(wanted, value, context));
        let all = match (set, form) {
            (Some(set), _) => set == SetOperator::All,
            (None, Form::Spellings) => effect == Effect::Allow,
            (None, Form::One | Form::Set) => negated,
        };
        if all { values.iter().all(fits) } else { values.iter().any(fits) }
    }

    /// What it wants and what the request has, for reasons.
    pub fn unmet(&self, context: &Context) -> String {
        let Condition { operator_name, key_name, .. } = self;
        let wanted = shown(self.wanted.iter().map(Pattern::text));
        let (values, _) = context.held(&self.key);
        let has = if values.is_empty() {
            "no such key".to_owned()
        } else {
            shown(values.iter().map(String::as_str))
        };
        format!("{operator_name} {key_name} wants {wanted}, the request has {has}")
    }

    fn fits(&self, wanted: &Pattern, value: &str, context: &Context) -> bool {
        let text = wanted.text();
        match self.operator.comparison {
            Comparison::Text | Comparison::TextPattern => wanted.matches(value, context),
            Comparison::TextWithoutCase => wanted.matches_without_case(value, context),
            Comparison::Arn => wanted.matches_arn(value, context),
            Comparison::Number(order) => {
                value::compare_numbers(value, text).is_some_and(|there| order.fits(there))
            }
            Comparison::Date(order) => match (moment::read(value), moment::read(text)) {
                (Some(value), Some(wanted)) => order.fits(value.cmp(&wanted)),
                _ => false,
            },
            Comparison::Bool => value::truth(value).is_some() && wanted.matches_without_case(value, context),
            Comparison::Binary => value::same_bytes(text, value),
            Comparison::Ip => value::address_in(text, value),
            Comparison::Null => false,
        }
    }
}

/// A few values, each of a length that a person reads.
fn shown<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let mut values = values.map(|value| {
        let mut short: String = value.chars().take(SHOWN_LENGTH_MAX).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        short
    });
    let few: Vec<String> = values.by_ref().take(SHOWN_MAX).collect();
    match (few.is_empty(), values.count()) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => few.join(" or "),
        (false, more) => format!("{} or {more} more", few.join(" or ")),
    }
}
