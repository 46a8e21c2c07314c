//! `cargo xtask tidy`: the rules of style that neither rustfmt nor clippy knows. Each is a function from a file to what is
//! wrong with it; lines say file, line and rule.

use crate::rust_files::{self, RustFile, indent};
use std::path::Path;

/// A longer file is refused.
const LINES_MAX: usize = 800;
/// A longer file is asked why.
const LINES_ASK: usize = 400;
/// A longer function outside tests is refused.
const FUNCTION_LINES_MAX: usize = 70;
/// Marks of unfinished work; written in two halves so that this file does not find itself.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];

/// Runs the chore on this workspace.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("unknown argument {unknown}"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no root")?;
    let files = rust_files::read_all(root)?;
    let wrong: Vec<String> = files.iter().flat_map(faults).collect();
    for file in &files {
        let lines = file.text.lines().count();
        if lines > LINES_ASK && !file.is_generated() {
            println!("tidy: {} has {lines} lines; over {LINES_ASK} wants a reason", file.path);
        }
    }
    if wrong.is_empty() {
        println!("tidy: {} files, nothing wrong", files.len());
        return Ok(());
    }
    Err(format!("tidy: {} things\n  {}", wrong.len(), wrong.join("\n  ")))
}

fn faults(file: &RustFile) -> Vec<String> {
    let mut wrong = Vec::new();
    if file.is_generated() {
        return wrong;
    }
    wrong.extend(head(file));
    wrong.extend(length(file));
    wrong.extend(letters(file));
    wrong.extend(long_functions(file));
    wrong.extend(action_name(file));
    wrong
}

/// Every file opens by saying what it is for.
fn head(file: &RustFile) -> Option<String> {
    let opens = file.text.lines().next().is_some_and(|l| l.starts_with("//! ") && l.len() > 8);
    (!opens)
        .then(|| format!("{}:1 does not open with a `//!` line that says what the file is for", file.path))
}

fn length(file: &RustFile) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > LINES_MAX).then(|| format!("{}:{LINES_MAX} goes on for {lines} lines", file.path))
}

fn letters(file: &RustFile) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let place = format!("{}:{}", file.path, index + 1);
        if line.contains('\t') {
            wrong.push(format!("{place} has a tab"));
        }
        if line.ends_with(' ') {
            wrong.push(format!("{place} ends with a blank"));
        }
        if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(*mark)) {
            wrong.push(format!("{place} says {mark}: finish it, or file it"));
        }
    }
    wrong
}

fn long_functions(file: &RustFile) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (number, line) in file.product_lines() {
        match &open {
            None => open = function_name(line).map(|name| (number, indent(line), name)),
            Some((start, column, name)) => {
                let ends = indent(line) == *column && (line.trim() == "}" || line.trim_end().ends_with(';'));
                if !ends {
                    continue;
                }
                let lines = number - start + 1;
                if lines > FUNCTION_LINES_MAX {
                    let place = format!("{}:{start}", file.path);
                    wrong.push(format!(
                        "{place} function {name} has {lines} lines, {FUNCTION_LINES_MAX} are allowed"
                    ));
                }
                open = None;
            }
        }
    }
    wrong
}

/// The name of the function whose block this line opens, if it does and does not end on the line too.
fn function_name(line: &str) -> Option<String> {
    let mut words = line.trim_start();
    const BEFORE: [&str; 7] =
        ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe ", "extern \"C\" "];
    while let Some(rest) = BEFORE.iter().find_map(|word| words.strip_prefix(word)) {
        words = rest;
    }
    let name = words.strip_prefix("fn ")?;
    if line.trim_end().ends_with('}') || line.trim_end().ends_with(';') {
        return None;
    }
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// One AWS action, one file, one name.
fn action_name(file: &RustFile) -> Option<String> {
    let (_, name) = file.path.split_once("/src/actions/")?;
    let name = name.strip_suffix(".rs")?;
    if !file.path.starts_with("services/") || name.contains('/') || name == "mod" || file.is_test() {
        return None;
    }
    let named = |start: &str| -> Vec<&str> {
        let lines = file.text.lines().filter_map(|l| l.trim_start().strip_prefix(start));
        lines.map(|rest| rest.trim_end_matches([' ', '{'])).collect()
    };
    // An action that moves data may hold a small one of its own, for what it does in the catalog.
    let moving = named("impl DataAction for ");
    let actions = if moving.is_empty() { named("impl Action for ") } else { moving };
    match actions.as_slice() {
        [one] if snake(one) == name => None,
        [one] => Some(format!("{}:1 holds the action {one}: call it {}.rs", file.path, snake(one))),
        [] => Some(format!("{}:1 holds no `impl Action`: move it out of actions/", file.path)),
        more => Some(format!("{}:1 holds {} actions: one file each", file.path, more.len())),
    }
}

/// `DescribeVolumes` → `describe_volumes`, `EnableVolumeIO` → `enable_volume_io`, `ListMFADevices` → `list_mfa_devices`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let upper = |at: usize| chars.get(at).is_some_and(|c| c.is_uppercase());
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        // A word begins at a capital after a small letter, and at the last capital of several that a small letter follows.
        let begins = at > 0 && upper(at) && (!upper(at - 1) || (at + 1 < chars.len() && !upper(at + 1)));
        if begins {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "//! What this file is for.\n";

    fn of(path: &str, text: &str) -> Vec<String> {
        faults(&RustFile::new(path, &format!("{HEAD}{text}")))
    }

    #[test]
    fn a_decent_file_passes() {
        assert_eq!(of("crates/a/src/lib.rs", "fn a() {}\n"), [""; 0]);
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        for text in ["fn a() {}\n", "", "//!\nfn a() {}\n", "// why\n//! late head\n"] {
            assert_eq!(faults(&RustFile::new("crates/a/src/lib.rs", text)).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_goes_on_too_long_is_found_unless_it_is_generated() {
        let long = "const A: u8 = 1;\n".repeat(LINES_MAX);
        assert_eq!(of("crates/a/src/lib.rs", &long).len(), 1);
        let generated = format!("// @generated by cargo xtask gen\n{long}");
        assert_eq!(faults(&RustFile::new("crates/a/src/lib.rs", &generated)), [""; 0]);
    }

    #[test]
    fn tabs_blanks_and_unfinished_work_are_found() {
        assert_eq!(of("crates/a/src/lib.rs", "fn\ta() {}\n").len(), 1);
        assert_eq!(of("crates/a/src/lib.rs", "fn a() {} \n").len(), 1);
        for mark in UNFINISHED {
            assert_eq!(of("crates/a/src/lib.rs", &format!("// {mark} later\n")).len(), 1, "{mark}");
        }
    }

    #[test]
    fn a_long_function_is_found_and_a_long_test_is_not() {
        let body = "    x();\n".repeat(FUNCTION_LINES_MAX - 1);
        let long = format!("pub(crate) fn a(\n    b: u8,\n) -> u8 {{\n{body}}}\n");
        let found = of("crates/a/src/lib.rs", &long);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("function a has 73 lines"), "{found:?}");
        assert_eq!(of("crates/a/src/tests.rs", &long), [""; 0]);
        let short = format!("fn a() {{\n{}}}\n", "    x();\n".repeat(FUNCTION_LINES_MAX - 2));
        assert_eq!(of("crates/a/src/lib.rs", &short), [""; 0]);
    }

    #[test]
    fn a_method_is_a_function_too() {
        let body = "        x();\n".repeat(FUNCTION_LINES_MAX);
        let text = format!("impl A {{\n    fn b(&self) {{\n{body}    }}\n\n    fn c(&self) {{}}\n}}\n");
        assert_eq!(of("crates/a/src/lib.rs", &text).len(), 1);
    }

    #[test]
    fn an_action_file_bears_the_name_of_its_action() {
        let path = "services/ec2/src/actions/describe_volumes.rs";
        assert_eq!(of(path, "impl Action for DescribeVolumes {\n}\n"), [""; 0]);
        assert_eq!(of(path, "impl Action for DescribeVolume {\n}\n").len(), 1);
        assert_eq!(of(path, "fn nothing() {}\n").len(), 1);
        let io = "services/ec2/src/actions/enable_volume_io.rs";
        assert_eq!(of(io, "impl Action for EnableVolumeIO {\n}\n"), [""; 0]);
        let mfa = "services/iam/src/actions/list_mfa_devices.rs";
        assert_eq!(of(mfa, "impl Action for ListMFADevices {\n}\n"), [""; 0]);
        let moving = "impl DataAction for DescribeVolumes {\n}\nimpl Action for Inner {\n}\n";
        assert_eq!(of(path, moving), [""; 0]);
        let two = "impl Action for DescribeVolumes {\n}\nimpl Action for DescribeTags {\n}\n";
        assert_eq!(of(path, two).len(), 1);
    }
}
