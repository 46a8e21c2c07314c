//! ListSigningCertificates: a user's X.509 signing certificates; this server has none, so the list is empty. Clients ask before they delete a user.
//!
//! Source: IAM API Reference, ListSigningCertificates.

use crate::find;
use crate::{names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListSigningCertificates as Op, ListSigningCertificatesInput, ListSigningCertificatesOutput,
};

pub struct ListSigningCertificates;

impl Action for ListSigningCertificates {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListSigningCertificates";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListSigningCertificatesInput) -> Result<(), Refusal> {
        names::some_user(input.user_name.as_ref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListSigningCertificatesInput) -> Answer<Vec<Touched>> {
        let who = find::named_or_caller(cx, input.user_name.as_deref())?;
        Ok(vec![touches::user_or_root(cx, &who)?])
    }

    fn handle(cx: &mut Cx, input: ListSigningCertificatesInput) -> Answer<ListSigningCertificatesOutput> {
        find::there(cx, input.user_name.as_deref(), input.marker.as_deref())?;
        Ok(ListSigningCertificatesOutput {
            certificates: Some(Vec::new()),
            is_truncated: Some(false),
            marker: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn a_user_has_none_and_must_be_there() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "alice")]);
        let empty = "<Certificates></Certificates><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListSigningCertificates", &[("UserName", "alice")]), empty);
        assert_eq!(bench.ok("ListSigningCertificates", &[]), empty);
        let message = "The user with name bob cannot be found.";
        bench.refused("ListSigningCertificates", &[("UserName", "bob")], "NoSuchEntity", message);
        bench.refused("ListSigningCertificates", &[("Marker", "x")], "ValidationError", "Invalid Marker.");
    }
}
