//! What was asked of KMS for the volume, as the account's own trail tells it: LookupEvents, checked against what an encrypted
//! volume that was created once, attached twice and detached once must have caused, and told line by line.

use super::front::Front;
use base::Fault;
use serde_json::{Value, json};

/// KMS calls of one creation, two attachments and one detachment (KMS Developer Guide, "How Amazon EBS uses AWS KMS").
const EXPECTED: [(&str, usize); 4] =
    [("GenerateDataKeyWithoutPlaintext", 1), ("CreateGrant", 2), ("Decrypt", 2), ("RetireGrant", 1)];
/// What the demo itself asked of KMS.
const OURS: [&str; 2] = ["CreateKey", "CreateAlias"];

/// One call.
#[derive(Debug, PartialEq, Eq)]
pub struct KmsCall {
    pub time: String,
    pub name: String,
    pub who: String,
    pub about: String,
}

/// Every KMS call of the account but the demo's own, oldest first, checked: all of them were about this volume.
pub fn kms_calls(front: &Front, volume: &str) -> Result<Vec<KmsCall>, Fault> {
    let mut records = Vec::new();
    let mut token = None;
    loop {
        let attributes = json!([{ "AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com" }]);
        let mut body = json!({ "LookupAttributes": attributes });
        if let Some(token) = token {
            body["NextToken"] = token;
        }
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        let page = front.json("cloudtrail", target, &body)?;
        for event in page["Events"].as_array().into_iter().flatten() {
            records.push(record(event)?);
        }
        token = page.get("NextToken").filter(|t| t.is_string()).cloned();
        if token.is_none() {
            break;
        }
    }
    // Pages are newest first.
    records.reverse();
    read(&records, volume)
}

fn record(event: &Value) -> Result<Value, Fault> {
    let text = event["CloudTrailEvent"].as_str().unwrap_or_default();
    serde_json::from_str(text).map_err(|e| Fault::caused("reading a trail record", e))
}

fn read(records: &[Value], volume: &str) -> Result<Vec<KmsCall>, Fault> {
    if let Some(failed) = records.iter().find(|r| r.get("errorCode").is_some()) {
        return Err(Fault::new(format!("KMS refused a call: {failed}")));
    }
    let calls: Vec<KmsCall> = records.iter().map(call).filter(|c| !OURS.contains(&c.name.as_str())).collect();
    for (name, wanted) in EXPECTED {
        let found = calls.iter().filter(|c| c.name == name).count();
        if found != wanted {
            return Err(Fault::new(format!("the trail has {found} calls of {name}, not {wanted}")));
        }
    }
    if let Some(other) = calls.iter().find(|c| EXPECTED.iter().all(|(name, _)| c.name != *name)) {
        return Err(Fault::new(format!("the trail has a call that nobody expected: {}", other.name)));
    }
    let bound = context_of(volume);
    match calls.iter().find(|c| c.name != "RetireGrant" && c.about != bound) {
        Some(other) => Err(Fault::new(format!("{} has {}, not {bound}", other.name, other.about))),
        None => Ok(calls),
    }
}

/// The one encryption context that EBS uses.
fn context_of(volume: &str) -> String {
    format!("encryption context {}", json!({ "aws:ebs:id": volume }))
}

fn call(record: &Value) -> KmsCall {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let identity = &record["userIdentity"];
    // A service that acts for itself has no ARN.
    let who = match (identity["arn"].as_str(), identity["invokedBy"].as_str()) {
        (Some(arn), Some(through)) => format!("{arn} through {through}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "?".to_owned(),
    };
    KmsCall { time: text(&record["eventTime"]), name: text(&record["eventName"]), who, about: about(record) }
}

/// What the call was about: the encryption context, or the grant that was retired.
fn about(record: &Value) -> String {
    let parameters = &record["requestParameters"];
    let contexts = [&parameters["encryptionContext"], &parameters["constraints"]["encryptionContextSubset"]];
    if let Some(context) = contexts.into_iter().find(|c| c.is_object()) {
        return format!("encryption context {context}");
    }
    match record["additionalEventData"]["grantId"].as_str() {
        Some(grant) => format!("grant {grant}"),
        None => "no encryption context".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(names: &[&str]) -> Vec<Value> {
        let body = |name: &&str| {
            json!({
                "eventName": name, "eventTime": "2026-01-02T03:04:05Z", "userIdentity": { "arn": "arn:x" },
                "requestParameters": { "encryptionContext": { "aws:ebs:id": "vol-1" } },
            })
        };
        names.iter().map(body).collect()
    }

    const STORY: [&str; 8] = [
        "CreateKey",
        "CreateAlias",
        "GenerateDataKeyWithoutPlaintext",
        "CreateGrant",
        "Decrypt",
        "RetireGrant",
        "CreateGrant",
        "Decrypt",
    ];

    #[test]
    fn the_story_is_told_in_order_without_the_demos_own_calls() {
        let calls = read(&records(&STORY), "vol-1").unwrap();
        let names: Vec<&str> = calls.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, STORY[2..]);
    }

    #[test]
    fn a_missing_doubled_foreign_or_refused_call_is_told() {
        let wrong = |names: &[&str]| read(&records(names), "vol-1").unwrap_err().to_string();
        for (gone, name) in STORY.iter().enumerate().skip(2) {
            let mut names = STORY.to_vec();
            names.remove(gone);
            assert!(wrong(&names).contains(name), "{gone}");
        }
        assert!(wrong(&[STORY.as_slice(), &["Decrypt"]].concat()).contains("3 calls of Decrypt"));
        assert!(wrong(&[STORY.as_slice(), &["Encrypt"]].concat()).contains("nobody expected: Encrypt"));
        let mut refused = records(&STORY);
        refused[4]["errorCode"] = json!("AccessDenied");
        assert!(read(&refused, "vol-1").unwrap_err().to_string().contains("AccessDenied"));
    }

    #[test]
    fn a_call_about_another_volume_is_told() {
        let error = read(&records(&STORY), "vol-2").unwrap_err().to_string();
        assert!(error.contains("GenerateDataKeyWithoutPlaintext has") && error.contains("vol-2"), "{error}");
        let mut records = records(&STORY);
        records[4]["requestParameters"]["encryptionContext"]["more"] = json!("x");
        assert!(read(&records, "vol-1").unwrap_err().to_string().contains("Decrypt has"));
    }

    #[test]
    fn who_and_what_about_are_taken_from_where_each_record_has_them() {
        let decrypt = json!({
            "eventName": "Decrypt", "eventTime": "t",
            "userIdentity": { "arn": "arn:role", "invokedBy": "AWS Internal" },
            "requestParameters": { "encryptionContext": { "aws:ebs:id": "vol-1" } },
        });
        let seen = call(&decrypt);
        assert_eq!(seen.who, "arn:role through AWS Internal");
        assert_eq!(seen.about, r#"encryption context {"aws:ebs:id":"vol-1"}"#);
        let grant =
            json!({ "requestParameters": { "constraints": { "encryptionContextSubset": { "a": "b" } } } });
        assert_eq!(about(&grant), r#"encryption context {"a":"b"}"#);
        assert_eq!(about(&json!({ "additionalEventData": { "grantId": "g" } })), "grant g");
        let retired = json!({ "userIdentity": { "type": "AWSService", "invokedBy": "AWS Internal" } });
        assert_eq!(call(&retired).who, "AWS Internal");
        assert_eq!(call(&json!({})).who, "?");
    }
}
