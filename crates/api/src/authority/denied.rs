//! AWS's words for "not allowed", in the form of the service's protocol, and EC2's encoded message. The message says who asked for
//! what under which condition keys and why it was denied; that may be more than the caller should know about policies, so it is
//! sealed and only `sts:DecodeAuthorizationMessage` opens it, for callers of the same account.
//! Source: STS API Reference, "DecodeAuthorizationMessage".

use crate::Cx;
use base::Refusal;
use rules::iam::{Context, Decision};
use serde_json::{Value, json};
use wire::{Protocol, sealed};

/// Scope of encoded messages, before the account.
const SCOPE: &str = "authorization message";
/// Longest reason inside a message; the trail record has it whole.
const REASON_CHARS_MAX: usize = 1000;

impl Cx<'_> {
    /// The refusal of a denied call; its reason is the decision's.
    pub fn denied(&self, action: &str, resource: &str, context: &Context, decision: &Decision) -> Refusal {
        let arn = self.caller.arn();
        let because = decision.because(action);
        let reason = format!("{arn} may not perform {action} on {resource}: {}", decision.reason);
        let sentence =
            format!("User: {arn} is not authorized to perform: {action} on resource: {resource}{because}");
        let refusal = match self.service.protocol {
            Protocol::Ec2Query => {
                let encoded = self.encoded(action, resource, context, decision);
                let encoded = encoded.map_or_else(String::new, |blob| {
                    format!(". Encoded authorization failure message: {blob}")
                });
                Refusal::new(
                    "UnauthorizedOperation",
                    format!("You are not authorized to perform this operation. {sentence}{encoded}"),
                )
                .with_status(403)
            }
            Protocol::AwsQuery => Refusal::new("AccessDenied", sentence).with_status(403),
            Protocol::AwsJson11 => Refusal::new("AccessDeniedException", sentence),
            // EBS direct, the one service that speaks it, answers with a status and a word of its own.
            Protocol::RestJson => Refusal::new("AccessDeniedException", sentence)
                .with_status(403)
                .with_word("UNAUTHORIZED_ACCOUNT"),
        };
        refusal.because(reason)
    }

    /// The JSON inside an encoded message, if it is one that this server gave to a caller of this caller's account.
    pub fn decode_authorization_message(&self, encoded: &str) -> Option<String> {
        sealed::open(&self.door.token_key, &scope(self), encoded)
    }

    fn encoded(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
        decision: &Decision,
    ) -> Option<String> {
        let mut once: sealed::Once = [0; 28];
        self.door.env.entropy.fill(&mut once);
        let text = message(self, action, resource, context, decision);
        sealed::seal(&self.door.token_key, &scope(self), &text, &once)
    }
}

fn scope(cx: &Cx) -> String {
    format!("{SCOPE}/{}", cx.account())
}

/// The message as AWS's is laid out, plus `reason`. Condition keys that make it longer than STS takes are left out from the end.
fn message(cx: &Cx, action: &str, resource: &str, context: &Context, decision: &Decision) -> String {
    let text = |items: Vec<Value>| {
        json!({
            "allowed": false,
            "explicitDeny": decision.explicit,
            "matchedStatements": {"items": matched(decision)},
            "failures": {"items": []},
            "context": {
                "principal": {"id": cx.caller.principal_id(), "arn": cx.caller.arn()},
                "action": action,
                "resource": resource,
                "conditions": {"items": items},
            },
            "reason": decision.reason.chars().take(REASON_CHARS_MAX).collect::<String>(),
        })
        .to_string()
    };
    let mut items: Vec<Value> = context.all().map(|(key, values)| condition(key, values)).collect();
    loop {
        let whole = text(items.clone());
        if whole.len() <= sealed::TEXT_BYTES_MAX || items.is_empty() {
            return whole;
        }
        items.truncate(items.len() / 2);
    }
}

fn condition(key: &str, values: &[String]) -> Value {
    let values: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
    json!({"key": key, "values": {"items": values}})
}

/// The statement that denied, if one did.
fn matched(decision: &Decision) -> Vec<Value> {
    if !decision.explicit {
        return Vec::new();
    }
    vec![json!({"effect": "DENY", "statement": decision.reason})]
}
