//! CreateVolume: a new empty volume, encrypted or not.
//!
//! The call checks and decides (type limits, zone, encryption outcome), writes the row in state `creating` and enqueues the
//! job that asks KMS for the data key and makes the store. As in AWS the key is looked at only by the job: a bad key gives
//! 200 and `creating`, then the volume vanishes; the createVolume event and `sealvol explain` tell why.
//! Needs `ec2:CreateVolume` on `volume/*`, and on the key `kms:GenerateDataKeyWithoutPlaintext`.
//! Source: EC2 API Reference, CreateVolume; recordings of AWS for the response and the order of checks.

use crate::rows::{Encryption, FormerVolume, Volume};
use crate::{find, idempotency, jobs, shapes, tagging};
use api::{Action, Answer, Cx};
use base::{Refusal, ResourceId, Tag, Zone};
use rules::encryption::{self, Outcome, Source};
use rules::lifecycle::volume::VolumeState;
use rules::volume_types::{self, Shape};
use serde_json::{Value, json};
use wire::Input;
use wire::generated::ec2::{CreateVolume as Op, CreateVolumeInput, CreateVolumeOutput};

/// The default EBS key until an account chooses another one.
pub(crate) const DEFAULT_EBS_KEY: &str = "alias/aws/ebs";

pub struct CreateVolume;

impl Action for CreateVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateVolume";

    fn check(input: &CreateVolumeInput) -> Result<(), Refusal> {
        idempotency::check(input.client_token.as_deref())?;
        check_source(input)?;
        shape(input)?;
        outcome(input)?;
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
        if input.volume_initialization_rate.is_some() {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "The parameter VolumeInitializationRate requires the parameter SnapshotId to be set.",
            ));
        }
        Ok(())
    }

    fn resources(cx: &Cx, _input: &CreateVolumeInput) -> Vec<String> {
        vec![format!("arn:aws:ec2:{}:{}:volume/*", cx.region(), cx.account())]
    }

    fn handle(cx: &mut Cx, input: CreateVolumeInput) -> Answer<CreateVolumeOutput> {
        let parameters = asked(&input)?;
        let token = input.client_token.as_deref();
        if let Some(earlier) = idempotency::earlier(cx, "CreateVolume", token, &parameters)? {
            return repeated(cx, &earlier.concat());
        }
        if input.snapshot_id.as_deref().is_some_and(|s| !s.is_empty()) {
            return Err(Refusal::new("InvalidSnapshot.NotFound", "Snapshot does not exist").into());
        }
        let volume = Volume {
            account: cx.account().clone(),
            region: cx.region().clone(),
            id: cx.door.env.ids.resource("vol"),
            zone: zone(cx, &input)?.to_string(),
            tags: tags(&input)?,
            ..new_volume(cx, shape(&input)?, outcome(&input)?)?
        };
        let volume = with_context(volume);
        cx.tx.put(&volume)?;
        find::touch_volume(cx, &volume.id);
        idempotency::remember(cx, "CreateVolume", token, &parameters, vec![volume.id.clone()])?;
        jobs::create_volume::enqueue(cx, &volume.id)?;
        let key_named = input.kms_key_id.as_deref().is_some_and(|k| !k.is_empty());
        Ok(response(&volume, key_named))
    }
}

/// A row with everything that does not depend on who asks where.
pub(crate) fn new_volume(cx: &mut Cx, shape: Shape, outcome: Outcome) -> Answer<Volume> {
    let encryption = match outcome {
        Outcome::Unencrypted => None,
        Outcome::Encrypted { key, row } => Some(Encryption {
            key_arn: kms::names::shown_arn(cx, &key)?,
            asked_key: key,
            outcome_row: row.to_owned(),
            wrapped_key: None,
            context_id: String::new(),
            key_material_id: None,
        }),
    };
    Ok(Volume {
        account: cx.account().clone(),
        region: cx.region().clone(),
        id: String::new(),
        zone: String::new(),
        size_gib: shape.size_gib,
        volume_type: shape.volume_type.to_owned(),
        iops: shape.iops,
        throughput: shape.throughput,
        multi_attach: shape.multi_attach,
        state: VolumeState::Creating,
        created: cx.now(),
        tags: Vec::new(),
        attachments: Vec::new(),
        encryption,
        request_id: cx.request.id.clone(),
    })
}

/// The volume's own id is its encryption context.
pub(crate) fn with_context(mut volume: Volume) -> Volume {
    if let Some(encryption) = &mut volume.encryption {
        encryption.context_id.clone_from(&volume.id);
    }
    volume
}

/// The request as its client token remembers it. A default said aloud counts as another request, but for the throughput
/// (recorded of AWS).
fn asked(input: &CreateVolumeInput) -> Result<Value, Refusal> {
    let mut asked = input.trail();
    if let (Some(members), Some(throughput)) = (asked.as_object_mut(), shape(input)?.throughput) {
        members.insert("throughput".into(), json!(throughput));
    }
    Ok(asked)
}

fn check_source(input: &CreateVolumeInput) -> Result<(), Refusal> {
    match input.snapshot_id.as_deref() {
        Some(id) if !id.is_empty() && ResourceId::parse_kind(id, base::Kind::Snapshot).is_err() => {
            Err(Refusal::new(
                "InvalidSnapshotID.Malformed",
                format!("Value ( {id} ) for parameter SNAPSHOT is invalid. "),
            ))
        }
        _ => Ok(()),
    }
}

fn shape(input: &CreateVolumeInput) -> Result<Shape, Refusal> {
    // The size of a volume from a snapshot comes from the snapshot, which `handle` will not find.
    let from_snapshot = input.snapshot_id.as_deref().is_some_and(|s| !s.is_empty());
    volume_types::shape(volume_types::Asked {
        volume_type: input.volume_type.as_deref(),
        size_gib: input.size.or(from_snapshot.then_some(1024)),
        iops: input.iops,
        throughput: input.throughput,
        multi_attach: input.multi_attach_enabled.unwrap_or(false),
    })
}

fn outcome(input: &CreateVolumeInput) -> Result<Outcome, Refusal> {
    encryption::create(encryption::Asked {
        encrypted: input.encrypted,
        key: input.kms_key_id.as_deref(),
        by_default: false,
        default_key: DEFAULT_EBS_KEY,
        source: Source::Unencrypted,
    })
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

/// CreateVolume's own response: no attachments, and the key only if the request named it (recorded of AWS).
fn response(volume: &Volume, key_named: bool) -> CreateVolumeOutput {
    CreateVolumeOutput {
        attachments: None,
        kms_key_id: volume.encryption.as_ref().filter(|_| key_named).map(|e| e.key_arn.clone()),
        ..shapes::volume(volume).into()
    }
}

#[cfg(test)]
#[path = "create_volume_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "create_volume_key_tests.rs"]
mod key_tests;
