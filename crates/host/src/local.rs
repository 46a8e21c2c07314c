//! This machine as the host. Volumes lie under `<data>/volumes/<id>`, sockets under `<data>/run`.
//!
//! A volume is open once, however many instances share it (Multi-Attach); each attachment has its own export:
//!
//! ```text
//! open: volume id ──► Open { Arc<Volume> (holds the key), exports: instance id ──► Export (socket, threads) }
//! ```

use crate::{AttachSpec, HostError, Hosts, KeyService};
use base::{Fault, Refusal};
use env::Env;
use export::{Export, Listen};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use volume::{Volume, VolumeError, VolumeSpec};

/// A Unix socket's path may have 107 bytes (Linux, unix(7)); longer data directories get their sockets elsewhere.
const SOCKET_PATH_MAX: usize = 107;

/// The local host.
pub struct LocalHost {
    env: Env,
    volumes: PathBuf,
    run: PathBuf,
    keys: OnceLock<Arc<dyn KeyService>>,
    open: Mutex<HashMap<String, Open>>,
}

struct Open {
    volume: Arc<Volume>,
    exports: HashMap<String, Export>,
}

impl LocalHost {
    /// A host whose state lies under `data`. KMS is given later (`connect`), because KMS is reached through the door and the
    /// door's jobs need the host first.
    pub fn new(env: Env, data: &Path) -> Result<Self, Fault> {
        let volumes = data.join("volumes");
        let run = run_directory(data);
        let making = |dir: &Path, e| Fault::caused(format!("making the directory {}", dir.display()), e);
        env.files.create_dir_all(&volumes).map_err(|e| making(&volumes, e))?;
        env.files.create_private_dir(&run).map_err(|e| making(&run, e))?;
        Ok(LocalHost { env, volumes, run, keys: OnceLock::new(), open: Mutex::default() })
    }

    /// Tells the host how to reach KMS.
    pub fn connect(&self, keys: Arc<dyn KeyService>) {
        // A second call changes nothing: there is one KMS.
        let _ = self.keys.set(keys);
    }

    /// Ends every export, flushes every volume, drops every key. The attachments stay in the catalog; the next start
    /// makes them again.
    pub fn stop(&self) {
        let all: Vec<(String, Open)> = self.open.lock().drain().collect();
        for (id, open) in all {
            for export in open.exports.into_values() {
                export.stop();
            }
            if let Err(error) = open.volume.close() {
                tracing::error!(volume = id, %error, "a volume could not be flushed when the host stopped");
            }
        }
    }

    fn directory(&self, volume: &str) -> PathBuf {
        self.volumes.join(volume)
    }

    /// Opens the volume, with its key from KMS if it is encrypted. Asks KMS at each attachment, as a real host would, even
    /// when another attachment has the volume open already: the instance must have the right of its own.
    fn opened(&self, spec: &AttachSpec) -> Result<Arc<Volume>, HostError> {
        let key = match &spec.key {
            None => None,
            Some(request) => {
                let head = volume::read_superblock(&self.env.files, &self.directory(&spec.volume))
                    .map_err(|e| broken(&spec.volume, &e))?;
                let stored = head.encryption.as_ref().map(|e| e.wrapped_key.as_slice());
                if stored != Some(request.wrapped_key.as_slice()) {
                    return Err(HostError::Refused(Refusal::new(
                        "IncorrectState",
                        format!(
                            "Volume {} does not hold the wrapped key that the catalog has for it.",
                            spec.volume
                        ),
                    )));
                }
                let keys = self
                    .keys
                    .get()
                    .ok_or_else(|| HostError::Fault(Fault::new("KMS is not connected yet")))?;
                Some(keys.decrypt(spec, request)?)
            }
        };
        if let Some(open) = self.open.lock().get(&spec.volume) {
            return Ok(open.volume.clone());
        }
        Volume::open(self.env.files.clone(), &self.directory(&spec.volume), key)
            .map_err(|e| broken(&spec.volume, &e))
    }
}

impl Hosts for LocalHost {
    fn create_volume(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        volume::create(&self.env.files, &self.directory(&spec.volume_id), spec)
            .map_err(|e| broken(&spec.volume_id, &e))
    }

    fn remove_volume(&self, id: &str) -> Result<(), HostError> {
        if self.open.lock().contains_key(id) {
            return Err(HostError::Fault(Fault::new(format!("volume {id} is still attached on this host"))));
        }
        volume::remove(&self.env.files, &self.directory(id)).map_err(|e| broken(id, &e))
    }

    fn attach(&self, spec: &AttachSpec) -> Result<String, HostError> {
        if let Some(export) = self.open.lock().get(&spec.volume).and_then(|o| o.exports.get(&spec.instance)) {
            return Ok(export.uri());
        }
        // One job per volume runs at a time, so nobody opens the same volume between here and the insertion below.
        let volume = self.opened(spec)?;
        let socket = self.run.join(format!("{}.{}.sock", spec.volume, spec.instance));
        let export =
            Export::start(&spec.volume, volume.clone(), Listen::Unix(socket.clone())).map_err(|e| {
                HostError::Fault(Fault::caused(
                    format!("exporting {} at {}", spec.volume, socket.display()),
                    e,
                ))
            })?;
        let uri = export.uri();
        let mut open = self.open.lock();
        let entry =
            open.entry(spec.volume.clone()).or_insert_with(|| Open { volume, exports: HashMap::new() });
        entry.exports.insert(spec.instance.clone(), export);
        Ok(uri)
    }

    fn detach(&self, id: &str, instance: &str) -> Result<(), HostError> {
        let export = self.open.lock().get_mut(id).and_then(|o| o.exports.remove(instance));
        if let Some(export) = export {
            export.stop();
        }
        let last = {
            let mut open = self.open.lock();
            match open.get(id) {
                Some(o) if o.exports.is_empty() => open.remove(id),
                _ => None,
            }
        };
        match last {
            // A failed flush is told, but the detachment goes on: the device is gone either way.
            Some(open) => open.volume.close().map_err(|e| broken(id, &e)).or_else(|e| {
                tracing::error!(volume = id, error = %e, "a volume could not be flushed at detach");
                Ok(())
            }),
            None => Ok(()),
        }
    }
}

/// A failure of the engine. What will not heal by trying again (a store that is damaged, gone, or not as the catalog has it)
/// is refused; what may (a failing or full disk) is a fault. A store of somebody else in the volume's place is a fault too:
/// refused, the creation would be undone, and the undo removes the store.
fn broken(id: &str, error: &VolumeError) -> HostError {
    let what = format!("volume {id}: {error}");
    match error {
        VolumeError::Damaged(_)
        | VolumeError::Key(_)
        | VolumeError::NotFound(_)
        | VolumeError::Newer { .. } => HostError::Refused(Refusal::new("IncorrectState", what)),
        _ => HostError::Fault(Fault::new(what)),
    }
}

/// Where sockets go: under the data directory, or, if that makes their paths too long, under the system's run directory in
/// a folder named after a hash of the data directory's path.
fn run_directory(data: &Path) -> PathBuf {
    let run = data.join("run");
    let longest = run.as_os_str().len() + "/vol-0123456789abcdef0.i-0123456789abcdef0.sock".len();
    if longest <= SOCKET_PATH_MAX {
        return run;
    }
    let hash = data
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3));
    PathBuf::from(format!("/tmp/sealvol-{hash:016x}"))
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
