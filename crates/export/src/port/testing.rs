//! Small volumes in memory, for tests of what stands in front of them.

use super::Outlet;
use env::{SimClock, SimFiles, Timestamp};
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Opening, Volume, VolumeSpec};

pub(crate) const MIB: u64 = 1 << 20;

fn device() -> Arc<Device> {
    let (files, dir): (Arc<dyn env::Files>, _) = (Arc::new(SimFiles::new(1)), Path::new("/v"));
    let spec = VolumeSpec { volume_id: "vol-1".into(), size_bytes: MIB, encryption: None, source: None };
    volume::create(&files, dir, &spec).unwrap();
    Device::open(Volume::open(files, dir, Opening::loaded()).unwrap(), None).unwrap()
}

/// 1 MiB, and a clock that moves only when told.
pub(crate) fn outlet() -> (Outlet, Arc<SimClock>) {
    let clock = Arc::new(SimClock::starting_at(Timestamp::from_secs(0)));
    (Outlet::new(device(), clock.clone()), clock)
}

pub(crate) fn on_a_real_clock() -> Outlet {
    Outlet::from(device())
}
