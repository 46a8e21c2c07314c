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

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, DOCUMENT, VIEW};
    use crate::testing::{element, elements};

    #[test]
    fn a_policy_is_listed_without_description_and_tags() {
        let bench = trial::bench();
        let form = [
            ("PolicyName", "p"),
            ("Description", "d"),
            ("PolicyDocument", DOCUMENT),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        let created = bench.ok("CreatePolicy", &form);
        let (id, date) = (element(&created, "PolicyId"), element(&created, "CreateDate"));
        assert_eq!(
            bench.ok("ListPolicies", &[("Scope", "Local")]),
            format!(
                "<Policies><member><PolicyName>p</PolicyName><PolicyId>{id}</PolicyId><Arn>arn:aws:iam::111122223333:policy/p</Arn>\
                 <Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>\
                 <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
                 <CreateDate>{date}</CreateDate><UpdateDate>{date}</UpdateDate></member></Policies><IsTruncated>false</IsTruncated>"
            )
        );
    }

    #[test]
    fn lists_are_narrowed_by_scope_path_and_use() {
        let bench = trial::bench();
        let (used, bound, idle) =
            (trial::policy(&bench, "used"), trial::policy(&bench, "bound"), trial::policy(&bench, "idle"));
        for arn in [&used, VIEW] {
            bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]);
        }
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &bound)]);
        bench.ok("PutRolePermissionsBoundary", &[("RoleName", "bob"), ("PermissionsBoundary", ADMIN)]);
        let arns = |form: &[(&str, &str)]| elements(&bench.ok("ListPolicies", form), "Arn");
        let all = arns(&[]);
        for arn in [used.as_str(), &bound, &idle, VIEW, ADMIN] {
            assert!(all.iter().any(|there| there == arn), "{arn}");
        }
        assert_eq!(arns(&[("Scope", "All")]), all);
        assert_eq!(arns(&[("Scope", "Local")]), [bound.as_str(), &idle, &used]);
        assert!(arns(&[("Scope", "AWS")]).iter().all(|arn| arn.starts_with("arn:aws:iam::aws:policy/")));
        assert_eq!(arns(&[("PathPrefix", "/job-function/")]), [VIEW]);
        assert_eq!(arns(&[("PathPrefix", "/nothing/")]), Vec::<String>::new());
        assert_eq!(arns(&[("OnlyAttached", "true")]), [used.as_str(), VIEW]);
        assert_eq!(arns(&[("PolicyUsageFilter", "PermissionsPolicy")]), [used.as_str(), VIEW]);
        assert_eq!(arns(&[("PolicyUsageFilter", "PermissionsBoundary")]), [bound.as_str(), ADMIN]);
        let local_bounds =
            [("PolicyUsageFilter", "PermissionsBoundary"), ("OnlyAttached", "true"), ("Scope", "Local")];
        assert_eq!(arns(&local_bounds), [bound.as_str()]);
    }

    #[test]
    fn pages_go_through_both_sides() {
        let bench = trial::bench();
        for i in 0..5 {
            trial::policy(&bench, &format!("p{i}"));
        }
        let whole = elements(&bench.ok("ListPolicies", &[]), "Arn");
        let (mut paged, mut marker) = (vec![], None::<String>);
        loop {
            let mut form = vec![("MaxItems", "4")];
            form.extend(marker.iter().map(|marker| ("Marker", marker.as_str())));
            let page = bench.ok("ListPolicies", &form);
            paged.extend(elements(&page, "Arn"));
            if element(&page, "IsTruncated") == "false" {
                break;
            }
            marker = Some(element(&page, "Marker"));
        }
        assert_eq!(paged, whole);
        let foreign = marker.unwrap();
        bench.refused(
            "ListPolicies",
            &[("Scope", "AWS"), ("Marker", &foreign)],
            "ValidationError",
            "Invalid Marker.",
        );
    }

    #[test]
    fn words_that_are_none_are_refused() {
        let bench = trial::bench();
        for (member, value) in [
            ("Scope", "all"),
            ("PolicyUsageFilter", "Boundary"),
            ("PathPrefix", "a"),
            ("MaxItems", "1001"),
            ("OnlyAttached", "yes"),
            ("Marker", ""),
        ] {
            let (status, _) = bench.call_as(&bench.root(), "ListPolicies", &[(member, value)]);
            assert_eq!(status, 400, "{member} {value}");
        }
    }
}
