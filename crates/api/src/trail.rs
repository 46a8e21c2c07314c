//! Trail records: what CloudTrail says of a call. One per call, written in the call's own transaction, for refusals too.
//! Format: CloudTrail User Guide, "Record contents"; values for EBS's own calls: KMS Developer Guide, "How Amazon EBS uses
//! AWS KMS".

mod owner;

use crate::{Caller, Request};
use base::{AccountId, Refusal, Region, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Services whose records have `resources`.
const RESOURCES_SHOWN: &[&str] = &["kms.amazonaws.com", "sts.amazonaws.com"];

/// What a handler adds to the record of its call.
#[derive(Default)]
pub struct Draft {
    /// `requestParameters`; the door fills it from the request, a handler may replace it.
    pub request_parameters: Value,
    /// `resources`: account, type and ARN.
    pub resources: Vec<Touched>,
    /// `additionalEventData`.
    pub additional: Map<String, Value>,
    /// Members that `responseElements` shows beyond the response itself.
    pub response: Map<String, Value>,
}

/// A resource that the call used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    pub account: AccountId,
    /// CloudFormation's type name, for instance `AWS::KMS::Key`.
    pub kind: String,
    pub arn: String,
}

impl Draft {
    /// Names a resource that the call uses, once.
    pub fn touch(&mut self, account: &AccountId, kind: &str, arn: &str) {
        let touched = Touched { account: account.clone(), kind: kind.to_owned(), arn: arn.to_owned() };
        if !self.resources.contains(&touched) {
            self.resources.push(touched);
        }
    }
}

/// One trail record as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub account: AccountId,
    pub region: Region,
    pub time: Timestamp,
    /// Counts the records of one run of the server: the order of records of one millisecond.
    pub sequence: u64,
    /// Made by another call (EC2 asking KMS) or by a job, not by a client.
    pub inner: bool,
    pub event_id: String,
    pub request_id: String,
    pub event_name: String,
    pub event_source: String,
    pub read_only: bool,
    pub user_name: String,
    pub access_key_id: Option<String>,
    pub resources: Vec<Touched>,
    /// Why the call was refused, in our words; CloudTrail itself has only code and message.
    pub reason: Option<String>,
    /// The whole record as CloudTrail shows it.
    pub body: Value,
}

impl Row for Record {
    const TABLE: Table = Table { name: "trail", indexes: &["request", "key", "other_key"] };

    /// Newest first within a tenant, because that is how LookupEvents reads: the time counts down.
    fn key(&self) -> String {
        let later_first = u64::MAX - self.sequence;
        format!(
            "{}/{}/{}/{later_first:016x}/{}",
            self.account,
            self.region,
            reversed(self.time),
            self.event_id
        )
    }

    fn indexes(&self) -> Vec<Option<String>> {
        let [key, other_key] = self.keys_used();
        vec![Some(format!("{}/{}/{}", self.account, self.region, self.request_id)), key, other_key]
    }
}

/// KMS's operations that use a key's material (KMS API Reference, GetKeyLastUsage).
const KEY_USES: &[&str] = &[
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];

impl Record {
    /// The `key` and `other_key` index value of uses of that key that `account` sees in its trail.
    pub fn key_index(account: &AccountId, key_arn: &str) -> String {
        format!("{account}/{key_arn}")
    }

    /// The KMS keys whose material the call used: one, or the two of ReEncrypt.
    fn keys_used(&self) -> [Option<String>; 2] {
        let used = self.event_source == "kms.amazonaws.com"
            && self.reason.is_none()
            && KEY_USES.contains(&self.event_name.as_str());
        let mut keys = self.resources.iter().filter(|r| used && r.kind == "AWS::KMS::Key");
        let mut next = || keys.next().map(|r| Record::key_index(&self.account, &r.arn));
        [next(), next()]
    }
}

/// A moment as 16 hexadecimal digits that sort newest first.
pub fn reversed(time: Timestamp) -> String {
    format!("{:016x}", i64::MAX.saturating_sub(time.millis()))
}

/// `2026-01-02T03:04:05Z`.
pub fn iso_seconds(time: Timestamp) -> String {
    wire::time::iso_seconds(time)
}

/// How a call ended, as the record tells it.
pub(crate) enum Ending<'a> {
    Done(Value),
    Refused(&'a Refusal),
}

/// Everything the record of one call is made of.
pub(crate) struct Story<'a> {
    pub caller: &'a Caller,
    pub request: &'a Request,
    pub sequence: u64,
    pub event_id: String,
    pub event_name: &'static str,
    pub event_source: &'static str,
    pub read_only: bool,
    pub draft: Draft,
    pub ending: Ending<'a>,
    /// `UnauthorizedOperation` and friends: AWS then shows neither parameters nor resources of forwarded calls.
    pub denied: bool,
}

impl Story<'_> {
    /// The record of this call.
    pub fn record(mut self) -> Record {
        let account = self.caller.account.clone();
        let region = self.request.region.clone();
        let (source, agent) = self.caller.shown_source();
        let draft = std::mem::take(&mut self.draft);
        let mut body = json!({
            "eventVersion": "1.11",
            "userIdentity": self.caller.user_identity(&region),
            "eventTime": iso_seconds(self.request.received),
            "eventSource": self.event_source,
            "eventName": self.event_name,
            "awsRegion": region,
            "sourceIPAddress": source,
            "userAgent": agent,
            "requestParameters": draft.request_parameters,
            "responseElements": null,
            "requestID": self.request.id,
            "eventID": self.event_id,
            "readOnly": self.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        let mut additional = draft.additional;
        let mut resources = draft.resources;
        let reason = self.tell_ending(&mut body, draft.response, &mut additional, &mut resources);
        if !additional.is_empty() {
            body["additionalEventData"] = Value::Object(additional);
        }
        if !resources.is_empty() && RESOURCES_SHOWN.contains(&self.event_source) {
            body["resources"] = resources
                .iter()
                .map(|r| json!({"accountId": r.account, "type": r.kind, "ARN": r.arn}))
                .collect();
        }
        self.place_details(&mut body);
        Record {
            account,
            region,
            time: self.request.received,
            sequence: self.sequence,
            inner: self.request.host.is_empty(),
            event_id: self.event_id,
            request_id: self.request.id.clone(),
            event_name: self.event_name.to_owned(),
            event_source: self.event_source.to_owned(),
            read_only: self.read_only,
            user_name: user_name(self.caller),
            access_key_id: self.caller.access_key_id.clone(),
            resources,
            reason,
            body,
        }
    }

    /// Writes how the call ended; returns the reason of a refusal.
    fn tell_ending(
        &self,
        body: &mut Value,
        more: Map<String, Value>,
        additional: &mut Map<String, Value>,
        resources: &mut Vec<Touched>,
    ) -> Option<String> {
        match &self.ending {
            Ending::Done(response) => {
                let mut response = response.clone();
                if let Some(members) = response.as_object_mut() {
                    members.extend(more);
                }
                body["responseElements"] = shown_response(self.event_source, &self.request.id, &response);
                None
            }
            Ending::Refused(refusal) => {
                body["errorCode"] = json!(error_code(self.event_source, refusal));
                body["errorMessage"] = json!(refusal.message);
                if refusal.reason != refusal.message {
                    additional.insert("reason".into(), json!(refusal.reason));
                }
                if self.denied {
                    body["requestParameters"] = Value::Null;
                    resources.clear();
                }
                Some(refusal.reason.clone())
            }
        }
    }

    /// Direct calls tell how the client reached us; calls made by services tell that they never left the house.
    fn place_details(&self, body: &mut Value) {
        if !self.request.host.is_empty() {
            body["tlsDetails"] = json!({"clientProvidedHostHeader": self.request.host});
        } else {
            body["vpcEndpointId"] = json!("AWS Internal");
            body["vpcEndpointAccountId"] = json!("AWS Internal");
        }
    }
}

/// EC2's answers name their request, and say `_return` when they say nothing else; other services then show nothing at all.
fn shown_response(source: &str, request_id: &str, response: &Value) -> Value {
    let Some(members) = response.as_object() else { return response.clone() };
    let mut members = members.clone();
    match (source, members.is_empty()) {
        ("ec2.amazonaws.com", empty) => {
            members.insert("requestId".into(), json!(request_id));
            if empty {
                members.insert("_return".into(), json!(true));
            }
            Value::Object(members)
        }
        (_, true) => Value::Null,
        (_, false) => Value::Object(members),
    }
}

/// EC2's codes carry `Client.` or `Server.` in the trail; KMS shows `AccessDenied` without the `Exception`.
fn error_code(source: &str, refusal: &Refusal) -> String {
    match (source, refusal.code.as_ref()) {
        ("ec2.amazonaws.com", code) if refusal.status >= 500 => format!("Server.{code}"),
        ("ec2.amazonaws.com", code) => format!("Client.{code}"),
        (_, "AccessDeniedException") => "AccessDenied".to_owned(),
        (_, code) => code.to_owned(),
    }
}

/// LookupEvents' `Username`.
fn user_name(caller: &Caller) -> String {
    match &caller.principal {
        crate::Principal::Root => "root".to_owned(),
        crate::Principal::User { name, .. } | crate::Principal::FederatedUser { name, .. } => name.clone(),
        // A session goes by its own name, as in AWS.
        crate::Principal::Role { session, .. } => session.clone(),
        crate::Principal::InstanceInfrastructure { instance } => instance.clone(),
        crate::Principal::Service { name } => name.clone(),
    }
}
