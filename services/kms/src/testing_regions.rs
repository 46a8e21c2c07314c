//! Calls of tests in other Regions than the bench's own.

use crate::testing::Bench;
use api::{Caller, Request};
use base::Region;
use serde_json::{Value, json};
use std::time::Duration;
use wire::Call;
use wire::generated::kms::SERVICE;

impl Bench {
    /// Calls as `caller` in that Region; status and body.
    pub fn call_in(&self, region: &str, caller: &Caller, operation: &str, input: Value) -> (u16, Value) {
        self.clock.advance(Duration::from_millis(1));
        let request = Request {
            id: self.door.env.ids.uuid(),
            region: Region::parse(region).unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        };
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), format!("TrentService.{operation}"))],
            body: input.to_string().into(),
            ..Default::default()
        };
        let reply = self.door.serve(&SERVICE, caller, &request, &call);
        let body =
            if reply.body.is_empty() { json!({}) } else { serde_json::from_slice(&reply.body).unwrap() };
        (reply.status, body)
    }

    /// Calls as the root in that Region; the answer must be a success.
    pub fn ok_in(&self, region: &str, operation: &str, input: Value) -> Value {
        let (status, body) = self.call_in(region, &self.root(), operation, input.clone());
        assert_eq!(status, 200, "{operation} {input} in {region}: {body}");
        body
    }

    /// Calls as the root in that Region; the answer must be this refusal.
    pub fn refused_in(&self, region: &str, operation: &str, input: Value, code: &str, message: &str) {
        let (_, body) = self.call_in(region, &self.root(), operation, input.clone());
        assert_eq!(body["__type"], json!(code), "{operation} {input} in {region}: {body}");
        assert_eq!(body["message"].as_str().unwrap_or(""), message, "{operation} {input} in {region}");
    }

    /// A symmetric multi-Region key in the bench's Region, changed by `input`, and replicas of it.
    pub fn multi_region_key(&self, mut input: Value, replicas: &[&str]) -> crate::testing::Made {
        input["MultiRegion"] = json!(true);
        let key = self.create_key_with(input);
        for region in replicas {
            self.ok("ReplicateKey", json!({"KeyId": key.id, "ReplicaRegion": region}));
        }
        key
    }

    /// `KeyMetadata` of a key in that Region.
    pub fn described_in(&self, region: &str, key_id: &str) -> Value {
        self.ok_in(region, "DescribeKey", json!({"KeyId": key_id}))["KeyMetadata"].clone()
    }
}
