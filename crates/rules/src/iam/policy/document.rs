//! From the text of a policy document to statements. Strict: what is not understood is refused, because a misspelt `Condition` that
//! is passed over gives away what it should keep. An element that stands twice is refused for the same reason.
//! Source: IAM User Guide, "JSON policy element reference", "Grammar of the IAM JSON policy language".

use super::elements::{self, Listed};
use super::json::{self, Broken, Node, Places, Value};
use super::principals::Principals;
use super::statement::Statement;
use super::wrong::Wrong;
use super::{PolicyType, Version};
use crate::iam::Effect;
use crate::iam::condition::{Condition, Unreadable};
use crate::iam::pattern::Reading;
use std::collections::HashSet;

/// Reads the version and the statements of a document.
pub(super) fn read(text: &str, kind: PolicyType) -> Result<(Version, Vec<Statement>), Wrong> {
    let document = json::read(text).map_err(|broken| {
        let place = |at| {
            let place = Places::new(text).of(at);
            format!("line {} column {}", place.line, place.column)
        };
        match broken {
            Broken::Syntax(at) => Wrong::Json(format!("it is no JSON from {} on", place(at))),
            Broken::Deep(at) => Wrong::Json(format!("it nests too deep at {}", place(at))),
            Broken::Twice(name, at) => Wrong::Shape(format!("duplicate field {name:?} at {}", place(at))),
        }
    })?;
    let Value::Object(members) = &document.value else {
        return Err(Wrong::Shape("it is no JSON object".to_owned()));
    };
    let (mut version, mut statements) = (Version::V2008, None);
    for (name, node) in members {
        match name.as_str() {
            "Version" => version = version_of(node)?,
            "Id" => drop(text_of(node, "Id")?),
            "Statement" => statements = Some(node),
            _ => return Err(Wrong::UnknownElement(name.clone())),
        }
    }
    let statements: Vec<&Node> = match statements.map(|node| (&node.value, node)) {
        Some((Value::List(list), _)) => list.iter().collect(),
        Some((Value::Object(_), node)) => vec![node],
        Some(_) => return Err(Wrong::Shape("Statement is neither an object nor a list".to_owned())),
        None => Vec::new(),
    };
    if statements.is_empty() {
        return Err(Wrong::NoStatements);
    }
    let mut reader =
        Reader { kind, version, places: Places::new(text), sids: HashSet::new(), wrong: Vec::new() };
    let statements: Vec<Statement> =
        statements.into_iter().enumerate().filter_map(|(at, node)| reader.statement(at + 1, node)).collect();
    Wrong::told(reader.wrong, kind).map_or(Ok((version, statements)), Err)
}

struct Reader<'a> {
    kind: PolicyType,
    version: Version,
    places: Places<'a>,
    sids: HashSet<String>,
    /// every mistake so far, in the order of the document
    wrong: Vec<Wrong>,
}

/// The elements of a statement as they stand.
#[derive(Default)]
struct Written<'a> {
    sid: Option<&'a Node>,
    effect: Option<&'a Node>,
    principal: Option<&'a Node>,
    not_principal: Option<&'a Node>,
    action: Option<&'a Node>,
    not_action: Option<&'a Node>,
    resource: Option<&'a Node>,
    not_resource: Option<&'a Node>,
    condition: Option<&'a Node>,
}

impl<'a> Written<'a> {
    fn of(node: &'a Node) -> Result<Written<'a>, Wrong> {
        let Value::Object(members) = &node.value else {
            return Err(Wrong::Shape("a statement is no object".to_owned()));
        };
        let mut written = Written::default();
        for (name, node) in members {
            let place = match name.as_str() {
                "Sid" => &mut written.sid,
                "Effect" => &mut written.effect,
                "Principal" => &mut written.principal,
                "NotPrincipal" => &mut written.not_principal,
                "Action" => &mut written.action,
                "NotAction" => &mut written.not_action,
                "Resource" => &mut written.resource,
                "NotResource" => &mut written.not_resource,
                "Condition" => &mut written.condition,
                _ => return Err(Wrong::UnknownElement(name.clone())),
            };
            *place = Some(node);
        }
        Ok(written)
    }
}

impl Reader<'_> {
    /// A statement without mistakes. Reads on after a mistake, because another may be the one that AWS tells.
    fn statement(&mut self, place: usize, node: &Node) -> Option<Statement> {
        let written = Written::of(node);
        let written = self.keep(written)?;
        let effect = self.keep(effect(written.effect));
        let principals = self.keep(self.principals(&written, effect));
        let conditions = self.keep(written.condition.map_or(Ok(Vec::new()), |node| self.conditions(node)));
        let actions = self.keep(self.actions(&written));
        let resources = self.keep(self.resources(&written));
        let sid = self.sid(written.sid);
        let sid = self.keep(sid)?;
        let label = match &sid {
            Some(sid) => format!("statement {sid:?}"),
            None => format!("statement {place}"),
        };
        Some(Statement {
            label,
            sid,
            effect: effect?,
            principals: principals?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
            start: self.places.of(node.start),
            end: self.places.of(node.end),
        })
    }

    fn keep<T>(&mut self, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|wrong| self.wrong.push(wrong)).ok()
    }

    /// An empty Sid is none. Key policies may have blanks in theirs.
    fn sid(&mut self, node: Option<&Node>) -> Result<Option<String>, Wrong> {
        let Some(sid) = node.map(|node| text_of(node, "Sid")).transpose()?.filter(|sid| !sid.is_empty())
        else {
            return Ok(None);
        };
        if self.kind != PolicyType::Key && !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Wrong::Sid(sid));
        }
        if !self.sids.insert(sid.clone()) && self.kind != PolicyType::Key {
            return Err(Wrong::SidTwice(sid));
        }
        Ok(Some(sid))
    }

    fn principals(&self, written: &Written, effect: Option<Effect>) -> Result<Option<Principals>, Wrong> {
        let expected = matches!(self.kind, PolicyType::Trust | PolicyType::Key);
        match (expected, written.principal, written.not_principal) {
            (false, None, None) => Ok(None),
            (false, ..) => Err(Wrong::HasPrincipal),
            (true, Some(node), None) => Principals::read(node, false).map(Some),
            (true, None, Some(_)) if effect == Some(Effect::Allow) => Err(Wrong::NotPrincipal(true)),
            (true, None, Some(_)) if self.kind == PolicyType::Trust => Err(Wrong::NotPrincipal(false)),
            (true, None, Some(node)) => Principals::read(node, true).map(Some),
            (true, ..) => Err(Wrong::NoPrincipal),
        }
    }

    fn actions(&self, written: &Written) -> Result<Listed, Wrong> {
        let (but, node) = match (written.action, written.not_action) {
            (Some(node), None) => (false, node),
            (None, Some(node)) => (true, node),
            (None, None) => return Err(Wrong::NoAction),
            _ => return Err(Wrong::Shape("a statement has both Action and NotAction".to_owned())),
        };
        let actions = texts(node, "Action")?;
        if actions.is_empty() {
            return Err(if self.kind == PolicyType::Key { empty("Action") } else { Wrong::NoAction });
        }
        for action in &actions {
            elements::check_action(action, self.kind)?;
        }
        // Actions are compared in lower case and know no variables.
        let lower = actions.iter().map(|action| action.to_ascii_lowercase());
        Ok(Listed::read(but, lower, Reading { wildcards: true, variables: false }))
    }

    fn resources(&self, written: &Written) -> Result<Listed, Wrong> {
        let reading = Reading { wildcards: true, variables: self.version == Version::V2012 };
        let (but, node) = match (written.resource, written.not_resource) {
            (Some(_), Some(_)) => {
                return Err(Wrong::Shape("a statement has both Resource and NotResource".to_owned()));
            }
            (Some(_), None) if self.kind == PolicyType::Trust => return Err(Wrong::HasResource("Resource")),
            (None, Some(_)) if self.kind == PolicyType::Trust => {
                return Err(Wrong::HasResource("NotResource"));
            }
            (Some(node), None) => (false, node),
            (None, Some(node)) => (true, node),
            // A key policy is about its key and a trust policy about its role, said or not.
            (None, None) if matches!(self.kind, PolicyType::Trust | PolicyType::Key) => {
                return Ok(Listed::read(false, std::iter::once("*".to_owned()), reading));
            }
            (None, None) => return Err(Wrong::NoResource),
        };
        let resources = texts(node, "Resource")?;
        if resources.is_empty() {
            return Err(if self.kind == PolicyType::Key { empty("Resource") } else { Wrong::NoResource });
        }
        for resource in &resources {
            elements::check_resource(resource, self.kind)?;
        }
        Ok(Listed::read(but, resources.into_iter(), reading))
    }

    fn conditions(&self, node: &Node) -> Result<Vec<Condition>, Wrong> {
        let mut conditions = Vec::new();
        for (operator, keys) in members(node, "Condition")? {
            for (key, values) in members(keys, operator)? {
                let values = scalars(values, key)?;
                // IAM takes a list without values, which nothing fits. In a key policy it would lock the key's owner out.
                if values.is_empty() && self.kind == PolicyType::Key {
                    return Err(empty(key));
                }
                let read = Condition::read(operator, key, &values, self.version == Version::V2012);
                conditions.push(read.map_err(|unreadable| match unreadable {
                    Unreadable::Operator => {
                        Wrong::Shape(format!("there is no condition operator {operator:?}"))
                    }
                    Unreadable::Date(value) => {
                        Wrong::Legacy(format!("{value:?} is no date for {operator} {key}"))
                    }
                    Unreadable::Null(value) => {
                        Wrong::Shape(format!("{value:?} is no truth value for Null {key}"))
                    }
                })?);
            }
        }
        Ok(conditions)
    }
}

fn version_of(node: &Node) -> Result<Version, Wrong> {
    match text_of(node, "Version")?.as_str() {
        "2008-10-17" => Ok(Version::V2008),
        "2012-10-17" => Ok(Version::V2012),
        other => Err(Wrong::Version(other.to_owned())),
    }
}

fn effect(node: Option<&Node>) -> Result<Effect, Wrong> {
    let effect = text_of(node.ok_or(Wrong::NoEffect)?, "Effect")?;
    match effect.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(Wrong::Effect(effect)),
    }
}

/// Whoever writes an empty list means something that it does not say.
fn empty(name: &str) -> Wrong {
    Wrong::Shape(format!("{name} is an empty list"))
}

fn text_of(node: &Node, name: &str) -> Result<String, Wrong> {
    match &node.value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(Wrong::Shape(format!("{name} is no text"))),
    }
}

fn members<'a>(node: &'a Node, name: &str) -> Result<&'a [(String, Node)], Wrong> {
    match &node.value {
        Value::Object(members) => Ok(members),
        _ => Err(Wrong::Shape(format!("{name} is no object"))),
    }
}

/// A text, or a list of texts.
pub(super) fn texts(node: &Node, name: &str) -> Result<Vec<String>, Wrong> {
    match &node.value {
        Value::List(list) => list.iter().map(|node| text_of(node, name)).collect(),
        _ => text_of(node, name).map(|text| vec![text]),
    }
}

/// One or a list of what conditions compare with: texts, or what JSON writes without quotation marks.
fn scalars(node: &Node, name: &str) -> Result<Vec<String>, Wrong> {
    let one = |node: &Node| match &node.value {
        Value::Text(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        _ => Err(Wrong::Shape(format!(
            "a value of the condition key {name:?} is no text, number or truth value"
        ))),
    };
    match &node.value {
        Value::List(list) => list.iter().map(one).collect(),
        _ => one(node).map(|value| vec![value]),
    }
}
