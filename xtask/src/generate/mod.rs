//! `cargo xtask gen`: writes the types and codecs of crate `wire` from the public service models.
//!
//! ```text
//! xtask/services/*.toml (what we want) ┐
//! botocore's data, or models/*.json    ┴─▶ plan (closure of shapes) ─▶ emit ─▶ rustfmt ─▶ committed files
//! ```
//! The committed code was made from botocore 1.44.5. Only facts are taken from the models: names, types, required members, limits, enumerations, locations. With
//! `--check` nothing is written, and any difference from the committed files is an error.

mod config;
mod emit;
mod files;
mod model;
mod names;
mod pattern;
mod plan;
mod rules;
mod support;
#[cfg(test)]
mod tests;
mod types;

use std::path::{Path, PathBuf};

/// Runs the chore.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut check = false;
    let mut models = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => check = true,
            "--models" => models = Some(PathBuf::from(arguments.next().ok_or("--models needs a directory")?)),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no root")?.to_owned();
    let models = models.map_or_else(model::botocore_data, Ok)?;
    let mut services = Vec::new();
    for config in config::read_all(&root.join("xtask/services"))? {
        let model = model::read(&config, &models, &root.join("xtask"))?;
        services.push(plan::plan(config, &model)?);
    }
    let made = emit::workspace(&services);
    files::store(&root, &made, check)
}
