//! Each kind of thing from its making to its end, in the order in which Terraform and boto3's users call: make, read, list, change,
//! read, take away, read. What is read must be what was written.

use crate::shapes::encoded;
use crate::testing::{Bench, EC2_TRUST, Form, element, elements};

/// After the last deletion nothing is left: every list of the account is empty.
fn nothing_left(bench: &Bench) {
    for action in ["ListUsers", "ListGroups", "ListRoles", "ListInstanceProfiles"] {
        let told = bench.ok(action, &[]);
        assert!(!told.contains("<member>"), "{action}: {told}");
    }
}

fn gone(bench: &Bench, action: &str, form: Form) {
    let (status, told) = bench.call_as(&bench.root(), action, form);
    assert!(status == 404 && element(&told, "Code") == "NoSuchEntity", "{action}: {told}");
}

#[test]
fn a_user_as_terraform_makes_and_destroys_it() {
    let bench = Bench::new();
    let user = ("UserName", "ci");
    bench.ok(
        "CreateUser",
        &[user, ("Path", "/bots/"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
    );
    let told = bench.ok("GetUser", &[user]);
    assert_eq!((element(&told, "Path"), element(&told, "Key")), ("/bots/".into(), "k".into()));
    bench.ok("UntagUser", &[user, ("TagKeys.member.1", "k")]);
    bench.ok("TagUser", &[user, ("Tags.member.1.Key", "n"), ("Tags.member.1.Value", "")]);
    assert_eq!(elements(&bench.ok("ListUserTags", &[user]), "Key"), ["n"]);
    bench.ok("UpdateUser", &[user, ("NewPath", "/")]);
    let id = element(&bench.ok("CreateAccessKey", &[user]), "AccessKeyId");
    bench.ok("UpdateAccessKey", &[user, ("AccessKeyId", &id), ("Status", "Inactive")]);

    // What the aws provider asks with force_destroy.
    gone(&bench, "GetLoginProfile", &[user]);
    for (action, list) in [
        ("ListMFADevices", "MFADevices"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        ("ListSigningCertificates", "Certificates"),
        ("ListGroupsForUser", "Groups"),
    ] {
        assert_eq!(element(&bench.ok(action, &[user]), list), "", "{action}");
    }
    for id in elements(&bench.ok("ListAccessKeys", &[user]), "AccessKeyId") {
        bench.ok("DeleteAccessKey", &[user, ("AccessKeyId", &id)]);
    }
    bench.ok("DeleteUser", &[user]);
    gone(&bench, "GetUser", &[user]);
    nothing_left(&bench);
}

#[test]
fn a_group_and_its_members() {
    let bench = Bench::new();
    let group = ("GroupName", "devs");
    bench.ok("CreateGroup", &[group]);
    for name in ["ann", "bob"] {
        bench.ok("CreateUser", &[("UserName", name)]);
        bench.ok("AddUserToGroup", &[group, ("UserName", name)]);
    }
    assert_eq!(elements(&bench.ok("GetGroup", &[group]), "UserName"), ["ann", "bob"]);
    bench.ok("UpdateGroup", &[group, ("NewGroupName", "crew")]);
    let group = ("GroupName", "crew");
    bench.ok("UpdateUser", &[("UserName", "bob"), ("NewUserName", "ben")]);
    assert_eq!(elements(&bench.ok("GetGroup", &[group]), "UserName"), ["ann", "ben"]);
    for name in ["ann", "ben"] {
        bench.ok("RemoveUserFromGroup", &[group, ("UserName", name)]);
        bench.ok("DeleteUser", &[("UserName", name)]);
    }
    bench.ok("DeleteGroup", &[group]);
    gone(&bench, "GetGroup", &[group]);
    nothing_left(&bench);
}

#[test]
fn a_role_in_an_instance_profile() {
    let bench = Bench::new();
    let (role, profile) = (("RoleName", "web"), ("InstanceProfileName", "web"));
    bench.ok("CreateRole", &[role, ("AssumeRolePolicyDocument", EC2_TRUST), ("Description", "d")]);
    bench.ok("CreateInstanceProfile", &[profile]);
    bench.ok("AddRoleToInstanceProfile", &[role, profile]);
    let trust = EC2_TRUST.replace("ec2.", "lambda.");
    bench.ok("UpdateAssumeRolePolicy", &[role, ("PolicyDocument", &trust)]);
    bench.ok("UpdateRole", &[role, ("Description", "e"), ("MaxSessionDuration", "7200")]);
    let told = bench.ok("GetRole", &[role]);
    assert_eq!(element(&told, "AssumeRolePolicyDocument"), encoded(&trust));
    assert_eq!(
        (element(&told, "Description"), element(&told, "MaxSessionDuration")),
        ("e".into(), "7200".into())
    );
    let told = bench.ok("GetInstanceProfile", &[profile]);
    assert_eq!(
        (element(&told, "RoleName"), element(&told, "AssumeRolePolicyDocument")),
        ("web".into(), encoded(&trust))
    );

    for name in elements(&bench.ok("ListInstanceProfilesForRole", &[role]), "InstanceProfileName") {
        bench.ok("RemoveRoleFromInstanceProfile", &[role, ("InstanceProfileName", &name)]);
        bench.ok("DeleteInstanceProfile", &[("InstanceProfileName", &name)]);
    }
    bench.ok("DeleteRole", &[role]);
    gone(&bench, "GetRole", &[role]);
    gone(&bench, "GetInstanceProfile", &[profile]);
    nothing_left(&bench);
}

#[test]
fn what_a_refused_call_wrote_is_undone() {
    let bench = Bench::new();
    let bound = "arn:aws:iam::111122223333:policy/none";
    let form = [("RoleName", "r"), ("AssumeRolePolicyDocument", EC2_TRUST), ("PermissionsBoundary", bound)];
    gone(&bench, "CreateRole", &form);
    nothing_left(&bench);
    let record = bench.last_record("CreateRole");
    assert_eq!(record.body["errorCode"], "NoSuchEntity");
    assert_eq!(record.body["requestParameters"]["roleName"], "r");
}

#[test]
fn odd_texts_are_refused_or_come_back_as_they_went() {
    let bench = Bench::new();
    for odd in
        ["", " ", "a\u{0}b", "a/b", "..", "Ω", "x\u{202e}y", "%41", "<x>", "a&b", "'; --", "*", "?", "a\r\n"]
    {
        for (action, name) in [
            ("CreateUser", "UserName"),
            ("CreateGroup", "GroupName"),
            ("CreateInstanceProfile", "InstanceProfileName"),
        ] {
            let (status, told) = bench.call_as(&bench.root(), action, &[(name, odd)]);
            let good = odd == "..";
            assert_eq!(status == 200, good, "{action} {odd:?}: {told}");
            assert!(good || status == 400, "{action} {odd:?}: {status}");
        }
    }
    for text in ["Größe <&>\"'", "tab\tline\nend", "~ÿ"] {
        let name = format!("r{}", text.len());
        let form =
            [("RoleName", name.as_str()), ("AssumeRolePolicyDocument", EC2_TRUST), ("Description", text)];
        let told = element(&bench.ok("CreateRole", &form), "Description");
        let read =
            told.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        assert_eq!(read, text);
    }
}
