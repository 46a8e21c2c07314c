//! restJson: members travel in the path, the query, headers and the body.

use crate::at::At;
use crate::blob::Payload;
use crate::call::{Call, Reply};
use crate::form::{Form, parse};
use crate::json::{Checked, Checks, JSON_1_0_TYPE, Members, Rule, ToJson, Writer};
use base::Refusal;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Whether a raw path fits a route such as `/snapshots/{snapshotId}/blocks/{blockIndex}`. A label is one non-empty
/// segment.
pub(crate) fn matches(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if label(part).is_some() && !segment.is_empty() => {}
            (Some(part), Some(segment)) if part == segment => {}
            _ => return false,
        }
    }
}

fn label(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// A request being read.
pub struct Request<'a> {
    call: &'a Call,
    route: &'static str,
    query: Form,
    body: Map<String, Value>,
    checks: Checks,
}

impl<'a> Request<'a> {
    /// A request whose body, if it has one, is raw.
    pub fn raw(call: &'a Call, route: &'static str) -> Result<Self, Refusal> {
        let query = parse(call.query.as_bytes())?;
        Ok(Request { call, route, query, body: Map::new(), checks: Checks::default() })
    }

    /// A request whose body is a JSON object.
    pub fn with_json(call: &'a Call, route: &'static str) -> Result<Self, Refusal> {
        let body = crate::json::parse_object(&call.body)?;
        Ok(Request { body, ..Self::raw(call, route)? })
    }

    /// The value of a path label.
    pub fn label<T: FromText>(&mut self, wire: &str, name: &'static str, rule: &'static Rule) -> Option<T> {
        let segments = self.route.split('/').zip(self.call.path.split('/'));
        let raw = segments.into_iter().find(|(part, _)| label(part) == Some(wire))?.1;
        let text = percent_decode_str(raw).decode_utf8().ok();
        self.read(text.as_deref(), name, rule)
    }

    /// The value of a query parameter.
    pub fn query<T: FromText>(&mut self, wire: &str, name: &'static str, rule: &'static Rule) -> Option<T> {
        let text = self.query.get(wire).map(str::to_owned)?;
        self.read(Some(&text), name, rule)
    }

    /// The value of a header.
    pub fn header<T: FromText>(&mut self, wire: &str, name: &'static str, rule: &'static Rule) -> Option<T> {
        let text = self.call.header(wire)?;
        self.read(Some(text), name, rule)
    }

    /// The raw body; shares the call's memory.
    pub fn payload(&self) -> Option<Payload> {
        Some(Payload(self.call.body.clone()))
    }

    /// The members of a JSON body.
    pub fn members(&mut self) -> Members<'_> {
        Members::new(std::mem::take(&mut self.body), At::ROOT, &mut self.checks)
    }

    /// A member that must be there; the default stands in when it is not and the call is refused.
    pub fn required<T: Default>(&mut self, name: &'static str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.checks.missing(&At::ROOT.member(name));
            T::default()
        })
    }

    pub fn finish<T>(self, input: T) -> Result<T, Refusal> {
        self.checks.result(input)
    }

    fn read<T: FromText>(
        &mut self,
        text: Option<&str>,
        name: &'static str,
        rule: &'static Rule,
    ) -> Option<T> {
        let at = At::ROOT.member(name);
        match text.and_then(T::from_text) {
            Some(value) => {
                value.check(rule, &at, &mut self.checks);
                Some(value)
            }
            None => {
                self.checks.unreadable(&at, format!("STRING_VALUE can not be converted to {}", T::NAME));
                // The call is refused for this; a stand-in keeps it from also being called missing.
                Some(T::default())
            }
        }
    }
}

/// A value that paths, queries and headers can carry.
pub trait FromText: Checked + Default {
    const NAME: &'static str;
    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for String {
    const NAME: &'static str = "String";
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromText for i32 {
    const NAME: &'static str = "Integer";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for i64 {
    const NAME: &'static str = "Long";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for bool {
    const NAME: &'static str = "Boolean";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An answer being written.
pub struct Response {
    reply: Reply,
}

impl Response {
    /// An answer with a JSON body; an output without body members has an empty one.
    pub fn json(status: u16, body: Option<&impl ToJson>, request_id: &str) -> Self {
        let mut writer = Writer::default();
        if let Some(body) = body {
            body.to_json(&mut writer);
        }
        Response { reply: Reply::new(status, JSON_1_0_TYPE, request_id, writer.finish()) }
    }

    /// An answer whose body is raw; it shares the payload's memory.
    pub fn raw(status: u16, payload: &Option<Payload>, request_id: &str) -> Self {
        let body = payload.as_ref().map_or_else(Bytes::new, |payload| payload.0.clone());
        Response { reply: Reply::new(status, "application/octet-stream", request_id, body) }
    }

    /// A header: none when absent, and none for text that a header cannot carry.
    pub fn header<T: ToString>(&mut self, name: &'static str, value: &Option<T>) {
        let text = value.as_ref().map(T::to_string);
        let carried = |text: &String| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        self.reply.headers.extend(text.filter(carried).map(|text| (name, text)));
    }

    pub fn finish(self) -> Reply {
        self.reply
    }
}
