//! Settings from a world of maps, and calls to a real gateway.

use super::settings::{Settings, World};
use super::*;
use base::{AccountId, Fault, Refusal};
use gateway::{Answering, Config, Credential, Door, Origin, Scope, Server};
use keys::Secret;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use wire::Reply;

#[derive(Default)]
struct Maps {
    variables: HashMap<&'static str, &'static str>,
    files: HashMap<&'static str, &'static str>,
}

impl World for Maps {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn file(&self, path: &Path) -> std::io::Result<Option<String>> {
        match path.to_str() {
            Some("/locked") => Err(std::io::ErrorKind::PermissionDenied.into()),
            path => Ok(path.and_then(|path| self.files.get(path)).map(|text| (*text).to_owned())),
        }
    }
}

const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s1\n\
                           [dev]\naws_access_key_id=AKIDDEV\naws_secret_access_key=s2\naws_session_token=t2\n";
const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile dev]\nendpoint_url = http://dev:1\nregion = eu-west-2\n\
                      [profile whole]\naws_access_key_id=AKIDWHOLE\naws_secret_access_key=s3\nservices = s\n\
                      [profile half]\naws_access_key_id=AKIDHALF\n[services s]\nsealvol =\n  endpoint_url = http://s:2\n";

fn world(variables: &[(&'static str, &'static str)]) -> Maps {
    let home = [("HOME", "/home/u")];
    let files = [("/home/u/.aws/credentials", CREDENTIALS), ("/home/u/.aws/config", CONFIG)];
    Maps { variables: home.into_iter().chain(variables.iter().copied()).collect(), files: files.into() }
}

/// `url region key secret token`.
fn found(flags: &Remote, world: &Maps) -> String {
    let settings = Settings::resolve(flags, world).unwrap_or_else(|error| panic!("{error}"));
    let Settings { endpoint, region, credentials } = settings;
    let secret = String::from_utf8_lossy(credentials.secret.expose()).into_owned();
    let token = credentials.session_token.unwrap_or("-".into());
    format!("{} {region} {} {secret} {token}", endpoint.host_header(), credentials.access_key_id)
}

fn complaint(flags: &Remote, world: &Maps) -> String {
    match Settings::resolve(flags, world) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted"),
    }
}

fn profile(name: &str) -> Remote {
    Remote { profile: Some(name.into()), ..Remote::default() }
}

#[test]
fn settings_come_from_where_the_aws_cli_finds_them() {
    let none = Remote::default();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s0")];
    assert_eq!(found(&none, &world(&[])), "127.0.0.1:4566 eu-west-1 AKIDDEFAULT s1 -");
    assert_eq!(found(&profile("dev"), &world(&[])), "dev:1 eu-west-2 AKIDDEV s2 t2");
    assert_eq!(found(&none, &world(&[("AWS_PROFILE", "dev")])), "dev:1 eu-west-2 AKIDDEV s2 t2");
    assert_eq!(found(&profile("whole"), &world(&[])), "s:2 us-east-1 AKIDWHOLE s3 -");
    assert_eq!(found(&none, &world(&keys)), "127.0.0.1:4566 eu-west-1 AKIDENV s0 -");
    // A profile by flag wins over variables, one by variable does not.
    assert_eq!(found(&profile("dev"), &world(&keys)), "dev:1 eu-west-2 AKIDDEV s2 t2");
    let with_profile = [keys[0], keys[1], ("AWS_PROFILE", "dev"), ("AWS_SESSION_TOKEN", "t0")];
    assert_eq!(found(&none, &world(&with_profile)), "dev:1 eu-west-2 AKIDENV s0 t0");
}

#[test]
fn flags_win_over_variables_and_variables_over_files() {
    let variables = [
        ("AWS_PROFILE", "whole"),
        ("AWS_ENDPOINT_URL", "http://env:3"),
        ("AWS_REGION", "us-west-1"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
    ];
    assert_eq!(found(&Remote::default(), &world(&variables)), "env:3 us-west-1 AKIDWHOLE s3 -");
    let own = [variables[0], variables[1], ("AWS_ENDPOINT_URL_SEALVOL", "http://own:4"), variables[3]];
    assert_eq!(found(&Remote::default(), &world(&own)), "own:4 us-west-2 AKIDWHOLE s3 -");
    let flags = Remote {
        endpoint_url: Some("http://flag:5".into()),
        region: Some("sa-east-1".into()),
        profile: None,
    };
    assert_eq!(found(&flags, &world(&own)), "flag:5 sa-east-1 AKIDWHOLE s3 -");
    let ignored = [own[0], own[1], own[2], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    assert_eq!(found(&Remote::default(), &world(&ignored)), "127.0.0.1:4566 us-east-1 AKIDWHOLE s3 -");
}

#[test]
fn files_are_where_variables_say() {
    let mut maps =
        world(&[("AWS_SHARED_CREDENTIALS_FILE", "~/data/credentials"), ("AWS_CONFIG_FILE", "/etc/aws")]);
    maps.files
        .insert("/home/u/data/credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
    maps.files.insert("/etc/aws", "[default]\nregion=eu-north-1\n");
    assert_eq!(found(&Remote::default(), &maps), "127.0.0.1:4566 eu-north-1 A s -");
}

#[test]
fn what_is_missing_or_unusable_is_said() {
    let none = Remote::default();
    assert_eq!(complaint(&profile("nobody"), &world(&[])), "The config profile (nobody) could not be found");
    assert!(complaint(&profile("half"), &world(&[])).contains("no secret access key"));
    assert!(complaint(&none, &world(&[("AWS_ACCESS_KEY_ID", "A")])).contains("no secret access key"));
    let empty = complaint(&none, &Maps::default());
    assert!(empty.contains("AWS_SHARED_CREDENTIALS_FILE") && empty.contains("AWS_ACCESS_KEY_ID"), "{empty}");
    assert!(complaint(&none, &world(&[("AWS_CONFIG_FILE", "/locked")])).starts_with("reading /locked: "));
    assert!(
        complaint(&none, &world(&[("AWS_ENDPOINT_URL", "https://x")])).contains("https is not supported")
    );
}

/// Answers `Explain` with the body it got, refuses everything else.
struct EchoDoor;

impl Door for EchoDoor {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let secret = Secret::copy_of(b"s2").map_err(|error| Fault::caused("test", error))?;
        Ok((access_key_id == "AKIDDEV").then(|| Credential {
            access_key_id: access_key_id.to_owned(),
            secret: Arc::new(secret),
            account: AccountId::parse("111122223333").unwrap(),
            // SHA-256 of "t2"
            token_digest: Some("c44474038d459e40e4714afefa7bf8dae9f9834b22f5e8ec1dd434ecb62b512e".into()),
            expires: None,
            holder: Arc::new(()),
        }))
    }

    fn dispatch(&self, _: &Credential, scope: &Scope, call: Call, origin: Origin, answering: Answering) {
        if call.header("x-amz-target") == Some("Sealvol.Explain") {
            return answering.reply(Reply { status: 200, headers: Vec::new(), body: call.body });
        }
        let refusal = Refusal::new("NoSuchThing", "not here");
        answering.reply(wire::encode_refusal(scope.service, &refusal, &origin.request_id));
    }

    fn refused(&self, _: &Refusal, _: Option<&Scope>, _: &Call, _: &Origin) {}
}

fn ask(endpoint: &str, secret: &'static str, target: &str, body: &Value) -> Result<Value, ClientError> {
    let flags = Remote { endpoint_url: Some(endpoint.to_owned()), ..Remote::default() };
    let variables =
        [("AWS_ACCESS_KEY_ID", "AKIDDEV"), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", "t2")];
    let settings = Settings::resolve(&flags, &world(&variables))?;
    read(http::send(&settings.endpoint, &signed_call(&Env::real(), &settings, target, body)?)?)
}

#[test]
fn a_gateway_accepts_our_calls_and_its_refusals_are_readable() {
    let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::bind(config, Env::real(), Arc::new(EchoDoor))).unwrap();
    let endpoint = format!("http://{}", server.address());
    runtime.spawn(server.run(std::future::pending()));
    let body = serde_json::json!({ "Id": "vol-1 ä" });
    assert_eq!(ask(&endpoint, "s2", "Sealvol.Explain", &body).unwrap(), body);
    let refused = ask(&endpoint, "s2", "Sealvol.Other", &body).unwrap_err().to_string();
    assert!(refused.starts_with("NoSuchThing: not here (request "), "{refused}");
    let wrong = ask(&endpoint, "wrong", "Sealvol.Explain", &body).unwrap_err();
    assert!(
        matches!(wrong, ClientError::Refused { ref code, .. } if code == "InvalidSignatureException"),
        "{wrong}"
    );
    runtime.shutdown_background();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = ask(&format!("http://{nobody}"), "s2", "Sealvol.Explain", &body).unwrap_err().to_string();
    assert!(gone.starts_with(&format!("cannot connect to http://{nobody}: ")), "{gone}");
}

#[test]
fn an_answer_of_something_else_is_not_taken_for_ours() {
    for (answer, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", 200),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", 404),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", 502),
        ("220 smtp ready\r\n\r\n", 0),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = env::spawn("stranger", move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The whole request: closing a connection with unread bytes resets it, and the answer may be lost.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n{}") {
                let mut part = [0; 4096];
                let got = stream.read(&mut part).unwrap();
                assert_ne!(got, 0, "the request ended early");
                request.extend_from_slice(&part[..got]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let error = ask(&endpoint, "s2", "Sealvol.Explain", &serde_json::json!({})).unwrap_err();
        assert!(
            matches!(error, ClientError::NotUnderstood { status: found } if found == status),
            "{answer}: {error}"
        );
        server.unwrap().join().unwrap();
    }
}
