//! Text to names and values. Strict where a lenient reader would guess: a bad escape or bad UTF-8 is refused, for
//! the signature covers the text and both sides must read the same thing in it.

use crate::call::Call;
use base::Refusal;
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// More parameters than any client sends: the largest real request (1,000 resources with 50 tags) has about 1,100.
pub const PARAMETERS_MAX: usize = 10_000;

/// Longest parameter name: the deepest real one has about 110 characters.
const NAME_BYTES_MAX: usize = 512;

/// A form's parameters in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    parameters: Vec<(String, String)>,
}

/// Reads one form. Errors: `MalformedQueryString` for a bad percent escape, bad UTF-8, an empty or overlong name, or
/// too many parameters. Bytes in, so that a fuzzer can feed it anything.
pub fn parse(text: &[u8]) -> Result<Form, Refusal> {
    let mut form = Form::default();
    form.add(text)?;
    Ok(form)
}

impl Form {
    /// The parameters of a call: those of its query string, then those of its body. Those that sign a presigned URL
    /// (`X-Amz-…`) belong to the gateway and are left out.
    pub fn of(call: &Call) -> Result<Self, Refusal> {
        let mut form = Form::default();
        form.add(call.query.as_bytes())?;
        form.parameters.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-amz-"));
        form.add(&call.body)?;
        Ok(form)
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    pub(super) fn into_parameters(self) -> Vec<(String, String)> {
        self.parameters
    }

    fn add(&mut self, text: &[u8]) -> Result<(), Refusal> {
        for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            if self.parameters.len() == PARAMETERS_MAX {
                return Err(malformed(format!("more than {PARAMETERS_MAX} parameters")));
            }
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let name = unescape(halves.next().unwrap_or_default())?;
            let value = unescape(halves.next().unwrap_or_default())?;
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                return Err(malformed(format!("a parameter name of {} bytes", name.len())));
            }
            self.parameters.push((name, value));
        }
        Ok(())
    }
}

/// `+` is a space, `%XX` a byte; anything else stands for itself.
fn unescape(text: &[u8]) -> Result<String, Refusal> {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let hex = rest.get(at + 1..at + 3).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        if hex.is_none() {
            return Err(malformed("a percent sign without two hexadecimal digits"));
        }
        rest = &rest[at + 3..];
    }
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect::<Vec<_>>().into()
    } else {
        text.into()
    };
    let bytes = percent_decode(&spaced).collect::<Vec<u8>>();
    String::from_utf8(bytes).map_err(|_| malformed("text that is not UTF-8"))
}

/// AWS's code and text (EC2 API Reference, "Common client errors"); the reason says what exactly.
pub(super) fn malformed(reason: impl Into<String>) -> Refusal {
    Refusal::new("MalformedQueryString", "The query string contains a syntax error.").because(reason)
}
