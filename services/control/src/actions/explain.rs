//! Explain: why a volume, a snapshot, an instance or a request is as it is: the decision that was made, the refused call, the event, the
//! job that waits. Needs `sealvol:Explain` on the volume, snapshot or instance (on `*` for a
//! request). It reads what is stored; it decides nothing.

use crate::story;
use api::{Action, Answer, Cx, Touched};
use base::{Kind, Refusal, ResourceId};
use ec2::touched;
use wire::generated::sealvol::{Explain as Op, ExplainInput, ExplainOutput};

pub struct Explain;

impl Action for Explain {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sealvol:Explain";
    const KEYS: &'static [&'static str] = touched::keys::TAGGED;

    /// The thing to be explained, with EC2's keys; a request has no ARN.
    fn touches(cx: &mut Cx, input: &ExplainInput) -> Answer<Vec<Touched>> {
        let id = input.id.trim();
        Ok(match ResourceId::parse(id).map(|id| id.kind()) {
            Ok(Kind::Volume) => vec![touched::volume::existing(cx, id)?],
            Ok(Kind::Snapshot) => vec![touched::snapshot::existing(cx, id)?],
            Ok(Kind::Instance) => vec![touched::instance::existing(cx, id)?],
            _ => touched::anything(cx),
        })
    }

    fn handle(cx: &mut Cx, input: ExplainInput) -> Answer<ExplainOutput> {
        let id = input.id.trim();
        let found = match ResourceId::parse(id).map(|id| id.kind()) {
            Ok(Kind::Volume) => story::volume::tell(cx, id)?,
            Ok(Kind::Snapshot) => story::snapshot::tell(cx, id)?,
            Ok(Kind::Instance) => story::instance::tell(cx, id)?,
            _ => story::request::tell(cx, id)?,
        };
        Ok(found.ok_or_else(|| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("Nothing is known of '{id}': give a volume id, a snapshot id, an instance id or a request id of this account and Region"),
            )
        })?)
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
