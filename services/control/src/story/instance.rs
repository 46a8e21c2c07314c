//! The story of an instance: its state, and why a launch failed.

use super::jobs_of;
use api::{Answer, Cx};
use ec2::rows::Instance;
use wire::generated::sealvol::ExplainOutput;

pub fn tell(cx: &mut Cx, id: &str) -> Answer<Option<ExplainOutput>> {
    let key = format!("{}{id}", cx.tenant());
    let Some(row) = cx.tx.get::<Instance>(&key)? else { return Ok(None) };
    let mut lines = vec![format!("in {}, image {}, type {}", row.zone, row.image, row.instance_type)];
    lines.extend(row.volumes.iter().map(|v| format!("holds volume {v}")));
    lines.extend(jobs_of(cx, id)?);
    Ok(Some(ExplainOutput {
        id: Some(id.to_owned()),
        kind: Some("instance".into()),
        summary: Some(format!("Instance {id} is {}", row.state.as_str())),
        state: Some(row.state.as_str().into()),
        reason: row.state_reason.as_ref().map(|r| format!("{}: {}", r.code, r.because)),
        lines: Some(lines),
        events: Some(Vec::new()),
        calls: Some(Vec::new()),
    }))
}
