//! Laws of whatever takes a managed policy's ARN. `rest` is what else the action's form must have.

use crate::attachments::trial::{self, ADMIN};
use crate::testing::{Bench, Form};

pub fn only_what_is_there_is_found(action: &str, rest: Form) {
    let bench = Bench::new();
    let theirs = trial::policy(&bench, "p").replace("111122223333", "444455556666");
    for arn in [
        &trial::policy_arn("q"),
        &trial::policy_arn("P"),
        &trial::policy_arn("x/p"),
        &theirs,
        "arn:aws:iam::aws:policy/Nothing",
    ] {
        let message = format!("Policy {arn} was not found.");
        bench.refused(action, &[&[("PolicyArn", arn)][..], rest].concat(), "NoSuchEntity", &message);
    }
    for arn in ["arn:aws:iam::111122223333:role/policy/p", "arn:aws:iam::111122223333:p"] {
        let message = format!("ARN {arn} is not valid.");
        bench.refused(action, &[&[("PolicyArn", arn)][..], rest].concat(), "InvalidInput", &message);
    }
}

pub fn aws_s_own_are_changed_by_nobody(action: &str, rest: Form) {
    let bench = Bench::new();
    let message = format!(
        "User: arn:aws:iam::111122223333:root is not authorized to perform: iam:{action} on resource: policy {ADMIN}"
    );
    bench.refused(action, &[&[("PolicyArn", ADMIN)][..], rest].concat(), "AccessDenied", &message);
}
