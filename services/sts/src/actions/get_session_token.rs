//! GetSessionToken: temporary credentials of the caller itself, a user or the root. Needs no permission: no policy can forbid it.
//! What they may: all that the user may, but nothing in IAM, and in STS only AssumeRole and GetCallerIdentity.
//! Source: STS API Reference, GetSessionToken; IAM User Guide, "Compare AWS STS credentials".

use crate::validate::no_mfa;
use crate::{duration, issue};
use api::{Action, Answer, Caller, Cx, Principal, Session};
use base::Refusal;
use serde_json::Value;
use std::time::Duration;
use wire::Output;
use wire::generated::sts::{GetSessionToken as Op, GetSessionTokenInput, GetSessionTokenOutput};

pub struct GetSessionToken;

impl Action for GetSessionToken {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetSessionToken";

    fn check(input: &GetSessionTokenInput) -> Result<(), Refusal> {
        duration::check_user(input.duration_seconds)?;
        issue::check_token_size(input.minimum_session_token_size)
    }

    fn authorise(cx: &mut Cx, input: &GetSessionTokenInput) -> Answer<()> {
        long_term_only(&cx.caller, "GetSessionToken")?;
        no_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
        Ok(())
    }

    fn handle(cx: &mut Cx, input: GetSessionTokenInput) -> Answer<GetSessionTokenOutput> {
        let seconds = duration::of_user(&cx.caller, input.duration_seconds);
        let session = Session {
            issued: cx.now(),
            expires: cx.now().plus(Duration::from_secs(u64::from(seconds))),
            policies: None,
            tags: Vec::new(),
            transitive_tags: Vec::new(),
            source_identity: None,
        };
        let (account, principal) = (cx.account().clone(), cx.caller.principal.clone());
        let asked = input.minimum_session_token_size;
        let issued = issue::issue(cx, &account, principal, session, asked)?;
        Ok(GetSessionTokenOutput {
            credentials: Some(issued.credentials),
            session_token_utilization: None,
            session_token_size: asked.map(|_| issued.token_chars),
        })
    }

    fn response_elements(output: &GetSessionTokenOutput) -> Value {
        output.trail()
    }
}

/// Refuses temporary credentials.
pub(super) fn long_term_only(caller: &Caller, action: &str) -> Result<(), Refusal> {
    let person = matches!(caller.principal, Principal::Root | Principal::User { .. });
    if caller.session.is_none() && person {
        return Ok(());
    }
    let refusal = Refusal::new("AccessDenied", format!("Cannot call {action} with session credentials"));
    Err(refusal.with_status(403).because(format!("{} calls with temporary credentials", caller.arn())))
}

/// Refuses what the credentials of GetSessionToken and GetFederationToken cannot call in STS.
pub(super) fn not_of_a_persons_session(caller: &Caller, action: &str) -> Result<(), Refusal> {
    match caller.principal {
        Principal::Role { .. } => Ok(()),
        _ => long_term_only(caller, action),
    }
}
