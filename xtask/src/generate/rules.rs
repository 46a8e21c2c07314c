//! Limits of shapes, one Rust constant per limited shape. Only JSON services check them.

use super::config::Config;
use super::model::{Model, Shape};
use super::{names, pattern};
use std::collections::BTreeMap;

/// Constants by name; the value is the Rust expression.
#[derive(Default)]
pub struct Rules(pub BTreeMap<String, String>);

/// The constant for "no limits".
pub fn none() -> String {
    "NONE".to_owned()
}

impl Rules {
    /// The constant of this shape's rule; writes it, and those of its entries, if it is new.
    pub fn of(&mut self, model: &Model, config: &Config, name: &str) -> String {
        let Some(shape) = model.shapes.get(name).filter(|shape| shape.kind != "structure") else {
            return none();
        };
        if model.metadata.protocol != "json" && model.metadata.protocol != "rest-json" {
            return none();
        }
        let entry = shape.member.as_ref().or(shape.value.as_ref());
        let element = entry.map_or_else(none, |entry| self.of(model, config, &entry.shape));
        let text = expression(shape, &values(shape, config, name), &element);
        if text == "Rule { ..NONE }" {
            return none();
        }
        let constant = names::constant(name);
        self.0.insert(constant.clone(), text);
        format!("rules::{constant}")
    }
}

fn expression(shape: &Shape, values: &[String], element: &str) -> String {
    let mut parts = String::new();
    // Limits are whole numbers; botocore writes some as floats.
    for (name, limit) in [("min", shape.min), ("max", shape.max)] {
        if let Some(limit) = limit {
            parts += &format!("{name}: Some({}), ", limit as i64);
        }
    }
    if !values.is_empty() {
        parts += &format!("values: &{values:?}, ");
    }
    if let Some((text, class)) = shape.pattern.as_ref().and_then(|text| Some((text, pattern::class(text)?))) {
        let ranges = &class.ranges;
        let some = class.some;
        parts += &format!("pattern: Some(Pattern {{ text: {text:?}, ranges: &{ranges:?}, some: {some} }}), ");
    }
    if shape.sensitive {
        parts += "sensitive: true, ";
    }
    if element != "NONE" {
        let constant = element.trim_start_matches("rules::");
        parts += &format!("element: Some(&{constant}), ");
    }
    format!("Rule {{ {parts}..NONE }}")
}

fn values(shape: &Shape, config: &Config, name: &str) -> Vec<String> {
    let first = config.enum_order.get(name).cloned().unwrap_or_default();
    let rest = shape.values.iter().filter(|value| !first.contains(value)).cloned().collect::<Vec<_>>();
    [first, rest].concat()
}
