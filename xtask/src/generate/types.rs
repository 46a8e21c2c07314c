//! Rust text of types and of the codecs of one structure.

use super::plan::{Field, Kind, Protocol, Role, Service, Structure, Trail};
use std::fmt::Write;

/// The Rust type behind a kind, without its Option.
pub fn rust(kind: &Kind) -> String {
    match kind {
        Kind::String => "String".into(),
        Kind::Bool => "bool".into(),
        Kind::I32 => "i32".into(),
        Kind::I64 => "i64".into(),
        Kind::F64 => "f64".into(),
        Kind::Timestamp => "Timestamp".into(),
        Kind::Blob => "Blob".into(),
        Kind::Secret => "SecretBlob".into(),
        Kind::Payload => "Payload".into(),
        Kind::Struct(name) => name.clone(),
        Kind::List(entry, _) => format!("Vec<{}>", rust(entry)),
        Kind::Map(value) => format!("BTreeMap<String, {}>", rust(value)),
    }
}

/// Whether the field is the plain type and not an Option of it.
pub fn plain(structure: &Structure, field: &Field) -> bool {
    structure.role == Role::Input && field.required
}

/// The definition, with as much derived as its secrets allow.
pub fn definition(structure: &Structure, comment: &str) -> String {
    let derives = if structure.secret { "Default" } else { "Clone, Debug, Default, PartialEq" };
    let mut out = format!("/// {comment}\n#[derive({derives})]\npub struct {} {{\n", structure.name);
    for field in &structure.fields {
        let kind = rust(&field.kind);
        let kind = if plain(structure, field) { kind } else { format!("Option<{kind}>") };
        let _ = writeln!(out, "pub {}: {kind},", field.name);
    }
    out + "}\n\n"
}

/// All codecs of a structure; `fields` that travel outside the body are not the codecs' concern.
pub fn codecs(service: &Service, structure: &Structure) -> String {
    let mut out = String::new();
    let form = matches!(service.protocol, Protocol::Ec2Query | Protocol::AwsQuery);
    if structure.read {
        match service.protocol {
            Protocol::Ec2Query | Protocol::AwsQuery => out += &from_form(service, structure),
            Protocol::RestJson if structure.role == Role::Input => {}
            _ => out += &from_json(structure),
        }
    }
    if structure.written {
        out += &if form { to_xml(structure) } else { to_json(structure) };
    }
    if structure.role == Role::Inside {
        let body = trail(structure);
        let _ = write!(
            out,
            "impl ToTrail for {} {{\nfn to_trail(&self) -> Value {{\n{body}}}\n}}\n\n",
            structure.name
        );
    }
    out
}

/// A parameter that nothing uses is called `_`.
fn used(structure: &Structure, name: &str) -> String {
    if structure.fields.is_empty() { "_".to_owned() } else { name.to_owned() }
}

fn from_form(service: &Service, structure: &Structure) -> String {
    let mut out = format!(
        "impl FormStruct for {0} {{\nfn from_form({1}: &mut Reader<'_>) -> Self {{\n{0} {{\n",
        structure.name,
        used(structure, "form")
    );
    for field in &structure.fields {
        let (name, wire) = (&field.name, &field.form_name);
        let plain = plain(structure, field);
        let read = match &field.kind {
            Kind::List(_, item) if service.protocol == Protocol::AwsQuery && plain => {
                format!("form.required_wrapped_list({wire:?}, {item:?})")
            }
            Kind::List(_, item) if service.protocol == Protocol::AwsQuery => {
                format!("form.wrapped_list({wire:?}, {item:?})")
            }
            Kind::List(..) if plain => format!("form.required_list({wire:?})"),
            Kind::List(..) => format!("form.list({wire:?})"),
            _ if plain => format!("form.required({wire:?})"),
            _ if field.required => format!("form.inner_required({wire:?})"),
            _ => format!("form.optional({wire:?})"),
        };
        let _ = writeln!(out, "{name}: {read},");
    }
    out + "}\n}\n}\n\n"
}

fn from_json(structure: &Structure) -> String {
    let mut out = format!(
        "impl JsonStruct for {0} {{\nfn from_members({1}: &mut Members<'_>) -> Self {{\n{0} {{\n",
        structure.name,
        used(structure, "members")
    );
    for field in &structure.fields {
        let _ = writeln!(out, "{}: members.{},", field.name, json_call(structure, field));
    }
    out + "}\n}\n}\n\n"
}

/// The call that reads one member of a JSON object.
pub fn json_call(structure: &Structure, field: &Field) -> String {
    let how = match (plain(structure, field), field.required) {
        (true, _) => "required",
        (false, true) => "inner_required",
        (false, false) => "optional",
    };
    format!("{how}({:?}, &{})", field.member, field.rule)
}

fn to_xml(structure: &Structure) -> String {
    let mut out = format!(
        "impl ToXml for {} {{\nfn content(&self, {}: &mut Xml) {{\n",
        structure.name,
        used(structure, "xml")
    );
    for field in &structure.fields {
        let (name, wire) = (&field.name, &field.xml_name);
        let _ = match &field.kind {
            Kind::List(_, item) => writeln!(out, "xml.list({wire:?}, {item:?}, &self.{name});"),
            _ if field.seconds => writeln!(out, "xml.seconds({wire:?}, &self.{name});"),
            _ => writeln!(out, "xml.field({wire:?}, &self.{name});"),
        };
    }
    out + "}\n}\n\n"
}

fn to_json(structure: &Structure) -> String {
    let body: Vec<&Field> = structure.fields.iter().filter(|field| field.location.is_none()).collect();
    if body.is_empty() && structure.role == Role::Output {
        return String::new();
    }
    let mut out = format!("impl ToJson for {} {{\nfn to_json(&self, out: &mut Writer) {{\n", structure.name);
    out += if body.is_empty() { "out.object(|_| {});\n" } else { "out.object(|out| {\n" };
    for field in &body {
        let _ = writeln!(out, "out.member({:?}, &self.{});", field.member, field.name);
    }
    out += if body.is_empty() { "" } else { "});\n" };
    out + "}\n}\n\n"
}

/// The body of a function that makes a trail record's part.
pub fn trail(structure: &Structure) -> String {
    let shown: Vec<String> =
        structure.fields.iter().filter_map(|field| trail_line(structure, field)).collect();
    if shown.is_empty() {
        return "Trail::new().finish()\n".to_owned();
    }
    format!("let mut trail = Trail::new();\n{}trail.finish()\n", shown.concat())
}

fn trail_line(structure: &Structure, field: &Field) -> Option<String> {
    let value = if plain(structure, field) {
        format!("Some(&self.{})", field.name)
    } else {
        format!("self.{}.as_ref()", field.name)
    };
    match &field.trail {
        Trail::Omit => None,
        Trail::Put(name) => Some(format!("trail.put({name:?}, {value});\n")),
        Trail::Text(name) => Some(format!("trail.text({name:?}, {value});\n")),
        Trail::Millis(name) => Some(format!("trail.millis({name:?}, {value});\n")),
        Trail::Items(name) => Some(format!("trail.items({name:?}, {value});\n")),
        Trail::ItemsOf(name, item) => Some(format!("trail.items_of({name:?}, {item:?}, {value});\n")),
    }
}
