//! The authorisation hook. Until policies exist the decision is the shortest one that is true: the account root acts in its
//! own account, everybody else is refused. What to say in which protocol is decided here once.

use crate::{Caller, Principal};
use base::Refusal;
use wire::{Protocol, Service};

/// Lets the account root pass.
pub(crate) fn root_only(
    caller: &Caller,
    service: &Service,
    iam: &str,
    resources: &[String],
) -> Result<(), Refusal> {
    if caller.principal == Principal::Root {
        return Ok(());
    }
    let resource = resources.first().map_or("*", String::as_str);
    Err(denied(service, &caller.arn(), iam, resource, "no identity-based policy allows the action"))
}

/// AWS's words for "not allowed", in the form of the service's protocol.
fn denied(service: &Service, arn: &str, iam: &str, resource: &str, because: &str) -> Refusal {
    let reason = format!("{arn} may not perform {iam} on {resource}: {because}");
    match service.protocol {
        Protocol::Ec2Query => Refusal::new(
            "UnauthorizedOperation",
            format!(
                "You are not authorized to perform this operation. User: {arn} is not authorized to perform: {iam} \
                 on resource: {resource} because {because}"
            ),
        )
        .with_status(403)
        .because(reason),
        Protocol::AwsQuery => {
            Refusal::new("AccessDenied", format!("User: {arn} is not authorized to perform: {iam} on resource: {resource}"))
                .with_status(403)
                .because(reason)
        }
        Protocol::AwsJson11 => json_denied(arn, iam, resource, because).because(reason),
        // EBS direct, the one service that speaks it, answers with a status and a word of its own.
        Protocol::RestJson => json_denied(arn, iam, resource, because)
            .because(reason)
            .with_status(403)
            .with_word("UNAUTHORIZED_ACCOUNT"),
    }
}

fn json_denied(arn: &str, iam: &str, resource: &str, because: &str) -> Refusal {
    Refusal::new(
        "AccessDeniedException",
        format!("User: {arn} is not authorized to perform: {iam} on resource: {resource} because {because}"),
    )
}
