//! CreatePolicy: a customer managed policy, its document as version `v1`. Names are taken once per account whatever their case and
//! path; 1,500 policies per account, 6,144 characters each, white space not counted.
//!
//! Needs `iam:CreatePolicy` on the policy; condition keys `aws:RequestTag/…`, `aws:TagKeys`. Source: IAM API Reference,
//! CreatePolicy.

use crate::attachments::managed::{Managed, Usage};
use crate::attachments::{shapes as policies, versions};
use crate::{documents, ids, limits, names, shapes, tagging, touches};
use api::identity::{ManagedPolicy, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{CreatePolicy as Op, CreatePolicyInput, CreatePolicyOutput};

pub struct CreatePolicy;

impl Action for CreatePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreatePolicy";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];

    fn check(input: &CreatePolicyInput) -> Result<(), Refusal> {
        names::other("policyName", &input.policy_name)?;
        names::path("path", input.path.as_deref())?;
        names::description(input.description.as_deref())?;
        documents::check_length(&input.policy_document)?;
        tagging::check(input.tags.as_deref())
    }

    fn touches(cx: &mut Cx, input: &CreatePolicyInput) -> Answer<Vec<Touched>> {
        let arn = touches::arn_of(cx, "policy", input.path.as_deref(), &input.policy_name);
        Ok(vec![touches::with_request_tags(Touched::plain(arn), input.tags.as_deref())])
    }

    fn handle(cx: &mut Cx, input: CreatePolicyInput) -> Answer<CreatePolicyOutput> {
        documents::check_managed(&input.policy_document)?;
        let key = named(cx.account(), &input.policy_name);
        if cx.tx.get::<ManagedPolicy>(&key)?.is_some() {
            return Err(taken(&input.policy_name).into());
        }
        limits::room_for_one::<ManagedPolicy>(cx, "PoliciesPerAccount", limits::POLICIES)?;
        let now = shapes::whole_seconds(cx.now());
        let mut policy = ManagedPolicy {
            account: cx.account().clone(),
            name: input.policy_name,
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            id: ids::unique(cx, ids::POLICY),
            created: now,
            updated: now,
            description: input.description,
            versions: vec![],
            default_version: String::new(),
            next_version: 1,
            attachments: 0,
            boundaries: 0,
            tags: vec![],
        };
        tagging::add(&mut policy.tags, input.tags.as_deref().unwrap_or_default())?;
        policy.default_version = versions::add(&mut policy, input.policy_document, now);
        cx.tx.put(&policy)?;
        let tags = tagging::shape_some(&policy.tags);
        let shown = policies::listed(&Managed::Customer(Box::new(policy)), Usage::default());
        Ok(CreatePolicyOutput { policy: Some(wire::generated::iam::Policy { tags, ..shown }) })
    }
}

fn taken(name: &str) -> Refusal {
    let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
    Refusal::new("EntityAlreadyExists", message).with_status(409)
}
