//! Actions that do what their request says, and a log of what the door called.

use crate::bench::Note;
use api::{Action, Answer, Cx, Failure, Touched};
use base::{Fault, Refusal};
use std::cell::{Cell, RefCell};
use wire::generated::{ebs, ec2, kms, sts};

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    /// Runs left in which a handler is overtaken by another transaction.
    pub static OVERTAKEN: Cell<u32> = const { Cell::new(0) };
}

fn log(what: &'static str) {
    LOG.with_borrow_mut(|log| log.push(what));
}

/// What was called since the last question.
pub fn called() -> Vec<&'static str> {
    LOG.take()
}

/// CreateTags, whose resource ids say where to stop.
pub struct Tags;

impl Action for Tags {
    type Op = ec2::CreateTags;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateTags";

    fn check(input: &ec2::CreateTagsInput) -> Result<(), Refusal> {
        log("check");
        refuse_if(input, "check")
    }

    fn touches(_cx: &mut Cx, input: &ec2::CreateTagsInput) -> Answer<Vec<Touched>> {
        let arn = |id: &String| format!("arn:aws:ec2:us-east-1:111122223333:volume/{id}");
        Ok(input.resources.iter().map(arn).map(Touched::plain).collect())
    }

    fn authorise(cx: &mut Cx, input: &ec2::CreateTagsInput) -> Answer<()> {
        log("authorise");
        let touched = Self::touches(cx, input)?;
        cx.authorise(Self::IAM, &touched)?;
        Ok(refuse_if(input, "authorise")?)
    }

    fn handle(cx: &mut Cx, input: ec2::CreateTagsInput) -> Answer<ec2::CreateTagsOutput> {
        log("handle");
        let account = cx.account().clone();
        let at = cx.now();
        for id in &input.resources {
            cx.trail.touch(&account, "AWS::EC2::Volume", id);
            cx.tx.put(&Note { id: id.clone(), count: 1 })?;
            cx.tx.on_commit(|| log("committed"));
            if let Some(key) = id.strip_prefix("key-") {
                call_kms(cx, key)?;
            }
            match id.as_str() {
                "swallow" => {
                    let inner = call_kms(cx, "refused");
                    assert!(matches!(inner, Err(Failure::Refused(_))));
                }
                "fault" => {
                    return Err(Fault::caused("opening /secret/place", Fault::new("no such key 4711")).into());
                }
                "count" => count(cx)?,
                "event" => cx.publish(&event(&account, at, "event"))?,
                "kept" => cx.publish_kept(&event(&account, at, "kept"))?,
                _ => {}
            }
        }
        refuse_if(&input, "handle")?;
        Ok(ec2::CreateTagsOutput::default())
    }
}

fn event(account: &base::AccountId, time: base::Timestamp, id: &str) -> api::events::Event {
    api::events::Event {
        account: account.clone(),
        region: base::Region::parse("us-east-1").unwrap(),
        id: id.into(),
        time,
        detail_type: "EBS Volume Notification".into(),
        resources: vec!["arn:v".into(), "arn:k".into()],
        detail: serde_json::json!({"event": "attachVolume"}),
    }
}

fn refuse_if(input: &ec2::CreateTagsInput, step: &str) -> Result<(), Refusal> {
    if input.resources.iter().any(|r| r == step) {
        return Err(Refusal::new("Stopped", format!("stopped at {step}")).because("the test asked for it"));
    }
    Ok(())
}

/// Adds one to a row, and is overtaken in between as often as [`OVERTAKEN`] says.
fn count(cx: &mut Cx) -> Answer<()> {
    let before = cx.tx.get::<Note>("counter")?.map_or(0, |n| n.count);
    if OVERTAKEN.get() > 0 {
        OVERTAKEN.set(OVERTAKEN.get() - 1);
        let mut other = cx.door.catalog.begin()?;
        other.put(&Note { id: "counter".into(), count: before + 10 })?;
        other.commit()?;
    }
    Ok(cx.tx.put(&Note { id: "counter".into(), count: before + 1 })?)
}

fn call_kms(cx: &mut Cx, key: &str) -> Answer<()> {
    let caller = cx.caller.forwarded_by_ec2(cx.region());
    let input = kms::CreateGrantInput {
        key_id: key.into(),
        grantee_principal: Some("grantee".into()),
        operations: vec!["Decrypt".into()],
        ..Default::default()
    };
    cx.call::<Grants>(caller, input).map(drop)
}

/// CreateGrant, whose key ids say how it ends.
pub struct Grants;

impl Action for Grants {
    type Op = kms::CreateGrant;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CreateGrant";

    fn authorise(cx: &mut Cx, input: &kms::CreateGrantInput) -> Answer<()> {
        log("kms authorise");
        touch(cx, &input.key_id);
        cx.authorise(Self::IAM, &[api::Touched::plain(&input.key_id)])?;
        if input.key_id == "denied" {
            return Err(Refusal::new("AccessDeniedException", "no")
                .because("no grant names the caller")
                .into());
        }
        Ok(())
    }

    fn handle(cx: &mut Cx, input: kms::CreateGrantInput) -> Answer<kms::CreateGrantOutput> {
        log("kms handle");
        touch(cx, &input.key_id);
        cx.trail.additional.insert("keyMaterialId".into(), "m".into());
        cx.tx.put(&Note { id: format!("grant-{}", input.key_id), count: 1 })?;
        match input.key_id.as_str() {
            "refused" => Err(Refusal::new("DisabledException", "arn:k is disabled.").into()),
            "fault" => Err(Fault::new("the seal is at /secret/place").into()),
            _ => Ok(kms::CreateGrantOutput { grant_id: Some("g".into()), ..Default::default() }),
        }
    }
}

/// A key called `of-<account>` is that account's; every other is the caller's.
fn touch(cx: &mut Cx, key: &str) {
    let account = key.strip_prefix("of-").and_then(|id| base::AccountId::parse(id).ok());
    let account = account.unwrap_or_else(|| cx.account().clone());
    cx.trail.touch(&account, "AWS::KMS::Key", key);
}

/// A read-only action of the awsQuery protocol with the door's own rule of who may.
pub struct Identity;

impl Action for Identity {
    type Op = sts::GetCallerIdentity;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sts:GetCallerIdentity";

    fn handle(cx: &mut Cx, _: sts::GetCallerIdentityInput) -> Answer<sts::GetCallerIdentityOutput> {
        Ok(sts::GetCallerIdentityOutput { arn: Some(cx.caller.arn()), ..Default::default() })
    }
}

/// An action of the restJson protocol.
pub struct Blocks;

impl Action for Blocks {
    type Op = ebs::ListSnapshotBlocks;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ebs:ListSnapshotBlocks";

    fn handle(_: &mut Cx, _: ebs::ListSnapshotBlocksInput) -> Answer<ebs::ListSnapshotBlocksOutput> {
        Err(Fault::new("the store lies at /secret/place").into())
    }
}
