//! `sealvol device` and `sealvol explain` as a user runs them: against a server that serves what a kept demo left behind, and
//! against everything that can be wrong on the way there.
// A test of the program must run the program.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_sealvol");

/// A server on the data directory of a kept demo, whose encrypted volume is attached.
struct Server {
    process: Child,
    endpoint: String,
    data: PathBuf,
    volume: String,
    instance: String,
    /// The request id of the attachment that was refused.
    refused: String,
    _tmp: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let tmp = tempfile::tempdir().unwrap();
        let demo = Command::new(BINARY)
            .args(["demo", "--size-mb", "1", "--keep"])
            .env("TMPDIR", tmp.path())
            .output()
            .unwrap();
        let story = String::from_utf8(demo.stdout).unwrap();
        assert!(demo.status.success(), "{story}");
        let data = std::fs::read_dir(tmp.path()).unwrap().next().unwrap().unwrap().path().join("data");
        let mut process = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("SEALVOL_LOG", "off")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let endpoint = lines.find_map(|l| l.strip_prefix("sealvol is ready at ").map(str::to_owned)).unwrap();
        let word =
            |start: &str| story.split([' ', ',', '\n']).find(|w| w.starts_with(start)).unwrap().to_owned();
        let refused = story.split_once("$ sealvol explain ").unwrap().1.lines().next().unwrap().to_owned();
        Server { process, endpoint, data, volume: word("vol-"), instance: word("i-"), refused, _tmp: tmp }
    }

    /// A command that finds endpoint and credentials in its environment, and nothing else there.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_SHARED_CREDENTIALS_FILE", self.data.join("credentials"));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command in an empty environment.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_clear().env("HOME", "/nonexistent");
    command
}

fn done(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The command must end with 1, print nothing, and say why in one line that has all of these words.
fn fails(command: Command, words: &[&str]) {
    let (code, out, err) = done(command);
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
    for word in words {
        assert!(err.contains(word), "{word} is missing in {err}");
    }
}

#[test]
fn device_and_explain_tell_what_the_server_knows() {
    let server = Server::start();
    device(&server);
    explain(&server);
    refusals(&server);
    wrong_credentials(&server);
    closed_pipe(&server);
}

fn device(server: &Server) {
    let (code, out, err) = done(server.command(&["device", &server.volume]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let start = format!("nbd+unix:///{}?socket=", server.volume);
    assert!(out.starts_with(&start) && out.ends_with(".sock\n") && out.lines().count() == 1, "{out}");
    let socket = Path::new(out.trim_end().strip_prefix(&start).unwrap());
    assert!(socket.exists(), "{out}");
    let named = done(server.command(&["device", &server.volume, "--instance-id", &server.instance]));
    assert_eq!(named.1, out);
    let mut by_options = bare(&["device", &server.volume, "--region", "us-east-1", "--profile", "default"]);
    by_options.args(["--endpoint-url", &server.endpoint]);
    by_options.env("AWS_SHARED_CREDENTIALS_FILE", server.data.join("credentials"));
    assert_eq!(done(by_options).1, out);
}

fn explain(server: &Server) {
    let (code, out, err) = done(server.command(&["explain", &server.volume]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(&format!("Volume {} is in-use\n", server.volume)), "{out}");
    for told in [
        "state   in-use",
        "encrypted under arn:aws:kms:",
        "attachVolume failed: arn:aws:kms:",
        "is disabled.",
    ] {
        assert!(out.contains(told), "{told} is missing in {out}");
    }
    let request = done(server.command(&["explain", &server.refused])).1;
    assert!(request.contains("state   refused") && request.contains("is disabled."), "{request}");
    let instance = done(server.command(&["explain", &server.instance])).1;
    assert!(instance.contains(&server.instance), "{instance}");
    let json = done(server.command(&["explain", "--json", &server.volume])).1;
    let story: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (story["Id"].as_str(), story["Kind"].as_str()),
        (Some(server.volume.as_str()), Some("volume"))
    );
}

fn refusals(server: &Server) {
    let nobody = "vol-00000000000000000";
    fails(server.command(&["device", nobody]), &["InvalidVolume.NotFound", nobody]);
    fails(server.command(&["device", "tape"]), &["InvalidVolumeID.Malformed", "tape"]);
    fails(
        server.command(&["device", &server.volume, "--instance-id", "i-00000000000000000"]),
        &["IncorrectState", "not attached to i-00000000000000000"],
    );
    fails(server.command(&["explain", nobody]), &["ResourceNotFoundException", nobody]);
    fails(server.command(&["explain", &"x".repeat(300)]), &["Exception"]);
    fails(
        server.command(&["device", &server.volume, "--region", "eu-central-1"]),
        &["InvalidVolume.NotFound"],
    );
    fails(server.command(&["device", &server.volume, "--region", "mars-1"]), &["mars-1"]);
}

fn wrong_credentials(server: &Server) {
    let mut wrong_secret = server.command(&["device", &server.volume]);
    let file = std::fs::read_to_string(server.data.join("credentials")).unwrap();
    let id = file.lines().find_map(|l| l.strip_prefix("aws_access_key_id = ")).unwrap();
    wrong_secret.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", "x".repeat(40));
    fails(wrong_secret, &["InvalidSignatureException"]);
    let mut nobody = server.command(&["explain", &server.volume]);
    nobody.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "x".repeat(40));
    fails(nobody, &["UnrecognizedClientException"]);
    let mut test_key = server.command(&["explain", &server.volume]);
    test_key.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    fails(test_key, &["UnrecognizedClientException"]);
    let mut none = bare(&["device", &server.volume, "--region", "us-east-1"]);
    none.args(["--endpoint-url", &server.endpoint]);
    fails(none, &["credentials"]);
    let mut profile = server.command(&["device", &server.volume]);
    profile.args(["--profile", "nobody"]);
    fails(profile, &["nobody"]);
}

/// Who stops reading has what they wanted: no panic, no complaint.
fn closed_pipe(server: &Server) {
    for arguments in [["device", server.volume.as_str()], ["explain", &server.volume]] {
        let mut child =
            server.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    }
}

/// An environment with good credentials and an endpoint where nobody listens, or where nothing sensible does.
fn with_endpoint(endpoint: &str) -> Command {
    let mut command = bare(&["device", "vol-00000000000000000"]);
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

#[test]
fn a_server_whose_lines_nobody_reads_goes_on_serving() {
    let tmp = tempfile::tempdir().unwrap();
    let data = tmp.path().join("data");
    // Its lines cannot tell the port, so it gets one that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut process = Command::new(BINARY)
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(&data)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stderr.take());
    let ask = || {
        let mut command = with_endpoint(&format!("http://{address}"));
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("AWS_SHARED_CREDENTIALS_FILE", data.join("credentials"));
        done(command).2
    };
    let answered = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        ask().contains("InvalidVolume.NotFound")
    });
    let ended = process.try_wait().unwrap();
    let _ = process.kill();
    let _ = process.wait();
    assert_eq!((answered, ended), (true, None));
}

#[test]
fn a_server_that_cannot_be_reached_is_told_in_one_line() {
    // A port that was free a moment ago and has no listener.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fails(with_endpoint(&format!("http://127.0.0.1:{port}")), &[&port.to_string()]);
    fails(with_endpoint("http://host.invalid:4566"), &["host.invalid"]);
    fails(with_endpoint("not a url"), &["not a url"]);
    fails(with_endpoint("ftp://127.0.0.1"), &["ftp"]);
}

#[test]
fn a_server_that_does_not_speak_http_is_told_in_one_line() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut command = with_endpoint(&endpoint);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    std::io::Write::write_all(&mut stream, b"220 mail.example ESMTP\r\n").unwrap();
    drop(stream);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.lines().count()), (Some(1), 1), "{err}");
}

#[test]
fn what_is_not_said_on_the_command_line_is_asked_for() {
    for arguments in
        [&["device"][..], &["explain"], &["device", "vol-1", "vol-2"], &["explain", "x", "--yaml"]]
    {
        assert_eq!(done(bare(arguments)).0, Some(2), "{arguments:?}");
    }
}
