//! The steps of the test command, in order.

use super::install;
use crate::{arrows, generate, tidy};
use std::path::PathBuf;
use std::process::Command;

/// One step.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn() -> Result<(), String>,
    /// Without it the rest cannot run.
    pub needed: bool,
}

const fn step(name: &'static str, what: &'static str, run: fn() -> Result<(), String>) -> Step {
    Step { name, what, run, needed: false }
}

pub const STEPS: [Step; 13] = [
    Step {
        needed: true,
        ..step("install", "Debian packages and a Python environment under .work", install::run)
    },
    step("format", "rustfmt", || cargo(&["fmt", "--all", "--check"])),
    step("arrows", "dependencies that the house does not have", || arrows::run(&[])),
    step("tidy", "style beyond rustfmt and clippy", || tidy::run(&[])),
    step("generated", "the wire types are what the service models say", generated),
    step("clippy", "lints, warnings refused", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    }),
    step("unit", "the tests of the crates", unit),
    step("s3", "the chunk store's suite on a real S3 server", s3),
    Step {
        needed: true,
        ..step("build", "the binary, as it is shipped", || cargo(&["build", "--release", "-p", "sealvol"]))
    },
    step("clients", "real clients against the binary, on SQLite", || {
        pytest(&["tests", "-m", "not crash"], "sqlite")
    }),
    step("postgres", "the API's clients again, on PostgreSQL", || {
        pytest(&["tests", "-m", "catalog"], "postgres")
    }),
    step("crash", "kill -9 at random points, then look", || serial_pytest(&CRASHES, "sqlite")),
    step("fuzz", "every reader of untrusted bytes, some seconds each", fuzz),
];

/// Tests that kill the server, and so run alone.
const CRASHES: [&str; 6] = [
    "tests/test_crash.py",
    "tests/test_crash_snapshots.py",
    "tests/test_crash_fio.py",
    "tests/test_crash_sqlite.py",
    "-m",
    "crash",
];

/// The workspace's root.
pub fn root() -> Result<PathBuf, String> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).ok_or_else(|| "the workspace has no root".to_owned())
}

/// Runs a program in the workspace's root, its output going where ours goes.
pub fn sh(program: &str, arguments: &[&str], environment: &[(&str, String)]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()?).envs(environment.iter().map(|(k, v)| (*k, v.as_str())));
    let status = command.status().map_err(|e| format!("{program}: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} {} ended with {status}", arguments.join(" ")))
    }
}

fn cargo(arguments: &[&str]) -> Result<(), String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    sh(&program, arguments, &[])
}

/// Some of them ask Python's SDK what it makes of our answers; it must be the pinned one.
fn unit() -> Result<(), String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let python = install::venv()?.join("bin/python").to_string_lossy().into_owned();
    sh(&program, &["test", "--workspace", "--no-fail-fast"], &[("SEALVOL_PYTHON", python)])
}

/// `tests/s3.py` starts the server and passes its URL on.
fn s3() -> Result<(), String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let python = install::venv()?.join("bin/python").to_string_lossy().into_owned();
    sh(&python, &["tests/s3.py", &program, "test", "-p", "sealvol-chunks", "--test", "s3_store"], &[])
}

fn generated() -> Result<(), String> {
    let models = install::botocore_data()?;
    generate::run(&["--check".to_owned(), "--models".to_owned(), models])
}

/// The release binary of this workspace.
fn binary() -> Result<String, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    Ok(target.join("release/sealvol").to_string_lossy().into_owned())
}

fn python(arguments: &[&str], catalog: &str) -> Result<(), String> {
    let program = install::venv()?.join("bin/python").to_string_lossy().into_owned();
    let environment = [("SEALVOL_BIN", binary()?), ("SEALVOL_TEST_CATALOG", catalog.to_owned())];
    sh(&program, arguments, &environment)
}

/// Test files side by side, each with servers of its own.
fn pytest(arguments: &[&str], catalog: &str) -> Result<(), String> {
    let workers = ["-m", "pytest", "-n", "3", "--dist", "loadfile"];
    python(&[&workers, arguments].concat(), catalog)
}

fn serial_pytest(arguments: &[&str], catalog: &str) -> Result<(), String> {
    python(&[&["-m", "pytest"], arguments].concat(), catalog)
}

fn fuzz() -> Result<(), String> {
    // Only our own crates are compiled again, with coverage counters.
    let instrument = root()?.join("fuzz/instrument").to_string_lossy().into_owned();
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["run", "--release", "-p", "sealvol-fuzz", "--", "--seconds", "10"];
    sh(&program, &arguments, &[("RUSTC_WORKSPACE_WRAPPER", instrument)])
}
