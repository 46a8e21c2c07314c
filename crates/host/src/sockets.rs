//! The unix sockets of one attachment, under `<data>/run`:
//!
//! ```text
//!  <volume>.<instance>.sock            NBD
//!  <volume>.<instance>.vhost           vhost-user-blk, if the host offers it
//!  <volume>.<instance>.vhost.stopped   where its queues were left, while nobody serves them
//!  <volume>.<instance>.vhost.through   its guest wants writes to be durable
//! ```
//! Both serve the same outlet: limits hold and counts grow for the two together.

use crate::AttachSpec;
use base::Fault;
use env::Files;
use export::{Export, Listen, Outlet, VhostExport};
use std::path::{Path, PathBuf};

/// A Unix socket's path may have 107 bytes (Linux, unix(7)); longer data directories get their sockets elsewhere.
const SOCKET_PATH_MAX: usize = 107;

/// What serves one attachment.
pub(crate) struct Sockets {
    nbd: Export,
    vhost: Option<VhostExport>,
}

impl Sockets {
    pub fn start(run: &Path, spec: &AttachSpec, outlet: &Outlet, vhost_user: bool) -> Result<Sockets, Fault> {
        let AttachSpec { volume, instance, .. } = spec;
        let failed = |at: &Path, e| Fault::caused(format!("exporting {volume} at {}", at.display()), e);
        let at = run.join(format!("{volume}.{instance}.sock"));
        let nbd = Export::start(volume, outlet.clone(), Listen::Unix(at.clone()));
        let nbd = nbd.map_err(|e| failed(&at, e))?;
        let vhost = match vhost_user {
            true => {
                let at = run.join(vhost_socket(volume, instance));
                let vhost = VhostExport::start(volume, outlet.clone(), at.clone());
                Some(vhost.map_err(|e| failed(&at, e))?)
            }
            false => None,
        };
        Ok(Sockets { nbd, vhost })
    }

    /// The NBD device's address.
    pub fn uri(&self) -> String {
        self.nbd.uri()
    }

    pub fn stop(self) {
        self.nbd.stop();
        if let Some(vhost) = self.vhost {
            vhost.stop();
        }
    }
}

/// Removes what is left beside the sockets of a volume that goes. What cannot be removed is nobody's any more and harms nobody.
pub(crate) fn forget(files: &dyn Files, run: &Path, volume: &str) {
    let prefix = format!("{volume}.");
    for name in files.list(run).unwrap_or_default() {
        if name.as_os_str().as_encoded_bytes().starts_with(prefix.as_bytes()) {
            let _ = files.remove_file(&run.join(name));
        }
    }
}

/// The file name of an attachment's vhost-user socket.
pub fn vhost_socket(volume: &str, instance: &str) -> String {
    format!("{volume}.{instance}.vhost")
}

/// Where sockets go: under the data directory, or, if that makes their paths too long, under the system's run directory in
/// a folder named after a hash of the data directory's path.
pub(crate) fn run_directory(data: &Path) -> PathBuf {
    let run = data.join("run");
    let longest = run.as_os_str().len() + "/vol-0123456789abcdef0.i-0123456789abcdef0.vhost".len();
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
#[path = "sockets_tests.rs"]
mod tests;
