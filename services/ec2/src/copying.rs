//! What CopySnapshot decides when it is called, and what its job decides when it looks at the source.
//!
//! ```text
//!  at the call   outcome (encrypted or not, under which key), with the defaults of the destination Region; is the key one that can
//!                be used; the row, which shows nothing of the source yet
//!  in the job    source there and complete; whole or only what changed; over which snapshot, under which data key:
//!
//!    copy is                                                bytes                       data key       lineage
//!    unencrypted, in the source's Region                    stay where they are         none           the source's
//!    under the source's key, same account and Region        stay where they are         the source's   the source's
//!    the first of its lineage there, or full otherwise      all                         new            new
//!    incremental to an earlier copy there                   what changed since then     that copy's    that copy's
//! ```
//! What is decided is in `rules` (`copy_request`, `encryption::copy_snapshot`, `encryption::copy_extent`).

use crate::defaults::defaults;
use crate::rows::{Copied, Encryption, FormerSnapshot, Origin, Sizes, Snapshot};
use crate::{find, key_facts};
use ::snapshot::SnapshotRef;
use api::{Answer, Cx, Failure};
use base::{Fault, Refusal, Region, Tag};
use catalog::Row;
use rules::copy_request::CopyPlan;
use rules::encryption::{self, Asked, EarlierCopies, LatestCopy, Outcome, Source};
use rules::lifecycle::snapshot::{self, CopyTrouble, SnapshotState};
use wire::generated::kms::DescribeKeyInput;

/// The volume of a snapshot that is of none.
pub const NO_VOLUME: &str = "vol-ffffffff";
/// Former snapshots read at a time.
const BATCH: usize = 500;

/// What a request says about the copy.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub encrypted: Option<bool>,
    pub key: Option<&'a str>,
}

/// Runs `work` as if the call had come to another Region: that is where the source and its key are.
pub fn in_region<T>(cx: &mut Cx, region: &Region, work: impl FnOnce(&mut Cx) -> Answer<T>) -> Answer<T> {
    let here = std::mem::replace(&mut cx.request.region, region.clone());
    let done = work(cx);
    cx.request.region = here;
    done
}

impl Wanted<'_> {
    /// What is wrong with the request alone.
    pub fn check(&self) -> Result<(), Refusal> {
        encryption::copy_snapshot(self.asked(false, "", Source::Unencrypted)).map(|_| ())
    }

    fn asked<'a>(&'a self, by_default: bool, default_key: &'a str, source: Source<'a>) -> Asked<'a> {
        Asked { encrypted: self.encrypted, key: self.key, by_default, default_key, source }
    }

    fn outcome(&self, cx: &mut Cx, source: Option<&Snapshot>) -> Answer<Result<Outcome, Refusal>> {
        let defaults = defaults(cx)?;
        let of_source =
            source.map_or(Source::Unencrypted, |s| source_of(s.encryption.as_ref(), is_own(cx, s)));
        let asked = self.asked(defaults.by_default, &defaults.default_key, of_source);
        Ok(encryption::copy_snapshot(asked))
    }

    /// Whether the copy will be encrypted; of one that cannot be, whether it was to be.
    pub fn foresee(&self, cx: &mut Cx, source: Option<&Snapshot>) -> Answer<bool> {
        let outcome = self.outcome(cx, source)?;
        Ok(outcome.map_or(self.encrypted == Some(true), |o| matches!(o, Outcome::Encrypted { .. })))
    }

    /// How the copy `id` will be encrypted. A source that is not there counts as unencrypted: its copy fails anyway. The key must be one
    /// that can be used; one that the request names must be one that the caller may describe (recorded of AWS; the default key is
    /// described by the job).
    pub fn decide(&self, cx: &mut Cx, id: &str, source: Option<&Snapshot>) -> Answer<Option<Encryption>> {
        let Outcome::Encrypted { key, row } = self.outcome(cx, source)?? else { return Ok(None) };
        key_facts::check(cx, &key, encryption::check_copy_key)?;
        let arn = kms::names::shown_arn(cx, &key)?;
        if self.key == Some(key.as_str()) {
            describe(cx, &key).map_err(|failure| no_access(failure, &arn))?;
        }
        Ok(Some(Encryption::planned(arn, key, row, id)))
    }
}

fn is_own(cx: &Cx, source: &Snapshot) -> bool {
    &source.account == cx.account()
}

fn source_of(encryption: Option<&Encryption>, own: bool) -> Source<'_> {
    encryption.map_or(Source::Unencrypted, |e| Source::Encrypted { key: &e.key_arn, own })
}

/// Asks KMS about the key as the caller, so that the question is in the trail and permissions count.
pub fn describe(cx: &mut Cx, key: &str) -> Answer<()> {
    let caller = cx.caller.forwarded_by_ec2(cx.region());
    let input = DescribeKeyInput { key_id: key.to_owned(), ..Default::default() };
    cx.call::<kms::actions::DescribeKey>(caller, input).map(|_| ())
}

/// EC2's words for a key that the caller may not describe; the blank at the end is AWS's.
fn no_access(failure: Failure, arn: &str) -> Failure {
    match failure {
        Failure::Refused(refusal) => Refusal::new("AuthFailure", format!("Not authorized to use key {arn} "))
            .with_status(403)
            .because(refusal.reason)
            .into(),
        other => other,
    }
}

/// Copies to this Region of the caller's account that have not ended.
pub fn in_flight(cx: &mut Cx) -> Answer<usize> {
    let copies = cx.tx.scan_index::<Snapshot>("pending", "copy", None, usize::MAX)?;
    Ok(copies.iter().filter(|s| &s.account == cx.account() && &s.region == cx.region()).count())
}

/// The row of a new copy: pending, and nothing of the source in it yet, as recorded of AWS.
pub fn new_row(
    cx: &Cx,
    id: String,
    plan: &CopyPlan,
    source: Option<&Snapshot>,
    description: String,
    tags: Vec<Tag>,
) -> Snapshot {
    let copied = Copied {
        source: plan.snapshot.to_string(),
        source_region: plan.source_region.clone(),
        source_owner: source.map(|s| s.account.clone()),
        source_at: None,
        source_encryption: None,
        source_lineage: String::new(),
        unrefreshed: true,
        incremental: false,
        since: None,
        grants: Vec::new(),
        completion_minutes: plan.completion_minutes,
        failure: None,
    };
    Snapshot {
        account: cx.account().clone(),
        region: cx.region().clone(),
        lineage: id.clone(),
        descent: id.clone(),
        id,
        volume: NO_VOLUME.to_owned(),
        size_gib: 0,
        state: SnapshotState::Pending,
        state_message: Some(CopyTrouble::MetadataNotUpdated.state_message().to_owned()),
        started: cx.now(),
        completed: None,
        progress: 0,
        description,
        tags,
        encryption: None,
        origin: Origin::Copy(Box::new(copied)),
        at: None,
        sizes: Sizes::default(),
        base: None,
        base_at: None,
        frozen: false,
        public: false,
        lock: None,
        request_id: cx.request.id.clone(),
        set: None,
    }
}

/// The row with the source's facts in it, and over what it is stored under which data key. The refusal of a copy that cannot be made is
/// the inner result.
pub fn refreshed(
    cx: &mut Cx,
    mut row: Snapshot,
    planned: Option<Encryption>,
) -> Answer<Result<Snapshot, CopyTrouble>> {
    let Some(copied) = row.copied().cloned() else { return Ok(Ok(row)) };
    let found = find::snapshot_in(cx, &copied.source_region, &copied.source)?;
    // One that appeared after the call was not what the outcome was decided for.
    let source = found.filter(|s| Some(&s.account) == copied.source_owner.as_ref());
    if let Err(trouble) = snapshot::may_copy(source.as_ref().map(|s| s.state)) {
        return Ok(Err(trouble));
    }
    let Some(source) = source else { return Ok(Err(CopyTrouble::SourceNotFound)) };
    if source.encryption.is_some() && planned.is_none() {
        return Err(Fault::new(format!("{} is encrypted, its copy would not be", source.id)).into());
    }
    let missing = || Fault::new(format!("{} is completed but has no manifest", source.id));
    let at = source.at.clone().ok_or_else(missing)?;
    let over = over_what(cx, &row, &source, planned.as_ref())?;
    let mut copied = Copied {
        source_at: Some(at),
        source_encryption: source.encryption.clone(),
        source_lineage: source.lineage.clone(),
        unrefreshed: false,
        incremental: over.incremental,
        ..copied
    };
    row.descent = source.descent.clone();
    row.lineage = cx.door.env.ids.uuid();
    row.encryption = planned;
    if let Some((base, since)) = over.base {
        copied.since = since;
        row.base = Some(format!("{}/{}", base.region, base.id));
        row.lineage = base.lineage;
        row.base_at = base.at;
        // The base's data key, bound to the base until the job has bound it to the copy.
        if let (Some(encryption), Some(of_base)) = (&mut row.encryption, base.encryption) {
            encryption.wrapped_key = of_base.wrapped_key;
            encryption.context_id = of_base.context_id;
        }
    }
    row.size_gib = source.size_gib;
    row.state_message = None;
    row.origin = Origin::Copy(Box::new(copied));
    Ok(Ok(row))
}

/// Over what a copy is stored.
struct Over {
    /// What the event says.
    incremental: bool,
    /// The snapshot whose data key and objects the copy shares; with the snapshot that this one was copied from, if it is an
    /// earlier copy.
    base: Option<(Snapshot, Option<SnapshotRef>)>,
}

fn over_what(cx: &mut Cx, row: &Snapshot, source: &Snapshot, planned: Option<&Encryption>) -> Answer<Over> {
    let own = source.account == row.account;
    let local = own && source.region == row.region;
    let outcome =
        planned.map_or(Outcome::Unencrypted, |e| Outcome::Encrypted { key: e.key_arn.clone(), row: "" });
    let earlier = if local { Earlier::default() } else { earlier(cx, row, source)? };
    let keys: Vec<Option<&str>> = earlier.keys.iter().map(Option::as_deref).collect();
    let copies = EarlierCopies { latest: earlier.latest, keys: &keys };
    let of_source = source_of(source.encryption.as_ref(), own);
    let incremental = encryption::copy_extent(of_source, &outcome, local, copies).incremental;
    let stays = match (&source.encryption, planned) {
        (None, None) => source.region == row.region,
        (Some(_), Some(_)) => local && incremental,
        _ => false,
    };
    if stays {
        return Ok(Over { incremental, base: Some((source.clone(), None)) });
    }
    let since = earlier.row.as_ref().and_then(|r| r.copied()?.source_at.clone());
    let base = match (earlier.row, since) {
        // What changed can be told only while that source is there to be compared with.
        (Some(base), Some(since)) if incremental && is_there(cx, &since)? => Some((base, Some(since))),
        _ => None,
    };
    Ok(Over { incremental: incremental && base.is_some(), base })
}

/// A copy in the making that was to hold only what changed since a snapshot that was deleted meanwhile, as one that holds everything
/// (still under the data key that it has); `None` for one that goes on as it is.
pub fn made_full(cx: &mut Cx, row: &Snapshot) -> Answer<Option<Snapshot>> {
    let Some(copied) = row.copied() else { return Ok(None) };
    let Some(since) = &copied.since else { return Ok(None) };
    if is_there(cx, since)? {
        return Ok(None);
    }
    let copied = Copied { since: None, incremental: false, ..copied.clone() };
    let origin = Origin::Copy(Box::new(copied));
    Ok(Some(Snapshot { base: None, base_at: None, origin, ..row.clone() }))
}

/// A stored snapshot still exists for somebody.
fn is_there(cx: &mut Cx, at: &SnapshotRef) -> Answer<bool> {
    let place = format!("{}/{}", at.region, at.snapshot);
    let rows = cx.tx.scan_index::<Snapshot>("id", &place, None, usize::MAX)?;
    Ok(rows.iter().any(|s| s.at.as_ref() == Some(at)))
}

/// What the destination has got of the source's lineage.
#[derive(Default)]
struct Earlier {
    latest: Option<LatestCopy>,
    keys: Vec<Option<String>>,
    /// The latest copy, if it is there.
    row: Option<Snapshot>,
}

fn earlier(cx: &mut Cx, row: &Snapshot, source: &Snapshot) -> Answer<Earlier> {
    let is_copy = |s: &Snapshot| {
        s.id != row.id && s.copied().is_some_and(|c| !c.unrefreshed && c.source_lineage == source.lineage)
    };
    let index = format!("{}/{}/{NO_VOLUME}", row.account, row.region);
    let mut here = cx.tx.scan_index::<Snapshot>("volume", &index, None, usize::MAX)?;
    here.retain(is_copy);
    let completed = |s: &&Snapshot| s.state == SnapshotState::Completed;
    let keys =
        here.iter().filter(completed).map(|s| s.encryption.as_ref().map(|e| e.key_arn.clone())).collect();
    let latest = here.into_iter().max_by_key(|s| s.started);
    let gone = last_deleted(cx, is_copy)?;
    let present =
        latest.filter(|s| s.state == SnapshotState::Completed && gone.is_none_or(|g| s.started > g));
    let known = match (&present, gone) {
        (Some(_), _) => Some(LatestCopy::Present),
        (None, Some(_)) => Some(LatestCopy::Gone),
        (None, None) => None,
    };
    Ok(Earlier { latest: known, keys, row: present })
}

/// When the latest of the deleted copies was started.
fn last_deleted(cx: &mut Cx, is_copy: impl Fn(&Snapshot) -> bool) -> Answer<Option<base::Timestamp>> {
    let (tenant, mut after, mut last) = (cx.tenant(), None::<String>, None);
    loop {
        let batch = cx.tx.scan::<FormerSnapshot>(&tenant, after.as_deref(), BATCH)?;
        last = last.max(batch.iter().filter(|f| is_copy(&f.snapshot)).map(|f| f.snapshot.started).max());
        if batch.len() < BATCH {
            return Ok(last);
        }
        after = batch.last().map(Row::key);
    }
}
