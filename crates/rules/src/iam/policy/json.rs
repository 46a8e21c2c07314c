//! JSON with places. A policy's statements are pointed at by line and column in simulations, and an element that stands twice must
//! not pass unseen (which of the two counts would be anybody's guess), so documents are not read with serde.
//! Source: RFC 8259.

/// A policy nests six deep: document, statements, statement, condition, operator, values.
const DEPTH_MAX: usize = 16;

/// A value and where it stands: byte offsets of its first byte and of the byte after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub value: Value,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// as written
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// members in their order, each name once
    Object(Vec<(String, Node)>),
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// no JSON, from this byte on
    Syntax(usize),
    /// nested deeper than any policy
    Deep(usize),
    /// this member stands twice in its object; the second time here
    Twice(String, usize),
}

/// Reads a text that is one JSON value.
pub(super) fn read(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(node) } else { Err(Broken::Syntax(reader.at)) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes over this byte, after space, if it comes next.
    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.takes(byte) { Ok(()) } else { Err(Broken::Syntax(self.at)) }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        self.space();
        let start = self.at;
        if depth > DEPTH_MAX {
            return Err(Broken::Deep(start));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(Broken::Syntax(start)),
        };
        Ok(Node { value, start, end: self.at })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Broken> {
        let here = self.text.get(self.at..).unwrap_or_default();
        if !here.starts_with(word) {
            return Err(Broken::Syntax(self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Broken> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        match serde_json::from_str::<serde_json::Number>(written) {
            Ok(_) => Ok(Value::Number(written.to_owned())),
            Err(_) => Err(Broken::Syntax(start)),
        }
    }

    fn string(&mut self) -> Result<String, Broken> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(Broken::Syntax(start)),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        // Escapes and surrogates are serde_json's business.
        let written = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(written).map_err(|_| Broken::Syntax(start))
    }

    fn list(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(b']') {
                return Ok(Value::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        if self.takes(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(Broken::Syntax(start));
            }
            let name = self.string()?;
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            if !names.insert(name.clone()) {
                return Err(Broken::Twice(name, start));
            }
            members.push((name, value));
            if self.takes(b'}') {
                return Ok(Value::Object(members));
            }
            self.expect(b',')?;
        }
    }
}

/// A place in a document; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Turns byte offsets into places, in rising order, so that a document is walked through once.
pub(super) struct Places<'a> {
    text: &'a str,
    at: usize,
    place: Position,
}

impl<'a> Places<'a> {
    pub fn new(text: &'a str) -> Places<'a> {
        Places { text, at: 0, place: Position { line: 1, column: 1 } }
    }

    /// The place of an offset that is not before the last one asked for.
    pub fn of(&mut self, offset: usize) -> Position {
        for c in self.text.get(self.at..offset).unwrap_or_default().chars() {
            self.place = match c {
                '\n' => Position { line: self.place.line + 1, column: 1 },
                _ => Position { line: self.place.line, column: self.place.column + 1 },
            };
        }
        self.at = self.at.max(offset);
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_json_reads_is_read_and_nothing_else() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\t\"",
            "01",
            "+1",
            "1.",
            "-",
            "1e",
            ".5",
            "tru",
            "nul",
            "NaN",
            "'a'",
            "1 2",
            "{} x",
            "\u{feff}{}",
            "[1]]",
            "{\"a\" 1}",
            "\\",
            "\"é",
            "\"\\",
            "\"\\é",
            "/* */{}",
            "{}",
            "[]",
            " [ 1 , \"a\\u00e9\\n\" , true , null , -0.5e-3 ] ",
            "{\"a\":{\"b\":[]}}",
            "\"\\ud83d\\ude00\"",
            "0",
            "\"ü\"",
        ] {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(read(text).is_ok(), theirs, "{text}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_and_deep_nesting_are_refused() {
        assert_eq!(read(r#"{"a":1,"a":1}"#), Err(Broken::Twice("a".to_owned(), 7)));
        assert_eq!(
            read(r#"{"a":1,"\u0061":1}"#),
            Err(Broken::Twice("a".to_owned(), 7)),
            "the same name, escaped"
        );
        assert!(matches!(read(&"[".repeat(100_000)), Err(Broken::Deep(_))));
        assert!(matches!(read(&"{\"a\":".repeat(100_000)), Err(Broken::Deep(_))));
    }

    #[test]
    fn places_count_lines_and_characters() {
        let text = "{\n \"é\": [1,\n2]}";
        let Ok(Node { value: Value::Object(members), .. }) = read(text) else { panic!("no object") };
        let mut places = Places::new(text);
        assert_eq!(places.of(0), Position { line: 1, column: 1 });
        assert_eq!(places.of(members[0].1.start), Position { line: 2, column: 7 });
        assert_eq!(places.of(members[0].1.end), Position { line: 3, column: 3 });
    }
}
