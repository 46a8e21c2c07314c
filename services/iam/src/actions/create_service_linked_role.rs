//! CreateServiceLinkedRole: the role of a service in this account, `AWSServiceRoleFor…` under `/aws-service-role/<service>/`.
//!
//! Needs `iam:CreateServiceLinkedRole`; condition key `iam:AWSServiceName`. Source: IAM API Reference, CreateServiceLinkedRole.

use crate::{ids, limits, linked, names, shapes, touches, trust};
use api::identity::{Role, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use std::collections::BTreeMap;
use wire::generated::iam::{
    CreateServiceLinkedRole as Op, CreateServiceLinkedRoleInput, CreateServiceLinkedRoleOutput,
};

pub struct CreateServiceLinkedRole;

impl Action for CreateServiceLinkedRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateServiceLinkedRole";
    const KEYS: &'static [&'static str] = &["iam:AWSServiceName"];

    fn check(input: &CreateServiceLinkedRoleInput) -> Result<(), Refusal> {
        names::name("aWSServiceName", &input.aws_service_name, names::NAME_MAX)?;
        names::description(input.description.as_deref())?;
        let suffix = input.custom_suffix.as_deref().filter(|suffix| !suffix.is_empty());
        suffix.map_or(Ok(()), |suffix| names::user("customSuffix", suffix))
    }

    fn touches(cx: &mut Cx, input: &CreateServiceLinkedRoleInput) -> Answer<Vec<Touched>> {
        let (path, name) = match linked::service(&input.aws_service_name) {
            Ok(service) => {
                (service.path(), service.role_name(input.custom_suffix.as_deref()).unwrap_or("*".into()))
            }
            // Who may not do this does not hear which services there are.
            Err(_) => (format!("/aws-service-role/{}/", input.aws_service_name), "*".into()),
        };
        let mut touched = Touched::plain(touches::arn_of(cx, "role", Some(&path), &name));
        touched.keys.set("iam:AWSServiceName", &input.aws_service_name);
        Ok(vec![touched])
    }

    fn handle(cx: &mut Cx, input: CreateServiceLinkedRoleInput) -> Answer<CreateServiceLinkedRoleOutput> {
        let service = linked::service(&input.aws_service_name)?;
        let name = service.role_name(input.custom_suffix.as_deref())?;
        names::user("roleName", &name)?;
        let key = named(cx.account(), &name);
        if cx.tx.get::<Role>(&key)?.is_some() {
            let message = format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            );
            return Err(Refusal::new("InvalidInput", message).into());
        }
        limits::room_for_one::<Role>(cx, "RolesPerAccount", limits::ROLES)?;
        let role = Role {
            account: cx.account().clone(),
            name,
            path: service.path(),
            id: ids::unique(cx, ids::ROLE),
            created: shapes::whole_seconds(cx.now()),
            description: input.description,
            trust: service.trust(),
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            session_seconds_max: 3600,
            linked_service: Some(service.principal.into()),
            last_used: None,
            tags: Vec::new(),
        };
        cx.tx.put(&role)?;
        Ok(CreateServiceLinkedRoleOutput { role: Some(trust::role(cx, &role)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::shapes::encoded;
    use crate::testing::{Bench, EC2_TRUST, element};

    const SPOT: (&str, &str) = ("AWSServiceName", "spot.amazonaws.com");
    const ROLE: (&str, &str) = ("RoleName", "AWSServiceRoleForEC2Spot");

    #[test]
    fn the_service_names_the_role() {
        let bench = Bench::new();
        let told = bench.ok("CreateServiceLinkedRole", &[SPOT, ("Description", "for spot")]);
        let (id, trust) = (element(&told, "RoleId"), element(&told, "AssumeRolePolicyDocument"));
        assert!(trust.contains(&encoded("\"Service\":\"spot.amazonaws.com\"")), "{trust}");
        assert_eq!(
            told,
            format!(
                "<Role><Path>/aws-service-role/spot.amazonaws.com/</Path><RoleName>AWSServiceRoleForEC2Spot</RoleName>\
                 <RoleId>{id}</RoleId>\
                 <Arn>arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot</Arn>\
                 <CreateDate>2026-01-02T03:04:05.000Z</CreateDate>\
                 <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><Description>for spot</Description>\
                 <MaxSessionDuration>3600</MaxSessionDuration></Role>"
            )
        );
        let message = "Service role name AWSServiceRoleForEC2Spot has been taken in this account, please try a different \
                       suffix.";
        bench.refused("CreateServiceLinkedRole", &[SPOT], "InvalidInput", message);
        let suffixed = [("AWSServiceName", "autoscaling.amazonaws.com"), ("CustomSuffix", "blue")];
        let told = bench.ok("CreateServiceLinkedRole", &suffixed);
        assert_eq!(element(&told, "RoleName"), "AWSServiceRoleForAutoScaling_blue");
    }

    #[test]
    fn unknown_services_and_suffixes_are_refused() {
        let bench = Bench::new();
        let message = "The service none.amazonaws.com does not support service-linked roles.";
        let form = [("AWSServiceName", "none.amazonaws.com")];
        bench.refused("CreateServiceLinkedRole", &form, "InvalidInput", message);
        let message = "Custom suffix is not allowed for spot.amazonaws.com";
        bench.refused("CreateServiceLinkedRole", &[SPOT, ("CustomSuffix", "x")], "InvalidInput", message);
    }

    #[test]
    fn customers_change_its_description_and_tags_only() {
        let bench = Bench::new();
        bench.ok("CreateServiceLinkedRole", &[SPOT]);
        let message = "Cannot perform the operation on the protected role 'AWSServiceRoleForEC2Spot' - this role is only \
                       modifiable by AWS";
        let refused = |action, more: &[(&str, &str)]| {
            bench.refused(action, &[&[ROLE][..], more].concat(), "UnmodifiableEntity", message);
        };
        refused("DeleteRole", &[]);
        refused("UpdateAssumeRolePolicy", &[("PolicyDocument", EC2_TRUST)]);
        refused("UpdateRole", &[("MaxSessionDuration", "7200")]);
        bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "p")]);
        refused("AddRoleToInstanceProfile", &[("InstanceProfileName", "p")]);
        bench.ok("UpdateRole", &[ROLE, ("Description", "a")]);
        bench.ok("UpdateRoleDescription", &[ROLE, ("Description", "b")]);
        bench.ok("TagRole", &[ROLE, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]);
        assert_eq!(element(&bench.ok("GetRole", &[ROLE]), "Description"), "b");
    }

    #[test]
    fn a_policy_may_name_the_service() {
        let bench = Bench::new();
        bench.ok("CreateUser", &[("UserName", "admin")]);
        bench.give(
            "admin",
            &serde_json::json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*",
                "Condition": {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
            }]}),
        );
        let admin = bench.user("admin");
        let (status, _) =
            bench.call_as(&admin, "CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]);
        assert_eq!(status, 403);
        bench.ok_as(&admin, "CreateServiceLinkedRole", &[SPOT]);
    }
}
