//! What names, paths, descriptions and other texts of a request must look like. Source: IAM API Reference, "Length Constraints" and
//! "Pattern" of each member; IAM User Guide, "IAM object quotas"; messages recorded of AWS.

use base::Refusal;

/// Longest name of a user or role.
pub const USER_MAX: usize = 64;
/// Longest name of a group, instance profile, managed or inline policy.
pub const NAME_MAX: usize = 128;
const PATH_MAX: usize = 512;
const DESCRIPTION_MAX: usize = 1000;
/// Most characters of a refused value that its refusal repeats.
const SHOWN_MAX: usize = 1024;

/// `ValidationError` in its general form. Of a huge value only the beginning is shown: it would be the whole of the answer.
pub fn constraint(member: &str, value: &str, must: impl std::fmt::Display) -> Refusal {
    let (shown, more) = match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => (&value[..end], "..."),
        None => (value, ""),
    };
    Refusal::new(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{shown}{more}' at '{member}' failed to satisfy constraint: Member must {must}"
        ),
    )
}

/// A text of `min` to `max` characters. `member` is the member's name with a small first letter.
pub fn length(member: &str, value: &str, min: usize, max: usize) -> Result<(), Refusal> {
    match value.chars().count() {
        n if n > max => {
            Err(constraint(member, value, format_args!("have length less than or equal to {max}")))
        }
        n if n < min => {
            Err(constraint(member, value, format_args!("have length greater than or equal to {min}")))
        }
        _ => Ok(()),
    }
}

/// A name of 1 to `max` letters, digits and `_+=,.@-`.
pub fn name(member: &str, value: &str, max: usize) -> Result<(), Refusal> {
    length(member, value, 1, max)?;
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Ok(());
    }
    Err(invalid(member, "It must contain only alphanumeric characters and/or the following: +=,.@_-"))
}

/// [`name`] of a user or of a role, `userName`, `newUserName`, `roleName`.
pub fn user(member: &str, value: &str) -> Result<(), Refusal> {
    name(member, value, USER_MAX)
}

/// [`name`] of anything else.
pub fn other(member: &str, value: &str) -> Result<(), Refusal> {
    name(member, value, NAME_MAX)
}

/// An optional name of a user: for requests that mean the caller without one.
pub fn some_user(value: Option<&String>) -> Result<(), Refusal> {
    value.map_or(Ok(()), |name| user("userName", name))
}

/// `/`, or `/…/`. Absent is `/`.
pub fn path(member: &str, value: Option<&str>) -> Result<(), Refusal> {
    let Some(value) = value else { return Ok(()) };
    length(member, value, 1, PATH_MAX)?;
    if value.starts_with('/') && value.ends_with('/') && value.chars().all(printable) {
        return Ok(());
    }
    Err(invalid(
        member,
        "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// What paths are to begin with. Absent is `/`.
pub fn path_prefix(value: Option<&str>) -> Result<(), Refusal> {
    let Some(value) = value else { return Ok(()) };
    length("pathPrefix", value, 1, PATH_MAX)?;
    if value.starts_with('/') && value.chars().all(printable) {
        return Ok(());
    }
    Err(invalid(
        "pathPrefix",
        "It must begin with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// A description: at most 1,000 characters of Latin-1, tabs and line ends.
pub fn description(value: Option<&str>) -> Result<(), Refusal> {
    let Some(value) = value else { return Ok(()) };
    length("description", value, 0, DESCRIPTION_MAX)?;
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if value.chars().all(allowed) {
        return Ok(());
    }
    let pattern =
        "satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
    Err(constraint("description", value, pattern))
}

/// One of a closed set of words.
pub fn one_of(member: &str, value: &str, words: &[&str]) -> Result<(), Refusal> {
    if words.contains(&value) {
        return Ok(());
    }
    Err(constraint(member, value, format_args!("satisfy enum value set: [{}]", words.join(", "))))
}

/// A number from `min` to `max`.
pub fn range(member: &str, value: Option<i32>, min: i32, max: i32) -> Result<(), Refusal> {
    match value {
        Some(n) if n < min => {
            Err(constraint(member, &n.to_string(), format_args!("have value greater than or equal to {min}")))
        }
        Some(n) if n > max => {
            Err(constraint(member, &n.to_string(), format_args!("have value less than or equal to {max}")))
        }
        _ => Ok(()),
    }
}

fn invalid(member: &str, must: &str) -> Refusal {
    Refusal::new("ValidationError", format!("The specified value for {member} is invalid. {must}"))
}

fn printable(c: char) -> bool {
    matches!(c, '!'..='~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_word_characters_and_seven_marks() {
        for good in ["a", "A-b_c+d=e,f.g@h", &"x".repeat(64)] {
            assert_eq!(user("userName", good), Ok(()), "{good}");
        }
        for bad in ["a b", "a/b", "a*", "é", "a:b", "a\n"] {
            let refusal = user("userName", bad).unwrap_err();
            assert_eq!(
                (refusal.code.as_ref(), refusal.message.as_str()),
                (
                    "ValidationError",
                    "The specified value for userName is invalid. It must contain only alphanumeric characters and/or \
                     the following: +=,.@_-"
                ),
                "{bad}"
            );
        }
        let long = "x".repeat(65);
        let told = format!(
            "1 validation error detected: Value '{long}' at 'userName' failed to satisfy constraint: Member must have length \
             less than or equal to 64"
        );
        assert_eq!(user("userName", &long).unwrap_err().message, told);
        assert!(user("userName", "").unwrap_err().message.ends_with("greater than or equal to 1"));
        assert_eq!(other("groupName", &"x".repeat(128)), Ok(()));
        assert!(other("groupName", &"x".repeat(129)).is_err());
    }

    #[test]
    fn a_huge_value_is_not_repeated_whole() {
        let message = user("userName", &"é".repeat(100_000)).unwrap_err().message;
        assert!(message.len() < 2500 && message.contains("é...' at 'userName'"), "{}", message.len());
    }

    #[test]
    fn paths_begin_and_end_with_a_stroke() {
        for good in [None, Some("/"), Some("/a/b-c/"), Some("//")] {
            assert_eq!(path("path", good), Ok(()), "{good:?}");
        }
        for bad in ["", "a/", "/a", "/a b/", "/é/", &format!("/{}/", "x".repeat(511))] {
            assert_eq!(path("path", Some(bad)).unwrap_err().code, "ValidationError", "{bad}");
        }
        for (prefix, good) in [("/a", true), ("/", true), ("a", false), ("", false), ("/ ", false)] {
            assert_eq!(path_prefix(Some(prefix)).is_ok(), good, "{prefix}");
        }
    }

    #[test]
    fn descriptions_numbers_and_words_have_bounds() {
        assert_eq!(description(Some("Ünder\n\tall, ~")), Ok(()));
        assert!(description(Some("日本")).is_err());
        assert!(description(Some(&"x".repeat(1001))).is_err());
        assert_eq!(range("maxItems", Some(1), 1, 1000), Ok(()));
        assert!(range("maxItems", Some(0), 1, 1000).is_err());
        assert!(range("maxItems", Some(1001), 1, 1000).is_err());
        assert_eq!(
            one_of("status", "on", &["Active", "Inactive"]).unwrap_err().message,
            "1 validation error detected: Value 'on' at 'status' failed to satisfy constraint: Member must satisfy enum value \
             set: [Active, Inactive]"
        );
    }
}
