//! Client tokens: the same token with the same parameters gives the same resources, with other parameters it is refused.
//! Recorded of AWS: sending a default explicitly differs from leaving it out, and the token of a resource that is gone is
//! refused with a message of its own. Source: EC2 User Guide, "Ensuring idempotency in EC2 API requests".

use crate::rows::ClientToken;
use api::{Answer, Cx};
use base::{Fault, Refusal};
use serde_json::Value;

const TOKEN_CHARS_MAX: usize = 64;

/// Refuses tokens that are too long or not ASCII.
pub fn check(token: Option<&str>) -> Result<(), Refusal> {
    match token {
        Some(t) if t.len() > TOKEN_CHARS_MAX || !t.is_ascii() => Err(Refusal::new(
            "InvalidParameterValue",
            format!("Client token must be at most {TOKEN_CHARS_MAX} ASCII characters"),
        )),
        _ => Ok(()),
    }
}

/// The resources that this token made before, or `None` if it is new. `parameters` is the request's trail form.
pub fn earlier(
    cx: &mut Cx,
    action: &str,
    token: Option<&str>,
    parameters: &Value,
) -> Answer<Option<Vec<String>>> {
    let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(None) };
    let key = format!("{}{action}/{token}", cx.tenant());
    let Some(row) = cx.tx.get::<ClientToken>(&key)? else { return Ok(None) };
    if row.fingerprint != fingerprint(parameters)? {
        return Err(Refusal::new(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that was created with different \
             parameters. Please use a different client token.",
        )
        .because(format!("the token made {} with other parameters", row.resources.join(", ")))
        .into());
    }
    Ok(Some(row.resources))
}

/// The answer when the token's resource is gone.
pub fn gone(resource: &str) -> Refusal {
    Refusal::new(
        "IdempotentParameterMismatch",
        "The client token you have provided is associated with a resource that is already deleted. Please use a \
         different client token.",
    )
    .because(format!("the token made {resource}, which no longer exists"))
}

/// Remembers what a token made.
pub fn remember(
    cx: &mut Cx,
    action: &str,
    token: Option<&str>,
    parameters: &Value,
    resources: Vec<String>,
) -> Answer<()> {
    let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(()) };
    let row = ClientToken {
        account: cx.account().clone(),
        region: cx.region().clone(),
        action: action.to_owned(),
        token: token.to_owned(),
        fingerprint: fingerprint(parameters)?,
        resources,
    };
    Ok(cx.tx.put(&row)?)
}

/// The parameters as text with sorted keys (serde_json's maps are sorted), dry run left out.
fn fingerprint(parameters: &Value) -> Answer<String> {
    let mut parameters = parameters.clone();
    if let Some(map) = parameters.as_object_mut() {
        map.remove("dryRun");
    }
    Ok(serde_json::to_string(&parameters).map_err(|e| Fault::caused("writing a request's fingerprint", e))?)
}
