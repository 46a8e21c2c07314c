//! ModifyVolume: size, type, IOPS, throughput, Multi-Attach, attached or not. Encryption and key are no parts of it. The call decides
//! and writes the modification down as `modifying`; a job in the volume's line carries it out. Needs `ec2:ModifyVolume` on the volume.
//! Source: EC2 API Reference, ModifyVolume.

use crate::rows::Modification;
use crate::{find, jobs, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Fault, Refusal, Timestamp};
use rules::lifecycle::modification::{self, ModificationState, Wish};
use wire::generated::ec2::{ModifyVolume as Op, ModifyVolumeInput, ModifyVolumeOutput};

pub struct ModifyVolume;

impl Action for ModifyVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:ModifyVolume";
    const KEYS: &'static [&'static str] = touched::keys::VOLUME_ATTRIBUTE;

    fn check(input: &ModifyVolumeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        modification::check(wish(input))
    }

    fn touches(cx: &mut Cx, input: &ModifyVolumeInput) -> Answer<Vec<Touched>> {
        let mut volume = touched::volume::existing(cx, &input.volume_id)?;
        let number = |n: Option<i32>| n.map(|n| n.to_string());
        let mut changed = vec![
            ("Size", number(input.size)),
            ("VolumeType", input.volume_type.clone()),
            ("Iops", number(input.iops)),
            ("Throughput", number(input.throughput)),
            ("MultiAttachEnabled", input.multi_attach_enabled.map(|on| on.to_string())),
        ];
        changed.retain(|(_, value)| value.is_some());
        touched::attributes(&mut volume.keys, &changed);
        Ok(vec![volume])
    }

    fn handle(cx: &mut Cx, input: ModifyVolumeInput) -> Answer<ModifyVolumeOutput> {
        find::touch_volume(cx, &input.volume_id);
        let row = find::volume(cx, &input.volume_id)?;
        let earlier = find::modifications(cx, &row.id)?;
        let begun: Vec<Timestamp> = earlier.iter().map(|m| m.started).collect();
        modification::may_begin(&row.id, row.state, earlier.last().map(|m| m.state), &begun, cx.now())?;
        let before = row.performance();
        let unknown = || Fault::new(format!("{} is of type {}, which is not known", row.id, row.volume_type));
        let target =
            modification::target(&before.shape().ok_or_else(unknown)?, wish(&input), row.attachments.len())?;
        // A row of its own even if the clock stands still or was set back: the newest has the largest key.
        let after_last = earlier.last().map(|m| Timestamp::from_millis(m.started.millis() + 1));
        let begun = Modification {
            account: row.account.clone(),
            region: row.region.clone(),
            volume: row.id.clone(),
            started: after_last.map_or(cx.now(), |t| t.max(cx.now())),
            ended: None,
            state: ModificationState::Modifying,
            message: None,
            progress: 0,
            before,
            after: target.into(),
            request_id: cx.request.id.clone(),
        };
        cx.tx.put(&begun)?;
        jobs::modify_volume::enqueue(cx, &row.id)?;
        Ok(ModifyVolumeOutput { volume_modification: Some(shapes::modification(&begun)) })
    }
}

fn wish(input: &ModifyVolumeInput) -> Wish<'_> {
    Wish {
        size_gib: input.size,
        volume_type: input.volume_type.as_deref(),
        iops: input.iops,
        throughput: input.throughput,
        multi_attach: input.multi_attach_enabled,
    }
}

#[cfg(test)]
#[path = "modify_volume_tests.rs"]
mod tests;
