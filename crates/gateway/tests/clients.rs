//! boto3 against the gateway on a real socket: the answers are such that it reads them, refusals too. Runs the Python named by
//! `SEALVOL_PYTHON` (or `python3`); skipped with a note where that has no boto3.
#![allow(clippy::disallowed_types)] // a test harness starts a process

mod harness;

use std::process::Command;

#[test]
fn boto3_is_let_in_and_refused_in_words_it_understands() {
    let python = std::env::var("SEALVOL_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_boto3 =
        Command::new(&python).args(["-c", "import boto3"]).output().is_ok_and(|out| out.status.success());
    if !has_boto3 {
        eprintln!("skipped: {python} has no boto3; name one that has it in SEALVOL_PYTHON");
        return;
    }
    let gateway = harness::start(|_| {});
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients.py");
    let output =
        Command::new(&python).args([script, &gateway.address.to_string(), harness::SECRET]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("refused")).count(), 19, "{said}");
}
