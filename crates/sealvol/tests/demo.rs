//! `sealvol demo` as a user runs it: the built binary, in a temporary directory that must be empty again afterwards.
// A test of the program must run the program.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

fn demo(arguments: &[&str], tmp: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealvol"));
    command.arg("demo").args(arguments).env("TMPDIR", tmp).env_remove("SEALVOL_LOG");
    command
}

fn texts(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn is_empty(dir: &std::path::Path) -> bool {
    std::fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn the_whole_story_holds_and_leaves_nothing_behind() {
    let tmp = tempfile::tempdir().unwrap();
    let output = demo(&["--size-mb", "8"], tmp.path()).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(err, "");
    for told in [
        "of its 2,048 data units",
        "SHA-256",
        "GenerateDataKeyWithoutPlaintext",
        "CreateGrant",
        "Decrypt",
        "RetireGrant",
        "assumed-role/aws:ec2-infrastructure/i-0",
        r#"encryption context {"aws:ebs:id":"vol-0"#,
        "unencrypted volume: 2,048 of 2,048 copies",
        "encrypted volume:   0 copies in 8.",
        "anywhere else:      0 copies",
        "refused: CustomerKeyHasBeenRevoked: Volume vol-0",
        "ec2 AttachVolume by arn:aws:iam::",
        "refused, Client.CustomerKeyHasBeenRevoked: arn:aws:kms:us-east-1:",
        "is disabled.",
        "Everything was as it should be",
    ] {
        assert!(out.contains(told), "{told} is missing in:\n{out}");
    }
    assert!(!out.contains("NOT done") && !out.contains('\u{1b}'), "plain lines only:\n{out}");
    assert!(is_empty(tmp.path()), "the demo left something in its temporary directory");
}

#[test]
fn a_long_temporary_directory_moves_the_sockets_and_they_go_too() {
    let tmp = tempfile::tempdir().unwrap();
    let long = tmp.path().join("x".repeat(90));
    std::fs::create_dir(&long).unwrap();
    let output = demo(&["--size-mb", "1"], &long).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{out}\n{err}");
    let sockets = out.split_once("?socket=").unwrap().1.split_once("/vol-").unwrap().0;
    assert!(!sockets.starts_with(long.to_str().unwrap()), "{sockets}");
    assert!(!std::path::Path::new(sockets).exists(), "{sockets} is still there");
    assert!(is_empty(&long));
}

#[test]
fn what_is_kept_stays() {
    let tmp = tempfile::tempdir().unwrap();
    let output = demo(&["--size-mb", "1", "--keep"], tmp.path()).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{out}\n{err}");
    let kept = std::fs::read_dir(tmp.path()).unwrap().next().unwrap().unwrap().path();
    assert!(err.contains(&format!("sealvol serve --data {}", kept.join("data").display())), "{err}");
    assert!(kept.join("data/seal.key").exists() && kept.join("plain.txt").exists());
}

/// Sends a signal to a process that we started.
fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_at_any_step_ends_it_with_an_error_and_an_empty_directory() {
    for (name, at) in [("INT", " 2. "), ("TERM", " 5. "), ("INT", " 6. "), ("HUP", "11. "), ("INT", "13. ")] {
        let tmp = tempfile::tempdir().unwrap();
        let mut child = demo(&["--size-mb", "32"], tmp.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with(at)), "step {at} was never reached");
        signal(child.id(), name);
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "SIG{name} at {at}: {rest:?}");
        assert_eq!(texts(&output).1, "sealvol: interrupted\n");
        assert!(!rest.iter().any(|line| line.contains("Everything was")), "{rest:?}");
        assert!(is_empty(tmp.path()), "SIG{name} at {at} left something behind");
    }
}

#[test]
fn a_reader_who_leaves_early_gets_no_panic_and_no_litter() {
    let tmp = tempfile::tempdir().unwrap();
    let mut child =
        demo(&["--size-mb", "8"], tmp.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = texts(&output).1;
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("sealvol: writing to standard output") && err.lines().count() == 1, "{err}");
    assert!(is_empty(tmp.path()));
}

#[test]
fn sizes_that_make_no_sense_are_refused_and_nothing_starts() {
    let tmp = tempfile::tempdir().unwrap();
    for size in ["0", "-1", "65537", "8MB", ""] {
        let output = demo(&["--size-mb", size], tmp.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{size:?}");
        assert!(is_empty(tmp.path()));
    }
}

#[test]
fn a_temporary_directory_that_is_not_there_is_told() {
    let output = demo(&["--size-mb", "1"], std::path::Path::new("/nowhere/at/all")).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(1), ""));
    assert!(err.starts_with("sealvol: making the directory /nowhere/at/all/sealvol-demo-"), "{err}");
}
