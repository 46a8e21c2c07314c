//! GetAccountAuthorizationDetails: users, groups, roles and managed policies of the account with everything that hangs on them;
//! of AWS's own policies those that the account uses. Pages go kind by kind.
//!
//! Needs `iam:GetAccountAuthorizationDetails`. Source: IAM API Reference, GetAccountAuthorizationDetails.

use crate::attachments::details::{self, Detail};
use crate::names;
use crate::paging;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{
    GetAccountAuthorizationDetails as Op, GetAccountAuthorizationDetailsInput,
    GetAccountAuthorizationDetailsOutput,
};

pub struct GetAccountAuthorizationDetails;

impl Action for GetAccountAuthorizationDetails {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetAccountAuthorizationDetails";

    fn check(input: &GetAccountAuthorizationDetailsInput) -> Result<(), Refusal> {
        for (i, kind) in input.filter.iter().flatten().enumerate() {
            names::one_of(&format!("filter.{}.member", i + 1), kind, &details::KINDS)?;
        }
        paging::check(input.max_items)
    }

    fn handle(
        cx: &mut Cx,
        input: GetAccountAuthorizationDetailsInput,
    ) -> Answer<GetAccountAuthorizationDetailsOutput> {
        let filter = input.filter.unwrap_or_default();
        let page = details::page(cx, &filter, input.max_items, input.marker.as_deref())?;
        let is_truncated = page.is_truncated();
        let (mut users, mut groups, mut roles, mut policies) = (vec![], vec![], vec![], vec![]);
        for detail in page.items {
            match detail {
                Detail::User(user) => users.push(user),
                Detail::Group(group) => groups.push(group),
                Detail::Role(role) => roles.push(*role),
                Detail::Policy(policy) => policies.push(policy),
            }
        }
        Ok(GetAccountAuthorizationDetailsOutput {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated,
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, DOCUMENT, ENCODED};
    use crate::testing::{Bench, EC2_TRUST, OTHER_ACCOUNT, element, elements};

    const ACTION: &str = "GetAccountAuthorizationDetails";

    /// An account with one of everything.
    fn full() -> Bench {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        bench.ok("AddUserToGroup", &[("GroupName", "bob"), ("UserName", "bob")]);
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "in"), ("PolicyDocument", DOCUMENT)]);
        bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &arn)]);
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &arn)]);
        bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", ADMIN)]);
        bench
    }

    #[test]
    fn users_come_with_everything_that_hangs_on_them() {
        let bench = full();
        let answer = bench.ok(ACTION, &[("Filter.member.1", "User")]);
        let (id, date) = (element(&answer, "UserId"), element(&answer, "CreateDate"));
        assert_eq!(
            answer,
            format!(
                "<UserDetailList><member><Path>/x/</Path><UserName>bob</UserName><UserId>{id}</UserId>\
                 <Arn>arn:aws:iam::111122223333:user/x/bob</Arn><CreateDate>{date}</CreateDate><UserPolicyList><member>\
                 <PolicyName>in</PolicyName><PolicyDocument>{ENCODED}</PolicyDocument></member></UserPolicyList><GroupList>\
                 <member>bob</member></GroupList><AttachedManagedPolicies><member><PolicyName>p</PolicyName>\
                 <PolicyArn>arn:aws:iam::111122223333:policy/p</PolicyArn></member></AttachedManagedPolicies><PermissionsBoundary>\
                 <PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
                 <PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/p</PermissionsBoundaryArn></PermissionsBoundary><Tags></Tags>\
                 </member></UserDetailList><GroupDetailList></GroupDetailList><RoleDetailList></RoleDetailList><Policies></Policies>\
                 <IsTruncated>false</IsTruncated>"
            )
        );
    }

    #[test]
    fn groups_roles_and_policies_too() {
        let bench = full();
        let answer = bench.ok(ACTION, &[]);
        let group = element(&answer, "GroupDetailList");
        assert_eq!(element(&group, "Arn"), "arn:aws:iam::111122223333:group/x/bob");
        assert_eq!(
            (element(&group, "GroupPolicyList"), element(&group, "AttachedManagedPolicies")),
            (String::new(), String::new())
        );
        let role = element(&answer, "RoleDetailList");
        assert_eq!(element(&role, "AssumeRolePolicyDocument"), crate::shapes::encoded(EC2_TRUST));
        assert_eq!(element(&role, "PolicyArn"), ADMIN);
        assert_eq!(element(&role, "InstanceProfileList"), "");
        let policies = element(&answer, "Policies");
        assert_eq!(elements(&policies, "Arn"), ["arn:aws:iam::111122223333:policy/p", ADMIN]);
        assert_eq!(elements(&policies, "AttachmentCount"), ["1", "1"]);
        assert_eq!(elements(&policies, "PermissionsBoundaryUsageCount"), ["1", "0"]);
        assert_eq!(elements(&policies, "Document")[0], ENCODED);
        assert_eq!(elements(&policies, "IsDefaultVersion"), ["true", "true"]);
    }

    #[test]
    fn filters_choose_kinds() {
        let bench = full();
        for (kind, count) in [
            ("User", [1, 0, 0, 0]),
            ("Group", [0, 1, 0, 0]),
            ("Role", [0, 0, 1, 0]),
            ("LocalManagedPolicy", [0, 0, 0, 1]),
            ("AWSManagedPolicy", [0, 0, 0, 1]),
        ] {
            let answer = bench.ok(ACTION, &[("Filter.member.1", kind)]);
            let counts =
                ["UserId", "GroupId", "RoleId", "PolicyId"].map(|name| elements(&answer, name).len());
            assert_eq!(counts, count, "{kind}");
        }
        let both = bench.ok(ACTION, &[("Filter.member.1", "Role"), ("Filter.member.2", "User")]);
        assert_eq!((elements(&both, "UserId").len(), elements(&both, "RoleId").len()), (1, 1));
        let message = "1 validation error detected: Value 'Policy' at 'filter.1.member' failed to satisfy constraint: Member must \
                       satisfy enum value set: [User, Group, Role, LocalManagedPolicy, AWSManagedPolicy]";
        bench.refused(ACTION, &[("Filter.member.1", "Policy")], "ValidationError", message);
    }

    #[test]
    fn pages_show_each_thing_once() {
        let bench = full();
        for size in ["1", "2", "3", "4", "5"] {
            let (mut told, mut marker) = (vec![], None::<String>);
            loop {
                let mut form = vec![("MaxItems", size)];
                form.extend(marker.iter().map(|marker| ("Marker", marker.as_str())));
                let page = bench.ok(ACTION, &form);
                told.extend(
                    ["UserId", "GroupId", "RoleId", "PolicyId"].iter().flat_map(|name| elements(&page, name)),
                );
                if element(&page, "IsTruncated") == "false" {
                    break;
                }
                marker = Some(element(&page, "Marker"));
            }
            let kinds: Vec<&str> = told.iter().map(|id| &id[..4]).collect();
            assert_eq!(kinds, ["AIDA", "AGPA", "AROA", "ANPA", "ANPA"], "{size}");
        }
        bench.refused(ACTION, &[("Marker", "forged")], "ValidationError", "Invalid Marker.");
        let first = bench.ok(ACTION, &[("MaxItems", "1")]);
        let form = [("Filter.member.1", "Role"), ("Marker", &element(&first, "Marker"))];
        bench.refused(ACTION, &form, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn another_account_sees_nothing_of_it() {
        let bench = full();
        let nothing = "<UserDetailList></UserDetailList><GroupDetailList></GroupDetailList><RoleDetailList></RoleDetailList>\
                       <Policies></Policies><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok_as(&bench.root_of(OTHER_ACCOUNT), ACTION, &[]), nothing);
        let bob = bench.user("bob");
        trial::denied(&bench, &bob, ACTION, &[]);
    }
}
