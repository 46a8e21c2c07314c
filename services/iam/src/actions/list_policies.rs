//! ListPolicies: the managed policies of the account and AWS's, by ARN. They can be narrowed to one side (`Scope`), a path, those
//! that are attached, those used as permissions or as boundaries.
//!
//! Needs `iam:ListPolicies`. Source: IAM API Reference, ListPolicies.

use crate::attachments::managed::{self, Managed, Usage};
use crate::attachments::shapes;
use crate::names;
use crate::paging::{self, Paging};
use api::identity::{ManagedPolicy, aws_managed};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{ListPolicies as Op, ListPoliciesInput, ListPoliciesOutput};

pub struct ListPolicies;

impl Action for ListPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListPolicies";

    fn check(input: &ListPoliciesInput) -> Result<(), Refusal> {
        names::path_prefix(input.path_prefix.as_deref())?;
        if let Some(scope) = &input.scope {
            names::one_of("scope", scope, &["All", "AWS", "Local"])?;
        }
        if let Some(usage) = &input.policy_usage_filter {
            names::one_of("policyUsageFilter", usage, &["PermissionsPolicy", "PermissionsBoundary"])?;
        }
        paging::check(input.max_items)
    }

    fn handle(cx: &mut Cx, input: ListPoliciesInput) -> Answer<ListPoliciesOutput> {
        let mut policies = every(cx, input.scope.as_deref().unwrap_or("All"))?;
        let path = input.path_prefix.as_deref().unwrap_or("/");
        policies.retain(|(policy, usage)| {
            policy.path().starts_with(path)
                && used_as(*usage, input.policy_usage_filter.as_deref())
                && (!input.only_attached.unwrap_or(false)
                    || is_attached(*usage, input.policy_usage_filter.as_deref()))
        });
        policies.sort_by_cached_key(|(policy, _)| policy.arn());
        let of =
            format!("{path} {:?} {:?} {:?}", input.scope, input.policy_usage_filter, input.only_attached);
        let marker = input.marker.as_deref();
        let paging = Paging { action: "ListPolicies", of: &of, max_items: input.max_items, marker };
        let page = paging.list(cx, policies, |(policy, _)| policy.arn())?;
        let page = page.map(|(policy, usage)| shapes::listed(&policy, usage));
        Ok(ListPoliciesOutput {
            is_truncated: page.is_truncated(),
            policies: Some(page.items),
            marker: page.marker,
        })
    }
}

/// The policies of a scope, with how often each is used.
fn every(cx: &mut Cx, scope: &str) -> Answer<Vec<(Managed, Usage)>> {
    let mut found = Vec::new();
    if scope != "AWS" {
        let prefix = format!("{}/", cx.account());
        for policy in cx.tx.scan::<ManagedPolicy>(&prefix, None, usize::MAX)? {
            let usage = Usage::of(&policy);
            found.push((Managed::Customer(Box::new(policy)), usage));
        }
    }
    if scope != "Local" {
        let usage = managed::aws_usage(cx)?;
        let of = |arn: &str| usage.get(arn).copied().unwrap_or_default();
        found.extend(aws_managed::all().iter().map(|policy| (Managed::Aws(policy), of(&policy.arn()))));
    }
    Ok(found)
}

/// Whether a policy is used as the filter says.
fn used_as(usage: Usage, filter: Option<&str>) -> bool {
    match filter {
        Some("PermissionsPolicy") => usage.attachments > 0,
        Some("PermissionsBoundary") => usage.boundaries > 0,
        _ => true,
    }
}

/// A boundary is attached in the sense of its own filter only.
fn is_attached(usage: Usage, filter: Option<&str>) -> bool {
    usage.attachments > 0 || (filter == Some("PermissionsBoundary") && usage.boundaries > 0)
}
