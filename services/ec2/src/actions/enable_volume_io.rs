//! EnableVolumeIO: the caller accepts that parts of the volume cannot be read, or wants an attachment that a key stopped to be tried
//! again now, or has seen that the disk failed and wants to go on from what is durable. The reports of damage are taken off the volume
//! (reading a damaged part still fails, and reports it anew); a broken attachment, and every one of a read-only volume, is made again
//! by its job. Needs `ec2:EnableVolumeIO` on the volume. Source: EC2 API Reference, EnableVolumeIO.

use crate::jobs::is_waiting;
use crate::jobs::reattach_volume::{self, ReattachVolumeJob};
use crate::{find, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::volume::{self, VolumeState};
use wire::generated::ec2::{EnableVolumeIO as Op, EnableVolumeIOInput, EnableVolumeIOOutput};

pub struct EnableVolumeIO;

impl Action for EnableVolumeIO {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:EnableVolumeIO";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME;

    fn check(input: &EnableVolumeIOInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)
    }

    fn touches(cx: &mut Cx, input: &EnableVolumeIOInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::volume::existing(cx, &input.volume_id)?])
    }

    fn handle(cx: &mut Cx, input: EnableVolumeIOInput) -> Answer<EnableVolumeIOOutput> {
        find::touch_volume(cx, &input.volume_id);
        let mut row = find::volume(cx, &input.volume_id)?;
        if row.state == VolumeState::Deleting {
            return Err(volume::not_found(&row.id).into());
        }
        let read_only = row.read_only.is_some();
        let again = row.attachments.iter().filter(|a| a.broken.is_some() || read_only);
        let again: Vec<String> = again.map(|a| a.instance.clone()).collect();
        if row.damage.is_empty() && again.is_empty() && !read_only {
            let message = format!("Volume {} already has IO enabled", row.id);
            return Err(Refusal::new("IncorrectState", message).into());
        }
        row.damage.clear();
        if again.is_empty() {
            row.read_only = None;
        }
        cx.tx.put(&row)?;
        for instance in again {
            if !is_waiting::<ReattachVolumeJob>(cx, &row.id, &instance)? {
                reattach_volume::enqueue(cx, &row.id, &instance)?;
            }
        }
        Ok(EnableVolumeIOOutput::default())
    }
}
