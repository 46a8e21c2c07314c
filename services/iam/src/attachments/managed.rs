//! A managed policy by its ARN: a row of the caller's account, or one of AWS's own, which every account has and none may change.

use crate::find;
use api::identity::aws_managed::{self, AwsManaged};
use api::identity::{Group, ManagedPolicy, Role, User};
use api::{Answer, Cx};
use base::{Arn, Refusal};
use std::collections::BTreeMap;

const AWS: &str = "arn:aws:iam::aws:policy/";

/// A managed policy.
#[derive(Clone, Debug)]
pub enum Managed {
    Customer(Box<ManagedPolicy>),
    Aws(&'static AwsManaged),
}

impl Managed {
    pub fn arn(&self) -> String {
        match self {
            Managed::Customer(policy) => policy.arn(),
            Managed::Aws(policy) => policy.arn(),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Managed::Customer(policy) => &policy.name,
            Managed::Aws(policy) => policy.name,
        }
    }

    pub fn path(&self) -> &str {
        match self {
            Managed::Customer(policy) => &policy.path,
            Managed::Aws(policy) => policy.path,
        }
    }

    /// The document in force.
    pub fn document(&self) -> &str {
        match self {
            Managed::Customer(policy) => policy.document().unwrap_or_default(),
            Managed::Aws(policy) => policy.document,
        }
    }
}

/// The form of a policy's ARN. Account and path are looked at where the policy is looked for.
pub fn check_arn(member: &str, text: &str) -> Result<(), Refusal> {
    crate::names::length(member, text, 20, 2048)?;
    match Arn::parse(text) {
        Ok(arn) if arn.service == "iam" && arn.resource.starts_with("policy/") => Ok(()),
        _ => Err(Refusal::new("InvalidInput", format!("ARN {text} is not valid."))),
    }
}

/// The policy, if there is one.
pub fn find_some(cx: &mut Cx, arn: &str) -> Answer<Option<Managed>> {
    if arn.starts_with(AWS) {
        return Ok(aws_managed::find(arn).map(Managed::Aws));
    }
    Ok(find::policy_if_there(cx, arn)?.map(|policy| Managed::Customer(Box::new(policy))))
}

/// The policy that an action reads.
pub fn find(cx: &mut Cx, arn: &str) -> Answer<Managed> {
    Ok(find_some(cx, arn)?.ok_or_else(|| not_found(arn))?)
}

/// The policy that `action` (`iam:DeletePolicy`) changes: the account's own, never one of AWS's.
pub fn to_change(cx: &mut Cx, arn: &str, action: &str) -> Answer<ManagedPolicy> {
    match find(cx, arn)? {
        Managed::Customer(policy) => Ok(*policy),
        Managed::Aws(_) => {
            let caller = cx.caller.arn();
            let sentence =
                format!("User: {caller} is not authorized to perform: {action} on resource: policy {arn}");
            let reason = format!("{sentence}: AWS's own policies are changed by nobody");
            Err(Refusal::new("AccessDenied", sentence).with_status(403).because(reason).into())
        }
    }
}

/// `Policy … was not found.`
pub fn not_found(arn: &str) -> Refusal {
    find::no_such_entity(format!("Policy {arn} was not found."))
}

/// How often one policy is used in an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub attachments: i32,
    pub boundaries: i32,
}

impl Usage {
    pub fn of(policy: &ManagedPolicy) -> Usage {
        let shown = |count| i32::try_from(count).unwrap_or(i32::MAX);
        Usage { attachments: shown(policy.attachments), boundaries: shown(policy.boundaries) }
    }
}

/// How often each of AWS's policies is used in the caller's account. They have no rows that could count, so the account's
/// identities are read.
pub fn aws_usage(cx: &mut Cx) -> Answer<BTreeMap<String, Usage>> {
    let prefix = format!("{}/", cx.account());
    let mut usage = BTreeMap::<String, Usage>::new();
    let mut count = |attached: &[String], boundary: Option<&String>| {
        for arn in attached.iter().filter(|arn| arn.starts_with(AWS)) {
            usage.entry(arn.clone()).or_default().attachments += 1;
        }
        if let Some(arn) = boundary.filter(|arn| arn.starts_with(AWS)) {
            usage.entry(arn.clone()).or_default().boundaries += 1;
        }
    };
    for user in cx.tx.scan::<User>(&prefix, None, usize::MAX)? {
        count(&user.attached, user.boundary.as_ref());
    }
    for group in cx.tx.scan::<Group>(&prefix, None, usize::MAX)? {
        count(&group.attached, None);
    }
    for role in cx.tx.scan::<Role>(&prefix, None, usize::MAX)? {
        count(&role.attached, role.boundary.as_ref());
    }
    Ok(usage)
}

/// How often this one is used.
pub fn usage(cx: &mut Cx, policy: &Managed) -> Answer<Usage> {
    match policy {
        Managed::Customer(policy) => Ok(Usage::of(policy)),
        Managed::Aws(policy) => Ok(aws_usage(cx)?.get(&policy.arn()).copied().unwrap_or_default()),
    }
}
