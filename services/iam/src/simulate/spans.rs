//! Where the statements of a policy document stand in its text, as line and column: answers point at them. The text is JSON that
//! `rules::iam` has read, yet nothing here relies on that: of another text no or wrong places are found, and it ends.
//!
//! ```text
//!   {"Version":"2012-10-17","Statement":[{...},{...}]}
//!                                        ^    ^    ^
//!                        first starts: 38    |    after the second: its end
//!                        after the first: its end, and there the second starts
//! ```
//! A statement starts where the text before it ended: after `[`, after the statement before it, or after its own `{` if it stands
//! without a list. Lines and columns count from 1, columns in characters. Recorded of AWS.

use rules::iam::Position;

/// One statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// where AWS says that it starts
    start: usize,
    /// after its `}`
    end: usize,
}

/// Where each statement of a document starts and ends.
pub fn places(text: &str) -> Vec<(Position, Position)> {
    let spans = statements(text).into_iter();
    spans.map(|span| (position(text, span.start), position(text, span.end))).collect()
}

fn statements(text: &str) -> Vec<Span> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    cursor.white();
    if !cursor.take(b'{') {
        return vec![];
    }
    loop {
        cursor.white();
        let key = cursor.at;
        if !cursor.skip_value() {
            return vec![];
        }
        let is_statement = text.get(key..cursor.at) == Some("\"Statement\"");
        cursor.white();
        cursor.take(b':');
        cursor.white();
        if is_statement {
            return cursor.list();
        }
        if !cursor.skip_value() {
            return vec![];
        }
        cursor.white();
        cursor.take(b',');
    }
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Position { line: before.matches('\n').count() + 1, column: last_line.chars().count() + 1 }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn white(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// The statement, or the list of statements, that stands here.
    fn list(&mut self) -> Vec<Span> {
        let mut start = self.at + 1;
        if self.peek() == Some(b'{') {
            return if self.skip_value() { vec![Span { start, end: self.at }] } else { vec![] };
        }
        let mut spans = Vec::new();
        if !self.take(b'[') {
            return spans;
        }
        loop {
            self.white();
            if self.peek() != Some(b'{') || !self.skip_value() {
                return spans;
            }
            spans.push(Span { start, end: self.at });
            start = self.at;
            self.white();
            self.take(b',');
        }
    }

    /// Goes past one value; false where none stands.
    fn skip_value(&mut self) -> bool {
        let from = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            let ended = self.peek().is_none_or(|b| b.is_ascii_whitespace() || b",:}]".contains(&b));
            if depth == 0 && (ended || b"\"}]".contains(&byte)) {
                break;
            }
        }
        self.at > from && depth == 0
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => break,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<[usize; 4]> {
        places(text).iter().map(|(start, end)| [start.line, start.column, end.line, end.column]).collect()
    }

    #[test]
    fn aws_s_own_examples() {
        // AWS CLI reference, simulate-custom-policy: a statement without a list.
        let single = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(numbers(single), [[1, 38, 1, 167]]);
        // AdministratorAccess as AWS stored it: line 3 column 17 to line 8 column 6.
        let lines = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \
                     \"Resource\": \"*\"\n    }\n  ]\n}";
        assert_eq!(numbers(lines), [[3, 17, 8, 6]]);
    }

    #[test]
    fn a_later_statement_starts_where_the_one_before_it_ends() {
        let text = r#"{"Statement": [{"a":"]}\"{"} , {"b":[{}]}], "Version": "x"}"#;
        assert_eq!(numbers(text), [[1, 16, 1, 29], [1, 29, 1, 42]]);
    }

    #[test]
    fn only_the_document_s_own_statement_counts() {
        let text =
            r#"{"Id":"Statement","x":{"Statement":[{"c":1}]},"n":-1.5e3,"t":true,"Statement":[{"a":1}]}"#;
        assert_eq!(numbers(text), [[1, 80, 1, 87]]);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(numbers("{\"é😀\":1,\"Statement\":[{}]}"), [[1, 22, 1, 24]]);
    }

    #[test]
    fn what_is_no_document_has_no_statements_and_ends() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[]",
            "{}",
            "{\"",
            "{\"Statement",
            "{\"Statement\"",
            "{\"Statement\":",
            "{\"Statement\":1}",
            "{\"Statement\":[",
            "{\"Statement\":[{",
            "{\"Statement\":[1]}",
            "{\"a\\",
            "{\"a\":}",
            "{,,",
            "{:",
            "{\"a\":[}]}",
            "\"Statement\":[{}]",
            "{\"Statement\":[{\"a\":[}",
        ] {
            assert_eq!(statements(text), [], "{text}");
        }
    }
}
