//! ReplicateKey: a multi-Region primary → a replica of it in another Region, with the same key id and material.
//!
//! Needs `kms:ReplicateKey` on the primary and `kms:CreateKey` (with tags also `kms:TagResource`) in the replica's Region. Policy,
//! description and tags are the replica's own; the policy is the default one if none is given.
//! Source: KMS API Reference, ReplicateKey.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::policy::{self, LockOut};
use crate::rows::Key;
use crate::{multi_region, shapes, tagging};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Tag};
use rules::key_state::{KeyOperation, KeyState};
use wire::generated::kms::{self, ReplicateKey as Op, ReplicateKeyInput, ReplicateKeyOutput};

pub struct ReplicateKey;

impl Action for ReplicateKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:ReplicateKey";
    const KEYS: &'static [&'static str] =
        &["kms:ReplicaRegion", "kms:BypassPolicyLockoutSafetyCheck", "aws:RequestTag/", "aws:TagKeys"];

    fn check(input: &ReplicateKeyInput) -> Result<(), Refusal> {
        multi_region::region(&input.replica_region).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &ReplicateKeyInput) -> Answer<()> {
        let bypasses = input.bypass_policy_lockout_safety_check == Some(true);
        let tags = input.tags.as_deref().unwrap_or_default();
        let mut asks = Asks::nothing()
            .with("kms:ReplicaRegion", &input.replica_region)
            .with("kms:BypassPolicyLockoutSafetyCheck", bypasses.to_string());
        asks.keys.extend(&tagging::asked(tags));
        let primary = access::key(cx, &input.key_id, Accepts::Key, "ReplicateKey", &asks)?;
        // In the replica's Region; its key id is the primary's, so its ARN is known before it exists.
        let replica = Key { region: multi_region::region(&input.replica_region)?, ..primary };
        let mut keys = asks.keys;
        keys.set("aws:RequestedRegion", replica.region.as_str());
        keys.set("kms:CallerAccount", cx.account().as_str());
        keys.set("kms:KeySpec", replica.spec.name());
        keys.set("kms:KeyUsage", replica.usage.name());
        keys.set("kms:KeyOrigin", replica.origin.name());
        keys.set("kms:MultiRegion", "true");
        keys.set("kms:MultiRegionKeyType", "REPLICA");
        cx.authorise("kms:CreateKey", &[Touched { arn: "*".to_owned(), keys: keys.clone() }])?;
        if tags.is_empty() {
            return Ok(());
        }
        cx.authorise("kms:TagResource", &[Touched { arn: replica.arn(), keys }])
    }

    fn handle(cx: &mut Cx, input: ReplicateKeyInput) -> Answer<ReplicateKeyOutput> {
        let primary = find::key(cx, &input.key_id, Accepts::Key)?;
        let family = multi_region::of_primary(cx.tx, &primary)?;
        primary.check(KeyOperation::ReplicateKey)?;
        let region = multi_region::region(&input.replica_region)?;
        if let Some(there) = multi_region::member(cx.tx, &primary, &region)? {
            let message = format!("Key {} already exists.", there.arn());
            return Err(Refusal::new("AlreadyExistsException", message).into());
        }
        let replica = replica(cx, &primary, region, input)?;
        let replica = multi_region::add_replica(cx.tx, &primary, family, replica)?;
        access::touch(cx, &replica);
        // As AWS answers: its replicas take some seconds to be made; ours is there with the answer.
        let shown = Key { state: KeyState::Creating, ..replica.clone() };
        Ok(ReplicateKeyOutput {
            replica_key_metadata: Some(shapes::metadata(cx, &shown)?),
            replica_policy: Some(policy::shown(cx, &replica)?),
            replica_tags: Some(replica.tags.into_iter().map(shown_tag).collect()),
        })
    }
}

/// The replica that a request describes, without material.
fn replica(cx: &mut Cx, primary: &Key, region: base::Region, input: ReplicateKeyInput) -> Answer<Key> {
    let tags = tagging::merged(&[], &tagging::read(input.tags.as_deref().unwrap_or_default())?)?;
    let arn = Key { region: region.clone(), ..primary.clone() }.arn_parts();
    let policy = match &input.policy {
        None => policy::of_customer_key(&primary.account),
        Some(text) => {
            let lock_out = LockOut::asked(input.bypass_policy_lockout_safety_check);
            policy::accepted(cx, text, &arn, None, lock_out)?
        }
    };
    Ok(Key {
        region,
        created: cx.now(),
        description: input.description.unwrap_or_default(),
        policy,
        tags,
        material_id: None,
        deletion_date: None,
        pending_window_days: None,
        rotation: None,
        on_demand_rotations: 0,
        material_expires: None,
        reminded: None,
        ..primary.clone()
    })
}

fn shown_tag(tag: Tag) -> kms::Tag {
    kms::Tag { tag_key: Some(tag.key), tag_value: Some(tag.value) }
}

#[cfg(test)]
#[path = "replicate_key_tests.rs"]
mod tests;
