//! A form to a typed input. Generated code asks a [`Reader`] for its members by name; what nobody asked for is an
//! unknown parameter. Problems are collected, not thrown, so that the answer does not depend on the order of members.

use super::node::{Node, Parameters};
use super::parse::Form;
use crate::at::At;
use crate::call::Call;
use crate::time::parse_iso;
use crate::xml::carries;
use base::{Refusal, Timestamp};

/// What is wrong with a request; of each kind the first.
#[derive(Default)]
pub struct Problems {
    malformed: Option<Refusal>,
    missing: Option<Refusal>,
}

impl Problems {
    fn malformed(&mut self, at: &At<'_>, value: &str, must: &str) {
        self.malformed.get_or_insert_with(|| {
            let message = format!("Value ({value}) for parameter {} is invalid. {must}", at.form());
            Refusal::new("InvalidParameterValue", message)
        });
    }

    fn missing(&mut self, at: &At<'_>) {
        self.missing.get_or_insert_with(|| {
            let message = format!("The request must contain the parameter {}", at.form());
            Refusal::new("MissingParameter", message)
        });
    }
}

/// A structure that can be read from a form. Implemented by generated code.
pub trait FormStruct: Sized {
    fn from_form(form: &mut Reader<'_>) -> Self;
}

/// Anything that can stand behind a name. `None` means that a problem was noted, or that its value stays unread.
pub trait FormValue: Sized {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self>;
}

/// Reads the whole of a call into an operation's input.
///
/// Errors, in this order: `MalformedQueryString`, `UnknownParameter`, `InvalidParameterValue`, `MissingParameter`. A
/// name we do not know comes before a missing one because it is often the misspelt one that is then also missing.
pub fn decode<T: FormStruct>(call: &Call) -> Result<T, Refusal> {
    let parameters = Parameters::of(Form::of(call)?)?;
    let mut problems = Problems::default();
    let root = parameters.root();
    // These two chose the operation already.
    for chosen in ["Action", "Version"] {
        let _ = root.child(chosen).and_then(|node| node.take());
    }
    let value = T::from_form(&mut Reader { node: root, at: At::ROOT, problems: &mut problems });
    let unknown = parameters
        .unread()
        .map(|name| Refusal::new("UnknownParameter", format!("The parameter {name} is not recognized")));
    match unknown.or(problems.malformed).or(problems.missing) {
        None => Ok(value),
        Some(refusal) => Err(refusal),
    }
}

/// One structure being read.
pub struct Reader<'a> {
    node: Node<'a>,
    at: At<'a>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    /// A member that may be absent.
    pub fn optional<T: FormValue>(&mut self, name: &'static str) -> Option<T> {
        T::from_node(self.node.child(name)?, &self.at.member(name), self.problems)
    }

    /// A required member of an operation's input; the default stands in when it is missing and the call is refused.
    pub fn required<T: FormValue + Default>(&mut self, name: &'static str) -> T {
        self.inner_required(name).unwrap_or_default()
    }

    /// A required member of a structure inside.
    pub fn inner_required<T: FormValue>(&mut self, name: &'static str) -> Option<T> {
        if self.node.child(name).is_none() {
            self.problems.missing(&self.at.member(name));
        }
        self.optional(name)
    }

    /// A flattened list, `Name.1`, `Name.2`: entries in the order of their numbers, gaps allowed as in AWS.
    pub fn list<T: FormValue>(&mut self, name: &'static str) -> Option<Vec<T>> {
        let node = self.node.child(name)?;
        Some(self.entries(node, name))
    }

    pub fn required_list<T: FormValue>(&mut self, name: &'static str) -> Vec<T> {
        let list = self.list(name).unwrap_or_default();
        if list.is_empty() {
            self.problems.missing(&self.at.member(name));
        }
        list
    }

    /// awsQuery's wrapped list, `Name.member.1`; `Name=` alone is the empty list.
    pub fn wrapped_list<T: FormValue>(&mut self, name: &'static str, item: &str) -> Option<Vec<T>> {
        let outer = self.node.child(name)?;
        match outer.child(item) {
            Some(inner) => Some(self.entries(inner, name)),
            None if outer.has_parts() => None,
            None => {
                let value = outer.take()?;
                if !value.is_empty() {
                    self.problems.malformed(&self.at.member(name), &value, "It must be a list.");
                }
                Some(Vec::new())
            }
        }
    }

    /// A wrapped list that must be there, perhaps empty.
    pub fn required_wrapped_list<T: FormValue>(&mut self, name: &'static str, item: &str) -> Vec<T> {
        if self.node.child(name).is_none() {
            self.problems.missing(&self.at.member(name));
        }
        self.wrapped_list(name, item).unwrap_or_default()
    }

    fn entries<T: FormValue>(&mut self, node: Node<'_>, name: &'static str) -> Vec<T> {
        let at = self.at.member(name);
        let problems = &mut *self.problems;
        let entries = node.entries().into_iter();
        entries.filter_map(|(index, node)| T::from_node(node, &at.index(index), problems)).collect()
    }
}

impl<T: FormStruct> FormValue for T {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        Some(T::from_form(&mut Reader { node, at: *at, problems }))
    }
}

fn parsed<T>(
    node: Node<'_>,
    at: &At<'_>,
    problems: &mut Problems,
    must: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = node.take()?;
    let value = read(&text);
    if value.is_none() {
        problems.malformed(at, &text, must);
    }
    value
}

impl FormValue for String {
    /// Text that an XML answer could not give back as it came is refused: stored and shown as something else, it could never
    /// be found again.
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let text = node.take()?;
        if let Some(odd) = text.chars().find(|c| !carries(*c)) {
            let must = format!("It has the character U+{:04X}, which XML cannot carry.", u32::from(odd));
            problems.malformed(at, &text, &must);
        }
        Some(text)
    }
}

impl FormValue for bool {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        // Python and Ansible write their own booleans into forms.
        parsed(node, at, problems, "It must be true or false.", |text| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        })
    }
}

impl FormValue for i32 {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a 32-bit integer.", |text| text.parse().ok())
    }
}

impl FormValue for i64 {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a 64-bit integer.", |text| text.parse().ok())
    }
}

impl FormValue for f64 {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        parsed(node, at, problems, "It must be a number.", finite)
    }
}

impl FormValue for Timestamp {
    fn from_node(node: Node<'_>, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a time in ISO 8601 form.", parse_iso)
    }
}
