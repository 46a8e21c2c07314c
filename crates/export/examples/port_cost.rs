//! What counting costs: nanoseconds per operation of a port over the same operation of its device, on an unencrypted volume in
//! memory. `port_cost [operations]`.
#![allow(clippy::print_stdout)]

use env::{Clock, RealClock, SimFiles};
use export::{Kind, Outlet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Opening, Volume, VolumeError, VolumeSpec};

const BYTES: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let operations: u32 = std::env::args().nth(1).map_or(Ok(2_000_000), |n| n.parse())?;
    let (files, dir): (Arc<dyn env::Files>, _) = (Arc::new(SimFiles::new(1)), Path::new("/v"));
    let spec = VolumeSpec { volume_id: "vol-1".into(), size_bytes: 1 << 30, encryption: None, source: None };
    volume::create(&files, dir, &spec)?;
    let device = Device::open(Volume::open(files, dir, Opening::loaded())?, None)?;
    let outlet = Outlet::from(device.clone());
    let port = outlet.port();
    let mut buf = [0; BYTES];
    let offset = |n: u32| u64::from(n % 1024) * BYTES as u64;
    // Nobody wrote there, so the device only looks into its map: the cost of counting stands out.
    let device_alone = measure(operations, |n| device.read_at(&mut buf, offset(n)))?;
    let counted = measure(operations, |n| port.read_at(&mut buf, offset(n), || {}))?;
    let nothing = measure(operations, |_| port.count(Kind::Read, 0, |_| Ok(())))?;
    let clock = RealClock::default();
    let reading = measure(operations, |_| {
        std::hint::black_box(clock.monotonic());
        Ok(())
    })?;
    println!("a read of the device            {device_alone:7.1} ns");
    println!("the same through a port         {counted:7.1} ns");
    println!("counting alone                  {nothing:7.1} ns");
    println!("of which one read of the clock  {reading:7.1} ns");
    Ok(())
}

fn measure(
    operations: u32,
    mut work: impl FnMut(u32) -> Result<(), VolumeError>,
) -> Result<f64, VolumeError> {
    let clock = RealClock::default();
    for n in 0..operations {
        work(n)?;
    }
    Ok(clock.monotonic().as_nanos() as f64 / f64::from(operations))
}
