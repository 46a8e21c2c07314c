//! What will be written for one service: every structure reachable from the wanted operations, with the name of each
//! field in every place where it appears.

use super::config::{Config, FieldOverride};
use super::model::{Model, Reference, Shape};
use super::names;
use super::rules::{self, Rules};
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Ec2Query,
    AwsQuery,
    AwsJson11,
    RestJson,
}

pub struct Service {
    pub config: Config,
    pub protocol: Protocol,
    pub version: String,
    pub target_prefix: String,
    pub xml_namespace: String,
    pub endpoint_prefix: String,
    pub operations: Vec<Operation>,
    /// Structures inside inputs and outputs, by name.
    pub shapes: BTreeMap<String, Structure>,
    pub rules: Rules,
}

pub struct Operation {
    pub name: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub input: Structure,
    pub output: Structure,
    /// Whether the model gives the operation an output at all.
    pub has_output: bool,
    /// The shape of the output if it is also used inside others: then one converts into the other.
    pub output_shape: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Input,
    Output,
    Inside,
}

pub struct Structure {
    pub name: String,
    pub role: Role,
    pub fields: Vec<Field>,
    /// Reached from an input, from an output.
    pub read: bool,
    pub written: bool,
    /// Holds a secret somewhere: no Clone, Debug, PartialEq.
    pub secret: bool,
}

pub struct Field {
    /// As the model spells it.
    pub member: String,
    /// As Rust spells it.
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    pub form_name: String,
    pub xml_name: String,
    /// Where restJson carries it: `uri`, `querystring`, `header`, `payload`, or the body.
    pub location: Option<(String, String)>,
    /// The constant of its rule, or `NONE`.
    pub rule: String,
    pub trail: Trail,
    /// XML shows the moment without milliseconds.
    pub seconds: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    String,
    Bool,
    I32,
    I64,
    F64,
    Timestamp,
    Blob,
    Secret,
    Payload,
    Struct(String),
    /// Entries, and the XML name of each.
    List(Box<Kind>, String),
    Map(Box<Kind>),
}

/// How a field looks in trail records.
pub enum Trail {
    Omit,
    Put(String),
    Text(String),
    Millis(String),
    Items(String),
    ItemsOf(String, String),
}

/// The plan of one service.
pub fn plan(mut config: Config, model: &Model) -> Result<Service, String> {
    // Routing looks operations up by binary search.
    config.operations.sort();
    config.operations.dedup();
    let protocol = match model.metadata.protocol.as_str() {
        "ec2" => Protocol::Ec2Query,
        "query" => Protocol::AwsQuery,
        "json" => Protocol::AwsJson11,
        "rest-json" => Protocol::RestJson,
        other => return Err(format!("{}: unknown protocol {other}", config.module)),
    };
    let mut planner = Planner {
        config: &config,
        model,
        protocol,
        shapes: BTreeMap::new(),
        rules: Rules::default(),
        overrides_used: Vec::new(),
    };
    let mut operations = Vec::new();
    for name in &config.operations {
        operations.push(planner.operation(name)?);
    }
    let Planner { mut shapes, rules, overrides_used, .. } = planner;
    if let Some(unused) = config.fields.keys().find(|key| !overrides_used.contains(key)) {
        return Err(format!("{}: no field {unused} to override", config.module));
    }
    spread_secrets(&mut shapes);
    for operation in &mut operations {
        operation.input.secret = holds_secret(&operation.input, &shapes);
        operation.output.secret = holds_secret(&operation.output, &shapes);
        operation.output_shape = operation.output_shape.take().filter(|name| shapes.contains_key(name));
        if let Some(clash) = [&operation.name, &operation.input.name, &operation.output.name]
            .into_iter()
            .find(|name| shapes.contains_key(*name))
        {
            return Err(format!("{}: {clash} is both a shape and made for an operation", config.module));
        }
    }
    let metadata = &model.metadata;
    Ok(Service {
        protocol,
        version: metadata.api_version.clone(),
        target_prefix: metadata.target_prefix.clone(),
        xml_namespace: config.xml_namespace.clone().unwrap_or_else(|| metadata.xml_namespace.clone()),
        endpoint_prefix: metadata.endpoint_prefix.clone(),
        operations,
        shapes,
        rules,
        config,
    })
}

fn holds_secret(structure: &Structure, shapes: &BTreeMap<String, Structure>) -> bool {
    fn secret(kind: &Kind, shapes: &BTreeMap<String, Structure>) -> bool {
        match kind {
            Kind::Secret => true,
            Kind::Struct(name) => shapes.get(name).is_some_and(|shape| shape.secret),
            Kind::List(entry, _) | Kind::Map(entry) => secret(entry, shapes),
            _ => false,
        }
    }
    structure.fields.iter().any(|field| secret(&field.kind, shapes))
}

/// A structure around a secret is secret too; repeated until nothing changes, for shapes come in any order.
fn spread_secrets(shapes: &mut BTreeMap<String, Structure>) {
    loop {
        let found = shapes.values().filter(|shape| !shape.secret && holds_secret(shape, shapes));
        let names: Vec<String> = found.map(|shape| shape.name.clone()).collect();
        if names.is_empty() {
            return;
        }
        for name in names {
            if let Some(shape) = shapes.get_mut(&name) {
                shape.secret = true;
            }
        }
    }
}

struct Planner<'a> {
    config: &'a Config,
    model: &'a Model,
    protocol: Protocol,
    shapes: BTreeMap<String, Structure>,
    rules: Rules,
    overrides_used: Vec<&'a String>,
}

impl<'a> Planner<'a> {
    fn operation(&mut self, name: &str) -> Result<Operation, String> {
        let missing = || format!("{}: the model has no operation {name}", self.config.module);
        let operation = self.model.operations.get(name).ok_or_else(missing)?;
        let shape =
            |reference: &Option<Reference>| reference.as_ref().map(|reference| reference.shape.clone());
        let (asks, answers) = (shape(&operation.input), shape(&operation.output));
        Ok(Operation {
            name: name.to_owned(),
            method: operation.http.method.clone(),
            path: operation.http.request_uri.clone(),
            status: operation.http.response_code,
            input: self.structure(format!("{name}Input"), asks.as_deref(), Role::Input)?,
            output: self.structure(format!("{name}Output"), answers.as_deref(), Role::Output)?,
            has_output: answers.is_some(),
            output_shape: answers,
        })
    }

    fn shape(&self, name: &str) -> Result<&'a Shape, String> {
        let missing = || format!("{}: the model has no shape {name}", self.config.module);
        self.model.shapes.get(name).ok_or_else(missing)
    }

    fn structure(&mut self, name: String, shape: Option<&str>, role: Role) -> Result<Structure, String> {
        let (read, written) = (role == Role::Input, role == Role::Output);
        let mut structure = Structure { name, role, fields: Vec::new(), read, written, secret: false };
        if let Some(shape) = shape {
            self.fill(&mut structure, shape, read)?;
        }
        Ok(structure)
    }

    /// Adds the fields; what they contain is planned for the direction `read`.
    fn fill(&mut self, structure: &mut Structure, shape: &str, read: bool) -> Result<(), String> {
        let shape = self.shape(shape)?;
        for (member, reference) in &shape.members {
            let key = format!("{}.{member}", structure.name);
            let change = self.config.fields.get_key_value(&key);
            if let Some((key, _)) = change {
                self.overrides_used.push(key);
            }
            let change = change.map(|(_, change)| change);
            let kind = self.kind(&reference.shape, read)?;
            let location = if shape.payload.as_ref() == Some(member) {
                Some(("payload".to_owned(), String::new()))
            } else {
                let wire = reference.location_name.clone().unwrap_or_else(|| member.clone());
                reference.location.clone().map(|location| (location, wire))
            };
            structure.fields.push(Field {
                member: member.clone(),
                name: names::field(member),
                required: shape.required.contains(member),
                form_name: self.form_name(member, reference),
                xml_name: reference.location_name.clone().unwrap_or_else(|| member.clone()),
                location,
                // A raw body is not checked here: its length is the handler's business.
                rule: if structure.read && kind != Kind::Payload {
                    self.rules.of(self.model, self.config, &reference.shape)
                } else {
                    rules::none()
                },
                trail: self.trail(member, reference, &kind, structure.role, change)?,
                seconds: change.and_then(|change| change.xml.as_deref()) == Some("seconds"),
                kind,
            });
        }
        Ok(())
    }

    /// ec2Query: the query name, else the location name capitalised, else the member's name (botocore does so too).
    fn form_name(&self, member: &str, reference: &Reference) -> String {
        let location = reference.location_name.clone();
        match self.protocol {
            Protocol::Ec2Query => reference
                .query_name
                .clone()
                .or_else(|| location.as_deref().map(names::upper_first))
                .unwrap_or_else(|| member.to_owned()),
            _ => location.unwrap_or_else(|| member.to_owned()),
        }
    }

    fn kind(&mut self, name: &str, read: bool) -> Result<Kind, String> {
        let shape = self.shape(name)?;
        Ok(match shape.kind.as_str() {
            "string" | "character" => Kind::String,
            "boolean" => Kind::Bool,
            "integer" => Kind::I32,
            "long" => Kind::I64,
            "float" | "double" => Kind::F64,
            "timestamp" if shape.timestamp_format.is_none() => Kind::Timestamp,
            "blob" if shape.streaming => Kind::Payload,
            "blob" if shape.sensitive => Kind::Secret,
            "blob" => Kind::Blob,
            "structure" => {
                self.inside(name, read)?;
                Kind::Struct(name.to_owned())
            }
            "list" if !shape.flattened => {
                let entry = shape.member.as_ref().ok_or_else(|| format!("{name}: a list of nothing"))?;
                let default = if self.protocol == Protocol::Ec2Query { "item" } else { "member" };
                let item = entry.location_name.clone().unwrap_or_else(|| default.to_owned());
                Kind::List(Box::new(self.kind(&entry.shape, read)?), item)
            }
            "map" => {
                let value = shape.value.as_ref().ok_or_else(|| format!("{name}: a map of nothing"))?;
                Kind::Map(Box::new(self.kind(&value.shape, read)?))
            }
            other => return Err(format!("{name}: no type for {other}")),
        })
    }

    /// A structure inside another: planned once, and once more when it is reached from the other direction.
    fn inside(&mut self, name: &str, read: bool) -> Result<(), String> {
        let before = self.shapes.get(name).map_or((false, false), |known| (known.read, known.written));
        if if read { before.0 } else { before.1 } {
            return Ok(());
        }
        let mut structure = Structure {
            name: name.to_owned(),
            role: Role::Inside,
            fields: Vec::new(),
            read: before.0 || read,
            written: before.1 || !read,
            secret: false,
        };
        self.fill(&mut structure, name, read)?;
        self.shapes.insert(name.to_owned(), structure);
        Ok(())
    }

    fn trail(
        &self,
        member: &str,
        reference: &Reference,
        kind: &Kind,
        role: Role,
        change: Option<&FieldOverride>,
    ) -> Result<Trail, String> {
        let shape = self.shape(&reference.shape)?;
        let ec2 = self.protocol == Protocol::Ec2Query;
        let wire = reference.location_name.as_deref().filter(|_| ec2).unwrap_or(member);
        let name = change.and_then(|c| c.trail.clone()).unwrap_or_else(|| names::lower_first(wire));
        let form = change.and_then(|c| c.trail_as.as_deref());
        let item = change.and_then(|c| c.trail_item.clone());
        Ok(match (kind, form) {
            _ if shape.sensitive => Trail::Omit,
            (Kind::Blob | Kind::Secret | Kind::Payload, _) => Trail::Omit,
            (_, Some("omit")) => Trail::Omit,
            (_, Some("text")) => Trail::Text(name),
            (_, Some("array")) => Trail::Put(name),
            (_, Some(other)) => return Err(format!("{member}: no trail form {other}")),
            (Kind::List(..), None) if ec2 => match item {
                Some(item) => Trail::ItemsOf(name, item),
                None => Trail::Items(name),
            },
            // What a caller says stays text; what EC2 answers is shown as a number.
            (Kind::Timestamp, None) if ec2 && role != Role::Input => Trail::Millis(name),
            _ => Trail::Put(name),
        })
    }
}
