//! StartSnapshot: a snapshot that is then written block by block. It is `pending` until CompleteSnapshot, or until it is not written
//! to for its timeout.
//!
//! Encryption: `rules::encryption::start_snapshot`. An encrypted snapshot gets its data key here and now, so a key that cannot be used
//! is refused at once. With a parent the new snapshot holds the parent's blocks but for those that are put, and shares its lineage and
//! data key; the parent is completed, for the caller to read, and not larger.
//!
//! Source: EBS direct API Reference, StartSnapshot. Texts of refusals are ours but for those recorded (see `refusals.rs`, `rules`).

use crate::{BLOCK_BYTES, find, keys, refusals, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Fault, Refusal, Tag};
use ec2::rows::{ClientToken, Encryption, Origin, Sizes, Snapshot};
use rules::encryption::{self, Outcome, StartAsked};
use rules::lifecycle::snapshot::{self as life, SnapshotState};
use snapshot::SnapshotRef;
use wire::Input;
use wire::generated::ebs::{self as shape, StartSnapshot as Op, StartSnapshotInput, StartSnapshotOutput};

/// GiB of the largest volume, 64 TiB.
const SIZE_GIB_MAX: i64 = 65_536;
/// Minutes, when the request does not say.
const TIMEOUT_DEFAULT: u32 = 60;
/// What the trail shows instead of the key (CloudTrail records of AWS).
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

pub struct StartSnapshot;

impl Action for StartSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ebs:StartSnapshot";
    const KEYS: &'static [&'static str] = touched::NEW;

    fn check(input: &StartSnapshotInput) -> Result<(), Refusal> {
        size(input)?;
        if let Some(parent) = &input.parent_snapshot_id {
            find::check_id(parent)?;
        }
        if let Some(key) = given_key(input) {
            encryption::check_key_arn(key)?;
        }
        rules::tags::check(&tags(input)).map_err(|refusal| refusals::invalid("INVALID_TAG", refusal.message))
    }

    fn touches(cx: &mut Cx, input: &StartSnapshotInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::new(cx, input, &tags(input))])
    }

    fn handle(cx: &mut Cx, input: StartSnapshotInput) -> Answer<StartSnapshotOutput> {
        if let Some(row) = earlier(cx, &input)? {
            return Ok(answer(cx, &row));
        }
        let parent =
            input.parent_snapshot_id.as_deref().map(|id| usable_parent(cx, id, &input)).transpose()?;
        let outcome = outcome(cx, &input, parent.as_ref().map(|(row, _)| row))?;
        life::may_start_direct(pending(cx)?)?;
        let id = cx.door.env.ids.resource("snap");
        let encryption = data_key(cx, &input, outcome, parent.as_ref().map(|(row, _)| row), &id)?;
        let row = new_row(cx, &input, &id, encryption, parent)?;
        cx.tx.put(&row)?;
        remember(cx, &input, &id)?;
        let account = cx.account().clone();
        cx.trail.touch(&account, "AWS::EC2::Snapshot", &id);
        Ok(answer(cx, &row))
    }
}

fn size(input: &StartSnapshotInput) -> Result<u32, Refusal> {
    match u32::try_from(input.volume_size) {
        Ok(size) if (1..=SIZE_GIB_MAX).contains(&i64::from(size)) => Ok(size),
        _ => Err(refusals::invalid(
            "INVALID_VOLUME_SIZE",
            format!("VolumeSize is {} GiB; it must be 1 to {SIZE_GIB_MAX}.", input.volume_size),
        )),
    }
}

fn given_key(input: &StartSnapshotInput) -> Option<&str> {
    input.kms_key_arn.as_deref().filter(|key| !key.is_empty())
}

fn tags(input: &StartSnapshotInput) -> Vec<Tag> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut tags: Vec<Tag> =
        input.tags.iter().flatten().map(|t| Tag { key: text(&t.key), value: text(&t.value) }).collect();
    tags.sort();
    tags
}

fn usable_parent(cx: &mut Cx, id: &str, input: &StartSnapshotInput) -> Answer<(Snapshot, SnapshotRef)> {
    let (row, at) = find::readable(cx, id)?;
    if i64::from(row.size_gib) > input.volume_size {
        return Err(refusals::invalid(
            "INVALID_VOLUME_SIZE",
            format!("VolumeSize is smaller than that of the parent, {} GiB.", row.size_gib),
        )
        .into());
    }
    Ok((row, at))
}

fn outcome(cx: &mut Cx, input: &StartSnapshotInput, parent: Option<&Snapshot>) -> Answer<Outcome> {
    let defaults = ec2::defaults::defaults(cx)?;
    Ok(encryption::start_snapshot(StartAsked {
        encrypted: input.encrypted,
        key: given_key(input),
        parent: parent.map(|row| row.encryption.as_ref().map(|e| e.key_arn.as_str())),
        by_default: defaults.by_default,
        default_key: &defaults.default_key,
    })?)
}

fn data_key(
    cx: &mut Cx,
    input: &StartSnapshotInput,
    outcome: Outcome,
    parent: Option<&Snapshot>,
    id: &str,
) -> Answer<Option<Encryption>> {
    let Outcome::Encrypted { key, row } = outcome else { return Ok(None) };
    if let Some(parent) = parent.and_then(|parent| parent.encryption.as_ref()) {
        return keys::take_over(cx, parent, row, id).map(Some);
    }
    if let Some(named) = given_key(input) {
        keys::check_named(cx, named)?;
    }
    keys::generate(cx, &key, row, id).map(Some)
}

/// How many direct snapshots the account is writing in this Region.
fn pending(cx: &mut Cx) -> Answer<usize> {
    let (mut count, mut after) = (0, None::<String>);
    loop {
        let page = cx.tx.scan_index::<Snapshot>("pending", "direct", after.as_deref(), 500)?;
        let Some(last) = page.last() else { return Ok(count) };
        after = Some(catalog::Row::key(last));
        count += page.iter().filter(|r| r.account == *cx.account() && r.region == *cx.region()).count();
    }
}

fn new_row(
    cx: &Cx,
    input: &StartSnapshotInput,
    id: &str,
    encryption: Option<Encryption>,
    parent: Option<(Snapshot, SnapshotRef)>,
) -> Answer<Snapshot> {
    let minutes = input.timeout.and_then(|minutes| u32::try_from(minutes).ok());
    let lineage = match &parent {
        Some((parent, _)) => parent.lineage.clone(),
        None => cx.door.env.ids.uuid(),
    };
    let descent = parent.as_ref().map_or(&lineage, |(parent, _)| &parent.descent).clone();
    Ok(Snapshot {
        account: cx.account().clone(),
        region: cx.region().clone(),
        id: id.to_owned(),
        volume: find::NO_VOLUME.to_owned(),
        size_gib: size(input)?,
        state: SnapshotState::Pending,
        state_message: None,
        started: cx.now(),
        completed: None,
        progress: 0,
        description: input.description.clone().unwrap_or_default(),
        tags: tags(input),
        encryption,
        lineage,
        descent,
        origin: Origin::Direct {
            timeout_minutes: minutes.unwrap_or(TIMEOUT_DEFAULT),
            last_used: cx.now(),
            parent: input.parent_snapshot_id.clone(),
        },
        at: None,
        sizes: Sizes::default(),
        // While the child is pending, the objects of its parent must stay.
        base: parent.as_ref().map(|(row, _)| format!("{}/{}", row.region, row.id)),
        base_at: parent.map(|(_, at)| at),
        frozen: false,
        public: false,
        lock: None,
        request_id: cx.request.id.clone(),
        set: None,
    })
}

fn answer(cx: &mut Cx, row: &Snapshot) -> StartSnapshotOutput {
    let parent = match &row.origin {
        Origin::Direct { parent, .. } => parent.clone(),
        _ => None,
    };
    let key = row.encryption.as_ref().map(|e| e.key_arn.clone());
    if key.is_some() {
        cx.trail.response.insert("kmsKeyArn".to_owned(), HIDDEN.into());
    }
    let tag = |t: &Tag| shape::Tag { key: Some(t.key.clone()), value: Some(t.value.clone()) };
    StartSnapshotOutput {
        description: Some(row.description.clone()).filter(|d| !d.is_empty()),
        snapshot_id: Some(row.id.clone()),
        owner_id: Some(row.account.to_string()),
        status: Some(row.state.as_str().to_owned()),
        start_time: Some(row.started),
        volume_size: Some(i64::from(row.size_gib)),
        block_size: i32::try_from(BLOCK_BYTES).ok(),
        tags: Some(row.tags.iter().map(tag).collect::<Vec<_>>()).filter(|tags| !tags.is_empty()),
        parent_snapshot_id: parent,
        sse_type: Some(if key.is_some() { "sse-kms" } else { "none" }.to_owned()),
        kms_key_arn: key,
    }
}

const TOKEN_OF: &str = "StartSnapshot";

fn token(input: &StartSnapshotInput) -> Option<&str> {
    input.client_token.as_deref().filter(|token| !token.is_empty())
}

/// The request as its token remembers it. The key is not in the trail form, but it makes another request.
fn fingerprint(input: &StartSnapshotInput) -> String {
    format!("{} {}", input.trail(), given_key(input).unwrap_or_default())
}

/// The snapshot that this client token made before.
fn earlier(cx: &mut Cx, input: &StartSnapshotInput) -> Answer<Option<Snapshot>> {
    let Some(token) = token(input) else { return Ok(None) };
    let key = format!("{}{TOKEN_OF}/{token}", cx.tenant());
    let Some(used) = cx.tx.get::<ClientToken>(&key)? else { return Ok(None) };
    let made = used.resources.first().ok_or_else(|| Fault::new("a client token that made nothing"))?;
    if used.fingerprint != fingerprint(input) {
        return Err(refusals::conflict(made).into());
    }
    find::own(cx, made).map(Some)
}

fn remember(cx: &mut Cx, input: &StartSnapshotInput, id: &str) -> Answer<()> {
    let Some(token) = token(input) else { return Ok(()) };
    let row = ClientToken {
        account: cx.account().clone(),
        region: cx.region().clone(),
        action: TOKEN_OF.to_owned(),
        token: token.to_owned(),
        fingerprint: fingerprint(input),
        resources: vec![id.to_owned()],
    };
    Ok(cx.tx.put(&row)?)
}

#[cfg(test)]
#[path = "start_snapshot_tests.rs"]
mod tests;
