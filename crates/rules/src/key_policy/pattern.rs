//! `*` (any characters, also none) and `?` (one character), as IAM matches actions, ARNs and `StringLike`.

/// Whether one of the patterns matches the whole text. Case counts.
pub fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

/// Whether the pattern matches the whole text. Never more than |pattern| × |text| steps: on a mismatch only the last `*` has
/// to take one character more, because what an earlier one took already leads to the leftmost fit.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // After the last `*`: where the pattern goes on, and where the text did when it was last tried.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                star = Some((p, t));
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, tried)) = star else { return false };
                star = Some((after, tried + 1));
                (p, t) = (after, tried + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_the_whole_text() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "x", false),
            ("?", "", false),
            ("?", "é", true),
            ("?", "ab", false),
            ("kms:reencrypt*", "kms:reencryptfrom", true),
            ("kms:reencrypt", "kms:reencryptfrom", false),
            ("*encrypt", "kms:encryptx", false),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axbxbx", false),
            ("a*?c", "ac", false),
            ("**a", "ba", true),
            ("a*", "ba", false),
            ("A", "a", false),
            ("[a]", "a", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let (pattern, text) = ("a*".repeat(500) + "b", "a".repeat(2000));
        assert!(!matches(&pattern, &text));
    }
}
