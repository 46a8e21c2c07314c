//! CreateVolume: a new volume, empty or from a snapshot, encrypted or not.
//!
//! The call checks and decides (type limits, zone, encryption outcome), writes the row in state `creating` and enqueues the
//! job that asks KMS for the data key and makes the store. As in AWS the key is looked at only by the job: a bad key gives
//! 200 and `creating`, then the volume vanishes; the createVolume event and `sealvol explain` tell why. A volume from a snapshot
//! can be used as soon as it is available; what it does not hold yet is read from the snapshot when it is touched.
//! Needs `ec2:CreateVolume` on `volume/*` (and on the snapshot); on the keys what `volume_keys.rs` asks of KMS.
//! Source: EC2 API Reference, CreateVolume; recordings of AWS for the response and the order of checks.

use crate::making::{Decided, Family, Wanted};
use crate::rows::{FormerVolume, Volume};
use crate::{find, idempotency, jobs, shapes, tagging, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Tag, Zone};
use rules::volume_types;
use serde_json::{Value, json};
use wire::Input;
use wire::generated::ec2::{CreateVolume as Op, CreateVolumeInput, CreateVolumeOutput};

pub struct CreateVolume;

impl Action for CreateVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateVolume";
    const KEYS: &'static [&'static str] = touched::keys::NEW_VOLUME;

    fn check(input: &CreateVolumeInput) -> Result<(), Refusal> {
        idempotency::check(input.client_token.as_deref())?;
        wanted(input).check()?;
        zone_given(input)?;
        tags(input)?;
        for (given, name) in
            [(input.outpost_arn.is_some(), "OutpostArn"), (input.operator.is_some(), "Operator")]
        {
            if given {
                return Err(Refusal::new(
                    "UnsupportedOperation",
                    format!("The parameter {name} is not supported."),
                ));
            }
        }
        Ok(())
    }

    fn touches(cx: &mut Cx, input: &CreateVolumeInput) -> Answer<Vec<Touched>> {
        let new = touched::volume::new(cx, &wanted(input), zone(cx, input).ok().as_ref(), &tags(input)?)?;
        let mut volume = new.volume;
        volume.keys.set_some("ec2:KmsKeyId", input.kms_key_id.clone().filter(|key| !key.is_empty()));
        Ok([volume].into_iter().chain(new.snapshot).collect())
    }

    fn authorise(cx: &mut Cx, input: &CreateVolumeInput) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        touched::tags::may_tag(cx, "CreateVolume", &touched)
    }

    fn handle(cx: &mut Cx, input: CreateVolumeInput) -> Answer<CreateVolumeOutput> {
        let parameters = asked(&input)?;
        let token = input.client_token.as_deref();
        if let Some(earlier) = idempotency::earlier(cx, "CreateVolume", token, &parameters)? {
            return repeated(cx, &earlier.concat());
        }
        let decided: Decided = wanted(&input).decide(cx)?;
        let zone = zone(cx, &input)?.to_string();
        let volume = Volume { tags: tags(&input)?, ..decided.row(cx, &zone)? };
        cx.tx.put(&volume)?;
        find::touch_volume(cx, &volume.id);
        idempotency::remember(cx, "CreateVolume", token, &parameters, vec![volume.id.clone()])?;
        jobs::create_volume::enqueue(cx, &volume.id)?;
        Ok(response(&volume, decided.shows_key))
    }
}

fn wanted(input: &CreateVolumeInput) -> Wanted<'_> {
    Wanted {
        family: Family::CreateVolume,
        shape: volume_types::Asked {
            volume_type: input.volume_type.as_deref(),
            size_gib: input.size,
            iops: input.iops,
            throughput: input.throughput,
            multi_attach: input.multi_attach_enabled.unwrap_or(false),
        },
        encrypted: input.encrypted,
        key: input.kms_key_id.as_deref(),
        snapshot: input.snapshot_id.as_deref(),
        rate: input.volume_initialization_rate,
    }
}

/// The request as its client token remembers it. A default said aloud counts as another request, but for the throughput
/// (recorded of AWS).
fn asked(input: &CreateVolumeInput) -> Result<Value, Refusal> {
    let mut asked = input.trail();
    let throughput = wanted(input).shape_at_most()?.throughput;
    if let (Some(members), Some(throughput)) = (asked.as_object_mut(), throughput) {
        members.insert("throughput".into(), json!(throughput));
    }
    Ok(asked)
}

fn zone_given(input: &CreateVolumeInput) -> Result<(), Refusal> {
    let given = |z: &Option<String>| z.as_deref().is_some_and(|z| !z.is_empty());
    match (given(&input.availability_zone), given(&input.availability_zone_id)) {
        (false, false) => Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter AvailabilityZone or AvailabilityZoneId",
        )),
        (true, true) => Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together",
        )),
        _ => Ok(()),
    }
}

fn zone(cx: &Cx, input: &CreateVolumeInput) -> Result<Zone, Refusal> {
    let region = cx.region();
    let (name, zone) = match input.availability_zone.as_deref().filter(|z| !z.is_empty()) {
        Some(name) => (name, rules::places::zone_named(region, name)),
        None => {
            let id = input.availability_zone_id.as_deref().unwrap_or_default();
            (id, rules::places::zone_with_id(region, id))
        }
    };
    zone.ok_or_else(|| Refusal::new("InvalidZone.NotFound", format!("The zone '{name}' does not exist.")))
}

fn tags(input: &CreateVolumeInput) -> Result<Vec<Tag>, Refusal> {
    tagging::from_specifications(input.tag_specifications.as_ref(), &["volume"], "volume")
}

/// The answer to a repeated client token: the same volume as it is now.
fn repeated(cx: &mut Cx, id: &str) -> Answer<CreateVolumeOutput> {
    match find::volume(cx, id) {
        Ok(volume) => Ok(response(&volume, true)),
        Err(api::Failure::Refused(_)) => {
            let former: Option<FormerVolume> = find::former_volume(cx, id)?;
            let mut refusal = idempotency::gone(id);
            if let Some(why) = former.and_then(|f| f.failure) {
                refusal = refusal.because(format!("the token made {id}, whose creation failed: {why}"));
            }
            Err(refusal.into())
        }
        Err(other) => Err(other),
    }
}

/// CreateVolume's own response: no attachments, and not every key (recorded of AWS; `rules::encryption::shown_key`).
fn response(volume: &Volume, shows_key: bool) -> CreateVolumeOutput {
    CreateVolumeOutput {
        attachments: None,
        kms_key_id: volume.encryption.as_ref().filter(|_| shows_key).map(|e| e.key_arn.clone()),
        ..shapes::volume(volume).into()
    }
}

#[cfg(test)]
#[path = "create_volume_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "create_volume_key_tests.rs"]
mod key_tests;

#[cfg(test)]
#[path = "create_volume_snapshot_tests.rs"]
mod snapshot_tests;

#[cfg(test)]
#[path = "create_volume_outcome_tests.rs"]
mod outcome_tests;
