//! One TOML per service: which operations we want, and where AWS's behaviour differs from its model.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the Rust module.
    pub module: String,
    /// `<service>/<version>` in botocore's data directory.
    pub model: Option<String>,
    /// A model of our own, relative to `xtask/`; instead of `model`.
    pub own_model: Option<String>,
    /// What stands in a SigV4 credential scope.
    pub signing_name: String,
    /// CloudTrail's `eventSource`.
    pub event_source: String,
    /// Instead of the model's.
    pub xml_namespace: Option<String>,
    pub operations: Vec<String>,
    /// Overrides, keyed `<generated type>.<member as the model spells it>`.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldOverride>,
    /// Enumerations whose values AWS lists in another order than the model (the order shows in messages): the
    /// values to put first.
    #[serde(default)]
    pub enum_order: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct FieldOverride {
    /// Name in trail records.
    pub trail: Option<String>,
    /// Form in trail records: `text` (a number as text), `array` (a plain list where EC2 has `items`),
    /// `omit` (not shown).
    pub trail_as: Option<String>,
    /// Name around each bare entry of an EC2 list in trail records.
    pub trail_item: Option<String>,
    /// Form in XML: `seconds` (a moment without milliseconds).
    pub xml: Option<String>,
}

/// All services, in the order of their file names.
pub fn read_all(directory: &Path) -> Result<Vec<Config>, String> {
    let entries = std::fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Config, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}
