//! TerminateInstances: `pending` or `running` → `shutting-down` → `terminated`. Its volumes are detached; those marked
//! DeleteOnTermination are deleted. All of the named instances, or none; terminating twice is no error. Needs
//! `ec2:TerminateInstances` on each. Source: EC2 API Reference, TerminateInstances.

use crate::rows::StateReason;
use crate::{ending, find, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{
    InstanceStateChange, TerminateInstances as Op, TerminateInstancesInput, TerminateInstancesOutput,
};

pub struct TerminateInstances;

impl Action for TerminateInstances {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:TerminateInstances";
    const KEYS: &'static [&'static str] = touched::keys::INSTANCE;

    fn check(input: &TerminateInstancesInput) -> Result<(), Refusal> {
        if input.instance_ids.is_empty() {
            return Err(Refusal::new(
                "MissingParameter",
                "The request must contain the parameter InstanceId",
            ));
        }
        input.instance_ids.iter().try_for_each(|id| find::check_instance_id(id))
    }

    fn touches(cx: &mut Cx, input: &TerminateInstancesInput) -> Answer<Vec<Touched>> {
        input.instance_ids.iter().map(|id| touched::instance::existing(cx, id)).collect()
    }

    fn handle(cx: &mut Cx, input: TerminateInstancesInput) -> Answer<TerminateInstancesOutput> {
        let mut changes = Vec::new();
        for id in &input.instance_ids {
            find::touch_instance(cx, id);
            let row = find::instance(cx, id)?;
            let before = row.state;
            let reason = StateReason {
                code: "Client.UserInitiatedShutdown".into(),
                message: "Client.UserInitiatedShutdown: User initiated shutdown".into(),
                because: format!("TerminateInstances, request {}", cx.request.id),
            };
            let stamp = wire::time::iso_seconds(cx.now()).replace('T', " ").replace('Z', " GMT");
            let after = ending::terminate(cx, row, reason, format!("User initiated ({stamp})"))?;
            changes.push(InstanceStateChange {
                instance_id: Some(id.clone()),
                previous_state: Some(shapes::state(before)),
                current_state: Some(shapes::state(after)),
            });
        }
        Ok(TerminateInstancesOutput { terminating_instances: Some(changes) })
    }
}

#[cfg(test)]
#[path = "terminate_instances_tests.rs"]
mod tests;
