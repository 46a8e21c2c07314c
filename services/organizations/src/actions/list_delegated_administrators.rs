//! ListDelegatedAdministrators: accounts that administer the organization for its management account: none here.
//! Needs `organizations:ListDelegatedAdministrators`. Source: Organizations API Reference, ListDelegatedAdministrators.

use crate::organization;
use api::{Action, Answer, Cx};
use wire::generated::organizations::{
    ListDelegatedAdministrators as Op, ListDelegatedAdministratorsInput, ListDelegatedAdministratorsOutput,
};

pub struct ListDelegatedAdministrators;

impl Action for ListDelegatedAdministrators {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListDelegatedAdministrators";

    fn handle(
        cx: &mut Cx,
        _input: ListDelegatedAdministratorsInput,
    ) -> Answer<ListDelegatedAdministratorsOutput> {
        organization::managed(cx)?;
        Ok(ListDelegatedAdministratorsOutput { delegated_administrators: Some(Vec::new()), next_token: None })
    }
}
