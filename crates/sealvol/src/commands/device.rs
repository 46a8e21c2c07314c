//! `sealvol device`: the NBD URI of an attached volume (with `--network` the one over TCP, with
//! `--vhost-user` the path of its vhost-user socket), alone on a line, for use in `$(...)`. Right after AttachVolume the device
//! takes a moment; the command waits for it.

use super::print;
use crate::DeviceArguments;
use crate::client::ClientError;
use base::Fault;
use serde_json::{Value, json};
use std::time::Duration;

/// How often, and at what distance, a device that is not there yet is asked for again: 30 s in all.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

pub fn run(arguments: &DeviceArguments) -> Result<(), Fault> {
    let mut body = json!({ "VolumeId": arguments.volume_id });
    if let Some(instance) = &arguments.instance_id {
        body["InstanceId"] = json!(instance);
    }
    let answer = when_ready(arguments, &body)?;
    let (member, missing) = match (arguments.network, arguments.vhost_user) {
        (true, _) => ("NetworkUri", "the server offers no devices over TCP (serve --nbd-listen)"),
        (_, true) => ("VhostUserSocket", "the server offers no vhost-user devices (serve --vhost-user)"),
        _ => ("Uri", "the answer has no device URI"),
    };
    let place = answer[member].as_str().ok_or_else(|| Fault::new(missing))?;
    print(&format!("{place}\n"))
}

/// Asks until the attachment is made; every other refusal is final.
fn when_ready(arguments: &DeviceArguments, body: &Value) -> Result<Value, ClientError> {
    let clock = env::Env::real().clock;
    for _ in 1..TRIES {
        match arguments.remote.call("Sealvol.DescribeDevice", body) {
            Err(ClientError::Refused { code, .. }) if code == "DeviceNotReadyException" => clock.sleep(PAUSE),
            other => return other,
        }
    }
    arguments.remote.call("Sealvol.DescribeDevice", body)
}
