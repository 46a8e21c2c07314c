//! What temporary credentials may not do at all, whatever policies say. Those of GetSessionToken and GetFederationToken open no
//! door to IAM: whoever holds them could make long-term ones. (STS's own limits are said by its actions.)
//! Source: IAM User Guide, "Compare AWS STS credentials".

use crate::{Caller, Principal};
use base::Refusal;
use wire::Service;

/// The refusal of a service that this kind of temporary credentials cannot use.
pub(crate) fn barred(caller: &Caller, service: &Service) -> Option<Refusal> {
    caller.session.as_ref()?;
    if service.name != "iam" || matches!(caller.principal, Principal::Role { .. }) {
        return None;
    }
    let refusal = Refusal::new("InvalidClientTokenId", "The security token included in the request is invalid")
        .with_status(403)
        .because(
            "IAM is closed to the temporary credentials of GetFederationToken, and to those of GetSessionToken that were made \
             without multi-factor authentication",
        );
    Some(refusal)
}
