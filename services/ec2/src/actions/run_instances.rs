//! RunInstances, as far as an instance is needed to attach volumes to (hypervisor `none`: no guest runs, the host exports
//! each attached volume). Volumes of the block device mappings, empty or from snapshots, are created and attached as part of the
//! launch; a launch whose volume cannot be made ends `terminated` with a state reason. Any well-formed image id is taken, because
//! images come later and no guest is started.
//! Needs `ec2:RunInstances` on everything that `touched::launch` names, `ec2:CreateTags` on what gets tags, and `iam:PassRole` on the role
//! of the instance profile. Source: EC2 API Reference, RunInstances.

use crate::launching;
use crate::rows::Instance;
use crate::{find, idempotency, jobs, profiles, shapes, tagging, touched, wishes};
use api::{Action, Answer, Cx, Touched};
use base::{Kind, Refusal, ResourceId};
use rules::lifecycle::instance::InstanceState;
use wire::Input;
use wire::generated::ec2::{RunInstances as Op, RunInstancesInput, RunInstancesOutput};

/// More than this in one call is refused, as EC2's default quota for vCPUs would.
const INSTANCES_PER_CALL_MAX: i32 = 100;
/// What may be tagged in a launch.
pub const TAGGABLE: [&str; 3] = ["instance", "volume", "network-interface"];

/// What a launch that names no type gets.
pub const INSTANCE_TYPE_DEFAULT: &str = "m1.small";

pub struct RunInstances;

impl Action for RunInstances {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:RunInstances";
    const KEYS: &'static [&'static str] = touched::keys::LAUNCH;

    fn check(input: &RunInstancesInput) -> Result<(), Refusal> {
        idempotency::check(input.client_token.as_deref())?;
        check_image(input.image_id.as_deref())?;
        check_count(input.min_count, input.max_count)?;
        wishes::check(input)?;
        profiles::check(input.iam_instance_profile.as_ref())?;
        tagging::from_specifications(input.tag_specifications.as_ref(), &TAGGABLE, "instance")?;
        launching::plans(input.block_device_mappings.as_ref()).map(drop)
    }

    fn touches(cx: &mut Cx, input: &RunInstancesInput) -> Answer<Vec<Touched>> {
        touched::launch::of(cx, input)
    }

    fn authorise(cx: &mut Cx, input: &RunInstancesInput) -> Answer<()> {
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        touched::tags::may_tag(cx, "RunInstances", &touched)?;
        profiles::may_pass_role(cx, input.iam_instance_profile.as_ref())
    }

    fn handle(cx: &mut Cx, input: RunInstancesInput) -> Answer<RunInstancesOutput> {
        let parameters = input.trail();
        let token = input.client_token.as_deref();
        if let Some(ids) = idempotency::earlier(cx, "RunInstances", token, &parameters)? {
            return repeated(cx, &ids);
        }
        let profile = profiles::for_launch(cx, input.iam_instance_profile.as_ref())?;
        let zone = launching::zone(cx, &input)?;
        let plans = launching::plans(input.block_device_mappings.as_ref())?;
        let plans = launching::decide(cx, plans)?;
        let specifications = input.tag_specifications.as_ref();
        let tags = tagging::from_specifications(specifications, &TAGGABLE, "instance")?;
        let volume_tags = tagging::from_specifications(specifications, &TAGGABLE, "volume")?;
        let reservation = cx.door.env.ids.resource("r");
        let mut rows: Vec<Instance> = Vec::new();
        for launch_index in 0..input.max_count {
            let mut row = Instance {
                account: cx.account().clone(),
                region: cx.region().clone(),
                id: cx.door.env.ids.resource("i"),
                reservation: reservation.clone(),
                zone: zone.clone(),
                image: input.image_id.clone().unwrap_or_default(),
                instance_type: input.instance_type.clone().unwrap_or_else(|| INSTANCE_TYPE_DEFAULT.into()),
                launch_index,
                state: InstanceState::Pending,
                launched: cx.now(),
                tags: tags.clone(),
                volumes: Vec::new(),
                state_reason: None,
                transition_reason: String::new(),
                ended: None,
                launch_failure: None,
                profile: profile.clone(),
            };
            launching::add_volumes(cx, &mut row, &plans, &volume_tags)?;
            cx.tx.put(&row)?;
            find::touch_instance(cx, &row.id);
            jobs::launch_instance::enqueue(cx, &row.id)?;
            rows.push(row);
        }
        let ids = rows.iter().map(|r| r.id.clone()).collect();
        idempotency::remember(cx, "RunInstances", token, &parameters, ids)?;
        Ok(reservation_of(cx, &rows))
    }
}

fn check_image(image: Option<&str>) -> Result<(), Refusal> {
    match image.filter(|i| !i.is_empty()) {
        None => Err(Refusal::new("MissingParameter", "The request must contain the parameter ImageId")),
        Some(id) if ResourceId::parse_kind(id, Kind::Image).is_err() => Err(Refusal::new(
            "InvalidAMIID.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"ami-...\")"),
        )),
        Some(_) => Ok(()),
    }
}

fn check_count(min: i32, max: i32) -> Result<(), Refusal> {
    let bad = |message: String| Err(Refusal::new("InvalidParameterValue", message));
    if min < 1 {
        return bad(format!("Value ({min}) for parameter minCount is invalid. Must be at least 1."));
    }
    if max < min {
        return bad(format!(
            "Value ({max}) for parameter maxCount is invalid. Must not be less than minCount."
        ));
    }
    if max > INSTANCES_PER_CALL_MAX {
        return Err(Refusal::new(
            "InstanceLimitExceeded",
            format!(
                "You have requested more instances ({max}) than one call may launch ({INSTANCES_PER_CALL_MAX})."
            ),
        ));
    }
    Ok(())
}

/// The instances of an earlier call with the same token, as they are now.
fn repeated(cx: &mut Cx, ids: &[String]) -> Answer<RunInstancesOutput> {
    let mut rows = Vec::new();
    for id in ids {
        rows.push(find::instance(cx, id)?);
    }
    Ok(reservation_of(cx, &rows))
}

fn reservation_of(cx: &Cx, rows: &[Instance]) -> RunInstancesOutput {
    RunInstancesOutput {
        reservation_id: rows.first().map(|r| r.reservation.clone()),
        owner_id: Some(cx.account().to_string()),
        groups: Some(Vec::new()),
        // The mappings show up once the volumes are there; the launch answers before that.
        instances: Some(rows.iter().map(|r| shapes::instance(r, &[])).collect()),
        ..Default::default()
    }
}

#[cfg(test)]
#[path = "run_instances_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "run_instances_snapshot_tests.rs"]
mod snapshot_tests;
