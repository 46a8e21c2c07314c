//! Patterns of policies: `*` (any characters, also none), `?` (one character) and policy variables (`${aws:username}`).
//!
//! ```text
//!   ${key}             the key's one value, as text: a `*` in it is a star, not a pattern
//!   ${key, 'text'}     the same, or `text` if the request has no such key
//!   ${*} ${?} ${$}     the character itself
//! ```
//! A variable without value and default makes the whole pattern match nothing.
//! Source: IAM User Guide, "Policy elements: Variables and tags", "Policy variables with no value".

use super::Context;
use std::borrow::Cow;

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    /// `*`
    Any,
    /// `?`
    One,
    Variable(Box<Variable>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// as the document writes it
    pub key: String,
    default: Option<String>,
}

/// How the text of a pattern is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// `*` and `?` are wildcards; otherwise they are themselves
    pub wildcards: bool,
    /// `${…}` is a variable; otherwise it is itself (documents of version 2008-10-17, elements without variables)
    pub variables: bool,
}

/// A pattern that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    tokens: Vec<Token>,
    /// characters that a text must have at least
    needed: usize,
    has_variables: bool,
}

impl Pattern {
    pub fn read(text: &str, how: Reading) -> Pattern {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        let mut has_variables = false;
        while let Some(c) = rest.chars().next() {
            if how.variables
                && let Some((token, after)) = variable(rest)
            {
                has_variables |= matches!(token, Token::Variable(_));
                tokens.push(token);
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                // Two stars in a row say what one says.
                '*' if how.wildcards && tokens.last() == Some(&Token::Any) => {}
                '*' if how.wildcards => tokens.push(Token::Any),
                '?' if how.wildcards => tokens.push(Token::One),
                c => tokens.push(Token::Char(c)),
            }
        }
        let needed = tokens.iter().filter(|token| matches!(token, Token::Char(_) | Token::One)).count();
        Pattern { text: text.to_owned(), tokens, needed, has_variables }
    }

    /// As the document writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys that its variables name, as the document writes them.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable.key.as_str()),
            _ => None,
        })
    }

    /// Whether it matches the whole text. Case counts.
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        self.tokens == [Token::Any]
            || self.resolved(context, text.len()).is_some_and(|tokens| glob(&tokens, text, |a, b| a == b))
    }

    /// Whether it matches the whole text, letters without case.
    pub fn matches_without_case(&self, text: &str, context: &Context) -> bool {
        // Lower case may have more characters than upper case, never more than three for one.
        let limit = text.len().saturating_mul(3);
        self.resolved(context, limit).is_some_and(|tokens| {
            let lower: Vec<Token> = tokens
                .iter()
                .flat_map(|token| match token {
                    Token::Char(c) => c.to_lowercase().map(Token::Char).collect(),
                    other => vec![other.clone()],
                })
                .collect();
            glob(&lower, &text.to_lowercase(), |a, b| a == b)
        })
    }

    /// Whether it matches an ARN part by part: a `*` does not cross the first five colons.
    pub fn matches_arn(&self, arn: &str, context: &Context) -> bool {
        let Some(tokens) = self.resolved(context, arn.len()) else { return false };
        let wanted: Vec<&[Token]> = tokens.splitn(6, |token| *token == Token::Char(':')).collect();
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        wanted.len() == 6
            && parts.len() == 6
            && wanted.iter().zip(parts).all(|(wanted, part)| glob(wanted, part, |a, b| a == b))
    }

    /// Its tokens with the values of its variables; `None` if a variable has none, or if there are more than `limit` characters,
    /// which is more than the text has: such a pattern matches nothing, and hostile ones would be long.
    fn resolved(&self, context: &Context, limit: usize) -> Option<Cow<'_, [Token]>> {
        let mut left = limit.checked_sub(self.needed)?;
        if !self.has_variables {
            return Some(Cow::Borrowed(&self.tokens));
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            match token {
                Token::Variable(variable) => {
                    let value = context.single(&variable.key).or(variable.default.as_deref())?;
                    left = left.checked_sub(value.chars().count())?;
                    tokens.extend(value.chars().map(Token::Char));
                }
                other => tokens.push(other.clone()),
            }
        }
        Some(Cow::Owned(tokens))
    }
}

/// The variable, or the escaped character, at the beginning of the text, and what follows it.
fn variable(text: &str) -> Option<(Token, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    if let "*" | "?" | "$" = inside {
        return inside.chars().next().map(|c| (Token::Char(c), after));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let text = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key.trim(), Some(text.to_owned()))
        }
        None => (inside.trim(), None),
    };
    let named = !key.is_empty() && !key.contains(['*', '?', '$', '{']);
    named.then(|| (Token::Variable(Box::new(Variable { key: key.to_owned(), default })), after))
}

/// Whether the tokens match the whole text. Never more than |tokens| × |text| steps: on a mismatch only the last `*` has to take one
/// character more, because what an earlier one took already leads to the leftmost fit.
fn glob(tokens: &[Token], text: &str, same: fn(char, char) -> bool) -> bool {
    let at = |place: usize| text.get(place..).and_then(|rest| rest.chars().next());
    let (mut p, mut t) = (0, 0);
    // After the last `*`: where the pattern goes on, and where the text did when it was last tried.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (tokens.get(p), at(t)) {
            (Some(Token::Any), _) => {
                p += 1;
                star = Some((p, t));
            }
            (None, None) => return true,
            (Some(Token::One), Some(c)) => {
                p += 1;
                t += c.len_utf8();
            }
            (Some(Token::Char(wanted)), Some(c)) if same(*wanted, c) => {
                p += 1;
                t += c.len_utf8();
            }
            (_, None) => return false,
            (None, Some(_)) if matches!(tokens.last(), Some(Token::Any)) => return true,
            (_, Some(_)) => {
                let Some((after, tried)) = star else { return false };
                let Some(c) = at(tried) else { return false };
                star = Some((after, tried + c.len_utf8()));
                (p, t) = (after, tried + c.len_utf8());
            }
        }
    }
}
