//! GetRole: one role, with when and where it was last used.
//!
//! Source: IAM API Reference, GetRole.

use crate::{find, names, shapes, touches, trust};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetRole as Op, GetRoleInput, GetRoleOutput, Role};

pub struct GetRole;

impl Action for GetRole {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetRole";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &GetRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)
    }

    fn touches(cx: &mut Cx, input: &GetRoleInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: GetRoleInput) -> Answer<GetRoleOutput> {
        let role = find::role(cx, &input.role_name)?;
        let last_used = Some(shapes::role_last_used(&role));
        Ok(GetRoleOutput { role: Some(Role { role_last_used: last_used, ..trust::role(cx, &role)? }) })
    }
}

#[cfg(test)]
mod tests {
    use crate::find;
    use crate::testing::{Bench, EC2_TRUST};
    use base::Timestamp;

    #[test]
    fn a_role_is_shown_with_its_last_use() {
        let bench = Bench::new();
        let form = [("RoleName", "App"), ("AssumeRolePolicyDocument", EC2_TRUST)];
        let made = bench.ok("CreateRole", &form).replace("</Role>", "");
        let name = [("RoleName", "aPP")];
        assert_eq!(bench.ok("GetRole", &name), format!("{made}<RoleLastUsed></RoleLastUsed></Role>"));
        bench.with_cx(|cx| {
            let mut role = find::role(cx, "app").unwrap();
            role.last_used = Some((Timestamp::from_secs(1_767_323_045), "eu-west-1".into()));
            cx.tx.put(&role).unwrap();
        });
        let used = "<RoleLastUsed><LastUsedDate>2026-01-02T03:04:05.000Z</LastUsedDate><Region>eu-west-1</Region></RoleLastUsed>";
        assert_eq!(bench.ok("GetRole", &name), format!("{made}{used}</Role>"));
        let message = "The role with name none cannot be found.";
        bench.refused("GetRole", &[("RoleName", "none")], "NoSuchEntity", message);
    }
}
