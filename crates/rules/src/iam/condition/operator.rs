//! The names of condition operators: `ForAllValues:StringNotEqualsIfExists`. Case counts.
//! Source: IAM User Guide, "JSON policy elements: Condition operators", "Multivalued context keys".

use std::cmp::Ordering;

/// `ForAllValues:`, `ForAnyValue:`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOperator {
    All,
    Any,
}

/// How two numbers or moments are to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether a value that lies so to the wanted one fits.
    pub fn fits(self, there: Ordering) -> bool {
        match self {
            Order::Equal => there.is_eq(),
            Order::Less => there.is_lt(),
            Order::LessOrEqual => there.is_le(),
            Order::Greater => there.is_gt(),
            Order::GreaterOrEqual => there.is_ge(),
        }
    }
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Text,
    TextWithoutCase,
    TextPattern,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    /// `ArnEquals` and `ArnLike` are the same
    Arn,
    Null,
}

impl Comparison {
    /// Whether values may hold policy variables.
    pub fn takes_variables(self) -> bool {
        use Comparison::{Arn, Bool, Text, TextPattern, TextWithoutCase};
        matches!(self, Text | TextWithoutCase | TextPattern | Arn | Bool)
    }

    /// Whether `*` and `?` in values are wildcards.
    pub fn takes_wildcards(self) -> bool {
        matches!(self, Comparison::TextPattern | Comparison::Arn)
    }
}

/// An operator that has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub set: Option<SetOperator>,
    pub comparison: Comparison,
    pub negated: bool,
    pub if_exists: bool,
}

impl Operator {
    pub fn read(name: &str) -> Option<Operator> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Some(SetOperator::All), name),
            Some(("ForAnyValue", name)) => (Some(SetOperator::Any), name),
            Some(_) => return None,
            None => (None, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (comparison, negated) = comparison(name)?;
        let whether_there = comparison == Comparison::Null;
        (!(whether_there && if_exists)).then_some(Operator { set, comparison, negated, if_exists })
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        "StringEquals" => (Comparison::Text, false),
        "StringNotEquals" => (Comparison::Text, true),
        "StringEqualsIgnoreCase" => (Comparison::TextWithoutCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::TextWithoutCase, true),
        "StringLike" => (Comparison::TextPattern, false),
        "StringNotLike" => (Comparison::TextPattern, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::Ip, false),
        "NotIpAddress" => (Comparison::Ip, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Null" => (Comparison::Null, false),
        _ => {
            let (of, order): (fn(Order) -> Comparison, &str) = match name.strip_prefix("Numeric") {
                Some(order) => (Comparison::Number, order),
                None => (Comparison::Date, name.strip_prefix("Date")?),
            };
            let (order, negated) = match order {
                "Equals" => (Order::Equal, false),
                "NotEquals" => (Order::Equal, true),
                "LessThan" => (Order::Less, false),
                "LessThanEquals" => (Order::LessOrEqual, false),
                "GreaterThan" => (Order::Greater, false),
                "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                _ => return None,
            };
            (of(order), negated)
        }
    })
}
