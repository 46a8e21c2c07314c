//! The Rust files of the workspace, as the style checks read them. rustfmt has laid them out (the format check runs first), so
//! a block's closing brace stands alone in the column of its first line; that is all the parsing the checks need.

use std::path::Path;

/// One file.
pub struct RustFile {
    /// From the workspace's root, with `/`.
    pub path: String,
    pub text: String,
}

/// Every Rust file of the workspace, by path.
pub fn read_all(root: &Path) -> Result<Vec<RustFile>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "services", "xtask", "fuzz"] {
        walk(root, &root.join(folder), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<RustFile>) -> Result<(), String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                walk(root, &path, files)?;
            }
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let inside = path.strip_prefix(root).map_err(|e| e.to_string())?;
            files.push(RustFile { path: inside.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}

/// How far a line is indented.
pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl RustFile {
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> RustFile {
        RustFile { path: path.to_owned(), text: text.to_owned() }
    }

    /// Written by `cargo xtask gen`.
    pub fn is_generated(&self) -> bool {
        self.text.starts_with("// @generated")
    }

    /// A file of tests, examples or measurements only: no part of the product.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or("");
        let beside = ["/tests/", "/examples/", "/benches/"].iter().any(|folder| self.path.contains(folder));
        name == "tests.rs" || name.ends_with("_tests.rs") || beside
    }

    /// The numbered lines outside tests: neither of a test file nor of a `#[cfg(test)]` block.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut lines = Vec::new();
        let mut skipped: Option<usize> = None;
        let mut test_next = false;
        for (index, line) in self.text.lines().enumerate() {
            if self.is_test() {
                break;
            }
            let column = indent(line);
            if let Some(until) = skipped {
                if column == until && line.trim_end() == format!("{}}}", " ".repeat(until)) {
                    skipped = None;
                }
                continue;
            }
            if line.trim_start().starts_with("#[cfg(test)]") {
                test_next = true;
                continue;
            }
            if test_next && !line.trim_start().starts_with("#[") {
                test_next = false;
                if line.trim_end().ends_with('{') {
                    skipped = Some(column);
                }
                continue;
            }
            lines.push((index + 1, line));
        }
        lines.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_under_cfg_test_is_no_product() {
        let text = "fn a() {\n    x();\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n#[cfg(test)]\nuse c;\nfn d() {}\n";
        let file = RustFile::new("crates/a/src/lib.rs", text);
        let lines: Vec<&str> = file.product_lines().map(|(_, line)| line).collect();
        assert_eq!(lines, ["fn a() {", "    x();", "}", "", "fn d() {}"]);
    }
}
