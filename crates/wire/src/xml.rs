//! XML out: one buffer, written once. Names come from the generated code; text is escaped here, so no value can
//! break out of its element.

use crate::blob::{Blob, SecretBlob};
use crate::time::{iso_millis, iso_seconds};
use base::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The first line of every XML answer of AWS.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document in the making.
pub struct Xml {
    out: String,
}

/// A value that can be the content of an element.
pub trait ToXml {
    fn content(&self, xml: &mut Xml);
}

impl Xml {
    pub fn document() -> Self {
        Xml { out: DECLARATION.to_owned() }
    }

    pub fn finish(self) -> String {
        self.out
    }

    /// `<name>`, what `inside` writes, `</name>`; a namespace goes on the root element.
    pub fn element(&mut self, name: &str, namespace: Option<&str>, inside: impl FnOnce(&mut Xml)) {
        self.out.push('<');
        self.out.push_str(name);
        if let Some(namespace) = namespace {
            self.out.push_str(" xmlns=\"");
            self.escaped(namespace);
            self.out.push('"');
        }
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// A member: no element when absent.
    pub fn field<T: ToXml>(&mut self, name: &str, value: &Option<T>) {
        if let Some(value) = value {
            self.element(name, None, |xml| value.content(xml));
        }
    }

    /// A list member: absent, or one element around its entries, empty if there are none.
    pub fn list<T: ToXml>(&mut self, name: &str, item: &str, values: &Option<Vec<T>>) {
        if let Some(values) = values {
            self.element(name, None, |xml| {
                for value in values {
                    xml.element(item, None, |xml| value.content(xml));
                }
            });
        }
    }

    /// A moment in whole seconds, where AWS shows it so.
    pub fn seconds(&mut self, name: &str, value: &Option<Timestamp>) {
        self.field(name, &value.map(iso_seconds));
    }

    /// A text element.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, None, |xml| xml.escaped(text));
    }

    /// Escapes what XML gives meaning, and carriage returns, which a parser would turn into line feeds. Characters
    /// that XML 1.0 cannot carry at all (most controls) become U+FFFD: one odd tag must not make the whole answer
    /// unreadable.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\r' => self.out.push_str("&#13;"),
                '\t' | '\n' => self.out.push(c),
                c if !carries(c) => self.out.push('\u{fffd}'),
                _ => self.out.push(c),
            }
        }
    }
}

/// Whether XML 1.0 can carry the character (its production 2, "Char").
pub(crate) fn carries(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// awsQuery's maps: `<entry><key>…</key><value>…</value></entry>`, in the order of their keys.
impl<T: ToXml> ToXml for BTreeMap<String, T> {
    fn content(&self, xml: &mut Xml) {
        for (key, value) in self {
            xml.element("entry", None, |xml| {
                xml.text("key", key);
                xml.element("value", None, |xml| value.content(xml));
            });
        }
    }
}

impl ToXml for String {
    fn content(&self, xml: &mut Xml) {
        xml.escaped(self);
    }
}

impl ToXml for bool {
    fn content(&self, xml: &mut Xml) {
        xml.out.push_str(if *self { "true" } else { "false" });
    }
}

impl ToXml for i32 {
    fn content(&self, xml: &mut Xml) {
        let _ = write!(xml.out, "{self}");
    }
}

impl ToXml for i64 {
    fn content(&self, xml: &mut Xml) {
        let _ = write!(xml.out, "{self}");
    }
}

impl ToXml for f64 {
    fn content(&self, xml: &mut Xml) {
        let _ = write!(xml.out, "{self}");
    }
}

impl ToXml for Timestamp {
    fn content(&self, xml: &mut Xml) {
        xml.out.push_str(&iso_millis(*self));
    }
}

impl ToXml for Blob {
    fn content(&self, xml: &mut Xml) {
        STANDARD.encode_string(&self.0, &mut xml.out);
    }
}

/// The seed of a virtual MFA device is the only secret that an XML answer can carry; this server never has one to show.
impl ToXml for SecretBlob {
    fn content(&self, xml: &mut Xml) {
        STANDARD.encode_string(self.expose(), &mut xml.out);
    }
}
