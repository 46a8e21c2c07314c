//! How fast a volume may be: IOPS and throughput of its type, with what it may burst to. Source: EBS User Guide, "Amazon EBS volume
//! types" and the pages "General Purpose SSD", "Provisioned IOPS SSD", "Throughput Optimized HDD and Cold HDD" and "I/O
//! characteristics and monitoring" below it.
//!
//! ```text
//!  type      IOPS                         MiB/s                                      one I/O is at most
//!  gp2       3 per GiB, 100 to 16,000;    128 up to 170 GiB, 250 above               256 KiB
//!            below 3,000 it bursts to 3,000 while its 5.4 million I/O credits last
//!  gp3       provisioned                  provisioned                                256 KiB
//!  io1       provisioned                  256 KiB an I/O up to 500; 16 KiB an I/O    256 KiB
//!                                         above 32,000 IOPS (1,000 at 64,000)
//!  io2       provisioned                  256 KiB an I/O up to 4,000                 256 KiB
//!  st1       500                          40 a TiB, burst 250 a TiB, at most 500     1 MiB
//!  sc1       250                          12 a TiB, burst 80 a TiB, at most 250      1 MiB
//!            a full bucket of st1 and sc1 holds 1 TiB of credit for each TiB of the volume
//!  standard  200                          90                                         1 MiB
//! ```
//! Where the documents are vague we chose: "standard" has "40-200" IOPS and "40-90" MiB/s, and gets the upper ends. AWS merges small
//! sequential I/O before it counts it; we count what the guest sends. Buckets are full when a volume is attached.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB_PER_TIB: u64 = 1024;
const TIB: u64 = 1 << 40;

/// What a volume may do in a second, and beyond that for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u64,
    pub burst: Option<Burst>,
}

/// Faster while credit lasts. Credit comes back at the rate's own speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    pub per_second: u64,
    pub credit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A longer request counts as several.
    pub io_bytes: u64,
    pub operations: Rate,
    pub bytes: Rate,
}

const fn steady(per_second: u64) -> Rate {
    Rate { per_second, burst: None }
}

/// The limits of a volume that [`crate::volume_types::shape`] allowed. What a type does not have provisioned is ignored; an unknown
/// type has none.
pub fn limits(
    volume_type: &str,
    size_gib: u32,
    iops: Option<i32>,
    throughput: Option<i32>,
) -> Option<Limits> {
    let size = u64::from(size_gib);
    let iops = u64::from(iops.unwrap_or(0).max(100).unsigned_abs());
    let ssd = |operations, bytes| Limits { io_bytes: 256 * KIB, operations, bytes: steady(bytes) };
    let hdd = |operations, bytes| Limits { io_bytes: MIB, operations: steady(operations), bytes };
    Some(match volume_type {
        "gp2" => ssd(gp2(size), if size <= 170 { 128 * MIB } else { 250 * MIB }),
        "gp3" => ssd(steady(iops), u64::from(throughput.unwrap_or(125).max(125).unsigned_abs()) * MIB),
        "io1" if iops > 32_000 => ssd(steady(iops), iops * 16 * KIB),
        "io1" => ssd(steady(iops), (iops * 256 * KIB).min(500 * MIB)),
        "io2" => ssd(steady(iops), (iops * 256 * KIB).min(4_000 * MIB)),
        "st1" => hdd(500, of_size(size, 40, 250, 500)),
        "sc1" => hdd(250, of_size(size, 12, 80, 250)),
        "standard" => hdd(200, steady(90 * MIB)),
        _ => return None,
    })
}

fn gp2(size_gib: u64) -> Rate {
    let per_second = (3 * size_gib).clamp(100, 16_000);
    let burst = Burst { per_second: 3_000, credit: 5_400_000 };
    Rate { per_second, burst: (per_second < burst.per_second).then_some(burst) }
}

/// Rates in MiB/s per TiB, both at most `max`.
fn of_size(size_gib: u64, base: u64, burst: u64, max: u64) -> Rate {
    let rate = |per_tib: u64| (size_gib * per_tib * MIB / GIB_PER_TIB).min(max * MIB);
    let burst = Burst { per_second: rate(burst), credit: size_gib * (TIB / GIB_PER_TIB) };
    Rate { per_second: rate(base), burst: (rate(base) < burst.per_second).then_some(burst) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ops(t: &str, size: u32, iops: Option<i32>) -> (u64, Option<u64>) {
        let rate = limits(t, size, iops, None).unwrap().operations;
        (rate.per_second, rate.burst.map(|b| b.per_second))
    }

    fn mib(t: &str, size: u32, iops: Option<i32>, throughput: Option<i32>) -> (u64, Option<u64>) {
        let rate = limits(t, size, iops, throughput).unwrap().bytes;
        (rate.per_second / MIB, rate.burst.map(|b| b.per_second / MIB))
    }

    #[test]
    fn gp2_earns_three_per_gib_and_bursts_below_a_tebibyte() {
        let cases = [
            (1, 100, Some(3000)),
            (33, 100, Some(3000)),
            (34, 102, Some(3000)),
            (500, 1500, Some(3000)),
            (999, 2997, Some(3000)),
            (1000, 3000, None),
            (5333, 15_999, None),
            (5334, 16_000, None),
            (16_384, 16_000, None),
        ];
        for (size, base, burst) in cases {
            assert_eq!(ops("gp2", size, Some(7)), (base, burst), "{size} GiB");
        }
        assert_eq!(limits("gp2", 1, None, None).unwrap().operations.burst.unwrap().credit, 5_400_000);
        assert_eq!([170, 171, 16_384].map(|size| mib("gp2", size, None, None).0), [128, 250, 250]);
    }

    #[test]
    fn provisioned_types_do_what_was_provisioned() {
        assert_eq!(ops("gp3", 10, Some(3000)), (3000, None));
        assert_eq!(mib("gp3", 10, Some(3000), Some(125)), (125, None));
        assert_eq!(mib("gp3", 100, Some(8000), Some(2000)), (2000, None));
        for (iops, io1, io2) in [
            (100, 25, 25),
            (1000, 250, 250),
            (2000, 500, 500),
            (15_999, 500, 3999),
            (32_000, 500, 4000),
            (48_000, 750, 4000),
            (64_000, 1000, 4000),
        ] {
            assert_eq!(ops("io1", 10_000, Some(iops)), (iops.unsigned_abs().into(), None));
            assert_eq!(mib("io1", 10_000, Some(iops), None), (io1, None), "io1 {iops}");
            assert_eq!(mib("io2", 10_000, Some(iops), None), (io2, None), "io2 {iops}");
        }
    }

    #[test]
    fn hard_disks_earn_by_the_tebibyte() {
        for (t, size, base, burst) in [
            ("st1", 1024, 40, Some(250)),
            ("st1", 125, 4, Some(30)),
            ("st1", 2048, 80, Some(500)),
            ("st1", 12_800, 500, None),
            ("st1", 16_384, 500, None),
            ("sc1", 1024, 12, Some(80)),
            ("sc1", 3200, 37, Some(250)),
            ("sc1", 16_384, 192, Some(250)),
        ] {
            assert_eq!(mib(t, size, None, None), (base, burst), "{t} {size}");
        }
        assert_eq!(limits("st1", 2048, None, None).unwrap().bytes.burst.unwrap().credit, 2 * TIB);
        assert_eq!((ops("st1", 500, None), ops("sc1", 500, None)), ((500, None), (250, None)));
    }

    #[test]
    fn every_type_has_limits_and_none_of_them_stands_still() {
        for kind in &crate::volume_types::TYPES {
            for size in [*kind.size_gib.start(), *kind.size_gib.end()] {
                let limits = limits(kind.name, size.unsigned_abs(), None, None).unwrap();
                assert!(
                    limits.operations.per_second >= 100 && limits.bytes.per_second >= MIB,
                    "{}",
                    kind.name
                );
                assert!(limits.io_bytes >= 256 * KIB);
            }
        }
        assert_eq!(limits("gp9", 10, None, None), None);
        assert_eq!(limits("GP2", 10, None, None), None);
    }
}
