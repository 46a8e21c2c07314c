//! A request or answer in the form that CloudTrail records: lower-camel names, absent members left out, EC2's lists
//! as `{"items": [...]}`. The generated code never passes blobs or sensitive members here.

use crate::time::iso_millis;
use base::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A value that a trail record can show.
pub trait ToTrail {
    fn to_trail(&self) -> Value;
}

impl ToTrail for String {
    fn to_trail(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl ToTrail for bool {
    fn to_trail(&self) -> Value {
        Value::from(*self)
    }
}

impl ToTrail for i32 {
    fn to_trail(&self) -> Value {
        Value::from(*self)
    }
}

impl ToTrail for i64 {
    fn to_trail(&self) -> Value {
        Value::from(*self)
    }
}

impl ToTrail for f64 {
    fn to_trail(&self) -> Value {
        Value::from(*self)
    }
}

impl ToTrail for Timestamp {
    fn to_trail(&self) -> Value {
        Value::from(iso_millis(*self))
    }
}

impl<T: ToTrail> ToTrail for Vec<T> {
    fn to_trail(&self) -> Value {
        Value::Array(self.iter().map(ToTrail::to_trail).collect())
    }
}

impl<T: ToTrail> ToTrail for BTreeMap<String, T> {
    fn to_trail(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.to_trail())).collect())
    }
}

/// Members of one structure, in the making.
#[derive(Default)]
pub struct Trail(Map<String, Value>);

impl Trail {
    pub fn new() -> Self {
        Trail::default()
    }

    /// A member as it is; lists become plain arrays (JSON services).
    pub fn put<T: ToTrail>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.to_trail());
        }
    }

    /// A number that CloudTrail shows as text (EC2's `size`).
    pub fn text<T: ToString>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), Value::from(value.to_string()));
        }
    }

    /// A moment as epoch milliseconds (EC2's answers).
    pub fn millis(&mut self, name: &str, value: Option<&Timestamp>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), Value::from(value.millis()));
        }
    }

    /// An EC2 list: `{"items": [...]}`, and `{}` when empty.
    pub fn items<T: ToTrail>(&mut self, name: &str, values: Option<&Vec<T>>) {
        self.set(name, values.map(|values| values.iter().map(ToTrail::to_trail).collect()));
    }

    /// An EC2 list of bare values, each shown as `{"<item>": value}`.
    pub fn items_of<T: ToTrail>(&mut self, name: &str, item: &str, values: Option<&Vec<T>>) {
        let wrap = |value: &T| Value::Object(Map::from_iter([(item.to_owned(), value.to_trail())]));
        self.set(name, values.map(|values| values.iter().map(wrap).collect()));
    }

    fn set(&mut self, name: &str, items: Option<Vec<Value>>) {
        if let Some(items) = items {
            let mut set = Map::new();
            if !items.is_empty() {
                set.insert("items".to_owned(), Value::Array(items));
            }
            self.0.insert(name.to_owned(), Value::Object(set));
        }
    }

    pub fn finish(self) -> Value {
        Value::Object(self.0)
    }
}
