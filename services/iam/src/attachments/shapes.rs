//! Managed policies as the wire shows them. Source: IAM API Reference, Policy, PolicyVersion.

use super::managed::{Managed, Usage};
use crate::{shapes, tagging};
use api::identity::{ManagedPolicy, PolicyVersion, aws_managed::AwsManaged};
use base::Timestamp;
use wire::generated::iam;

/// A policy as CreatePolicy and the lists show it: without description and tags.
pub fn listed(policy: &Managed, usage: Usage) -> iam::Policy {
    match policy {
        Managed::Customer(policy) => iam::Policy {
            policy_name: Some(policy.name.clone()),
            policy_id: Some(policy.id.clone()),
            arn: Some(policy.arn()),
            path: Some(policy.path.clone()),
            default_version_id: Some(policy.default_version.clone()),
            create_date: Some(policy.created),
            update_date: Some(policy.updated),
            ..counted(usage)
        },
        Managed::Aws(policy) => iam::Policy {
            policy_name: Some(policy.name.to_owned()),
            policy_id: Some(policy.id.to_owned()),
            arn: Some(policy.arn()),
            path: Some(policy.path.to_owned()),
            default_version_id: Some(policy.version.to_owned()),
            create_date: aws_created(policy),
            update_date: aws_created(policy),
            ..counted(usage)
        },
    }
}

/// A policy whole, as GetPolicy shows it.
pub fn policy(policy: &Managed, usage: Usage) -> iam::Policy {
    let (description, tags) = match policy {
        Managed::Customer(policy) => (policy.description.clone(), tagging::shape(&policy.tags)),
        Managed::Aws(policy) => (Some(policy.description.to_owned()), vec![]),
    };
    iam::Policy { description, tags: Some(tags), ..listed(policy, usage) }
}

/// The versions of a policy, the newest first, with their documents.
pub fn versions(policy: &Managed) -> Vec<iam::PolicyVersion> {
    match policy {
        Managed::Customer(policy) => policy.versions.iter().rev().map(|v| version(policy, v)).collect(),
        Managed::Aws(policy) => vec![iam::PolicyVersion {
            document: Some(shapes::encoded(policy.document)),
            version_id: Some(policy.version.to_owned()),
            is_default_version: Some(true),
            create_date: aws_created(policy),
        }],
    }
}

fn version(policy: &ManagedPolicy, version: &PolicyVersion) -> iam::PolicyVersion {
    iam::PolicyVersion {
        document: Some(shapes::encoded(&version.document)),
        version_id: Some(version.id.clone()),
        is_default_version: Some(version.id == policy.default_version),
        create_date: Some(version.created),
    }
}

/// A policy with its versions, as GetAccountAuthorizationDetails shows it.
pub fn detail(policy: &Managed, usage: Usage) -> iam::ManagedPolicyDetail {
    let listed = listed(policy, usage);
    let description = match policy {
        Managed::Customer(policy) => policy.description.clone(),
        Managed::Aws(policy) => Some(policy.description.to_owned()),
    };
    iam::ManagedPolicyDetail {
        policy_name: listed.policy_name,
        policy_id: listed.policy_id,
        arn: listed.arn,
        path: listed.path,
        default_version_id: listed.default_version_id,
        attachment_count: listed.attachment_count,
        permissions_boundary_usage_count: listed.permissions_boundary_usage_count,
        is_attachable: listed.is_attachable,
        description,
        create_date: listed.create_date,
        update_date: listed.update_date,
        policy_version_list: Some(versions(policy)),
    }
}

fn counted(usage: Usage) -> iam::Policy {
    iam::Policy {
        attachment_count: Some(usage.attachments),
        permissions_boundary_usage_count: Some(usage.boundaries),
        is_attachable: Some(true),
        ..Default::default()
    }
}

fn aws_created(policy: &AwsManaged) -> Option<Timestamp> {
    wire::time::parse_iso(policy.created)
}
