//! UpdateRoleDescription: the older way to change a description; unlike UpdateRole it answers with the role.
//!
//! Source: IAM API Reference, UpdateRoleDescription.

use crate::{find, names, touches, trust};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    UpdateRoleDescription as Op, UpdateRoleDescriptionInput, UpdateRoleDescriptionOutput,
};

pub struct UpdateRoleDescription;

impl Action for UpdateRoleDescription {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UpdateRoleDescription";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &UpdateRoleDescriptionInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::description(Some(&input.description))
    }

    fn touches(cx: &mut Cx, input: &UpdateRoleDescriptionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: UpdateRoleDescriptionInput) -> Answer<UpdateRoleDescriptionOutput> {
        let mut role = find::role(cx, &input.role_name)?;
        role.description = Some(input.description);
        cx.tx.put(&role)?;
        Ok(UpdateRoleDescriptionOutput { role: Some(trust::role(cx, &role)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST, element};

    #[test]
    fn the_role_comes_back_with_its_new_description() {
        let bench = Bench::new();
        let name = ("RoleName", "r");
        let made =
            bench.ok("CreateRole", &[name, ("AssumeRolePolicyDocument", EC2_TRUST), ("Description", "old")]);
        let told = bench.ok("UpdateRoleDescription", &[name, ("Description", "new")]);
        assert_eq!(told, made.replace(">old<", ">new<"));
        assert_eq!(element(&bench.ok("GetRole", &[name]), "Description"), "new");
        let form = [("RoleName", "none"), ("Description", "x")];
        bench.refused(
            "UpdateRoleDescription",
            &form,
            "NoSuchEntity",
            "The role with name none cannot be found.",
        );
        let long = "x".repeat(1001);
        let (status, told) =
            bench.call_as(&bench.root(), "UpdateRoleDescription", &[name, ("Description", &long)]);
        assert!(status == 400 && told.contains("'description' failed to satisfy constraint"), "{told}");
    }
}
