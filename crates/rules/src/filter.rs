//! EC2's describe filters: values are OR-ed inside a filter, filters are AND-ed; `*` matches any run of characters, `?` one
//! character, `\` takes the next one as it is; matching is case-sensitive. Source: EC2 User Guide, "Filter your resources".

/// Does `text` match the pattern? Time is at most the product of the two lengths, with no recursion.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stood and how much of the text it had taken: on a mismatch it takes one character more.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                star = Some((p, t));
                p += 1;
            }
            Some(Token::One) => (p, t) = (p + 1, t + 1),
            Some(Token::Char(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|token| matches!(token, Token::Any))
}

enum Token {
    Any,
    One,
    Char(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Char(chars.next().unwrap_or('\\')),
            other => Token::Char(other),
        });
    }
    out
}

/// Does any of `values` (patterns) match any of `actual`?
pub fn any_matches(values: &[String], actual: &[String]) -> bool {
    values.iter().any(|pattern| actual.iter().any(|text| matches(pattern, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_escapes() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("a?c", "abc"),
            ("vol-*9", "vol-0129"),
            ("*a*b*", "xaxbx"),
            ("\\*", "*"),
            ("a\\?", "a?"),
            ("**", "x"),
            ("\\", "\\"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("?", ""), ("a?c", "ac"), ("\\*", "x"), ("A", "a"), ("*a", "ab"), ("a", "aa")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
        assert!(matches(&"*a".repeat(200), &"a".repeat(2000)));
    }
}
