//! DescribeDevice: the NBD URI of an attached volume, and the one over TCP and the path of the vhost-user socket if the server
//! offers those, for the account that owns it. Needs `sealvol:DescribeDevice` on the
//! volume. A volume that is not attached, or attached to several instances with none named, is refused with what to do.

use api::{Action, Answer, Cx, Touched};
use base::{Kind, Refusal, ResourceId};
use ec2::rows::{Attachment, Volume};
use ec2::touched;
use rules::lifecycle::volume::{AttachmentState, not_found};
use std::path::PathBuf;
use wire::generated::sealvol::{DescribeDevice as Op, DescribeDeviceInput, DescribeDeviceOutput};

/// Where this server offers devices over TCP, as the beginning of a URI: `nbds://192.0.2.1:10809/`.
pub struct NetworkDevices(pub String);

impl NetworkDevices {
    fn uri(&self, volume: &str, instance: &str) -> String {
        // Ids need no escaping.
        format!("{}{}", self.0, ec2::network_name(volume, instance))
    }
}

/// The directory of this server's vhost-user sockets.
pub struct VhostUserDevices(pub PathBuf);

impl VhostUserDevices {
    fn path(&self, volume: &str, instance: &str) -> String {
        self.0.join(ec2::vhost_socket(volume, instance)).display().to_string()
    }
}

pub struct DescribeDevice;

impl Action for DescribeDevice {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sealvol:DescribeDevice";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME;

    fn check(input: &DescribeDeviceInput) -> Result<(), Refusal> {
        ResourceId::parse_kind(&input.volume_id, Kind::Volume).map(drop).map_err(|_| {
            Refusal::new("InvalidVolumeID.Malformed", format!("'{}' is not a volume id", input.volume_id))
        })
    }

    fn touches(cx: &mut Cx, input: &DescribeDeviceInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::volume::existing(cx, &input.volume_id)?])
    }

    fn handle(cx: &mut Cx, input: DescribeDeviceInput) -> Answer<DescribeDeviceOutput> {
        let key = format!("{}{}", cx.tenant(), input.volume_id);
        let row = cx.tx.get::<Volume>(&key)?.ok_or_else(|| not_found(&input.volume_id))?;
        let attachment = choose(&row, input.instance_id.as_deref())?;
        Ok(DescribeDeviceOutput {
            volume_id: Some(row.id.clone()),
            instance_id: Some(attachment.instance.clone()),
            device: Some(attachment.device.clone()),
            uri: Some(uri(&row, attachment)?),
            network_uri: cx.door.dependency::<NetworkDevices>().map(|n| n.uri(&row.id, &attachment.instance)),
            vhost_user_socket: cx
                .door
                .dependency::<VhostUserDevices>()
                .map(|v| v.path(&row.id, &attachment.instance)),
            encrypted: Some(row.encryption.is_some()),
        })
    }
}

fn choose<'a>(row: &'a Volume, instance: Option<&str>) -> Result<&'a Attachment, Refusal> {
    let mut fitting = row.attachments.iter().filter(|a| instance.is_none_or(|i| a.instance == i));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            format!("Volume {} is attached to several instances; name one", row.id),
        )),
        (None, _) => Err(Refusal::new(
            "IncorrectState",
            format!(
                "Volume {} is not attached{}",
                row.id,
                instance.map_or(String::new(), |i| format!(" to {i}"))
            ),
        )),
    }
}

fn uri(row: &Volume, attachment: &Attachment) -> Result<String, Refusal> {
    if let (AttachmentState::Attached, Some(uri)) = (attachment.state, &attachment.uri) {
        return Ok(uri.clone());
    }
    Err(match &attachment.broken {
        Some(cause) => Refusal::new(
            "IncorrectState",
            format!("Volume {} is attached, but its device is not there: {cause}", row.id),
        ),
        None if attachment.state == AttachmentState::Detaching => {
            Refusal::new("IncorrectState", format!("Volume {} is detaching", row.id))
        }
        // The command line waits on this code.
        None => Refusal::new(
            "DeviceNotReadyException",
            format!("Volume {} is being attached; its device will be there in a moment", row.id),
        ),
    })
}

#[cfg(test)]
#[path = "describe_device_tests.rs"]
mod tests;
