//! The decision where the resource has a policy of its own, which must name whom it lets in: KMS keys and roles.
//!
//! | the resource's policy allows it | same account | another account |
//! |---|---|---|
//! | to the caller itself | allowed, only control policies limit | and the caller's side must allow |
//! | to the caller's role (or a federated user's user) | boundary and session policies limit | and the caller's side must allow |
//! | to the account | and the caller's side must allow | and the caller's side must allow |
//! | not at all | denied | denied |
//!
//! Sources: IAM User Guide, "Policy evaluation for requests within a single account", "Cross-account policy evaluation logic";
//! KMS Developer Guide, "Determining access to AWS KMS keys".

use super::decide::{AskerKind, Decision, Layer, Question};
use super::layers::{Side, allowed, implicit};
use super::{Verdict, Whom};

/// Decides about a resource of `resource_account` whose own policy says `resource_policy`.
pub fn decide_with_resource(
    question: &Question,
    resource_policy: Verdict,
    resource_account: &str,
) -> Decision {
    let side = Side::new(question);
    if let Some(denied) = side.denial(Some(&resource_policy)) {
        return denied;
    }
    let (label, whom) = match resource_policy {
        Verdict::Allowed(label, whom) => (label, whom),
        Verdict::Silent(why) => return implicit(Layer::Resource, why),
        Verdict::Denied(label) => {
            let reason = format!("{label} of the resource's policy denies it");
            return Decision { allowed: false, explicit: true, layer: Layer::Resource, reason };
        }
    };
    // A service belongs to no account: what names it is enough.
    let service = question.asker.kind == AskerKind::Service;
    let same_account = service || question.asker.account == resource_account;
    let refused = if same_account { side.after_resource(whom) } else { side.after_resource(Whom::Account) };
    let by = format!("{label} of the resource's policy allows it");
    match refused {
        None => allowed(Layer::Resource, by),
        Some(refused) => Decision { reason: format!("{by}; but {}", refused.reason), ..refused },
    }
}
