//! `sealvol device`: the NBD URI of an attached volume, alone on a line, for use in `$(...)`.

use super::print;
use crate::DeviceArguments;
use base::Fault;
use serde_json::json;

pub fn run(arguments: &DeviceArguments) -> Result<(), Fault> {
    let mut body = json!({ "VolumeId": arguments.volume_id });
    if let Some(instance) = &arguments.instance_id {
        body["InstanceId"] = json!(instance);
    }
    let answer = arguments.remote.call("Sealvol.DescribeDevice", &body)?;
    let uri = answer["Uri"].as_str().ok_or_else(|| Fault::new("the answer has no device URI"))?;
    print(&format!("{uri}\n"))
}
