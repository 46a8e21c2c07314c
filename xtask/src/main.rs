//! Chores of the workspace, run as `cargo xtask <chore>`.
// A tool for developers, not the product: it reads and writes files, starts programs and prints.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod generate;
mod rust_files;
mod test_command;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match arguments.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("", [].as_slice()),
    };
    let done = match chore {
        "gen" => generate::run(rest),
        "arrows" => arrows::run(rest),
        "tidy" => tidy::run(rest),
        "test" => test_command::run(rest),
        _ => Err("usage: cargo xtask gen [--check] [--models DIR] | arrows | tidy | test [STEP…]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
