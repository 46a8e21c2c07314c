//! ListParents: the root or OU above an account or OU.
//! Needs `organizations:ListParents`. Source: Organizations API Reference, ListParents.

use crate::organization;
use crate::targets::Target;
use api::Failure;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::Parent;
use wire::generated::organizations::{ListParents as Op, ListParentsInput, ListParentsOutput};

pub struct ListParents;

impl Action for ListParents {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListParents";

    fn handle(cx: &mut Cx, input: ListParentsInput) -> Answer<ListParentsOutput> {
        let row = organization::managed(cx)?;
        let parent = match Target::find(cx, &row, &input.child_id) {
            Ok(Target::Account(account)) => account.parent,
            Ok(Target::Node(node)) => node.parent,
            Err(Failure::Refused(_)) => {
                let message = "We can't find an organizational unit (OU) or AWS account with the ChildId that you specified.";
                return Err(Refusal::new("ChildNotFoundException", message).into());
            }
            Err(other) => return Err(other),
        };
        let kind = |id: &str| if id.starts_with("r-") { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
        let shape = |id: String| Parent { r#type: Some(kind(&id).to_owned()), id: Some(id) };
        Ok(ListParentsOutput { parents: Some(parent.into_iter().map(shape).collect()), next_token: None })
    }
}
