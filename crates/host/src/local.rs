//! This machine as the host. Volumes lie under `<data>/volumes/<id>`, sockets under `<data>/run`.
//!
//! A volume is open once, however many instances share it (Multi-Attach) and however much work goes on with it; each attachment
//! has its own export:
//!
//! ```text
//! open:     volume id ──► Volume (no key: bytes at rest)          while anybody here uses it
//! attached: volume id ──► Outlet (Device: Volume + key; counts), exports: instance id ──► Sockets (threads)
//! ```

use crate::attached::Attached;
use crate::local_storage::Unreadable;
use crate::readers::Readers;
use crate::sockets::{self, Sockets, run_directory};
use crate::works::Works;
use crate::{AttachSpec, HostError, Hosts, KeyService, Notices};
use base::{Fault, Refusal};
use chunks::ChunkStore;
use env::Env;
use export::{Limits, Outlet, Portal, Totals};
use keys::DataKey;
use parking_lot::Mutex;
use snapshot::{ChunkSource, SnapshotRef, Snapshots};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use volume::{Damage, Device, Opening, Volume, VolumeError, VolumeSpec};

/// How long a stop waits for work that was told to stop.
const STOP_WAIT: Duration = Duration::from_secs(15);

/// The local host.
pub struct LocalHost {
    pub(crate) inner: Arc<Inner>,
}

/// What works in threads of their own share with the host.
pub(crate) struct Inner {
    pub env: Env,
    volumes: PathBuf,
    run: PathBuf,
    keys: OnceLock<Arc<dyn KeyService>>,
    notices: OnceLock<Arc<dyn Notices>>,
    /// Damage that was told already: (volume, chunk).
    told: Mutex<BTreeSet<(String, u32)>>,
    attached: Mutex<HashMap<String, Attached>>,
    /// Volumes that somebody here has open, without their keys. One instance each, however many work on it.
    open: Mutex<HashMap<String, Weak<Volume>>>,
    pub snapshots: Snapshots,
    pub readers: Readers,
    options: Options,
    pub works: Works,
}

/// How attached volumes are exported, beside their unix sockets.
#[derive(Default)]
pub struct Exporting {
    /// Held to the IOPS and the throughput of their type.
    pub limited: bool,
    /// Over TCP as well, under the name `<volume>.<instance>`.
    pub portal: Option<Portal>,
    /// As a virtual machine's disk as well, on a second unix socket.
    pub vhost_user: bool,
}

/// What a host may be told to do beside what it must.
#[derive(Default)]
pub struct Options {
    pub exporting: Exporting,
    /// New volumes get a tag for every data unit.
    pub integrity: bool,
}

impl LocalHost {
    /// A host whose state lies under `data` and whose snapshots lie in `chunks`. KMS is given later (`connect`), because KMS is
    /// reached through the door and the door's jobs need the host first.
    pub fn new(env: Env, data: &Path, chunks: Arc<dyn ChunkStore>, options: Options) -> Result<Self, Fault> {
        let volumes = data.join("volumes");
        let run = run_directory(data);
        let making = |dir: &Path, e| Fault::caused(format!("making the directory {}", dir.display()), e);
        env.files.create_dir_all(&volumes).map_err(|e| making(&volumes, e))?;
        env.files.create_private_dir(&run).map_err(|e| making(&run, e))?;
        let inner = Inner {
            env,
            volumes,
            run,
            keys: OnceLock::new(),
            notices: OnceLock::new(),
            told: Mutex::default(),
            attached: Mutex::default(),
            open: Mutex::default(),
            snapshots: Snapshots::new(chunks),
            readers: Readers::default(),
            options,
            works: Works::default(),
        };
        Ok(LocalHost { inner: Arc::new(inner) })
    }

    /// Tells the host how to reach KMS, and who hears of damage.
    pub fn connect(&self, keys: Arc<dyn KeyService>, notices: Arc<dyn Notices>) {
        // A second call changes nothing: there is one KMS.
        let _ = self.inner.keys.set(keys);
        let _ = self.inner.notices.set(notices);
    }

    /// Where the sockets are.
    pub fn run_directory(&self) -> &Path {
        &self.inner.run
    }

    /// What was done with each attached volume since it was attached, by volume id.
    pub fn totals(&self) -> Vec<(String, Totals)> {
        let attached = self.inner.attached.lock();
        let mut totals: Vec<_> = attached.iter().map(|(id, a)| (id.clone(), a.outlet.totals())).collect();
        totals.sort_by(|a, b| a.0.cmp(&b.0));
        totals
    }

    /// Ends every work and export, flushes every volume, drops every key. The attachments stay in the catalog; the next start
    /// makes them again, and jobs start their work again.
    pub fn stop(&self) {
        let deadline = self.inner.env.clock.monotonic() + STOP_WAIT;
        while !self.inner.works.stop_all() && self.inner.env.clock.monotonic() < deadline {
            self.inner.env.clock.sleep(Duration::from_millis(10));
        }
        let all: Vec<(String, Attached)> = self.inner.attached.lock().drain().collect();
        for (id, attached) in all {
            for (instance, export) in attached.exports {
                self.inner.end_export(&id, &instance, export);
            }
            if let Err(error) = attached.outlet.device().close() {
                tracing::error!(volume = id, %error, "a volume could not be flushed when the host stopped");
            }
        }
    }
}

impl Inner {
    pub fn directory(&self, volume: &str) -> PathBuf {
        self.volumes.join(volume)
    }

    pub fn key_service(&self) -> Result<&Arc<dyn KeyService>, HostError> {
        self.keys.get().ok_or_else(|| HostError::Fault(Fault::new("KMS is not connected yet")))
    }

    /// The volume, without its key; opened unless somebody here has it open.
    pub fn volume(self: &Arc<Self>, id: &str) -> Result<Arc<Volume>, HostError> {
        let in_use = self.attached.lock().contains_key(id);
        let mut open = self.open.lock();
        if let Some(found) = open.get(id).and_then(Weak::upgrade) {
            return match found.read_only() {
                // It goes on from what is durable as soon as it is opened anew; two openings at once must not be.
                Some(why) if !in_use => Err(HostError::Fault(Fault::new(format!(
                    "volume {id} is read-only because {why}, and work that began before is still reading it"
                )))),
                _ => Ok(found),
            };
        }
        let source = |at: &SnapshotRef| -> Result<Arc<dyn ChunkSource>, VolumeError> {
            match self.reader(at) {
                Ok(reader) => Ok(reader),
                // Damage is no reason to refuse the rest of the volume. It is told when somebody meets it.
                Err(HostError::Refused(_)) => {
                    Ok(Arc::new(Unreadable { inner: Arc::downgrade(self), at: at.clone() }))
                }
                Err(HostError::Fault(fault)) => Err(VolumeError::Source(fault.to_string())),
            }
        };
        let inner = Arc::downgrade(self);
        let on_damage = Arc::new(move |damage: Damage| {
            if let Some(inner) = inner.upgrade() {
                inner.tell(&damage);
            }
        });
        let opening = Opening { source: &source, on_damage, on_read_only: self.on_read_only(id) };
        let volume =
            Volume::open(self.env.files.clone(), &self.directory(id), opening).map_err(|e| broken(id, &e))?;
        open.retain(|_, volume| volume.strong_count() > 0);
        open.insert(id.to_owned(), Arc::downgrade(&volume));
        Ok(volume)
    }

    /// Whoever meets the failure answers its guest at once; the catalog, perhaps on the same disk, is told meanwhile.
    fn on_read_only(self: &Arc<Self>, id: &str) -> Arc<dyn Fn(&str) + Send + Sync> {
        let (inner, id) = (Arc::downgrade(self), id.to_owned());
        Arc::new(move |why: &str| {
            tracing::error!(volume = id, why, "a volume is read-only");
            let Some(notices) = inner.upgrade().and_then(|inner| inner.notices.get().cloned()) else {
                return;
            };
            let (id, why) = (id.clone(), why.to_owned());
            if let Err(error) = env::spawn("read-only", move || notices.read_only(&id, &why)) {
                tracing::error!(%error, "no thread to tell it");
            }
        })
    }

    /// Damage is met with every read of a chunk, and told once.
    fn tell(&self, damage: &Damage) {
        if self.told.lock().insert((damage.volume.clone(), damage.chunk))
            && let Some(notices) = self.notices.get()
        {
            notices.damaged(damage);
        }
    }

    pub fn create(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        let create = if self.options.integrity { volume::create_with_integrity } else { volume::create };
        let made = create(&self.env.files, &self.directory(&spec.volume_id), spec);
        made.map_err(|e| broken(&spec.volume_id, &e))
    }

    /// The volume's key from KMS, if it is encrypted. Asked for at each attachment, as a real host would, even when another
    /// attachment has the volume open already: the instance must have the right of its own.
    fn key_of(&self, spec: &AttachSpec) -> Result<Option<DataKey>, HostError> {
        let (Some(request), Some(wanted)) = (&spec.key, spec.key_use()) else { return Ok(None) };
        let head = volume::read_superblock(&self.env.files, &self.directory(&spec.volume))
            .map_err(|e| broken(&spec.volume, &e))?;
        let stored = head.encryption.as_ref().map(|e| e.wrapped_key.as_slice());
        if stored != Some(request.wrapped_key.as_slice()) {
            let what =
                format!("Volume {} does not hold the wrapped key that the catalog has for it.", spec.volume);
            return Err(HostError::Refused(Refusal::new("IncorrectState", what)));
        }
        self.key_service()?.decrypt(&wanted).map(Some)
    }

    /// The volume as a device with its key, in an outlet that all its exports share.
    fn outlet(self: &Arc<Self>, spec: &AttachSpec) -> Result<Outlet, HostError> {
        let key = self.key_of(spec)?;
        if let Some(attached) = self.attached.lock().get(&spec.volume) {
            return Ok(attached.outlet.clone());
        }
        let device = Device::open(self.volume(&spec.volume)?, key).map_err(|e| broken(&spec.volume, &e))?;
        let outlet = Outlet::new(device, self.env.clock.clone());
        Ok(match &spec.limits {
            Some(limits) if self.options.exporting.limited => outlet.limited(limits),
            _ => outlet,
        })
    }

    fn end_export(&self, volume: &str, instance: &str, export: Sockets) {
        if let Some(portal) = &self.options.exporting.portal {
            portal.remove(&network_name(volume, instance));
        }
        export.stop();
    }

    /// Work on the volume in threads of their own ends before its store goes.
    fn is_worked_on(&self, id: &str) -> bool {
        self.open.lock().get(id).is_some_and(|volume| volume.strong_count() > 0)
    }
}

impl Hosts for LocalHost {
    fn create_volume(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        self.inner.create(spec)
    }

    fn remove_volume(&self, id: &str) -> Result<(), HostError> {
        self.inner.works.stop_about(id, "");
        if self.inner.attached.lock().contains_key(id) || self.inner.is_worked_on(id) {
            return Err(HostError::Fault(Fault::new(format!("volume {id} is still in use on this host"))));
        }
        self.inner.told.lock().retain(|(volume, _)| volume != id);
        sockets::forget(&*self.inner.env.files, &self.inner.run, id);
        volume::remove(&self.inner.env.files, &self.inner.directory(id)).map_err(|e| broken(id, &e))
    }

    fn attach(&self, spec: &AttachSpec) -> Result<String, HostError> {
        let inner = &self.inner;
        if let Some(export) =
            inner.attached.lock().get(&spec.volume).and_then(|a| a.exports.get(&spec.instance))
        {
            return Ok(export.uri());
        }
        // One job per volume runs at a time, so nobody attaches the same volume between here and the insertion below.
        let outlet = inner.outlet(spec)?;
        let export = Sockets::start(&inner.run, spec, &outlet, inner.options.exporting.vhost_user)
            .map_err(HostError::Fault)?;
        let uri = export.uri();
        if let Some(portal) = &inner.options.exporting.portal {
            portal.add(&network_name(&spec.volume, &spec.instance), &outlet);
        }
        let mut attached = inner.attached.lock();
        let entry = attached.entry(spec.volume.clone()).or_insert_with(|| Attached::new(outlet));
        entry.exports.insert(spec.instance.clone(), export);
        Ok(uri)
    }

    fn detach(&self, id: &str, instance: &str) -> Result<(), HostError> {
        let export = self.inner.attached.lock().get_mut(id).and_then(|a| a.exports.remove(instance));
        if let Some(export) = export {
            self.inner.end_export(id, instance, export);
        }
        let last = {
            let mut attached = self.inner.attached.lock();
            match attached.get(id) {
                Some(a) if a.exports.is_empty() => attached.remove(id),
                _ => None,
            }
        };
        // A failed flush is told, but the detachment goes on: the device is gone either way.
        if let Some(Err(error)) = last.map(|attached| attached.outlet.device().close()) {
            tracing::error!(volume = id, %error, "a volume could not be flushed at detach");
        }
        Ok(())
    }

    fn limit(&self, id: &str, limits: &Limits) -> Result<(), HostError> {
        if let Some(attached) = self.inner.attached.lock().get(id) {
            attached.outlet.change_limits(limits);
        }
        Ok(())
    }
}

/// The name under which an attachment is exported over TCP.
pub fn network_name(volume: &str, instance: &str) -> String {
    format!("{volume}.{instance}")
}

#[cfg(test)]
impl LocalHost {
    /// The device of an attached volume.
    pub(crate) fn device_for_tests(&self, id: &str) -> Arc<Device> {
        self.inner.attached.lock().get(id).expect("it is attached").outlet.device().clone()
    }
}

/// A failure of the engine. What will not heal by trying again (a store that is damaged, gone, or not as the catalog has it)
/// is refused; what may (a failing or full disk) is a fault. A store of somebody else in the volume's place is a fault too:
/// refused, the creation would be undone, and the undo removes the store.
pub(crate) fn broken(id: &str, error: &VolumeError) -> HostError {
    let what = format!("volume {id}: {error}");
    match error {
        VolumeError::Damaged(_)
        | VolumeError::Key(_)
        | VolumeError::NotFound(_)
        | VolumeError::Newer { .. } => HostError::Refused(Refusal::new("IncorrectState", what)),
        _ => HostError::Fault(Fault::new(what)),
    }
}

#[cfg(test)]
#[path = "local_integrity_tests.rs"]
mod integrity_tests;
#[cfg(test)]
#[path = "local_limits_tests.rs"]
mod limits_tests;
#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
