//! A volume that is attached: its outlet, its exports, and its settling after a crash, which goes on in the background for as long as
//! it is attached.

use crate::sockets::Sockets;
use export::Outlet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use volume::VolumeError;

/// An attached volume: the outlet's device holds the key.
pub(crate) struct Attached {
    pub outlet: Outlet,
    /// By instance.
    pub exports: HashMap<String, Sockets>,
    /// Ends the settling, if it goes on.
    _settling: Settling,
}

/// Background work on an attached volume; stops when this is dropped.
struct Settling(Arc<AtomicBool>);

impl Attached {
    /// After a crash, a volume with integrity is settled in the background.
    pub fn new(outlet: Outlet) -> Attached {
        let stop = Arc::new(AtomicBool::new(false));
        if outlet.device().is_unsure() {
            let (device, stop) = (outlet.device().clone(), stop.clone());
            let started = env::spawn("settle", move || match device.settle(&stop) {
                Ok(()) | Err(VolumeError::Stopped) => {}
                Err(error) => {
                    tracing::error!(volume = device.volume_id(), %error, "units of a volume could not be tagged anew");
                }
            });
            if let Err(error) = started {
                tracing::error!(%error, "units of a volume are not tagged anew");
            }
        }
        Attached { outlet, exports: HashMap::new(), _settling: Settling(stop) }
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
