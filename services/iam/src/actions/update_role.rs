//! UpdateRole: description and longest session. What is not said stays.
//!
//! Source: IAM API Reference, UpdateRole.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UpdateRole as Op, UpdateRoleInput, UpdateRoleOutput};

pub struct UpdateRole;

impl Action for UpdateRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateRole";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &UpdateRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::description(input.description.as_deref())?;
        super::create_role::session_seconds(input.max_session_duration)
    }

    fn touches(cx: &mut Cx, input: &UpdateRoleInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: UpdateRoleInput) -> Answer<UpdateRoleOutput> {
        // Of a role linked to a service only the description is the customer's.
        let mut role = match input.max_session_duration {
            Some(_) => find::role_to_change(cx, &input.role_name)?,
            None => find::role(cx, &input.role_name)?,
        };
        if let Some(description) = input.description {
            role.description = Some(description);
        }
        if let Some(seconds) = input.max_session_duration.and_then(|n| n.try_into().ok()) {
            role.session_seconds_max = seconds;
        }
        cx.tx.put(&role)?;
        Ok(UpdateRoleOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST, element};

    #[test]
    fn what_is_said_changes_and_the_rest_stays() {
        let bench = Bench::new();
        let name = ("RoleName", "r");
        let form = [name, ("AssumeRolePolicyDocument", EC2_TRUST), ("Description", "old")];
        bench.ok("CreateRole", &form);
        let now = || {
            let role = bench.ok("GetRole", &[name]);
            (element(&role, "Description"), element(&role, "MaxSessionDuration"))
        };
        assert_eq!(bench.ok("UpdateRole", &[name, ("MaxSessionDuration", "43200")]), "");
        assert_eq!(now(), ("old".into(), "43200".into()));
        bench.ok("UpdateRole", &[name, ("Description", "")]);
        assert_eq!(now(), (String::new(), "43200".into()));
    }

    #[test]
    fn missing_roles_and_bad_values_are_refused() {
        let bench = Bench::new();
        let message = "The role with name r cannot be found.";
        bench.refused("UpdateRole", &[("RoleName", "r")], "NoSuchEntity", message);
        let (status, told) =
            bench.call_as(&bench.root(), "UpdateRole", &[("RoleName", "r"), ("MaxSessionDuration", "60")]);
        assert!(status == 400 && told.contains("ValidationError"), "{told}");
    }
}
