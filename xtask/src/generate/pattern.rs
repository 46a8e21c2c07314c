//! Regular expressions of the models, as far as they are one character class repeated (`^[a-zA-Z0-9:/_-]+$`): most
//! are, and checking a class needs no regular-expression engine in the server. The rest are left to the handlers.

/// Characters allowed, as ranges, and whether there must be at least one.
pub struct Class {
    pub ranges: Vec<(char, char)>,
    pub some: bool,
}

/// The class that the whole pattern is, if it is one and allows less than everything.
pub fn class(pattern: &str) -> Option<Class> {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner).strip_prefix('[')?;
    let (inner, some) = match (inner.strip_suffix("]+"), inner.strip_suffix("]*")) {
        (Some(inner), _) => (inner, true),
        (_, Some(inner)) => (inner, false),
        _ => return None,
    };
    let ranges = ranges(inner)?;
    Some(Class { ranges, some })
}

fn ranges(inner: &str) -> Option<Vec<(char, char)>> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        let first = match c {
            '[' | ']' | '^' | '&' => return None,
            '\\' => match chars.next()? {
                'w' => {
                    ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                    continue;
                }
                'd' => {
                    ranges.push(('0', '9'));
                    continue;
                }
                's' => {
                    ranges.extend([('\t', '\r'), (' ', ' ')]);
                    continue;
                }
                'u' => unicode(&mut chars)?,
                escaped if escaped.is_ascii_punctuation() => escaped,
                _ => return None,
            },
            plain => plain,
        };
        // A dash with a character on both sides makes a range; else it stands for itself.
        let mut ahead = chars.clone();
        let ranged = ahead.next() == Some('-') && ahead.peek().is_some() && first != '-';
        let last = if ranged {
            chars.next();
            match chars.next()? {
                '\\' if chars.next() == Some('u') => unicode(&mut chars)?,
                '\\' | '[' => return None,
                last => last,
            }
        } else {
            first
        };
        if last < first {
            return None;
        }
        ranges.push((first, last));
    }
    Some(ranges)
}

fn unicode(chars: &mut impl Iterator<Item = char>) -> Option<char> {
    let hex: String = chars.take(4).collect();
    char::from_u32(u32::from_str_radix(&hex, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repeated_class_is_understood() {
        let alias = class("^[a-zA-Z0-9:/_-]+$").unwrap();
        assert!(alias.some);
        let expected = [('a', 'z'), ('A', 'Z'), ('0', '9'), (':', ':'), ('/', '/'), ('_', '_'), ('-', '-')];
        assert_eq!(alias.ranges, expected);
        assert_eq!(class("[\\u0020-\\u00FF]*").unwrap().ranges, [(' ', 'ÿ')]);
        assert!(!class("[\\u0020-\\u00FF]*").unwrap().some);
        // A dash after a range stands for itself.
        assert_eq!(class("^[0-9-_.]+$").unwrap().ranges, [('0', '9'), ('-', '-'), ('_', '_'), ('.', '.')]);
        assert_eq!(class("^[\\w+=,.@:/-]+$").unwrap().ranges.len(), 4 + 8);
    }

    #[test]
    fn anything_else_is_left_alone() {
        for pattern in
            ["^snap-[0-9a-f]+$", ".*", "^[a-z]", "^([a-z]+-){2,3}\\d+$", "^[\\S\\s]+$", "^[^a]+$", "[z-a]+"]
        {
            assert!(class(pattern).is_none(), "{pattern}");
        }
    }
}
