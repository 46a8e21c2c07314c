//! ListRoots: the organization's one root.
//! Needs `organizations:ListRoots`. Source: Organizations API Reference, ListRoots.

use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{ListRoots as Op, ListRootsInput, ListRootsOutput};

pub struct ListRoots;

impl Action for ListRoots {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListRoots";

    fn handle(cx: &mut Cx, _input: ListRootsInput) -> Answer<ListRootsOutput> {
        let row = organization::managed(cx)?;
        let root = organization::root(cx, &row)?;
        Ok(ListRootsOutput { roots: Some(vec![shapes::root(&row, &root)]), next_token: None })
    }
}
