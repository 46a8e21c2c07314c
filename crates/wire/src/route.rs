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
    Err(Refusal::new(
        "InvalidAction",
        match service.protocol {
            Protocol::Ec2Query => format!("The action {action} is not valid for this web service."),
            _ => format!("Could not find operation {action} for version {}", service.version),
        },
    ))
}

fn by_target(service: &Service, call: &Call) -> Result<String, Refusal> {
    let target = call.header("x-amz-target").unwrap_or_default();
    // The last dot: CloudTrail's prefix has dots of its own.
    let (prefix, name) = target.rsplit_once('.').unwrap_or_default();
    if prefix == service.target_prefix && service.route(name).is_some() {
        return Ok(name.to_owned());
    }
    Err(Refusal::new("UnknownOperationException", "")
        .because(format!("no operation of {} answers to the X-Amz-Target {target:?}", service.name)))
}

fn by_path(service: &Service, call: &Call) -> Result<String, Refusal> {
    let found = service
        .operations
        .iter()
        .find(|route| route.method == call.method && matches(route.path, &call.path));
    found.map(|route| route.name.to_owned()).ok_or_else(|| {
        let reason = format!("no operation of {} answers to {} {}", service.name, call.method, call.path);
        Refusal::new("UnknownOperationException", "").with_status(404).because(reason)
    })
}
