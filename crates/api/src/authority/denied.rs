//! AWS's words for "not allowed", in the form of the service's protocol.

use crate::Cx;
use base::Refusal;
use rules::iam::{Context, Decision};
use wire::Protocol;

/// The refusal of a denied call; its reason is the decision's.
pub(super) fn refusal(
    cx: &Cx,
    action: &str,
    resource: &str,
    _context: &Context,
    decision: &Decision,
) -> Refusal {
    let arn = cx.caller.arn();
    let because = decision.because(action);
    let reason = format!("{arn} may not perform {action} on {resource}: {}", decision.reason);
    let sentence =
        format!("User: {arn} is not authorized to perform: {action} on resource: {resource}{because}");
    let refusal = match cx.service.protocol {
        Protocol::Ec2Query => Refusal::new(
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {sentence}"),
        )
        .with_status(403),
        Protocol::AwsQuery => Refusal::new("AccessDenied", sentence).with_status(403),
        Protocol::AwsJson11 => Refusal::new("AccessDeniedException", sentence),
        // EBS direct, the one service that speaks it, answers with a status and a word of its own.
        Protocol::RestJson => {
            Refusal::new("AccessDeniedException", sentence).with_status(403).with_word("UNAUTHORIZED_ACCOUNT")
        }
    };
    refusal.because(reason)
}
