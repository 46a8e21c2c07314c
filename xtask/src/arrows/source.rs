//! Nobody but `env` may switch off the lints that keep clock, randomness, files, threads and processes inside `env`; tests
//! may, because they look at the world from outside.

use crate::rust_files::{self, RustFile};
use std::path::Path;

/// The lints, as an attribute names them.
const LINTS: [&str; 2] = ["disallowed_methods", "disallowed_types"];

/// Every place in product code that switches them off.
pub fn faults(root: &Path) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for file in rust_files::read_all(root)? {
        if ["xtask/", "fuzz/", "crates/env/"].iter().any(|tool| file.path.starts_with(tool)) {
            continue;
        }
        wrong.extend(switched_off(&file));
    }
    Ok(wrong)
}

fn switched_off(file: &RustFile) -> Vec<String> {
    let product = file.product_lines();
    let off = product.filter(|(_, line)| {
        let code = line.split("//").next().unwrap_or("");
        LINTS.iter().any(|lint| code.contains(lint)) && !code.contains("cfg_attr(test")
    });
    off.map(|(number, _)| format!("{}:{number} switches off a lint that only env may", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        switched_off(&RustFile::new(path, text)).len()
    }

    #[test]
    fn product_code_that_reads_the_clock_by_permission_is_found() {
        let text = "//! Head.\n#![allow(clippy::disallowed_methods)]\nfn now() {}\n";
        assert_eq!(found("crates/api/src/lib.rs", text), 1);
        assert_eq!(found("crates/api/src/lib.rs", "//! Head.\n// about disallowed_methods\n"), 0);
    }

    #[test]
    fn tests_may_look_at_the_world() {
        let text = "//! Head.\n#![allow(clippy::disallowed_types)]\n";
        for path in
            ["crates/api/tests/suite.rs", "crates/api/src/tests.rs", "crates/rules/src/key_state_tests.rs"]
        {
            assert_eq!(found(path, text), 0, "{path}");
        }
        let inside =
            "//! Head.\nfn a() {}\n#[cfg(test)]\nmod tests {\n    #![allow(clippy::disallowed_types)]\n}\n";
        assert_eq!(found("crates/api/src/lib.rs", inside), 0);
        assert_eq!(
            found("crates/api/src/lib.rs", "#![cfg_attr(test, allow(clippy::disallowed_types))]\n"),
            0
        );
    }
}
