//! What attachments by AttachVolume and by RunInstances share: device names, limits, and the grant on the KMS key.

use crate::rows::{Grant, Instance, Volume};
use crate::{causes, events};
use api::{Answer, Cx};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::kms::{CreateGrantInput, GrantConstraints};

/// Volumes per instance: a Nitro instance has 28 attachments, one of which is its network interface.
const VOLUMES_PER_INSTANCE_MAX: usize = 27;

/// Refuses what is not a device name: `/dev/sd[a-z][1-15]`, `/dev/xvd[a-z][a-z]`, with or without `/dev/`.
pub fn check_device(name: &str) -> Result<(), Refusal> {
    let short = name.strip_prefix("/dev/").unwrap_or(name);
    let good = match short.strip_prefix("xvd").or_else(|| short.strip_prefix("sd")) {
        Some(rest) => {
            let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
            (1..=2).contains(&letters.len())
                && letters.bytes().all(|b| b.is_ascii_lowercase())
                && rest.len() - letters.len() <= 2
        }
        None => false,
    };
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidParameterValue",
        format!("Value ({name}) for parameter device is invalid. {name} is not a valid EBS device name."),
    ))
}

/// Refuses a device name that another volume of the instance has.
pub fn device_is_free(cx: &mut Cx, instance: &Instance, device: &str) -> Answer<()> {
    for id in &instance.volumes {
        let volume = crate::find::volume(cx, id)?;
        if volume.attachment(&instance.id).is_some_and(|a| a.device == device) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
                ),
            )
            .because(format!("{id} is attached to {} as {device}", instance.id))
            .into());
        }
    }
    Ok(())
}

/// Refuses more volumes than an instance takes.
pub fn room_for_one_more(instance: &Instance) -> Result<(), Refusal> {
    if instance.volumes.len() < VOLUMES_PER_INSTANCE_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        "AttachmentLimitExceeded",
        format!("Instance {} already has {VOLUMES_PER_INSTANCE_MAX} volumes attached", instance.id),
    ))
}

/// Gives the host's session for `instance` the right to decrypt the volume's data key: operations `Decrypt` only, bound to
/// the volume's encryption context. Made as the caller, through EC2; no grant for an unencrypted volume.
pub fn create_grant(cx: &mut Cx, volume: &Volume, instance: &str) -> Answer<Option<Grant>> {
    let Some(encryption) = &volume.encryption else { return Ok(None) };
    let context = BTreeMap::from([("aws:ebs:id".to_owned(), encryption.context_id.clone())]);
    let input = CreateGrantInput {
        key_id: encryption.key_arn.clone(),
        grantee_principal: Some(api::infrastructure_session_arn(&volume.account, instance)),
        retiring_principal: Some(retiring_principal(volume)),
        operations: vec!["Decrypt".into()],
        constraints: Some(GrantConstraints {
            encryption_context_subset: Some(context),
            ..Default::default()
        }),
        ..Default::default()
    };
    let caller = cx.caller.forwarded_by_ec2(&volume.region);
    let made = cx.call::<kms::actions::CreateGrant>(caller, input)?;
    Ok(Some(Grant { id: made.grant_id.unwrap_or_default(), token: made.grant_token.unwrap_or_default() }))
}

/// Who may retire attach grants: EC2 in the volume's Region.
pub fn retiring_principal(volume: &Volume) -> String {
    format!("ec2.{}.amazonaws.com", volume.region)
}

/// EC2's answer when the key cannot be used, together with the event that names the cause.
pub fn key_unusable(cx: &mut Cx, volume: &Volume, refusal: &Refusal) -> Answer<Refusal> {
    let key = volume.encryption.as_ref().map_or("", |e| e.key_arn.as_str());
    let cause = causes::of(refusal, key);
    let event = events::attach_failed(cx, volume, false, &cause);
    cx.publish_kept(&event)?;
    Ok(Refusal::new(
        "CustomerKeyHasBeenRevoked",
        format!(
            "Volume {} cannot be attached. The encrypted volume was unable to access the KMS key.",
            volume.id
        ),
    )
    .because(causes::in_full(refusal, key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_those_of_ec2() {
        for good in ["/dev/sdf", "/dev/sda1", "/dev/xvdba", "xvdf", "sdh", "/dev/sdf15"] {
            assert!(check_device(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/dev/",
            "/dev/sd",
            "/dev/nvme1n1",
            "/dev/sdF",
            "sdf123",
            "/dev/../sdf",
            "/dev/xvdabc",
            "/dev/sd1",
        ] {
            assert_eq!(check_device(bad).unwrap_err().code, "InvalidParameterValue", "{bad}");
        }
    }
}
