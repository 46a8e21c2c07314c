//! The end of an attachment, in the catalog: the grant is retired, volume and instance let go of each other.

use crate::attaching::retiring_principal;
use crate::jobs::if_there;
use crate::{find, rows::Volume};
use api::{Answer, Caller, Cx, Failure};
use rules::lifecycle::volume::VolumeState;
use wire::generated::kms::RetireGrantInput;

/// Removes the attachment and retires its grant. Fine if it is gone already.
pub fn let_go(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    let Some(mut row) = if_there(find::volume(cx, volume))? else { return Ok(()) };
    retire(cx, &row, instance)?;
    row.attachments.retain(|a| a.instance != instance);
    if row.attachments.is_empty() {
        // The host closed it; who attaches it next opens it anew.
        row.read_only = None;
        if row.state == VolumeState::InUse {
            row.state = VolumeState::Available;
        }
    }
    cx.tx.put(&row)?;
    if let Some(mut holder) = if_there(find::instance(cx, instance))? {
        holder.volumes.retain(|v| v != volume);
        cx.tx.put(&holder)?;
    }
    Ok(())
}

/// EC2 retires the grant, in its own name. A grant that somebody revoked is no longer ours to retire.
fn retire(cx: &mut Cx, row: &Volume, instance: &str) -> Answer<()> {
    let (Some(encryption), Some(grant)) =
        (&row.encryption, row.attachment(instance).and_then(|a| a.grant.as_ref()))
    else {
        return Ok(());
    };
    let caller = Caller::service(row.account.clone(), &retiring_principal(row));
    let input = RetireGrantInput {
        key_id: Some(encryption.key_arn.clone()),
        grant_id: Some(grant.id.clone()),
        ..Default::default()
    };
    match cx.call::<kms::actions::RetireGrant>(caller, input) {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refusal)) => {
            tracing::warn!(volume = row.id, %refusal, "an attach grant could not be retired");
            Ok(())
        }
        Err(other) => Err(other),
    }
}
