//! Our codecs against botocore's, both ways, over random instances of every operation:
//!
//! ```text
//! botocore: random input ──its serialiser──▶ HTTP ──our decode──▶ compare with the input
//! here:     random output ──our encode──▶ HTTP ──its parser──▶ compare with the output
//! ```
//! Compared are whole values, blobs and secrets included, not trail records. Skipped with a note where no botocore is
//! installed; `SEALVOL_PYTHON` names the interpreter.
// A test that runs another program and feeds it from a thread; its helpers may panic like tests.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr
)]

mod generated;
mod model;

use base::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Dice, Sample, Show};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use wire::{Call, Input, Operation, Output, Reply, SERVICES, encode_refusal, operation_name};

/// Random instances of each operation; a failing run is repeated by its seed, which the message names.
const INSTANCES: u64 = 25;
const SEED: u64 = 20_261_121;

/// The script beside, run with these arguments and this input; `None` if this machine has no botocore.
fn python(mode: &str, input: &str) -> Option<String> {
    let interpreter = std::env::var("SEALVOL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/botocore/peer.py");
    let own_model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/models/control.json");
    let importable =
        Command::new(&interpreter).args(["-c", "import botocore"]).stderr(Stdio::null()).status();
    if !importable.is_ok_and(|status| status.success()) {
        eprintln!("skipped: {interpreter} has no botocore (set SEALVOL_PYTHON)");
        return None;
    }
    let mut child = Command::new(&interpreter)
        .args([root, mode, &SEED.to_string(), &INSTANCES.to_string(), own_model])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // The script may stop reading at a disagreement; its status tells.
    let _ = feeder.join();
    assert!(output.status.success(), "{root} {mode} failed");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The module names that the script is to cover, with the operations of each.
fn operations() -> Value {
    let all = SERVICES.iter().map(|service| {
        let names = service.operations.iter().map(|route| route.name);
        (service.name.to_owned(), names.collect::<Vec<_>>().into())
    });
    Value::Object(all.collect())
}

/// Decodes a request by name and shows what was read.
fn decode(service: &str, operation: &str, call: &Call) -> Result<Value, Refusal> {
    macro_rules! visit {
        ($module:ident, $operation:ident) => {
            if (service, operation) == (stringify!($module), stringify!($operation)) {
                type In = <wire::generated::$module::$operation as Operation>::Input;
                return <In as Input>::decode(call).map(|input| input.show());
            }
        };
    }
    wire::each_operation!(visit);
    panic!("no {service} {operation}")
}

#[test]
fn what_botocore_sends_is_what_we_read() {
    let Some(lines) = python("requests", &operations().to_string()) else { return };
    let mut compared = 0;
    for line in lines.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let headers = request["headers"].as_object().unwrap().iter();
        let call = Call {
            method: text("method"),
            path: text("path"),
            query: text("query"),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: STANDARD.decode(text("body")).unwrap().into(),
        };
        let (service, operation) = (text("service"), text("operation"));
        let known = SERVICES.iter().find(|known| known.name == service).unwrap();
        assert_eq!(operation_name(known, &call).as_ref(), Ok(&operation), "{line}");
        let read = decode(&service, &operation, &call);
        assert_eq!(read.as_ref(), Ok(&request["input"]), "seed {SEED}: {line}");
        compared += 1;
    }
    let wanted: usize = SERVICES.iter().map(|service| service.operations.len()).sum();
    assert_eq!(compared, wanted as u64 * INSTANCES);
}

fn answer(reply: &Reply, mut more: Value) -> String {
    let headers: serde_json::Map<String, Value> =
        reply.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    more["status"] = reply.status.into();
    more["headers"] = headers.into();
    more["body"] = STANDARD.encode(&reply.body).into();
    more.to_string()
}

#[test]
fn what_we_answer_is_what_botocore_reads() {
    let mut lines = Vec::new();
    macro_rules! visit {
        ($module:ident, $operation:ident) => {
            for instance in 0..INSTANCES {
                type Out = <wire::generated::$module::$operation as Operation>::Output;
                let mut dice = Dice::new(SEED ^ (instance << 32) ^ lines.len() as u64);
                let output = Out::sample(&mut dice);
                let about = json!({
                    "service": stringify!($module), "operation": stringify!($operation), "output": output.show(),
                });
                lines.push(answer(&output.encode("request-1"), about));
            }
        };
    }
    wire::each_operation!(visit);
    for service in SERVICES {
        for (status, message) in [(400, "no <such> \"thing\" & é"), (403, "who?"), (500, "inside")] {
            let refusal = Refusal::new("SomethingWrong", message).with_status(status);
            let operation = service.operations[0].name;
            let about = json!({
                "service": service.name, "operation": operation,
                "output": { "Error": { "Code": "SomethingWrong", "Message": message } },
            });
            lines.push(answer(&encode_refusal(service, &refusal, "request-1"), about));
        }
    }
    let expected = format!("{} answers agree\n", lines.len());
    let Some(told) = python("answers", &lines.join("\n")) else { return };
    assert_eq!(told, expected, "seed {SEED}");
}
