//! A crate's manifest, as far as arrows are concerned.

use std::path::Path;
use toml::{Table, Value};

/// Whether the product or only its tests need a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Product,
    Tests,
}

/// One crate and what it uses.
#[derive(Debug)]
pub struct Manifest {
    /// The room: the crate's directory.
    pub name: String,
    /// Everything that it uses, our own crates by their room's name.
    pub uses: Vec<(String, When)>,
    from_elsewhere: Vec<String>,
    lints: bool,
}

/// The manifests of all crates of the product.
pub fn read_all(root: &Path) -> Result<Vec<Manifest>, String> {
    let mut manifests = Vec::new();
    for folder in ["crates", "services"] {
        let entries = std::fs::read_dir(root.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
        for entry in entries {
            let path = entry.map_err(|e| format!("{folder}: {e}"))?.path();
            let file = path.join("Cargo.toml");
            if !file.is_file() {
                continue;
            }
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            manifests.push(Manifest::parse(&name, &text)?);
        }
    }
    manifests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(manifests)
}

impl Manifest {
    /// Reads a manifest's text.
    pub fn parse(name: &str, text: &str) -> Result<Manifest, String> {
        let table: Table = text.parse().map_err(|e| format!("{name}/Cargo.toml: {e}"))?;
        let lints =
            table.get("lints").and_then(|l| l.get("workspace")).and_then(Value::as_bool) == Some(true);
        let mut manifest =
            Manifest { name: name.to_owned(), uses: Vec::new(), from_elsewhere: Vec::new(), lints };
        manifest.collect(&table);
        for target in table.get("target").and_then(Value::as_table).into_iter().flat_map(|t| t.values()) {
            manifest.collect(target.as_table().unwrap_or(&Table::new()));
        }
        Ok(manifest)
    }

    fn collect(&mut self, table: &Table) {
        let kinds = [
            ("dependencies", When::Product),
            ("build-dependencies", When::Product),
            ("dev-dependencies", When::Tests),
        ];
        for (kind, when) in kinds {
            for (name, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                // A dependency may be renamed; its package tells who it is.
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                let room = package.strip_prefix("sealvol-").unwrap_or(package);
                self.uses.push((room.to_owned(), when));
                if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                    self.from_elsewhere.push(name.clone());
                }
            }
        }
    }

    /// Versions belong to the workspace's table, and every crate stands under the workspace's lints.
    pub fn form_faults(&self) -> Vec<String> {
        let versions = self.from_elsewhere.iter();
        let mut wrong: Vec<String> =
            versions.map(|d| format!("{} names {d} without `workspace = true`", self.name)).collect();
        if !self.lints {
            wrong.push(format!("{} lacks `[lints] workspace = true`", self.name));
        }
        wrong
    }
}
