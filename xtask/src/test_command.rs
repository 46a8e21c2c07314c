//! `cargo xtask test`: everything that must hold before a change may land, from nothing, in one command.
//!
//! ```text
//! install ─▶ cheap checks (format, arrows, tidy, generated files) ─▶ clippy ─▶ cargo test ─▶ chunks on S3 ─▶ release build
//!         ─▶ real clients on SQLite ─▶ API clients again on PostgreSQL ─▶ fuzzers, bounded
//! ```
//! On a fresh Debian machine with a Rust toolchain, gcc and python3 it installs what the tests need, by package name. Named
//! steps alone run with `cargo xtask test STEP…`. Every step's time is printed at the end.

mod install;
mod steps;

use std::time::Instant;
use steps::{STEPS, Step};

/// Runs all steps, or the named ones.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if arguments.iter().any(|a| a == "--list") {
        for step in &STEPS {
            println!("{:<10} {}", step.name, step.what);
        }
        return Ok(());
    }
    let chosen = choose(arguments)?;
    let began = Instant::now();
    let mut report = Vec::new();
    let mut failed = Vec::new();
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.what);
        let start = Instant::now();
        let result = (step.run)();
        let seconds = start.elapsed().as_secs_f64();
        let mark = if result.is_ok() { "ok" } else { "FAILED" };
        report.push(format!("{:<10} {seconds:>8.1} s  {mark}", step.name));
        if let Err(why) = result {
            eprintln!("{}: {why}", step.name);
            failed.push(step.name);
            if step.needed {
                break;
            }
        }
    }
    println!("\n{}\n{:<10} {:>8.1} s", report.join("\n"), "all", began.elapsed().as_secs_f64());
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn choose(names: &[String]) -> Result<Vec<&'static Step>, String> {
    if names.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    let find = |name: &String| {
        STEPS
            .iter()
            .find(|step| step.name == name)
            .ok_or_else(|| format!("no step {name}; see `cargo xtask test --list`"))
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_steps_run_alone_and_unknown_ones_are_refused() {
        let chosen = choose(&["tidy".into(), "arrows".into()]).unwrap();
        assert_eq!(chosen.iter().map(|s| s.name).collect::<Vec<_>>(), ["tidy", "arrows"]);
        assert!(choose(&["nothing".into()]).is_err());
        assert_eq!(choose(&[]).unwrap().len(), STEPS.len());
    }
}
