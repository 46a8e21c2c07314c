//! Puts generated text on disk, formatted; or says how the disk differs from it.

use super::emit::{DIRECTORIES, Files};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stores the files under `root`, and removes generated files that are no longer made. With `check`, changes
/// nothing and fails if anything would change.
pub fn store(root: &Path, files: &Files, check: bool) -> Result<(), String> {
    let formatted = format(root, files)?;
    let mut changed: Vec<String> = Vec::new();
    for (path, text) in &formatted {
        let there = std::fs::read_to_string(root.join(path)).ok();
        if there.as_deref() != Some(text) {
            changed.push(path.clone());
        }
    }
    let made: BTreeSet<PathBuf> = formatted.keys().map(|path| root.join(path)).collect();
    let mut stale = Vec::new();
    for directory in DIRECTORIES {
        list(&root.join(directory), &mut stale)?;
    }
    stale.retain(|path| !made.contains(path));
    if check {
        let stale = stale.iter().map(|path| path.display().to_string());
        let all: Vec<String> = changed.into_iter().chain(stale).collect();
        let message = || format!("generated files differ; run `cargo xtask gen`:\n{}", all.join("\n"));
        return if all.is_empty() { Ok(()) } else { Err(message()) };
    }
    for path in &stale {
        std::fs::remove_file(path).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    for path in &changed {
        write(&root.join(path), &formatted[path])?;
    }
    println!("{} generated files, {} written, {} removed", formatted.len(), changed.len(), stale.len());
    Ok(())
}

/// The files as rustfmt writes them, all in one run in a scratch directory.
fn format(root: &Path, files: &Files) -> Result<Files, String> {
    let scratch = std::env::temp_dir().join(format!("xtask-gen-{}", std::process::id()));
    let formatted = format_in(&scratch, root, files);
    let _ = std::fs::remove_dir_all(&scratch);
    formatted
}

fn format_in(scratch: &Path, root: &Path, files: &Files) -> Result<Files, String> {
    for (path, text) in files {
        write(&scratch.join(path), text)?;
    }
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--config-path"]).arg(root.join("rustfmt.toml"));
    // rustfmt follows `mod` lines, so the roots of the trees are enough.
    command.args(DIRECTORIES.map(|directory| scratch.join(directory).join("mod.rs")));
    let status = command.status().map_err(|e| format!("rustfmt: {e}"))?;
    if !status.success() {
        return Err("rustfmt could not format the generated code".to_owned());
    }
    let read = |path: &String| {
        let text = std::fs::read_to_string(scratch.join(path)).map_err(|e| format!("{path}: {e}"))?;
        Ok((path.clone(), text))
    };
    files.keys().map(read).collect()
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(wrong)?;
    }
    std::fs::write(path, text).map_err(wrong)
}

fn list(directory: &Path, into: &mut Vec<PathBuf>) -> Result<(), String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Ok(()) };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            list(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}
