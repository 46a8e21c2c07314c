//! Explain: why a volume, a snapshot, an instance or a request is as it is: the decision that was made, the refused call, the event, the
//! job that waits. Needs `sealvol:Explain`. It reads what is stored; it decides nothing.

use crate::story;
use api::{Action, Answer, Cx};
use base::{Kind, Refusal, ResourceId};
use wire::generated::sealvol::{Explain as Op, ExplainInput, ExplainOutput};

pub struct Explain;

impl Action for Explain {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sealvol:Explain";

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
