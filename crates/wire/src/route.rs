//! Which operation a call names.

use crate::call::Call;
use crate::form::Form;
use crate::rest::matches;
use crate::service::{Protocol, Service};
use base::Refusal;

/// The operation that this call names, as AWS spells it; it is in the service's table.
///
/// Errors: AWS's refusal of an unknown action in this protocol (`InvalidAction`, `UnknownOperationException`), of a
/// call that names none (`MissingAction`), or of a form that cannot be read (`MalformedQueryString`).
pub fn operation_name(service: &Service, call: &Call) -> Result<String, Refusal> {
    match service.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => by_action(service, call),
        Protocol::AwsJson11 => by_target(service, call),
        Protocol::RestJson => by_path(service, call),
    }
}

fn by_action(service: &Service, call: &Call) -> Result<String, Refusal> {
    let form = Form::of(call)?;
    let Some(action) = form.get("Action").filter(|action| !action.is_empty()) else {
        let message = "The request is missing an action or a required parameter.";
        return Err(Refusal::new("MissingAction", message));
    };
    if service.route(action).is_some() {
        return Ok(action.to_owned());
    }
    Err(unknown_operation(service, action))
}

/// AWS's refusal of an operation that the service does not have, or that nobody handles here.
pub fn unknown_operation(service: &Service, name: &str) -> Refusal {
    let reason = format!("no operation of {} is called {name:?}", service.name);
    let refusal = match service.protocol {
        Protocol::Ec2Query => {
            Refusal::new("InvalidAction", format!("The action {name} is not valid for this web service."))
        }
        Protocol::AwsQuery => {
            let message = format!("Could not find operation {name} for version {}", service.version);
            Refusal::new("InvalidAction", message)
        }
        Protocol::AwsJson11 => Refusal::new("UnknownOperationException", ""),
        Protocol::RestJson => Refusal::new("UnknownOperationException", "").with_status(404),
    };
    refusal.because(reason)
}

fn by_target(service: &Service, call: &Call) -> Result<String, Refusal> {
    let target = call.header("x-amz-target").unwrap_or_default();
    // The last dot: CloudTrail's prefix has dots of its own.
    let (prefix, name) = target.rsplit_once('.').unwrap_or_default();
    if service.is_target_prefix(prefix) && service.route(name).is_some() {
        return Ok(name.to_owned());
    }
    Err(unknown_operation(service, target))
}

fn by_path(service: &Service, call: &Call) -> Result<String, Refusal> {
    let found = service
        .operations
        .iter()
        .find(|route| route.method == call.method && matches(route.path, &call.path));
    let asked = || unknown_operation(service, &format!("{} {}", call.method, call.path));
    found.map(|route| route.name.to_owned()).ok_or_else(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::{cloudtrail, kms};

    fn named(service: &Service, target: &str) -> Result<String, Refusal> {
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![("x-amz-target".into(), target.into())],
            body: bytes::Bytes::new(),
        };
        operation_name(service, &call)
    }

    #[test]
    fn a_target_has_the_long_prefix_or_the_short_one_and_no_other() {
        let long = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        for good in [long, "CloudTrail_20131101.LookupEvents"] {
            assert_eq!(named(&cloudtrail::SERVICE, good).unwrap(), "LookupEvents");
        }
        for bad in [
            "LookupEvents",
            ".LookupEvents",
            "v20131101.CloudTrail_20131101.LookupEvents",
            "",
            "TrentService.LookupEvents",
        ] {
            assert_eq!(
                named(&cloudtrail::SERVICE, bad).unwrap_err().code,
                "UnknownOperationException",
                "{bad}"
            );
        }
        assert_eq!(named(&kms::SERVICE, "TrentService.ListKeys").unwrap(), "ListKeys");
        assert!(named(&kms::SERVICE, "CloudTrail_20131101.ListKeys").is_err());
    }
}
