//! GetServiceLinkedRoleDeletionStatus: how far a deletion is; here each has succeeded when its task is known.
//!
//! Source: IAM API Reference, GetServiceLinkedRoleDeletionStatus. Tested with DeleteServiceLinkedRole.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    GetServiceLinkedRoleDeletionStatus as Op, GetServiceLinkedRoleDeletionStatusInput,
    GetServiceLinkedRoleDeletionStatusOutput,
};

pub struct GetServiceLinkedRoleDeletionStatus;

impl Action for GetServiceLinkedRoleDeletionStatus {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetServiceLinkedRoleDeletionStatus";

    fn check(input: &GetServiceLinkedRoleDeletionStatusInput) -> Result<(), Refusal> {
        names::length("deletionTaskId", &input.deletion_task_id, 1, 1000)
    }

    fn touches(cx: &mut Cx, input: &GetServiceLinkedRoleDeletionStatusInput) -> Answer<Vec<Touched>> {
        let role = input.deletion_task_id.rsplit_once('/').map_or("", |(task, _)| task);
        let resource = role.strip_prefix("task").unwrap_or("/*");
        Ok(vec![Touched::plain(touches::arn_of(cx, "role", Some(resource), ""))])
    }

    fn handle(
        cx: &mut Cx,
        input: GetServiceLinkedRoleDeletionStatusInput,
    ) -> Answer<GetServiceLinkedRoleDeletionStatusOutput> {
        let id = &input.deletion_task_id;
        let proven = id.rsplit_once('/').filter(|(task, proof)| {
            cx.page_cursor("DeleteServiceLinkedRole", proof).as_deref() == Some(task)
        });
        match proven {
            Some(_) => Ok(GetServiceLinkedRoleDeletionStatusOutput {
                status: Some("SUCCEEDED".into()),
                reason: None,
            }),
            None => Err(find::no_such_entity(format!("Deletion task {id} cannot be found.")).into()),
        }
    }
}
