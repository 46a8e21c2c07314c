//! AssumeRole: temporary credentials of a role. Who may is said by the role's trust policy and by the caller's own side:
//!
//! ```text
//!   same account    the trust policy names the caller itself ─► enough;  names the account ─► the caller's policies must allow it
//!   across accounts the trust policy and the caller's policies
//! ```
//! With tags the same is asked for `sts:TagSession`, with a source identity for `sts:SetSourceIdentity`; both also if the calling
//! session hands them on. A role that is not there is refused in the same words as one that does not trust the caller.
//!
//! Sources: STS API Reference, AssumeRole; IAM User Guide, "Role chaining", "Pass session tags in AWS STS", "Monitor and control
//! actions taken with assumed roles".

use crate::session_tags::{self, SessionTags};
use crate::validate::{constraint, length, name, no_mfa, word};
use crate::{duration, issue, session_policies};
use api::identity::{Role, named, principals};
use api::{Action, Answer, Authority, Cx, Principal, Session, Touched};
use base::{AccountId, Arn, Refusal};
use rules::iam::{Context, Decision, Layer, PolicyType, Question, Verdict, decide_with_resource};
use serde_json::Value;
use std::time::Duration;
use wire::Output;
use wire::generated::sts::{AssumeRole as Op, AssumeRoleInput, AssumeRoleOutput, AssumedRoleUser};

/// Between two writes of a role's last use.
const USE_WRITTEN_EVERY: Duration = Duration::from_secs(3600);

pub struct AssumeRole;

impl Action for AssumeRole {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:AssumeRole";
    const KEYS: &'static [&'static str] = &[
        "aws:RequestTag/",
        "aws:ResourceTag/",
        "aws:TagKeys",
        "iam:ResourceTag/",
        "sts:DurationSeconds",
        "sts:ExternalId",
        "sts:RoleSessionName",
        "sts:SourceIdentity",
        "sts:TransitiveTagKeys",
    ];

    fn check(input: &AssumeRoleInput) -> Result<(), Refusal> {
        length("roleArn", &input.role_arn, 20, 2048)?;
        if role_of(&input.role_arn).is_none() {
            return Err(Refusal::new("ValidationError", format!("{} is invalid", input.role_arn)));
        }
        name("roleSessionName", &input.role_session_name, 64)?;
        duration::check_role(input.duration_seconds)?;
        if let Some(id) = &input.external_id {
            word("externalId", id, 2, 1224, "+=,.@:/-")?;
        }
        if let Some(identity) = &input.source_identity {
            name("sourceIdentity", identity, 64)?;
            if identity.to_ascii_lowercase().starts_with("aws:") {
                return Err(constraint("sourceIdentity", identity, "not begin with aws:"));
            }
        }
        if input.provided_contexts.as_ref().is_some_and(|contexts| !contexts.is_empty()) {
            let refusal =
                Refusal::new("ValidationError", "ProvidedContexts: no context provider is known here.");
            return Err(
                refusal.because("trusted identity propagation needs an identity provider; there is none")
            );
        }
        issue::check_token_size(input.minimum_session_token_size)?;
        let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
        session_tags::check(&session_tags::of(input.tags.as_ref()), transitive)?;
        session_policies::check(input.policy.as_ref(), input.policy_arns.as_ref())
    }

    fn touches(cx: &mut Cx, input: &AssumeRoleInput) -> Answer<Vec<Touched>> {
        let role = role(cx, &input.role_arn)?;
        Ok(vec![Touched { arn: input.role_arn.clone(), keys: keys(input, role.as_ref()) }])
    }

    fn authorise(cx: &mut Cx, input: &AssumeRoleInput) -> Answer<()> {
        if matches!(cx.caller.principal, Principal::Root) {
            let refusal = Refusal::new("AccessDenied", "Roles may not be assumed by root accounts.");
            return Err(refusal.with_status(403).into());
        }
        let found = role(cx, &input.role_arn)?;
        let mut asking = Asking::new(cx, input, found)?;
        asking.ask(cx, Self::IAM)?;
        if matches!(cx.caller.principal, Principal::FederatedUser { .. }) {
            let why = "credentials of GetFederationToken cannot assume roles";
            return Err(asking.denied(cx, Self::IAM, &implicit(why)).into());
        }
        let tags = joined(cx, input)?;
        if !tags.all.is_empty() {
            asking.ask(cx, "sts:TagSession")?;
        }
        if source_identity(cx, input)?.is_some() {
            asking.ask(cx, "sts:SetSourceIdentity")?;
        }
        no_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
        Ok(())
    }

    fn handle(cx: &mut Cx, input: AssumeRoleInput) -> Answer<AssumeRoleOutput> {
        let gone = || Refusal::new("AccessDenied", "Roles may not be assumed that do not exist.");
        let mut role = role(cx, &input.role_arn)?.ok_or_else(gone)?;
        cx.trail.touch(&role.account, "AWS::IAM::Role", &input.role_arn);
        let seconds = duration::of_role(&cx.caller, input.duration_seconds, role.session_seconds_max)?;
        let SessionTags { all: tags, transitive } = joined(cx, &input)?;
        let (policy, arns) = (input.policy.as_ref(), input.policy_arns.as_ref());
        let policies = session_policies::read(cx, &role.account, policy, arns)?;
        let packed_policy_size = session_policies::packed(policy, arns, &tags)?;
        let source_identity = source_identity(cx, &input)?;
        let principal = Principal::Role {
            name: role.name.clone(),
            path: role.path.clone(),
            id: role.id.clone(),
            session: input.role_session_name.clone(),
            service_linked: role.linked_service.is_some(),
        };
        let session = Session {
            issued: cx.now(),
            expires: cx.now().plus(Duration::from_secs(u64::from(seconds))),
            policies,
            tags,
            transitive_tags: transitive,
            source_identity: source_identity.clone(),
        };
        let asked = input.minimum_session_token_size;
        let issued = issue::issue(cx, &role.account.clone(), principal, session, asked)?;
        let output = AssumeRoleOutput {
            credentials: Some(issued.credentials),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: Some(format!("{}:{}", role.id, input.role_session_name)),
                arn: Some(format!(
                    "arn:aws:sts::{}:assumed-role/{}/{}",
                    role.account, role.name, input.role_session_name
                )),
            }),
            packed_policy_size,
            source_identity,
            session_token_utilization: None,
            session_token_size: asked.map(|_| issued.token_chars),
        };
        used(cx, &mut role)?;
        Ok(output)
    }

    /// Recorded although the call changes nothing: which session came of it is what trails are read for.
    fn response_elements(output: &AssumeRoleOutput) -> Value {
        output.trail()
    }
}

/// The questions of one call.
struct Asking<'a> {
    input: &'a AssumeRoleInput,
    authority: Authority,
    context: Context,
    role: Option<Role>,
    /// the trust policy with principals as they are named now
    trust: String,
}

impl<'a> Asking<'a> {
    fn new(cx: &mut Cx, input: &'a AssumeRoleInput, role: Option<Role>) -> Answer<Self> {
        let caller = cx.caller.clone();
        let authority = cx.authority(&caller)?;
        let touched = Touched { arn: input.role_arn.clone(), keys: keys(input, role.as_ref()) };
        let context = cx.context(&authority, &touched)?;
        let trust = match &role {
            Some(role) => principals::shown_document(cx.tx, &role.trust)?,
            None => String::new(),
        };
        Ok(Asking { input, authority, context, role, trust })
    }

    /// Refuses unless the role trusts the caller with `action` and the caller's own side allows it as far as it must.
    fn ask(&mut self, cx: &mut Cx, action: &str) -> Answer<()> {
        let caller = cx.caller.clone();
        let Some(role) = &self.role else {
            return Err(self.denied(cx, action, &implicit("there is no such role")).into());
        };
        let asker = self.authority.asker(&caller);
        let trust = cx.policy(&self.trust, PolicyType::Trust).map_err(|malformed| {
            base::Fault::new(format!(
                "the stored trust policy of {} cannot be read: {}",
                role.arn(),
                malformed.0
            ))
        })?;
        let verdict = match trust.ask(&asker, action, &self.input.role_arn, &self.context) {
            Verdict::Silent(why) => Verdict::Silent(format!("the trust policy does not allow it: {why}")),
            other => other,
        };
        let question = Question {
            asker,
            action,
            resource: &self.input.role_arn,
            context: &self.context,
            layers: &self.authority.layers,
        };
        let decision = decide_with_resource(&question, verdict, role.account.as_str());
        if decision.allowed {
            return Ok(());
        }
        Err(self.denied(cx, action, &decision).into())
    }

    /// A role that does not trust the caller is refused in the very words of one that is not there.
    fn denied(&self, cx: &Cx, action: &str, decision: &Decision) -> Refusal {
        let refusal = cx.denied(action, &self.input.role_arn, &self.context, decision);
        if decision.explicit || decision.layer != Layer::Resource {
            return refusal;
        }
        let arn = cx.caller.arn();
        let message = format!(
            "User: {arn} is not authorized to perform: {action} on resource: {}",
            self.input.role_arn
        );
        Refusal { message, ..refusal }
    }
}

fn implicit(why: &str) -> Decision {
    Decision { allowed: false, explicit: false, layer: Layer::Resource, reason: why.to_owned() }
}

/// Account and path with name of a role's ARN.
fn role_of(arn: &str) -> Option<(AccountId, String)> {
    let arn = Arn::parse(arn).ok()?;
    let account = AccountId::parse(&arn.account).ok()?;
    let rest = arn.resource.strip_prefix("role/")?;
    (arn.service == "iam" && !rest.is_empty()).then(|| (account, rest.to_owned()))
}

fn role(cx: &mut Cx, arn: &str) -> Answer<Option<Role>> {
    let Some((account, rest)) = role_of(arn) else { return Ok(None) };
    let name = rest.rsplit('/').next().unwrap_or_default();
    Ok(cx.tx.get::<Role>(&named(&account, name))?.filter(|role| role.arn() == arn))
}

fn keys(input: &AssumeRoleInput, role: Option<&Role>) -> Context {
    let mut keys = Context::default();
    keys.set("sts:RoleSessionName", input.role_session_name.clone());
    keys.set_some("sts:ExternalId", input.external_id.clone());
    keys.set_some("sts:SourceIdentity", input.source_identity.clone());
    keys.set_some("sts:DurationSeconds", input.duration_seconds.map(|seconds| seconds.to_string()));
    let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
    session_tags::keys(&mut keys, &session_tags::of(input.tags.as_ref()), transitive);
    for tag in role.map_or(&[][..], |role| &role.tags) {
        keys.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.clone());
        keys.set(&format!("iam:ResourceTag/{}", tag.key), tag.value.clone());
    }
    keys
}

fn joined(cx: &Cx, input: &AssumeRoleInput) -> Result<SessionTags, Refusal> {
    let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
    session_tags::join(cx.caller.session.as_ref(), &session_tags::of(input.tags.as_ref()), transitive)
}

/// Set once, a source identity stays through a chain of roles.
fn source_identity(cx: &Cx, input: &AssumeRoleInput) -> Result<Option<String>, Refusal> {
    let inherited = cx.caller.session.as_ref().and_then(|session| session.source_identity.clone());
    match (inherited, &input.source_identity) {
        (Some(inherited), Some(asked)) if inherited != *asked => {
            let refusal = Refusal::new(
                "AccessDenied",
                "The calling session has a source identity, which cannot be changed.",
            );
            let reason = format!("the calling session's source identity is {inherited:?}, not {asked:?}");
            Err(refusal.with_status(403).because(reason))
        }
        (Some(inherited), _) => Ok(Some(inherited)),
        (None, asked) => Ok(asked.clone()),
    }
}

/// Notes when and where the role was used, at most once an hour.
fn used(cx: &mut Cx, role: &mut Role) -> Answer<()> {
    let due = match &role.last_used {
        Some((at, _)) => at.plus(USE_WRITTEN_EVERY) <= cx.now(),
        None => true,
    };
    if due {
        role.last_used = Some((cx.now(), cx.region().to_string()));
        cx.tx.put(role)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "assume_role_tests.rs"]
mod tests;
