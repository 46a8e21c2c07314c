//! CreateCustomKeyStore: keys in a CloudHSM cluster or behind an external key store proxy. Never succeeds here: there are no
//! clusters, and this server connects to no proxy. The refusals are those of AWS for a cluster or a proxy that is not there.
//!
//! Needs `kms:CreateCustomKeyStore`. Source: KMS API Reference, CreateCustomKeyStore.

use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::kms::{
    CreateCustomKeyStore as Op, CreateCustomKeyStoreInput, CreateCustomKeyStoreOutput,
};

pub struct CreateCustomKeyStore;

impl Action for CreateCustomKeyStore {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CreateCustomKeyStore";

    fn handle(_cx: &mut Cx, input: CreateCustomKeyStoreInput) -> Answer<CreateCustomKeyStoreOutput> {
        let refused = if input.custom_key_store_type.as_deref() == Some("EXTERNAL_KEY_STORE") {
            external(&input)
        } else {
            cluster(&input)
        };
        Err(refused.into())
    }
}

/// Key stores of CloudHSM, the default.
fn cluster(input: &CreateCustomKeyStoreInput) -> Refusal {
    let needed = [
        ("CloudHsmClusterId", input.cloud_hsm_cluster_id.is_some()),
        ("KeyStorePassword", input.key_store_password.is_some()),
        ("TrustAnchorCertificate", input.trust_anchor_certificate.is_some()),
    ];
    missing(&needed).unwrap_or_else(|| {
        let id = input.cloud_hsm_cluster_id.as_deref().unwrap_or_default();
        Refusal::new("CloudHsmClusterNotFoundException", "")
            .because(format!("CloudHSM clusters are not offered by this server, so there is no {id}"))
    })
}

/// External key stores.
fn external(input: &CreateCustomKeyStoreInput) -> Refusal {
    let in_vpc = input.xks_proxy_connectivity.as_deref() == Some("VPC_ENDPOINT_SERVICE");
    let needed = [
        ("XksProxyConnectivity", input.xks_proxy_connectivity.is_some()),
        ("XksProxyUriEndpoint", input.xks_proxy_uri_endpoint.is_some()),
        ("XksProxyUriPath", input.xks_proxy_uri_path.is_some()),
        ("XksProxyAuthenticationCredential", input.xks_proxy_authentication_credential.is_some()),
        ("XksProxyVpcEndpointServiceName", !in_vpc || input.xks_proxy_vpc_endpoint_service_name.is_some()),
    ];
    missing(&needed).unwrap_or_else(|| {
        let code = if in_vpc {
            "XksProxyVpcEndpointServiceNotFoundException"
        } else {
            "XksProxyUriUnreachableException"
        };
        Refusal::new(code, "").because("this server connects to no external key store")
    })
}

/// The refusal of the first member that must be there and is not.
fn missing(needed: &[(&str, bool)]) -> Option<Refusal> {
    let (member, _) = needed.iter().find(|(_, given)| !given)?;
    Some(Refusal::new(
        "ValidationException",
        format!("{member} is required for this type of custom key store."),
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    const NAME: &str = "CreateCustomKeyStore";

    fn with(changes: Value) -> Value {
        let mut input = json!({
            "CustomKeyStoreName": "store",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyUriEndpoint": "https://xks.example.com",
            "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyAuthenticationCredential": {
                "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
                "RawSecretAccessKey": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq",
            },
        });
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        input
    }

    #[test]
    fn no_cluster_and_no_proxy_is_there() {
        let bench = Bench::new();
        let cluster = json!({
            "CustomKeyStoreName": "store", "CloudHsmClusterId": "cluster-1a23b4cdefg",
            "KeyStorePassword": "kmsPswd1", "TrustAnchorCertificate": "x",
        });
        bench.refused(NAME, cluster, "CloudHsmClusterNotFoundException", "");
        bench.refused(NAME, with(json!({})), "XksProxyUriUnreachableException", "");
        let vpc = with(json!({
            "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
            "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-12345678901234567",
        }));
        bench.refused(NAME, vpc, "XksProxyVpcEndpointServiceNotFoundException", "");
        assert_eq!(bench.ok("DescribeCustomKeyStores", json!({}))["CustomKeyStores"], json!([]));
        for record in bench.records(NAME) {
            let shown = record.body.to_string();
            assert!(!shown.contains("kmsPswd1") && !shown.contains("RSTUVWXYZabc"), "{shown}");
        }
    }

    #[test]
    fn what_a_type_needs_must_be_there() {
        let bench = Bench::new();
        for (input, member) in [
            (json!({"CustomKeyStoreName": "s"}), "CloudHsmClusterId"),
            (
                json!({"CustomKeyStoreName": "s", "CloudHsmClusterId": "cluster-1a23b4cdefg"}),
                "KeyStorePassword",
            ),
            (
                json!({"CustomKeyStoreName": "s", "CustomKeyStoreType": "EXTERNAL_KEY_STORE"}),
                "XksProxyConnectivity",
            ),
            (with(json!({"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"})), "XksProxyVpcEndpointServiceName"),
        ] {
            let message = format!("{member} is required for this type of custom key store.");
            bench.refused(NAME, input, "ValidationException", &message);
        }
        for bad in [json!({}), with(json!({"CustomKeyStoreType": "PAPER"}))] {
            let (_, body) = bench.call_as(&bench.root(), NAME, bad);
            assert_eq!(body["__type"], "ValidationException");
        }
        let (_, body) = bench.call_as(&bench.session(), NAME, with(json!({})));
        assert_eq!(body["__type"], "AccessDeniedException");
    }
}
