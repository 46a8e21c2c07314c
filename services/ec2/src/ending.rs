//! How an instance ends, whether a user terminates it or its launch fails.

use crate::rows::{Instance, StateReason};
use crate::{find, jobs};
use api::{Answer, Cx};
use rules::lifecycle::instance::InstanceState;
use rules::lifecycle::volume::{AttachmentState, VolumeState};

/// Starts the end: every attachment is detached (and its volume deleted, if so marked) in the volume's own line of jobs; the
/// instance's job waits for them and then marks it terminated. Returns the state that the caller sees.
pub fn terminate(
    cx: &mut Cx,
    mut row: Instance,
    reason: StateReason,
    transition: String,
) -> Answer<InstanceState> {
    if matches!(row.state, InstanceState::ShuttingDown | InstanceState::Terminated) {
        return Ok(row.state);
    }
    for id in &row.volumes {
        release(cx, id, &row.id)?;
    }
    row.state = InstanceState::ShuttingDown;
    row.state_reason = Some(reason);
    row.transition_reason = transition;
    cx.tx.put(&row)?;
    jobs::terminate_instance::enqueue(cx, &row.id)?;
    Ok(row.state)
}

fn release(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    let Some(mut row) = jobs::if_there(find::volume(cx, volume))? else { return Ok(()) };
    let Some(attachment) = row.attachment_mut(instance) else { return Ok(()) };
    let doomed = attachment.delete_on_termination;
    let already = attachment.state == AttachmentState::Detaching;
    attachment.state = AttachmentState::Detaching;
    let held_by_others = row.attachments.len() > 1;
    if doomed && !held_by_others {
        row.state = VolumeState::Deleting;
    }
    cx.tx.put(&row)?;
    if !already {
        jobs::detach_volume::enqueue(cx, volume, instance)?;
    }
    if doomed && !held_by_others {
        jobs::delete_volume::enqueue(cx, volume)?;
    }
    Ok(())
}
