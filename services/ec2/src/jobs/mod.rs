//! The durable jobs of this service: one file each. Jobs of one volume run in the order in which they were enqueued; the
//! steps below rely on it (a deletion never meets a creation half-way).

pub mod attach_volume;
pub mod collect_snapshot;
pub mod copy_snapshot;
pub mod create_snapshot;
pub mod create_volume;
pub mod delete_volume;
pub mod detach_volume;
pub mod fast_restore;
pub mod launch_instance;
pub mod load_volume;
pub mod modify_volume;
pub mod reattach_volume;
pub mod store_snapshot;
pub mod terminate_instance;
pub mod thaw_volume;

use api::{Answer, Cx, Failure};
use host::HostError;
use jobs::{Job, JobRow, Run, StepError};
use serde::{Deserialize, Serialize};
use wire::Service;
use wire::generated::ec2::SERVICE;

/// Registers every job of this service.
#[must_use]
pub fn kinds(kinds: ::jobs::Kinds) -> ::jobs::Kinds {
    kinds
        .with::<collect_snapshot::CollectSnapshotJob>()
        .with::<copy_snapshot::CopySnapshotJob>()
        .with::<create_snapshot::CreateSnapshotJob>()
        .with::<create_volume::CreateVolumeJob>()
        .with::<attach_volume::AttachVolumeJob>()
        .with::<detach_volume::DetachVolumeJob>()
        .with::<delete_volume::DeleteVolumeJob>()
        .with::<fast_restore::FastRestoreJob>()
        .with::<reattach_volume::ReattachVolumeJob>()
        .with::<launch_instance::LaunchInstanceJob>()
        .with::<load_volume::LoadVolumeJob>()
        .with::<modify_volume::ModifyVolumeJob>()
        .with::<store_snapshot::StoreSnapshotJob>()
        .with::<terminate_instance::TerminateInstanceJob>()
        .with::<thaw_volume::ThawVolumeJob>()
}

/// The state of a job about one volume, or about one volume and one instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    pub volume: String,
    pub instance: String,
}

/// The hosts that jobs work on.
pub struct HostsHandle(pub std::sync::Arc<dyn host::Hosts>);

fn ec2() -> &'static Service {
    &SERVICE
}

/// The limits of a volume's type, as a host takes them.
fn limits_of(row: &crate::rows::Volume) -> Option<host::Limits> {
    let limits = rules::volume_limits::limits(&row.volume_type, row.size_gib, row.iops, row.throughput)?;
    let rate = |rate: rules::volume_limits::Rate| host::Rate {
        per_second: rate.per_second,
        burst: rate.burst.map(|b| host::Burst { per_second: b.per_second, credit: b.credit }),
    };
    Some(host::Limits {
        io_bytes: limits.io_bytes,
        operations: rate(limits.operations),
        bytes: rate(limits.bytes),
    })
}

/// The name of a volume's (or instance's) line of jobs.
fn line(cx: &Cx, id: &str) -> String {
    format!("{}{id}", cx.tenant())
}

/// The name of a volume's line of loading. It must not begin with the name of the volume's own line and `/`: the runner takes what
/// does for jobs of that line.
fn loading_line(cx: &Cx, volume: &str) -> String {
    format!("{}.load", line(cx, volume))
}

/// Puts a job into the line of its volume or, if it is about no volume, of its instance.
fn enqueue<J: Job<State = About>>(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    let line = line(cx, if volume.is_empty() { instance } else { volume });
    let about = About { volume: volume.to_owned(), instance: instance.to_owned() };
    ::jobs::enqueue::<J>(cx, &line, &about)
}

/// A transaction of a step.
fn transact<T>(run: &Run, work: impl FnMut(&mut Cx) -> Answer<T>) -> Result<T, StepError> {
    run.transact(ec2(), work)
}

/// A row that may be gone: `None` instead of a refusal.
pub(crate) fn if_there<T>(found: Answer<T>) -> Answer<Option<T>> {
    match found {
        Ok(row) => Ok(Some(row)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Whether a job of this kind for this volume and instance stands in line already.
pub(crate) fn is_waiting<J: Job<State = About>>(cx: &mut Cx, volume: &str, instance: &str) -> Answer<bool> {
    let line = format!("{}/", line(cx, volume));
    let waiting = cx.tx.scan::<JobRow>(&line, None, usize::MAX)?;
    Ok(waiting.iter().any(|job| job.kind == J::KIND && job.state["instance"] == instance))
}

fn host_error(error: HostError) -> StepError {
    match error {
        HostError::Refused(refusal) => StepError::Refused(refusal),
        HostError::Fault(fault) => StepError::Fault(fault),
    }
}

#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;

#[cfg(test)]
mod restore_tests;
