//! ListChildren: ids of the accounts or OUs directly below a root or OU.
//! Needs `organizations:ListChildren`. Source: Organizations API Reference, ListChildren.

use crate::{members, organization, paging, refusals};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::Child;
use wire::generated::organizations::{ListChildren as Op, ListChildrenInput, ListChildrenOutput};

pub struct ListChildren;

impl Action for ListChildren {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListChildren";

    fn handle(cx: &mut Cx, input: ListChildrenInput) -> Answer<ListChildrenOutput> {
        let row = organization::managed(cx)?;
        let parent = organization::node(cx, &row, &input.parent_id)?;
        let parent = parent.ok_or_else(|| refusals::no_parent(&input.parent_id))?;
        let ids: Vec<String> = if input.child_type == "ACCOUNT" {
            members::accounts_below(cx, &parent.id)?
                .into_iter()
                .map(|account| account.id.to_string())
                .collect()
        } else {
            members::units_below(cx, &parent.id)?.into_iter().map(|unit| unit.id).collect()
        };
        let (page, next_token) =
            paging::page(cx, Op::NAME, ids, Clone::clone, input.next_token.as_deref(), input.max_results)?;
        let child = |id| Child { id: Some(id), r#type: Some(input.child_type.clone()) };
        Ok(ListChildrenOutput { children: Some(page.into_iter().map(child).collect()), next_token })
    }
}
