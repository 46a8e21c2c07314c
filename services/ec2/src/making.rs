//! New volumes, whoever asks for them (CreateVolume or the mappings of a launch): what is asked is checked, decided by `rules` with
//! the account's defaults and the snapshot, and becomes a row.
//!
//! ```text
//!  source                     outcome                  bytes                              lineage
//!  none                       any                      none yet                           new
//!  snapshot, unencrypted      unencrypted              the snapshot's, as they are        the snapshot's
//!  snapshot, encrypted, own   same KMS key             the snapshot's, as they are        the snapshot's
//!  snapshot                   any other                read and written anew by EBS       new
//! ```

use crate::defaults::defaults;
use crate::rows::{Encryption, FastRestore, Snapshot, Source, Volume};
use crate::{find, shared_use};
use api::{Answer, Cx};
use base::{Fault, Refusal};
use rules::defaults::MANAGED_KEY;
use rules::encryption::{self, Outcome};
use rules::lifecycle::volume::VolumeState;
use rules::restore;
use rules::volume_types::{self, Shape};

/// Who asks: a launch is refused in words of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    CreateVolume,
    Launch,
}

/// What a request says about one new volume.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub family: Family,
    pub shape: volume_types::Asked<'a>,
    pub encrypted: Option<bool>,
    pub key: Option<&'a str>,
    pub snapshot: Option<&'a str>,
    /// VolumeInitializationRate, MiB/s.
    pub rate: Option<i32>,
}

/// What the volume will be.
#[derive(Clone, Debug)]
pub struct Decided {
    shape: Shape,
    outcome: Outcome,
    snapshot: Option<Snapshot>,
    rate: Option<i32>,
    /// CreateVolume's answer names the key.
    pub shows_key: bool,
}

/// What the volume would be, or why it cannot be.
#[derive(Clone, Debug)]
pub struct Foreseen {
    pub shape: Result<Shape, Refusal>,
    /// With whether CreateVolume's answer names the key.
    outcome: Result<(Outcome, bool), Refusal>,
    /// The request or the account's defaults demand encryption.
    demanded: bool,
    pub snapshot: Option<Snapshot>,
}

impl Foreseen {
    /// Whether the volume will be encrypted; of one that cannot be, whether it was to be.
    pub fn is_encrypted(&self) -> bool {
        match &self.outcome {
            Ok((outcome, _)) => matches!(outcome, Outcome::Encrypted { .. }),
            Err(_) => self.demanded,
        }
    }
}

impl Wanted<'_> {
    /// What is wrong with the request alone; EC2 finds it before it looks at anything.
    pub fn check(&self) -> Result<(), Refusal> {
        let from_snapshot = restore::snapshot_id(self.snapshot)?.is_some();
        self.shape_at_most()?;
        self.outcome(&self.asked(false, MANAGED_KEY, None))?;
        restore::check_rate(self.rate, from_snapshot)
    }

    /// The shape as far as the request tells it. Without a size the snapshot's counts, which is not known yet: the largest of the type
    /// refuses only what no size allows.
    pub fn shape_at_most(&self) -> Result<Shape, Refusal> {
        let largest = |_: &str| {
            let name = self.shape.volume_type.filter(|t| !t.is_empty()).unwrap_or("gp2");
            let kind = volume_types::TYPES.iter().find(|t| t.name.eq_ignore_ascii_case(name));
            kind.map_or(1, |t| *t.size_gib.end())
        };
        let size_gib = self.shape.size_gib.or_else(|| self.snapshot.filter(|s| !s.is_empty()).map(largest));
        volume_types::shape(volume_types::Asked { size_gib, ..self.shape })
    }

    /// Decides with the account's defaults and the snapshot.
    pub fn decide(&self, cx: &mut Cx) -> Answer<Decided> {
        let foreseen = self.foresee(cx)?;
        let shape = foreseen.shape?;
        let (outcome, shows_key) = foreseen.outcome?;
        Ok(Decided { shape, outcome, shows_key, rate: self.rate, snapshot: foreseen.snapshot })
    }

    /// The decision before anybody insists on it: policies ask what the volume will be before the caller hears what is wrong with the
    /// snapshot.
    pub fn foresee(&self, cx: &mut Cx) -> Answer<Foreseen> {
        let snapshot = match restore::snapshot_id(self.snapshot)? {
            Some(id) => {
                let region = cx.region().clone();
                find::snapshot_in(cx, &region, id.as_str())?
            }
            None => None,
        };
        let size = match restore::snapshot_id(self.snapshot)? {
            Some(id) => {
                let found =
                    snapshot.as_ref().map(|s| restore::Found { state: s.state, size_gib: s.size_gib });
                let size = restore::size(id.as_str(), found, self.shape.size_gib);
                size.map(Some).map_err(|r| self.in_words_of_its_family(r))
            }
            None => Ok(self.shape.size_gib),
        };
        let shape =
            size.and_then(|size_gib| volume_types::shape(volume_types::Asked { size_gib, ..self.shape }));
        let defaults = defaults(cx)?;
        let of_snapshot = snapshot.as_ref().map(|s| (s, &s.account == cx.account()));
        let asked = self.asked(defaults.by_default, &defaults.default_key, of_snapshot);
        let demanded = defaults.by_default || self.encrypted == Some(true);
        let outcome = self.outcome(&asked).map(|outcome| {
            let shows_key = encryption::shown_key(&asked, &outcome).is_some();
            (outcome, shows_key)
        });
        Ok(Foreseen { shape, outcome, demanded, snapshot })
    }

    fn asked<'a>(
        &'a self,
        by_default: bool,
        default_key: &'a str,
        snapshot: Option<(&'a Snapshot, bool)>,
    ) -> encryption::Asked<'a> {
        let source = match snapshot.and_then(|(s, own)| Some((s.encryption.as_ref()?, own))) {
            Some((encryption, own)) => encryption::Source::Encrypted { key: &encryption.key_arn, own },
            None => encryption::Source::Unencrypted,
        };
        encryption::Asked { encrypted: self.encrypted, key: self.key, by_default, default_key, source }
    }

    fn outcome(&self, asked: &encryption::Asked) -> Result<Outcome, Refusal> {
        match self.family {
            Family::CreateVolume => encryption::create(*asked),
            Family::Launch => encryption::launch(*asked),
        }
    }

    /// RunInstances answers a volume smaller than its snapshot with a code of its own (public reports).
    fn in_words_of_its_family(&self, mut refusal: Refusal) -> Refusal {
        if self.family == Family::Launch && refusal.code == "InvalidParameterValue" {
            refusal.code = "InvalidBlockDeviceMapping".into();
        }
        refusal
    }
}

impl Decided {
    /// The row of a new volume in `zone`, `creating`, without tags and attachments. Tells the owner of a shared snapshot.
    pub fn row(&self, cx: &mut Cx, zone: &str) -> Answer<Volume> {
        let id = cx.door.env.ids.resource("vol");
        let encryption = match &self.outcome {
            Outcome::Unencrypted => None,
            Outcome::Encrypted { key, row } => {
                let arn = kms::names::shown_arn(cx, key)?;
                Some(Encryption::planned(arn, key.clone(), row, &id))
            }
        };
        let lineage = match &self.snapshot {
            Some(s) if keeps_data_key(cx, s, encryption.as_ref()) => s.lineage.clone(),
            _ => cx.door.env.ids.uuid(),
        };
        let descent = self.snapshot.as_ref().map_or(&lineage, |s| &s.descent).clone();
        let source = self.source(cx, zone)?;
        Ok(Volume {
            account: cx.account().clone(),
            region: cx.region().clone(),
            id,
            zone: zone.to_owned(),
            size_gib: self.shape.size_gib,
            volume_type: self.shape.volume_type.to_owned(),
            iops: self.shape.iops,
            throughput: self.shape.throughput,
            multi_attach: self.shape.multi_attach,
            state: VolumeState::Creating,
            created: cx.now(),
            tags: Vec::new(),
            attachments: Vec::new(),
            encryption,
            lineage,
            descent,
            source,
            damage: Vec::new(),
            read_only: None,
            auto_enable_io: false,
            request_id: cx.request.id.clone(),
        })
    }

    fn source(&self, cx: &mut Cx, zone: &str) -> Answer<Option<Source>> {
        let Some(snapshot) = &self.snapshot else { return Ok(None) };
        let missing = || Fault::new(format!("{} is completed but has no manifest", snapshot.id));
        if &snapshot.account != cx.account() {
            shared_use::tell_owner(cx, "SharedSnapshotVolumeCreated", &snapshot.account, &snapshot.id)?;
        }
        Ok(Some(Source {
            snapshot: snapshot.id.clone(),
            owner: snapshot.account.clone(),
            at: snapshot.at.clone().ok_or_else(missing)?,
            encryption: snapshot.encryption.clone(),
            lineage: snapshot.lineage.clone(),
            loading: true,
            fast: is_fast(cx, snapshot, zone)?,
            grant: None,
            rewrapped_key: None,
            progress: 0,
            rate: self.rate,
        }))
    }
}

/// The volume shares the snapshot's data key (or both have none), so that its bytes are taken over as they are. A shared snapshot's
/// never are: its owner and the volume's each have a data key of their own.
fn keeps_data_key(cx: &Cx, snapshot: &Snapshot, volume: Option<&Encryption>) -> bool {
    match (&snapshot.encryption, volume) {
        (None, None) => true,
        (Some(of_snapshot), Some(of_volume)) => {
            &snapshot.account == cx.account() && of_snapshot.key_arn == of_volume.key_arn
        }
        _ => false,
    }
}

/// The caller has fast snapshot restore for this snapshot in this zone.
fn is_fast(cx: &mut Cx, snapshot: &Snapshot, zone: &str) -> Answer<bool> {
    let key = format!("{}{}/{zone}", cx.tenant(), snapshot.id);
    Ok(cx.tx.get::<FastRestore>(&key)?.is_some_and(|row| row.state == "enabled"))
}
