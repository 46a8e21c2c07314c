//! Fuzzers of every reader of bytes that a stranger or a broken disk may send. Run by `cargo xtask test fuzz`, or longer by hand:
//!
//! ```text
//! RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/instrument cargo run --release -p sealvol-fuzz -- --seconds 600 [--seed N] [TARGET…]
//! ```
//! A target is a function from bytes to nothing. It must neither panic, nor take more than its time, nor allocate more than its
//! memory, whatever the bytes. An input that breaks it is written to `fuzz/found/` and run again with `--input FILE`.
//! Without the wrapper the fuzzers are blind, but run.
// A tool: it reads clocks and files, prints, and panics to say that it found something.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic
)]

mod coverage;
mod engine;
mod memory;
mod mutate;
mod random;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

struct Options {
    seconds: u64,
    seed: u64,
    input: Option<PathBuf>,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\nusage: sealvol-fuzz [--seconds N] [--seed N] [--input FILE] [TARGET…]");
            return ExitCode::from(2);
        }
    };
    let mut failed = 0;
    for target in targets::all() {
        if !options.names.is_empty() && !options.names.iter().any(|n| n == target.name) {
            continue;
        }
        let name = target.name;
        let result = match &options.input {
            Some(path) => engine::replay(target, path),
            None => engine::run(target, Duration::from_secs(options.seconds), options.seed),
        };
        if let Err(why) = result {
            eprintln!("{name}: {why}");
            failed += 1;
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options() -> Result<Options, String> {
    let mut options = Options { seconds: 10, seed: 1, input: None, names: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
        match argument.as_str() {
            "--seconds" => options.seconds = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--input" => options.input = Some(PathBuf::from(value()?)),
            name if name.starts_with('-') => return Err(format!("unknown option {name}")),
            name => options.names.push(name.to_owned()),
        }
    }
    Ok(options)
}
