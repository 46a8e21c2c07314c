//! What a service is to the wire: a protocol, names, and a table of operations; and the three traits that every
//! generated operation implements. Nothing here knows what an operation means.

use crate::call::{Call, Reply};
use base::Refusal;

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// EC2: form in, XML out, errors as `<Response><Errors>`.
    Ec2Query,
    /// STS and others: form in, XML out inside `<XResult>`, errors as `<ErrorResponse>`.
    AwsQuery,
    /// KMS and others: JSON both ways, the operation named by the `X-Amz-Target` header.
    AwsJson11,
    /// EBS direct: the operation named by method and path; path, query, headers and body all carry members.
    RestJson,
}

/// One line of a service's routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Operation name as AWS spells it, for instance `CreateVolume`.
    pub name: &'static str,
    /// HTTP method; only [`Protocol::RestJson`] routes by it.
    pub method: &'static str,
    /// Path with `{labels}`; only [`Protocol::RestJson`] routes by it.
    pub path: &'static str,
}

/// A service as the wire sees it. One static per service, written by `cargo xtask gen`.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// SigV4 signing name: what stands in a credential scope.
    pub name: &'static str,
    pub protocol: Protocol,
    /// API version, for instance `2016-11-15`.
    pub version: &'static str,
    /// What stands before the dot in `X-Amz-Target`; empty unless the protocol is awsJson.
    pub target_prefix: &'static str,
    /// Namespace of the root element of XML answers; empty for JSON protocols.
    pub xml_namespace: &'static str,
    /// First label of the service's host name at AWS.
    pub endpoint_prefix: &'static str,
    /// CloudTrail's `eventSource`, for instance `ec2.amazonaws.com`.
    pub event_source: &'static str,
    /// All operations, sorted by name.
    pub operations: &'static [Route],
}

impl Service {
    /// Whether an `X-Amz-Target` prefix means this service: the whole prefix, as botocore sends it, or only what follows its
    /// last dot, as SDKs generated from Smithy models do (`CloudTrail_20131101`).
    pub fn is_target_prefix(&self, prefix: &str) -> bool {
        let short = self.target_prefix.rsplit('.').next().unwrap_or_default();
        !prefix.is_empty() && (prefix == self.target_prefix || prefix == short)
    }

    /// The operation of this name, if the service has it.
    pub fn route(&self, name: &str) -> Option<&'static Route> {
        let at = self.operations.binary_search_by(|route| route.name.cmp(name)).ok()?;
        self.operations.get(at)
    }
}

/// An AWS operation: a name and the types of its two halves. Implemented by one empty struct per operation.
pub trait Operation: 'static {
    type Input: Input;
    type Output: Output;
    /// Operation name as AWS spells it.
    const NAME: &'static str;
    const SERVICE: &'static Service;
    /// HTTP method and path; `POST /` unless the protocol is restJson.
    const METHOD: &'static str;
    const PATH: &'static str;
    /// HTTP status of success.
    const STATUS: u16;
}

/// A typed request.
pub trait Input: Sized + Send + 'static {
    /// Reads and checks a request. Errors: what AWS answers to a malformed, missing, unknown or out-of-range
    /// parameter in this service's protocol. Never panics, whatever the bytes.
    fn decode(call: &Call) -> Result<Self, Refusal>;

    /// Whether the caller asked only if the call would be allowed.
    fn dry_run(&self) -> bool {
        false
    }

    /// CloudTrail's `requestParameters`: no blobs, nothing sensitive.
    fn trail(&self) -> serde_json::Value;
}

/// A typed answer.
pub trait Output: Sized + Send + 'static {
    /// The answer as bytes, with its status and headers.
    fn encode(&self, request_id: &str) -> Reply;

    /// CloudTrail's `responseElements`: no blobs, nothing sensitive.
    fn trail(&self) -> serde_json::Value;
}
