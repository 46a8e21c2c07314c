//! DeleteServiceLinkedRole: deletes at once, for nothing here uses such a role; the task that it answers with has already
//! succeeded.
//!
//! Source: IAM API Reference, DeleteServiceLinkedRole.

use crate::{find, names, touches};
use api::identity::Role;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{
    DeleteServiceLinkedRole as Op, DeleteServiceLinkedRoleInput, DeleteServiceLinkedRoleOutput,
};

pub struct DeleteServiceLinkedRole;

impl Action for DeleteServiceLinkedRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteServiceLinkedRole";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteServiceLinkedRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteServiceLinkedRoleInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteServiceLinkedRoleInput) -> Answer<DeleteServiceLinkedRoleOutput> {
        let role = find::role(cx, &input.role_name)?;
        if role.linked_service.is_none() {
            let refusal = find::no_such("role", &input.role_name);
            return Err(refusal.because(format!("{} is not linked to a service", role.arn())).into());
        }
        cx.tx.delete::<Role>(&role.key())?;
        let deletion_task_id = Some(task(cx, &role.path, &role.name));
        Ok(DeleteServiceLinkedRoleOutput { deletion_task_id })
    }
}

/// `task/aws-service-role/<service>/<role>/<proof>`. There is no row of the task: its last part proves that this server gave it to
/// this account.
fn task(cx: &Cx, path: &str, name: &str) -> String {
    let task = format!("task{path}{name}");
    let proof = cx.page_token("DeleteServiceLinkedRole", &task);
    format!("{task}/{proof}")
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST, OTHER_ACCOUNT, element};

    #[test]
    fn the_role_goes_and_its_task_has_succeeded() {
        let bench = Bench::new();
        bench.ok("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]);
        let role = ("RoleName", "AWSServiceRoleForECS");
        let task = element(&bench.ok("DeleteServiceLinkedRole", &[role]), "DeletionTaskId");
        assert!(task.starts_with("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"), "{task}");
        let message = "The role with name AWSServiceRoleForECS cannot be found.";
        bench.refused("GetRole", &[role], "NoSuchEntity", message);
        bench.refused("DeleteServiceLinkedRole", &[role], "NoSuchEntity", message);
        let status = ("DeletionTaskId", task.as_str());
        assert_eq!(bench.ok("GetServiceLinkedRoleDeletionStatus", &[status]), "<Status>SUCCEEDED</Status>");

        // Of another account, forged, cut off.
        let other = bench.root_of(OTHER_ACCOUNT);
        let (code, told) = bench.call_as(&other, "GetServiceLinkedRoleDeletionStatus", &[status]);
        assert!(code == 404 && told.contains("NoSuchEntity"), "{told}");
        for bad in [task.replace("ECS/", "RDS/"), task[..task.len() - 1].to_owned(), "task/x".into()] {
            let message = format!("Deletion task {bad} cannot be found.");
            let form = [("DeletionTaskId", bad.as_str())];
            bench.refused("GetServiceLinkedRoleDeletionStatus", &form, "NoSuchEntity", &message);
        }
    }

    #[test]
    fn an_ordinary_role_is_not_deleted_so() {
        let bench = Bench::new();
        let role = ("RoleName", "r");
        bench.ok("CreateRole", &[role, ("AssumeRolePolicyDocument", EC2_TRUST)]);
        let message = "The role with name r cannot be found.";
        bench.refused("DeleteServiceLinkedRole", &[role], "NoSuchEntity", message);
        bench.ok("GetRole", &[role]);
    }
}
