//! JSON out: straight into one buffer, no tree between. The buffer may hold secrets (a plaintext data key in base64),
//! so every stretch of memory that it ever used is wiped, and the answer's bytes are wiped when the last holder
//! drops them.

use super::JSON_1_1_TYPE;
use crate::blob::{Blob, SecretBlob};
use crate::call::Reply;
use crate::time::write_epoch;
use base::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A value that can be written as JSON.
pub trait ToJson {
    fn to_json(&self, out: &mut Writer);
}

/// JSON text in the making.
pub struct Writer {
    buffer: Zeroizing<Vec<u8>>,
    /// Whether the next member or entry is the first of its object or list.
    first: bool,
}

/// Room for most answers, so that they never move.
const FIRST_CAPACITY_BYTES: usize = 1024;

impl Default for Writer {
    fn default() -> Self {
        Writer { buffer: Zeroizing::new(Vec::with_capacity(FIRST_CAPACITY_BYTES)), first: true }
    }
}

impl Writer {
    /// The text; wiped when its last holder drops it.
    pub fn finish(self) -> Bytes {
        Bytes::from_owner(self.buffer)
    }

    /// A list's or object's brackets around what `inside` writes.
    fn around(&mut self, open: &str, close: &str, inside: impl FnOnce(&mut Writer)) {
        self.push(open.as_bytes());
        let outer = std::mem::replace(&mut self.first, true);
        inside(self);
        self.first = outer;
        self.push(close.as_bytes());
    }

    /// `{`, the members that `inside` writes, `}`.
    pub fn object(&mut self, inside: impl FnOnce(&mut Writer)) {
        self.around("{", "}", inside);
    }

    /// A member: nothing when absent.
    pub fn member<T: ToJson>(&mut self, name: &str, value: &Option<T>) {
        if let Some(value) = value {
            self.key(name);
            value.to_json(self);
        }
    }

    fn key(&mut self, name: &str) {
        self.comma();
        self.string(name);
        self.push(b":");
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.push(b",");
        }
    }

    /// A JSON string. Only quotes, backslashes and controls need an escape.
    fn string(&mut self, text: &str) {
        self.push(b"\"");
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escape = match byte {
                b'"' => "\\\"".to_owned(),
                b'\\' => "\\\\".to_owned(),
                b'\n' => "\\n".to_owned(),
                0..=0x1f => format!("\\u{byte:04x}"),
                _ => continue,
            };
            self.push(&text.as_bytes()[plain..at]);
            self.push(escape.as_bytes());
            plain = at + 1;
        }
        self.push(&text.as_bytes()[plain..]);
        self.push(b"\"");
    }

    fn base64(&mut self, bytes: &[u8]) {
        // Encoded in place: no second copy of a secret. Four characters per three bytes, begun triples filled up.
        let length = bytes.len().div_ceil(3) * 4;
        self.push(b"\"");
        self.reserve(length + 1);
        let start = self.buffer.len();
        self.buffer.resize(start + length, b'=');
        // Cannot fail: the room was counted above.
        let _ = STANDARD.encode_slice(bytes, &mut self.buffer[start..]);
        self.push(b"\"");
    }

    fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    /// Grows by hand: a vector that grows by itself frees its old memory unwiped.
    fn reserve(&mut self, more: usize) {
        let needed = self.buffer.len().saturating_add(more);
        if needed > self.buffer.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.saturating_mul(2)));
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
    }
}

/// An awsJson answer: the members, or an empty body for an operation without output.
pub fn reply(status: u16, output: Option<&impl ToJson>, request_id: &str) -> Reply {
    let mut writer = Writer::default();
    if let Some(output) = output {
        output.to_json(&mut writer);
    }
    Reply::new(status, JSON_1_1_TYPE, request_id, writer.finish())
}

/// The answer of an operation whose output has no members: `{}`.
pub struct EmptyObject;

impl ToJson for EmptyObject {
    fn to_json(&self, out: &mut Writer) {
        out.object(|_| {});
    }
}

impl ToJson for String {
    fn to_json(&self, out: &mut Writer) {
        out.string(self);
    }
}

impl ToJson for bool {
    fn to_json(&self, out: &mut Writer) {
        out.push(if *self { b"true" } else { b"false" });
    }
}

impl ToJson for i32 {
    fn to_json(&self, out: &mut Writer) {
        out.push(self.to_string().as_bytes());
    }
}

impl ToJson for i64 {
    fn to_json(&self, out: &mut Writer) {
        out.push(self.to_string().as_bytes());
    }
}

impl ToJson for f64 {
    /// JSON has no infinities and no NaN.
    fn to_json(&self, out: &mut Writer) {
        let text = if self.is_finite() { self.to_string() } else { "null".to_owned() };
        out.push(text.as_bytes());
    }
}

impl ToJson for Timestamp {
    fn to_json(&self, out: &mut Writer) {
        let mut text = String::new();
        write_epoch(*self, &mut text);
        out.push(text.as_bytes());
    }
}

impl ToJson for Blob {
    fn to_json(&self, out: &mut Writer) {
        out.base64(&self.0);
    }
}

impl ToJson for SecretBlob {
    fn to_json(&self, out: &mut Writer) {
        out.base64(self.expose());
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self, out: &mut Writer) {
        out.around("[", "]", |out| {
            for value in self {
                out.comma();
                value.to_json(out);
            }
        });
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn to_json(&self, out: &mut Writer) {
        out.object(|out| {
            for (key, value) in self {
                out.key(key);
                value.to_json(out);
            }
        });
    }
}

/// The members of an output that has none.
pub struct NoMembers;

impl ToJson for NoMembers {
    fn to_json(&self, _: &mut Writer) {}
}
