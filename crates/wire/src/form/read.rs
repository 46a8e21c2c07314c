//! A tree to a typed input. Generated code asks a [`Reader`] for its members by name; what nobody asked for is an
//! unknown parameter. Problems are collected, not thrown, so that the answer does not depend on the order of members.

use super::parse::Form;
use super::tree::Node;
use crate::at::At;
use crate::call::Call;
use crate::time::parse_iso;
use base::{Refusal, Timestamp};

/// What is wrong with a request; of each kind the first.
#[derive(Default)]
pub struct Problems {
    unknown: Option<String>,
    malformed: Option<Refusal>,
    missing: Option<String>,
}

impl Problems {
    fn unknown(&mut self, name: Option<String>) {
        self.unknown = self.unknown.take().or(name);
    }

    fn malformed(&mut self, at: &At<'_>, value: &str, must: &str) {
        if self.malformed.is_none() {
            let message = format!("Value ({value}) for parameter {} is invalid. {must}", at.form());
            self.malformed = Some(Refusal::new("InvalidParameterValue", message));
        }
    }

    fn missing(&mut self, at: &At<'_>) {
        self.missing.get_or_insert_with(|| at.form());
    }

    /// A name we do not know comes first: it is often the misspelt one that is then also missing.
    fn refusal(self) -> Option<Refusal> {
        let unknown = self
            .unknown
            .map(|name| Refusal::new("UnknownParameter", format!("The parameter {name} is not recognized")));
        let missing = self.missing.map(|name| {
            Refusal::new("MissingParameter", format!("The request must contain the parameter {name}"))
        });
        unknown.or(self.malformed).or(missing)
    }
}

/// A structure that can be read from a form. Implemented by generated code.
pub trait FormStruct: Sized {
    fn from_form(form: &mut Reader<'_>) -> Self;
}

/// Anything that can stand behind a name. `None` means that a problem was noted.
pub trait FormValue: Sized {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self>;
}

/// Reads the whole of a call into an operation's input. `Action` and `Version` chose the operation already.
pub fn decode<T: FormStruct>(call: &Call) -> Result<T, Refusal> {
    let mut root = Node::of(Form::of(call)?)?;
    for chosen in ["Action", "Version"] {
        let node = root.take(chosen).unwrap_or_default();
        if !node.children.is_empty() {
            root.children.insert(chosen.to_owned(), Node { value: None, ..node });
        }
    }
    let mut problems = Problems::default();
    let value = read_struct(root, &At::ROOT, &mut problems);
    match problems.refusal() {
        None => Ok(value),
        Some(refusal) => Err(refusal),
    }
}

fn read_struct<T: FormStruct>(node: Node, at: &At<'_>, problems: &mut Problems) -> T {
    let mut reader = Reader { node, at: *at, problems };
    let value = T::from_form(&mut reader);
    let left = reader.node.first_name(&at.form());
    problems.unknown(left);
    value
}

/// One structure being read.
pub struct Reader<'a> {
    node: Node,
    at: At<'a>,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    /// A member that may be absent.
    pub fn optional<T: FormValue>(&mut self, name: &'static str) -> Option<T> {
        let node = self.node.take(name)?;
        T::from_node(node, &self.at.member(name), self.problems)
    }

    /// A required member of an operation's input; the default stands in when it is missing and the call is refused.
    pub fn required<T: FormValue + Default>(&mut self, name: &'static str) -> T {
        self.inner_required(name).unwrap_or_default()
    }

    /// A required member of a structure inside.
    pub fn inner_required<T: FormValue>(&mut self, name: &'static str) -> Option<T> {
        if !self.node.children.contains_key(name) {
            self.problems.missing(&self.at.member(name));
        }
        self.optional(name)
    }

    /// A flattened list, `Name.1`, `Name.2`: entries in the order of their numbers, gaps allowed as in AWS.
    pub fn list<T: FormValue>(&mut self, name: &'static str) -> Option<Vec<T>> {
        let node = self.node.take(name)?;
        self.entries(node, name)
    }

    pub fn required_list<T: FormValue>(&mut self, name: &'static str) -> Vec<T> {
        let list = self.list(name).unwrap_or_default();
        if list.is_empty() {
            self.problems.missing(&self.at.member(name));
        }
        list
    }

    /// awsQuery's wrapped list, `Name.member.1`; `Name=` alone is the empty list.
    pub fn wrapped_list<T: FormValue>(&mut self, name: &'static str, item: &'static str) -> Option<Vec<T>> {
        let mut outer = self.node.take(name)?;
        if outer.children.is_empty() && outer.value.as_deref() == Some("") {
            return Some(Vec::new());
        }
        let inner = outer.take(item);
        self.problems.unknown(outer.first_name(&self.at.member(name).form()));
        self.entries(inner?, name)
    }

    fn entries<T: FormValue>(&mut self, mut node: Node, name: &'static str) -> Option<Vec<T>> {
        let at = self.at.member(name);
        if node.value.take().is_some() {
            self.problems.unknown(Some(at.form()));
        }
        match node.into_entries() {
            Ok(entries) => {
                let problems = &mut *self.problems;
                let read = |(index, node)| T::from_node(node, &at.index(index), problems);
                Some(entries.into_iter().filter_map(read).collect())
            }
            Err((part, node)) => {
                self.problems.unknown(node.first_name(&format!("{}.{part}", at.form())));
                None
            }
        }
    }
}

impl<T: FormStruct> FormValue for T {
    fn from_node(mut node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        if node.value.take().is_some() {
            problems.unknown(Some(at.form()));
        }
        Some(read_struct(node, at, problems))
    }
}

/// The text of a parameter that must have no parts below it.
fn text(mut node: Node, at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let value = node.value.take();
    problems.unknown(node.first_name(&at.form()));
    value
}

fn parsed<T>(
    node: Node,
    at: &At<'_>,
    problems: &mut Problems,
    must: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = text(node, at, problems)?;
    let value = read(&text);
    if value.is_none() {
        problems.malformed(at, &text, must);
    }
    value
}

impl FormValue for String {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        text(node, at, problems)
    }
}

impl FormValue for bool {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        // Python and Ansible write their own booleans into forms.
        parsed(node, at, problems, "It must be true or false.", |text| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        })
    }
}

impl FormValue for i32 {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a 32-bit integer.", |text| text.parse().ok())
    }
}

impl FormValue for i64 {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a 64-bit integer.", |text| text.parse().ok())
    }
}

impl FormValue for f64 {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        parsed(node, at, problems, "It must be a number.", finite)
    }
}

impl FormValue for Timestamp {
    fn from_node(node: Node, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        parsed(node, at, problems, "It must be a time in ISO 8601 form.", parse_iso)
    }
}
