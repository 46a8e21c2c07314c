//! Session policies: they can only narrow what the identity may. Kept as they were when the session was made.
//! Source: STS API Reference, AssumeRole ("Policy", "PolicyArns", "PackedPolicySize"); IAM User Guide, "IAM and AWS STS quotas".

use crate::validate::length;
use api::{Answer, Cx, SessionPolicy};
use base::{AccountId, Refusal, Tag};
use rules::iam::PolicyType;
use wire::generated::sts::PolicyDescriptorType;

/// Characters of the inline policy and of all ARNs together.
const PLAIN_CHARS_MAX: usize = 2048;
const ARNS_MAX: usize = 10;
/// AWS packs policies and tags into a binary form of undisclosed size; ours is their bytes without white space.
const PACKED_BYTES_MAX: usize = 4096;

/// What needs no state.
pub fn check(policy: Option<&String>, arns: Option<&Vec<PolicyDescriptorType>>) -> Result<(), Refusal> {
    if let Some(policy) = policy {
        length("policy", policy, 1, PLAIN_CHARS_MAX)?;
    }
    let arns = arns.map_or(&[][..], Vec::as_slice);
    if arns.len() > ARNS_MAX {
        let refusal =
            Refusal::new("LimitExceeded", format!("Cannot exceed quota for PolicySize: {ARNS_MAX}"));
        return Err(refusal.because(format!("{} policy ARNs; at most {ARNS_MAX} are allowed", arns.len())));
    }
    for arn in arns {
        length("policyArns.member.arn", arn.arn.as_deref().unwrap_or_default(), 20, 2048)?;
    }
    let plain = policy.map_or(0, |text| text.chars().count())
        + arns.iter().filter_map(|arn| arn.arn.as_deref()).map(str::len).sum::<usize>();
    match plain {
        n if n > PLAIN_CHARS_MAX => Err(too_large("policy", n * 100 / PLAIN_CHARS_MAX)),
        _ => Ok(()),
    }
}

/// Reads the policies of a session in `account`. `None` if the request names none at all.
pub fn read(
    cx: &mut Cx,
    account: &AccountId,
    policy: Option<&String>,
    arns: Option<&Vec<PolicyDescriptorType>>,
) -> Answer<Option<Vec<SessionPolicy>>> {
    if policy.is_none() && arns.is_none_or(Vec::is_empty) {
        return Ok(None);
    }
    let mut all = Vec::new();
    if let Some(text) = policy {
        cx.policy(text, PolicyType::Identity).map_err(|malformed| {
            Refusal::new("MalformedPolicyDocument", malformed.0)
                .because(format!("the session policy cannot be read: {}", malformed.1))
        })?;
        all.push(SessionPolicy { source: "the inline session policy".into(), document: text.clone() });
    }
    for arn in arns.into_iter().flatten().filter_map(|arn| arn.arn.as_deref()) {
        let Some(document) = cx.managed_policy(account, arn)? else {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            return Err(Refusal::new("ValidationError", message).into());
        };
        all.push(SessionPolicy { source: format!("session policy {arn}"), document: document.into_owned() });
    }
    Ok(Some(all))
}

/// PackedPolicySize in percent; nothing if the session has neither policies nor tags.
pub fn packed(
    policy: Option<&String>,
    arns: Option<&Vec<PolicyDescriptorType>>,
    tags: &[Tag],
) -> Result<Option<i32>, Refusal> {
    if policy.is_none() && arns.is_none_or(Vec::is_empty) && tags.is_empty() {
        return Ok(None);
    }
    let compact = |text: &String| match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.to_string().len(),
        Err(_) => text.len(),
    };
    let arns = arns.into_iter().flatten().filter_map(|arn| arn.arn.as_deref()).map(str::len).sum::<usize>();
    let policies = policy.map_or(0, compact) + arns;
    let tags: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
    let percent = (policies + tags) * 100;
    let percent = percent.div_ceil(PACKED_BYTES_MAX);
    match percent {
        n if n > 100 && tags > policies => Err(too_large("session tags", n)),
        n if n > 100 => Err(too_large("policy", n)),
        n => Ok(i32::try_from(n).ok()),
    }
}

fn too_large(what: &str, percent: usize) -> Refusal {
    let message = match what {
        "policy" => {
            format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
        }
        what => format!("Packed size of {what} consumes {percent}% of allotted space."),
    };
    Refusal::new("PackedPolicyTooLarge", message)
}
