//! GetFederationToken: temporary credentials for somebody whom a user vouches for. They may what both the user and the session
//! policies allow; without session policies only what a resource's policy allows them by name.
//! Source: STS API Reference, GetFederationToken.

use super::get_session_token::long_term_only;
use crate::session_tags;
use crate::validate::name;
use crate::{duration, issue, session_policies};
use api::{Action, Answer, Cx, Principal, Session, Touched};
use base::Refusal;
use rules::iam::Context;
use serde_json::Value;
use std::time::Duration;
use wire::Output;
use wire::generated::sts::{
    FederatedUser, GetFederationToken as Op, GetFederationTokenInput, GetFederationTokenOutput,
};

pub struct GetFederationToken;

impl Action for GetFederationToken {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetFederationToken";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys", "sts:DurationSeconds"];

    fn check(input: &GetFederationTokenInput) -> Result<(), Refusal> {
        name("name", &input.name, 32)?;
        duration::check_user(input.duration_seconds)?;
        issue::check_token_size(input.minimum_session_token_size)?;
        session_tags::check(&session_tags::of(input.tags.as_ref()), &[])?;
        session_policies::check(input.policy.as_ref(), input.policy_arns.as_ref())
    }

    fn touches(cx: &mut Cx, input: &GetFederationTokenInput) -> Answer<Vec<Touched>> {
        let mut keys = Context::default();
        session_tags::keys(&mut keys, &session_tags::of(input.tags.as_ref()), &[]);
        keys.set_some("sts:DurationSeconds", input.duration_seconds.map(|seconds| seconds.to_string()));
        Ok(vec![Touched { arn: arn(cx, &input.name), keys }])
    }

    fn authorise(cx: &mut Cx, input: &GetFederationTokenInput) -> Answer<()> {
        long_term_only(&cx.caller, "GetFederationToken")?;
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            cx.authorise("sts:TagSession", &touched)?;
        }
        Ok(())
    }

    fn handle(cx: &mut Cx, input: GetFederationTokenInput) -> Answer<GetFederationTokenOutput> {
        let account = cx.account().clone();
        let seconds = duration::of_user(&cx.caller, input.duration_seconds);
        let tags = session_tags::of(input.tags.as_ref());
        let (policy, arns) = (input.policy.as_ref(), input.policy_arns.as_ref());
        let policies = session_policies::read(cx, &account, policy, arns)?;
        let packed_policy_size = session_policies::packed(policy, arns, &tags)?;
        let session = Session {
            issued: cx.now(),
            expires: cx.now().plus(Duration::from_secs(u64::from(seconds))),
            policies,
            tags,
            transitive_tags: Vec::new(),
            source_identity: None,
        };
        let by = Box::new(cx.caller.principal.clone());
        let principal = Principal::FederatedUser { name: input.name.clone(), by };
        let asked = input.minimum_session_token_size;
        let issued = issue::issue(cx, &account, principal, session, asked)?;
        Ok(GetFederationTokenOutput {
            credentials: Some(issued.credentials),
            federated_user: Some(FederatedUser {
                federated_user_id: Some(format!("{account}:{}", input.name)),
                arn: Some(arn(cx, &input.name)),
            }),
            packed_policy_size,
            session_token_utilization: None,
            session_token_size: asked.map(|_| issued.token_chars),
        })
    }

    fn response_elements(output: &GetFederationTokenOutput) -> Value {
        output.trail()
    }
}

fn arn(cx: &Cx, name: &str) -> String {
    format!("arn:aws:sts::{}:federated-user/{name}", cx.account())
}
