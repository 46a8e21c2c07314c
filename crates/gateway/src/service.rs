//! Which service a call means, by other signs than its signature: for calls that have none, or one made for another service.

use wire::{Call, Protocol, SERVICES, Service};

/// The service of this signing name.
pub(crate) fn named(name: &str) -> Option<&'static Service> {
    SERVICES.iter().copied().find(|service| service.name == name)
}

/// All signing names, for people: `'ec2', 'kms'`.
pub(crate) fn names() -> String {
    let mut names: Vec<String> = SERVICES.iter().map(|service| format!("'{}'", service.name)).collect();
    names.sort_unstable();
    names.join(", ")
}

/// The service that a call speaks to by its own words, and which words those are.
pub(crate) fn addressed(call: &Call) -> Option<(&'static Service, &'static str)> {
    if let Some(target) = call.header("x-amz-target") {
        let prefix = target.rsplit_once('.').map_or("", |(prefix, _)| prefix);
        let json = SERVICES.iter().copied().filter(|service| service.protocol == Protocol::AwsJson11);
        return json
            .into_iter()
            .find(|service| service.is_target_prefix(prefix))
            .map(|found| (found, "its X-Amz-Target"));
    }
    if let Some(version) = form_value(call, "Version") {
        return SERVICES
            .iter()
            .copied()
            .find(|service| is_query(service) && service.version == version)
            .map(|found| (found, "its Version"));
    }
    let first = first_segment(&call.path);
    let speaks = |service: &&'static Service| {
        service.operations.iter().any(|route| !first.is_empty() && first_segment(route.path) == first)
    };
    SERVICES.iter().copied().find(speaks).map(|found| (found, "its path"))
}

/// The service in whose form a refusal is written: the one that the call speaks to, or the one it was signed for, or one of
/// the protocol that the call looks like, so that its client can read the answer.
pub(crate) fn envelope(call: &Call, signed_for: Option<&'static Service>) -> &'static Service {
    if let Some((service, _)) = addressed(call) {
        return service;
    }
    if let Some(service) = signed_for {
        return service;
    }
    let content_type = call.header("content-type").unwrap_or_default();
    if call.header("x-amz-target").is_some() || content_type.starts_with("application/x-amz-json") {
        &SOME_JSON
    } else if form_value(call, "Action").is_some() {
        &SOME_QUERY
    } else if call.path != "/" {
        &SOME_REST
    } else {
        &SOME_EC2
    }
}

fn is_query(service: &Service) -> bool {
    matches!(service.protocol, Protocol::Ec2Query | Protocol::AwsQuery)
}

fn first_segment(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// A value of a form, from the query or the body. Only plain values (API versions, action names) are asked for, so nothing is
/// decoded.
fn form_value<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let form =
        call.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if form { std::str::from_utf8(&call.body).unwrap_or_default() } else { "" };
    let pairs = call.query.split('&').chain(body.split('&'));
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Services that stand for a protocol alone.
const fn only_protocol(protocol: Protocol) -> Service {
    Service {
        name: "",
        protocol,
        version: "",
        target_prefix: "",
        xml_namespace: "https://aws.amazon.com/",
        endpoint_prefix: "",
        event_source: "",
        operations: &[],
    }
}
static SOME_JSON: Service = only_protocol(Protocol::AwsJson11);
static SOME_QUERY: Service = only_protocol(Protocol::AwsQuery);
static SOME_REST: Service = only_protocol(Protocol::RestJson);
static SOME_EC2: Service = only_protocol(Protocol::Ec2Query);

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

    fn call(path: &str, query: &str, headers: &[(&str, &str)], body: &'static str) -> Call {
        Call {
            method: "POST".into(),
            path: path.into(),
            query: query.into(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn found(call: &Call) -> &'static str {
        addressed(call).map_or("none", |(service, _)| service.name)
    }

    #[test]
    fn a_call_names_its_service_by_target_version_or_path() {
        assert_eq!(found(&call("/", "", &[("x-amz-target", "TrentService.Encrypt")], "")), "kms");
        assert_eq!(found(&call("/", "", &[FORM], "Action=X&Version=2011-06-15")), "sts");
        assert_eq!(found(&call("/", "Action=X&Version=2016-11-15", &[], "")), "ec2");
        assert_eq!(found(&call("/snapshots/snap-1/blocks", "", &[], "")), "ebs");
        for none in [
            call("/", "", &[], "Action=X&Version=2016-11-15"),
            call("/", "", &[("x-amz-target", "DynamoDB_20120810.GetItem")], ""),
            call("/", "", &[("x-amz-target", "Encrypt")], ""),
            call("/bucket/key", "", &[], ""),
            call("//", "", &[], ""),
        ] {
            assert_eq!(found(&none), "none", "{none:?}");
        }
    }

    #[test]
    fn the_envelope_is_one_that_the_client_can_read() {
        let kind =
            |call: &Call, signed_for: Option<&str>| envelope(call, signed_for.and_then(named)).protocol;
        let json = call("/", "", &[("x-amz-target", "DynamoDB_20120810.GetItem")], "");
        assert_eq!(kind(&json, None), Protocol::AwsJson11);
        assert_eq!(
            kind(&call("/", "", &[FORM], "Action=ListTopics&Version=2010-03-31"), None),
            Protocol::AwsQuery
        );
        assert_eq!(kind(&call("/", "", &[], ""), None), Protocol::Ec2Query);
        assert_eq!(kind(&call("/2015-03-31/functions", "", &[], ""), None), Protocol::RestJson);
        assert_eq!(kind(&call("/", "", &[], ""), Some("kms")), Protocol::AwsJson11);
        // What the call speaks wins over what it was signed for: that is what its client will parse.
        let kms = call("/", "", &[("x-amz-target", "TrentService.Encrypt")], "");
        assert_eq!(kind(&kms, Some("ec2")), Protocol::AwsJson11);
    }
}
