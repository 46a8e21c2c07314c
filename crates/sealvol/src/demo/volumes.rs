//! The EC2 half of the demo: instance, volumes, attachments, each asked for through the front door and waited for as any client
//! would, by describing.

use super::front::{CallError, Front};
use super::nbd_client::{Device, Place, parse_uri};
use super::show::Show;
use base::Fault;
use serde_json::json;
use std::os::unix::net::UnixStream;
use std::time::Duration;

pub const ZONE: &str = "us-east-1a";
/// Nothing here takes long; a machine under heavy load may.
const PATIENCE: Duration = Duration::from_secs(60);
const VOLUME_STATE: [&str; 3] = ["volumeSet", "item", "status"];
const ATTACHMENT_STATE: [&str; 5] = ["volumeSet", "item", "attachmentSet", "item", "status"];
const INSTANCE_STATE: [&str; 6] = ["reservationSet", "item", "instancesSet", "item", "instanceState", "name"];

/// Launches an instance and waits until it runs. No guest runs in it: the host exports its volumes as devices.
pub fn run_instance(front: &Front, show: &Show) -> Result<String, Fault> {
    let answer = front.ec2(
        "RunInstances",
        &[
            ("ImageId", "ami-0123456789abcdef0"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("Placement.AvailabilityZone", ZONE),
        ],
    )?;
    let id = answer.text(&["instancesSet", "item", "instanceId"])?;
    wait(front, show, "DescribeInstances", ("InstanceId.1", &id), &INSTANCE_STATE, "running")?;
    Ok(id)
}

/// Creates a volume, encrypted if a key is named, and waits until it is available.
pub fn create(front: &Front, show: &Show, size_gib: u64, key: Option<&str>) -> Result<String, Fault> {
    let size = size_gib.to_string();
    let mut form = vec![("AvailabilityZone", ZONE), ("Size", &size), ("VolumeType", "gp3")];
    if let Some(key) = key {
        form.extend([("Encrypted", "true"), ("KmsKeyId", key)]);
    }
    let id = front.ec2("CreateVolume", &form)?.text(&["volumeId"])?;
    wait(front, show, "DescribeVolumes", ("VolumeId.1", &id), &VOLUME_STATE, "available")?;
    let described = front.ec2("DescribeVolumes", &[("VolumeId.1", &id)])?;
    let encrypted = described.text(&["volumeSet", "item", "encrypted"])?;
    if encrypted != key.is_some().to_string() {
        return Err(Fault::new(format!("{id} says encrypted = {encrypted}, which was not asked for")));
    }
    Ok(id)
}

/// Attaches and waits until the device is there; gives its NBD URI.
pub fn attach(
    front: &Front,
    show: &Show,
    volume: &str,
    instance: &str,
    device: &str,
) -> Result<String, Fault> {
    ask_to_attach(front, volume, instance, device)?;
    wait(front, show, "DescribeVolumes", ("VolumeId.1", volume), &ATTACHMENT_STATE, "attached")?;
    uri(front, volume)
}

/// The NBD URI of an attached volume's device.
pub fn uri(front: &Front, volume: &str) -> Result<String, Fault> {
    let answer = front.json("sealvol", "Sealvol.DescribeDevice", &json!({ "VolumeId": volume }))?;
    let uri = answer["Uri"].as_str().ok_or_else(|| Fault::new("DescribeDevice gave no URI"))?;
    Ok(uri.to_owned())
}

/// AttachVolume alone, for when it shall be refused.
pub fn ask_to_attach(front: &Front, volume: &str, instance: &str, device: &str) -> Result<(), CallError> {
    front.ec2("AttachVolume", &[("VolumeId", volume), ("InstanceId", instance), ("Device", device)]).map(drop)
}

/// Detaches and waits until it is done: the device is gone, what was written is durable, the plaintext key is dropped.
pub fn detach(front: &Front, show: &Show, volume: &str) -> Result<(), Fault> {
    front.ec2("DetachVolume", &[("VolumeId", volume)])?;
    wait(front, show, "DescribeVolumes", ("VolumeId.1", volume), &VOLUME_STATE, "available")
}

/// Connects to a device and checks that it has the size it should have.
pub fn connect(uri: &str, size_gib: u64) -> Result<Device<UnixStream>, Fault> {
    let device =
        Device::connect(&place(uri)?).map_err(|e| Fault::caused(format!("connecting to {uri}"), e))?;
    if device.size() != size_gib << 30 {
        return Err(Fault::new(format!("the device has {} bytes, not {size_gib} GiB", device.size())));
    }
    Ok(device)
}

/// Where the device of this URI is.
pub fn place(uri: &str) -> Result<Place, Fault> {
    parse_uri(uri).ok_or_else(|| Fault::new(format!("{uri} is not the NBD URI of a unix socket")))
}

/// Describes until the state is the wanted one. A state that leads nowhere ends the wait at once.
fn wait(
    front: &Front,
    show: &Show,
    action: &str,
    which: (&str, &str),
    path: &[&str],
    wanted: &str,
) -> Result<(), Fault> {
    let start = show.now();
    loop {
        show.go_on()?;
        let state = match front.ec2(action, &[which]) {
            Ok(answer) => answer.text(path).unwrap_or_default(),
            Err(CallError::Refused { code, .. }) => code,
            Err(CallError::Fault(fault)) => return Err(fault),
        };
        if state == wanted {
            return Ok(());
        }
        let hopeless = ["error", "terminated", "InvalidVolume.NotFound"].contains(&state.as_str());
        if hopeless || show.now().saturating_sub(start) > PATIENCE {
            return Err(Fault::new(format!("{} is `{state}` and not `{wanted}`", which.1)));
        }
        show.pause();
    }
}
