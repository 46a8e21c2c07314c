//! CreateInstanceProfile: a name under which instances get a role; empty at first, at most 1,000 in an account.
//!
//! Needs `iam:CreateInstanceProfile`, with tags `iam:TagInstanceProfile` too. Source: IAM API Reference, CreateInstanceProfile.

use crate::{ids, limits, names, profiles, shapes, tagging, touches};
use api::identity::{InstanceProfile, named};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    CreateInstanceProfile as Op, CreateInstanceProfileInput, CreateInstanceProfileOutput,
};

pub struct CreateInstanceProfile;

impl Action for CreateInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreateInstanceProfile";
    const KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];

    fn check(input: &CreateInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        names::path("path", input.path.as_deref())?;
        tagging::check(input.tags.as_deref())
    }

    fn authorise(cx: &mut Cx, input: &CreateInstanceProfileInput) -> Answer<()> {
        let arn =
            touches::arn_of(cx, "instance-profile", input.path.as_deref(), &input.instance_profile_name);
        let (touched, tags) = (Touched::plain(arn), input.tags.as_deref());
        touches::authorise_creation(cx, Self::IAM, "iam:TagInstanceProfile", touched, tags)
    }

    fn handle(cx: &mut Cx, input: CreateInstanceProfileInput) -> Answer<CreateInstanceProfileOutput> {
        let key = named(cx.account(), &input.instance_profile_name);
        if cx.tx.get::<InstanceProfile>(&key)?.is_some() {
            let message = format!("Instance Profile {} already exists.", input.instance_profile_name);
            return Err(Refusal::new("EntityAlreadyExists", message).with_status(409).into());
        }
        limits::room_for_one::<InstanceProfile>(cx, "InstanceProfilesPerAccount", limits::INSTANCE_PROFILES)?;
        let mut tags = Vec::new();
        tagging::add(&mut tags, input.tags.as_deref().unwrap_or_default())?;
        let profile = InstanceProfile {
            account: cx.account().clone(),
            name: input.instance_profile_name,
            path: input.path.unwrap_or_else(|| "/".into()),
            id: ids::unique(cx, ids::INSTANCE_PROFILE),
            created: shapes::whole_seconds(cx.now()),
            role: None,
            tags,
        };
        cx.tx.put(&profile)?;
        Ok(CreateInstanceProfileOutput { instance_profile: Some(profiles::whole(cx, &profile)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element};

    #[test]
    fn a_profile_has_a_path_an_id_and_no_role_yet() {
        let bench = Bench::new();
        let form = [
            ("InstanceProfileName", "web"),
            ("Path", "/x/"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        let told = bench.ok("CreateInstanceProfile", &form);
        let id = element(&told, "InstanceProfileId");
        assert!(id.starts_with("AIPA") && id.len() == 21, "{id}");
        assert_eq!(
            told,
            format!(
                "<InstanceProfile><Path>/x/</Path><InstanceProfileName>web</InstanceProfileName>\
                 <InstanceProfileId>{id}</InstanceProfileId>\
                 <Arn>arn:aws:iam::111122223333:instance-profile/x/web</Arn>\
                 <CreateDate>2026-01-02T03:04:05.000Z</CreateDate><Roles></Roles>\
                 <Tags><member><Key>k</Key><Value>v</Value></member></Tags></InstanceProfile>"
            )
        );
        let message = "Instance Profile WEB already exists.";
        let taken = [("InstanceProfileName", "WEB")];
        bench.refused("CreateInstanceProfile", &taken, "EntityAlreadyExists", message);
        let (_, told) =
            bench.call_as(&bench.root(), "CreateInstanceProfile", &[("InstanceProfileName", "a b")]);
        assert!(told.contains("The specified value for instanceProfileName is invalid."), "{told}");
    }
}
