//! The condition keys that every request has. Source: IAM User Guide, "AWS global condition context keys".

use super::control::Place;
use crate::trail::iso_seconds;
use crate::{Caller, Cx, Principal};
use base::Tag;
use rules::iam::Context;
use std::net::IpAddr;

/// The global keys of a call. `tags` are those of the identity itself.
pub(super) fn global(cx: &Cx, caller: &Caller, place: &Place, tags: &[Tag]) -> Context {
    let mut keys = Context::default();
    principal(&mut keys, caller, place, tags);
    session(&mut keys, caller);
    network(&mut keys, caller);
    keys.set("aws:CurrentTime", iso_seconds(cx.now()));
    keys.set("aws:EpochTime", cx.now().secs().to_string());
    keys.set("aws:RequestedRegion", cx.region().to_string());
    keys
}

fn principal(keys: &mut Context, caller: &Caller, place: &Place, tags: &[Tag]) {
    let is_service = matches!(caller.principal, Principal::Service { .. });
    keys.set("aws:PrincipalIsAWSService", is_service.to_string());
    if let Principal::Service { name } = &caller.principal {
        let bare = without_region(name);
        keys.set("aws:PrincipalServiceName", bare.clone());
        let names = if bare == *name { vec![bare] } else { vec![bare, name.clone()] };
        keys.set_all("aws:PrincipalServiceNamesList", names);
        return;
    }
    // A session is its role here; a federated user is itself.
    let arn = match &caller.principal {
        Principal::Role { .. } | Principal::InstanceInfrastructure { .. } => caller.issuer_arn(),
        _ => None,
    };
    keys.set("aws:PrincipalArn", arn.unwrap_or_else(|| caller.arn()));
    keys.set("aws:PrincipalAccount", caller.account.as_str());
    keys.set("aws:PrincipalType", principal_type(&caller.principal));
    keys.set("aws:userid", caller.principal_id());
    if let Principal::User { name, .. } = &caller.principal {
        keys.set("aws:username", name.clone());
    }
    let session_tags = caller.session.iter().flat_map(|session| &session.tags);
    for tag in tags.iter().chain(session_tags) {
        keys.set(&format!("aws:PrincipalTag/{}", tag.key), tag.value.clone());
    }
    keys.set_some("aws:PrincipalOrgID", place.organization.clone());
    if let Some(path) = &place.path {
        keys.set_all("aws:PrincipalOrgPaths", [path.clone()]);
    }
}

fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::Root => "Account",
        Principal::User { .. } => "User",
        Principal::Role { .. } | Principal::InstanceInfrastructure { .. } => "AssumedRole",
        Principal::FederatedUser { .. } => "FederatedUser",
        Principal::Service { .. } => "Service",
    }
}

/// Only temporary credentials have these; with long-term ones the keys are missing, not false.
fn session(keys: &mut Context, caller: &Caller) {
    let Some(session) = &caller.session else { return };
    keys.set("aws:TokenIssueTime", iso_seconds(session.issued));
    keys.set("aws:MultiFactorAuthPresent", "false");
    keys.set_some("aws:SourceIdentity", session.source_identity.clone());
}

/// How the request came. A forwarded call comes from a service, whose address is nobody's business.
fn network(keys: &mut Context, caller: &Caller) {
    keys.set("aws:UserAgent", caller.user_agent.clone());
    keys.set("aws:ViaAWSService", caller.via.is_some().to_string());
    let address = caller.source_ip.parse::<IpAddr>().ok();
    match &caller.via {
        Some(via) => {
            let service = without_region(&via.service);
            keys.set_all("aws:CalledVia", [service.clone()]);
            keys.set("aws:CalledViaFirst", service.clone());
            keys.set("aws:CalledViaLast", service);
        }
        None => keys.set_some("aws:SourceIp", address.map(|address| address.to_string())),
    }
    // The server itself speaks no TLS. What comes from this machine (a client here, a proxy that ends TLS, a service inside)
    // crossed no network in the clear; everything else did.
    let safe = caller.via.is_some() || address.is_none_or(|address| address.to_canonical().is_loopback());
    keys.set("aws:SecureTransport", safe.to_string());
}

/// `ec2.us-east-1.amazonaws.com` is `ec2.amazonaws.com`.
fn without_region(name: &str) -> String {
    match name.split('.').collect::<Vec<_>>().as_slice() {
        [service, _, "amazonaws", "com"] => format!("{service}.amazonaws.com"),
        _ => name.to_owned(),
    }
}
