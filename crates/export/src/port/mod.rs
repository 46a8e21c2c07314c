//! What an export serves: a device with its limits and with what is counted of it.
//!
//! ```text
//!  Outlet   one per export; the outlets of a volume share its device, meter and limits
//!    └─ Port   one per connection (NBD) or queue (vhost-user): the methods of `Device`, each counted
//! ```
//! Time is read once when requests arrive and once after each request: the end of one is the begin of the next. The exporter
//! says when requests have arrived ([`Port::arrived`]) and when it was busy with something else ([`Port::resumed`]).
//!
//! Limits hold requests, not the pieces they are done in: before each request the exporter asks [`Port::hold`], and if there is
//! something to wait for, it sends the replies it has and calls [`Port::wait`]. No lock is held while waiting.

mod ahead;
mod histogram;
mod meter;
mod timed;

pub(crate) use ahead::Ahead;
pub use histogram::{BUCKETS, Times, upper_bound};
pub use meter::{Kind, KindTotals, Totals};
pub(crate) use timed::Timed;

use crate::limits::{Due, Limiter, Limits};
use env::{Clock, RealClock};
use meter::{Counts, Done, Meter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use volume::{Device, Extent, VolumeError};

/// The longest sleep of one that waits: so soon it sees that its export ends.
const NAP: Duration = Duration::from_millis(10);

/// An attached volume, as one export has it.
#[derive(Clone)]
pub struct Outlet {
    device: Arc<Device>,
    meter: Arc<Meter>,
    limiter: Option<Arc<Limiter>>,
    /// The export is ending: nobody waits any more.
    ending: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
}

impl Outlet {
    pub fn new(device: Arc<Device>, clock: Arc<dyn Clock>) -> Outlet {
        Outlet { device, meter: Arc::default(), limiter: None, ending: Arc::default(), clock }
    }

    /// Holds the volume to limits, which can be changed later. Without this call it has none.
    #[must_use]
    pub fn limited(self, limits: &Limits) -> Outlet {
        let limiter = Limiter::new(limits, nanoseconds(&*self.clock));
        Outlet { limiter: Some(Arc::new(limiter)), ..self }
    }

    /// Other limits, at once, for all outlets of the volume. Nothing changes if it has none.
    pub fn change_limits(&self, limits: &Limits) {
        if let Some(limiter) = &self.limiter {
            limiter.change(limits, nanoseconds(&*self.clock));
        }
    }

    /// An outlet of the same volume for another export.
    #[must_use]
    pub fn beside(&self) -> Outlet {
        Outlet { ending: Arc::default(), ..self.clone() }
    }

    /// Ends waiting for tokens at this outlet's ports, for good: what was asked for is done at once.
    pub fn end_waiting(&self) {
        self.ending.store(true, Relaxed);
    }

    /// A port for one connection or queue.
    pub fn port(&self) -> Port {
        let counts = self.meter.open();
        let now = nanoseconds(&*self.clock);
        Port { outlet: self.clone(), counts, arrived: AtomicU64::new(now), latest: AtomicU64::new(now) }
    }

    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// What was done with the volume since it was attached, through all its outlets.
    pub fn totals(&self) -> Totals {
        self.meter.totals()
    }
}

impl From<Arc<Device>> for Outlet {
    fn from(device: Arc<Device>) -> Outlet {
        Outlet::new(device, Arc::new(RealClock::default()))
    }
}

/// One connection's or queue's way to the volume. Any thread may use it; the times are right if one does at a time.
pub struct Port {
    outlet: Outlet,
    counts: Arc<Counts>,
    /// When what is served now was received, and the clock as last read; both in nanoseconds of the outlet's clock.
    arrived: AtomicU64,
    latest: AtomicU64,
}

impl Port {
    /// Requests have just arrived.
    pub fn arrived(&self) {
        let now = nanoseconds(&*self.outlet.clock);
        self.arrived.store(now, Relaxed);
        self.latest.store(now, Relaxed);
    }

    /// The exporter did something else (sent replies) and turns to the requests again: that was no request's service.
    pub fn resumed(&self) {
        self.latest.store(nanoseconds(&*self.outlet.clock), Relaxed);
    }

    /// Takes what a request of `bytes` needs from the volume's limits. `Some`: it must [`Port::wait`] before it is done. When the
    /// export ends, nothing is taken any more.
    pub fn hold(&self, kind: Kind, bytes: u64) -> Option<Due> {
        let limiter = self.outlet.limiter.as_ref()?;
        if self.outlet.ending.load(Relaxed) {
            return None;
        }
        limiter.take(kind, bytes, self.latest.load(Relaxed))
    }

    /// Waits until a request is due, its limits have changed, or the export ends.
    pub fn wait(&self, due: Due) {
        let Some(limiter) = &self.outlet.limiter else { return };
        loop {
            self.resumed();
            let left = due.at.saturating_sub(self.latest.load(Relaxed));
            if left == 0 || self.outlet.ending.load(Relaxed) || !limiter.stands(due) {
                return;
            }
            self.outlet.clock.sleep(NAP.min(Duration::from_nanos(left)));
        }
    }

    pub fn size_bytes(&self) -> u64 {
        self.outlet.device.size_bytes()
    }

    pub fn volume_id(&self) -> &str {
        self.outlet.device.volume_id()
    }

    /// [`Device::read_at`]. If it has to wait for the disk, it calls `meanwhile` before: the exporter announces reads that
    /// come soon then (`ahead.rs`).
    pub fn read_at(&self, buf: &mut [u8], offset: u64, meanwhile: impl FnOnce()) -> Result<(), VolumeError> {
        self.count(Kind::Read, buf.len() as u64, |device| {
            if device.read_at_once(buf, offset)? {
                return Ok(());
            }
            meanwhile();
            device.read_at(buf, offset)
        })
    }

    /// [`Device::will_need`]. Moves no data to anybody and is not counted.
    fn will_need(&self, offset: u64, len: u64) {
        self.outlet.device.will_need(offset, len);
    }

    /// [`Device::write_at`].
    pub fn write_at(&self, buf: &mut [u8], offset: u64, fua: bool) -> Result<(), VolumeError> {
        self.count(Kind::Write, buf.len() as u64, |device| device.write_at(buf, offset, fua))
    }

    /// [`Device::flush`].
    pub fn flush(&self) -> Result<(), VolumeError> {
        self.count(Kind::Flush, 0, Device::flush)
    }

    /// [`Device::trim`].
    pub fn trim(&self, offset: u64, len: u64) -> Result<(), VolumeError> {
        self.count(Kind::Trim, len, |device| device.trim(offset, len))
    }

    /// [`Device::write_zeroes`].
    pub fn write_zeroes(&self, offset: u64, len: u64, punch: bool, fua: bool) -> Result<(), VolumeError> {
        self.count(Kind::Zero, len, |device| device.write_zeroes(offset, len, punch, fua))
    }

    /// [`Device::extents`]. Moves no data and is not counted.
    pub fn extents(&self, offset: u64, len: u64, max: usize) -> Result<Vec<Extent>, VolumeError> {
        self.outlet.device.extents(offset, len, max)
    }

    /// Does one operation of the volume and counts it: for exporters that need more of the device than the methods above.
    pub fn count<T>(
        &self,
        kind: Kind,
        bytes: u64,
        work: impl FnOnce(&Device) -> Result<T, VolumeError>,
    ) -> Result<T, VolumeError> {
        let result = work(&self.outlet.device);
        let end = nanoseconds(&*self.outlet.clock);
        let (arrived, begin) = (self.arrived.load(Relaxed), self.latest.load(Relaxed));
        self.latest.store(end, Relaxed);
        let (queue, service) = (begin.saturating_sub(arrived), end.saturating_sub(begin));
        self.counts.count(kind, &Done { bytes, failed: result.is_err(), queue, service });
        result
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.outlet.meter.close(&self.counts);
    }
}

/// Enough for 584 years.
fn nanoseconds(clock: &dyn Clock) -> u64 {
    clock.monotonic().as_nanos() as u64
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
