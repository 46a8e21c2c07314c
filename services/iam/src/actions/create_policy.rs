//! CreatePolicy: a customer managed policy, its document as version `v1`. Names are taken once per account whatever their case and
//! path; 1,500 policies per account, 6,144 characters each, white space not counted.
//!
//! Needs `iam:CreatePolicy`, with tags also `iam:TagPolicy`, on the policy; condition keys `aws:RequestTag/…`, `aws:TagKeys`.
//! Source: IAM API Reference, CreatePolicy.

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

    fn authorise(cx: &mut Cx, input: &CreatePolicyInput) -> Answer<()> {
        let arn = touches::arn_of(cx, "policy", input.path.as_deref(), &input.policy_name);
        touches::authorise_creation(
            cx,
            Self::IAM,
            "iam:TagPolicy",
            Touched::plain(arn),
            input.tags.as_deref(),
        )
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

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{Bench, OTHER_ACCOUNT, element};
    use serde_json::json;

    #[test]
    fn a_policy_has_a_version_and_tags() {
        let bench = Bench::new();
        let form = [
            ("PolicyName", "p"),
            ("Path", "/a/b/"),
            ("Description", "what it is for"),
            ("PolicyDocument", DOCUMENT),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", "x"),
        ];
        let answer = bench.ok("CreatePolicy", &form);
        let (id, created) = (element(&answer, "PolicyId"), element(&answer, "CreateDate"));
        assert!(id.starts_with("ANPA") && id.len() == 21, "{id}");
        assert_eq!(
            answer,
            format!(
                "<Policy><PolicyName>p</PolicyName><PolicyId>{id}</PolicyId><Arn>arn:aws:iam::111122223333:policy/a/b/p</Arn>\
                 <Path>/a/b/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>\
                 <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
                 <CreateDate>{created}</CreateDate><UpdateDate>{created}</UpdateDate><Tags><member><Key>team</Key>\
                 <Value>x</Value></member></Tags></Policy>"
            )
        );
    }

    #[test]
    fn a_name_is_taken_once_per_account() {
        let bench = Bench::new();
        trial::policy(&bench, "Mine");
        for (name, path) in [("Mine", "/"), ("mine", "/"), ("MINE", "/x/")] {
            let form = [("PolicyName", name), ("Path", path), ("PolicyDocument", DOCUMENT)];
            let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
            bench.refused("CreatePolicy", &form, "EntityAlreadyExists", &message);
        }
        let other = bench.root_of(OTHER_ACCOUNT);
        bench.ok_as(&other, "CreatePolicy", &[("PolicyName", "Mine"), ("PolicyDocument", DOCUMENT)]);
    }

    #[test]
    fn texts_that_no_policy_has_are_refused() {
        let bench = Bench::new();
        for (member, value, code) in [
            ("PolicyName", "", "ValidationError"),
            ("PolicyName", "a/b", "ValidationError"),
            ("PolicyName", &"x".repeat(129), "ValidationError"),
            ("Path", "a", "ValidationError"),
            ("Description", &"x".repeat(1001), "ValidationError"),
            ("PolicyDocument", "", "ValidationError"),
            ("PolicyDocument", "{", "MalformedPolicyDocument"),
            ("PolicyDocument", &DOCUMENT.replace("Effect", "Affect"), "MalformedPolicyDocument"),
            (
                "PolicyDocument",
                &DOCUMENT.replace("\"Action\"", "\"Principal\":\"*\",\"Action\""),
                "MalformedPolicyDocument",
            ),
            ("PolicyDocument", &DOCUMENT.replace("2012-10-17", "2008-10-17"), "MalformedPolicyDocument"),
            ("Tags.member.1.Key", "aws:x", "InvalidInput"),
        ] {
            let mut form =
                vec![("PolicyName", "p"), ("PolicyDocument", DOCUMENT), ("Tags.member.1.Value", "v")];
            if !member.starts_with("Tags") {
                form.pop();
            }
            form.retain(|(name, _)| *name != member);
            form.push((member, value));
            let (status, body) = bench.call_as(&bench.root(), "CreatePolicy", &form);
            assert_eq!((status, element(&body, "Code").as_str()), (400, code), "{member} {value}");
        }
    }

    #[test]
    fn white_space_does_not_count_against_6144_characters() {
        let bench = Bench::new();
        let (fits, over) = (trial::document_of(6144), trial::document_of(6145));
        let form = |document| [("PolicyName", "p"), ("PolicyDocument", document)];
        bench.refused(
            "CreatePolicy",
            &form(&over),
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
        );
        bench.ok("CreatePolicy", &form(&format!("{fits}\n{}", " ".repeat(10_000))));
    }

    #[test]
    fn policies_may_ask_for_path_and_tags() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "ann")]);
        let statement = json!({
            "Effect": "Allow",
            "Action": ["iam:CreatePolicy", "iam:TagPolicy"],
            "Resource": "arn:aws:iam::111122223333:policy/ann/*",
            "Condition": {"StringEquals": {"aws:RequestTag/team": "x"}, "ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
        });
        bench.give("ann", &json!({"Version": "2012-10-17", "Statement": statement}));
        let ann = bench.user("ann");
        let form = |path, key, value| {
            [
                ("PolicyName", "p"),
                ("Path", path),
                ("PolicyDocument", DOCUMENT),
                ("Tags.member.1.Key", key),
                ("Tags.member.1.Value", value),
            ]
        };
        for bad in [form("/bob/", "team", "x"), form("/ann/", "team", "y"), form("/ann/", "other", "x")] {
            trial::denied(&bench, &ann, "CreatePolicy", &bad);
        }
        bench.ok_as(&ann, "CreatePolicy", &form("/ann/", "team", "x"));
    }

    #[test]
    fn making_it_with_tags_needs_the_permission_to_tag() {
        let bench = Bench::new();
        let ann = trial::ann(&bench, "iam:CreatePolicy", json!({}));
        let form = [("PolicyName", "p"), ("PolicyDocument", DOCUMENT)];
        let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "x")];
        trial::denied(&bench, &ann, "CreatePolicy", &[&form[..], &tags].concat());
        bench.ok_as(&ann, "CreatePolicy", &form);
    }

    #[test]
    fn an_account_has_1500() {
        let bench = Bench::new();
        trial::policy(&bench, "p");
        bench.with_cx(|cx| {
            let policy = crate::find::policy(cx, &trial::policy_arn("p")).unwrap();
            for i in 1..1500 {
                cx.tx.put(&api::identity::ManagedPolicy { name: format!("p{i}"), ..policy.clone() }).unwrap();
            }
        });
        let form = [("PolicyName", "one-more"), ("PolicyDocument", DOCUMENT)];
        bench.refused(
            "CreatePolicy",
            &form,
            "LimitExceeded",
            "Cannot exceed quota for PoliciesPerAccount: 1500",
        );
    }
}
