//! Volume types and their limits: size, IOPS, throughput and the ratios between them. Source: EBS User Guide, "Amazon EBS
//! volume types" (the limits of 2025: gp3 to 65,536 GiB, 80,000 IOPS and 2,000 MiB/s; io2 to 256,000 IOPS). A type left out
//! means gp2 (the API's default; the console's is gp3), and the value is read without regard to case.

use base::Refusal;
use std::ops::RangeInclusive;

/// What one type allows.
#[derive(Debug)]
pub struct VolumeType {
    pub name: &'static str,
    pub size_gib: RangeInclusive<i32>,
    /// Provisioned IOPS, where they can be set.
    pub iops: Option<RangeInclusive<i32>>,
    /// IOPS per GiB that may be provisioned at most.
    pub iops_per_gib_max: i32,
    /// The IOPS that need no ratio (gp3's baseline).
    pub iops_free: i32,
    pub iops_required: bool,
    /// Provisioned throughput in MiB/s, where it can be set.
    pub throughput: Option<RangeInclusive<i32>>,
    pub multi_attach: bool,
}

const fn kind(name: &'static str, size_gib: RangeInclusive<i32>) -> VolumeType {
    VolumeType {
        name,
        size_gib,
        iops: None,
        iops_per_gib_max: 0,
        iops_free: 0,
        iops_required: false,
        throughput: None,
        multi_attach: false,
    }
}

/// Every type, by name.
pub static TYPES: [VolumeType; 7] = [
    VolumeType {
        iops: Some(3_000..=80_000),
        iops_per_gib_max: 500,
        iops_free: 3_000,
        throughput: Some(125..=2_000),
        ..kind("gp3", 1..=65_536)
    },
    kind("gp2", 1..=16_384),
    VolumeType {
        iops: Some(100..=256_000),
        iops_per_gib_max: 1_000,
        iops_required: true,
        multi_attach: true,
        ..kind("io2", 4..=65_536)
    },
    VolumeType {
        iops: Some(100..=64_000),
        iops_per_gib_max: 50,
        iops_required: true,
        multi_attach: true,
        ..kind("io1", 4..=16_384)
    },
    kind("st1", 125..=16_384),
    kind("sc1", 125..=16_384),
    kind("standard", 1..=1_024),
];

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub volume_type: Option<&'a str>,
    pub size_gib: Option<i32>,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: bool,
}

/// What the volume gets, as DescribeVolumes shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub volume_type: &'static str,
    pub size_gib: u32,
    /// Provisioned, or derived for gp2; absent for st1, sc1 and standard.
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: bool,
}

/// Checks a request against its type's limits and fills in what it leaves to us.
pub fn shape(asked: Asked) -> Result<Shape, Refusal> {
    let given = asked.volume_type.filter(|t| !t.is_empty()).unwrap_or("gp2");
    let kind = TYPES
        .iter()
        .find(|t| t.name.eq_ignore_ascii_case(given))
        .ok_or_else(|| Refusal::new("UnknownVolumeType", format!("Unknown volume type: {given}")))?;
    let Some(size) = asked.size_gib else {
        return Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter size or snapshotId",
        ));
    };
    within(size, &kind.size_gib, |bound, edge| match edge {
        Edge::Low => {
            format!("Volume of {size}GiB is too small for volume type {}; minimum is {bound}GiB.", kind.name)
        }
        Edge::High => {
            format!("Volume of {size}GiB is too large for volume type {}; maximum is {bound}GiB.", kind.name)
        }
    })?;
    let iops = iops(kind, asked.iops, size)?;
    let throughput = throughput(kind, asked.throughput, iops)?;
    if asked.multi_attach && !kind.multi_attach {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            format!("The parameter MultiAttachEnabled is not supported for {} volumes.", kind.name),
        ));
    }
    let size_gib = u32::try_from(size).unwrap_or(0);
    Ok(Shape { volume_type: kind.name, size_gib, iops, throughput, multi_attach: asked.multi_attach })
}

fn iops(kind: &VolumeType, asked: Option<i32>, size: i32) -> Result<Option<i32>, Refusal> {
    let Some(range) = &kind.iops else {
        if asked.is_some() {
            return Err(not_supported("iops", kind));
        }
        // gp2: 3 per GiB, at least 100, at most 16,000. The magnetic types show none.
        return Ok((kind.name == "gp2").then(|| size.saturating_mul(3).clamp(100, 16_000)));
    };
    let Some(iops) = asked else {
        if kind.iops_required {
            return Err(Refusal::new(
                "MissingParameter",
                format!("The parameter iops must be specified for {} volumes.", kind.name),
            ));
        }
        return Ok(Some(*range.start()));
    };
    within(iops, range, |bound, edge| match edge {
        Edge::Low => format!("Volume iops of {iops} is too low; minimum is {bound}."),
        Edge::High => format!("Volume iops of {iops} is too high; maximum is {bound}."),
    })?;
    if iops > kind.iops_free && iops > size.saturating_mul(kind.iops_per_gib_max) {
        return Err(Refusal::new(
            "InvalidParameterValue",
            format!(
                "Iops to volume size ratio of {:.6} is too high; maximum is {}.0.",
                f64::from(iops) / f64::from(size),
                kind.iops_per_gib_max
            ),
        ));
    }
    Ok(Some(iops))
}

fn throughput(kind: &VolumeType, asked: Option<i32>, iops: Option<i32>) -> Result<Option<i32>, Refusal> {
    let Some(range) = &kind.throughput else {
        return if asked.is_some() { Err(not_supported("throughput", kind)) } else { Ok(None) };
    };
    let Some(throughput) = asked else { return Ok(Some(*range.start())) };
    within(throughput, range, |bound, edge| match edge {
        Edge::Low => format!("Volume throughput of {throughput} MiB/s is too low; minimum is {bound} MiB/s."),
        Edge::High => {
            format!("Volume throughput of {throughput} MiB/s is too high; maximum is {bound} MiB/s.")
        }
    })?;
    let iops = iops.unwrap_or(0);
    if i64::from(throughput) * 4 > i64::from(iops) {
        return Err(Refusal::new(
            "InvalidParameterValue",
            format!(
                "Throughput (MiBps) to iops ratio of {:.6} is too high; maximum is 0.250000 MiBps per iops.",
                f64::from(throughput) / f64::from(iops.max(1))
            ),
        ));
    }
    Ok(Some(throughput))
}

enum Edge {
    Low,
    High,
}

fn within(
    value: i32,
    range: &RangeInclusive<i32>,
    message: impl Fn(i32, Edge) -> String,
) -> Result<(), Refusal> {
    let text = if value < *range.start() {
        message(*range.start(), Edge::Low)
    } else if value > *range.end() {
        message(*range.end(), Edge::High)
    } else {
        return Ok(());
    };
    Err(Refusal::new("InvalidParameterValue", text))
}

fn not_supported(parameter: &str, kind: &VolumeType) -> Refusal {
    Refusal::new(
        "InvalidParameterCombination",
        format!("The parameter {parameter} is not supported for {} volumes.", kind.name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(t: &str, size: i32, iops: Option<i32>, throughput: Option<i32>) -> Result<Shape, String> {
        shape(Asked { volume_type: Some(t), size_gib: Some(size), iops, throughput, multi_attach: false })
            .map_err(|r| r.code.into_owned())
    }

    #[test]
    fn each_type_takes_its_smallest_and_largest_size_and_nothing_beyond() {
        for t in &TYPES {
            let iops = t.iops_required.then_some(100);
            for (size, good) in [
                (*t.size_gib.start(), true),
                (*t.size_gib.end(), true),
                (*t.size_gib.start() - 1, false),
                (*t.size_gib.end() + 1, false),
                (i32::MAX, false),
                (i32::MIN, false),
            ] {
                let answer = ask(t.name, size, iops, None);
                assert_eq!(answer.is_ok(), good, "{} {size} {answer:?}", t.name);
            }
        }
    }

    #[test]
    fn iops_and_throughput_obey_their_ranges_and_ratios() {
        let bad = Err("InvalidParameterValue".to_owned());
        let cases = [
            ("gp3", 1, Some(3000), None, true),
            ("gp3", 1, Some(3001), None, false),
            ("gp3", 6, Some(3001), None, false),
            ("gp3", 7, Some(3001), None, true),
            ("gp3", 160, Some(80_000), None, true),
            ("gp3", 200, Some(80_001), None, false),
            ("gp3", 10, Some(2999), None, false),
            ("gp3", 10, None, Some(750), true),
            ("gp3", 10, None, Some(751), false),
            ("gp3", 10, None, Some(124), false),
            ("gp3", 100, Some(8000), Some(2000), true),
            ("gp3", 100, Some(8000), Some(2001), false),
            ("io1", 4, Some(200), None, true),
            ("io1", 4, Some(201), None, false),
            ("io1", 4, Some(99), None, false),
            ("io2", 4, Some(4000), None, true),
            ("io2", 4, Some(4001), None, false),
        ];
        for (t, size, iops, throughput, good) in cases {
            let answer = ask(t, size, iops, throughput);
            assert!(
                if good { answer.is_ok() } else { answer == bad },
                "{t} {size} {iops:?} {throughput:?}: {answer:?}"
            );
        }
    }

    #[test]
    fn what_a_type_does_not_have_cannot_be_set() {
        for t in ["gp2", "st1", "sc1", "standard"] {
            assert_eq!(ask(t, 200, Some(200), None), Err("InvalidParameterCombination".into()), "{t}");
        }
        assert_eq!(ask("io1", 10, Some(100), Some(200)), Err("InvalidParameterCombination".into()));
        assert_eq!(ask("io1", 10, None, None), Err("MissingParameter".into()));
        assert_eq!(ask("gp9", 10, None, None), Err("UnknownVolumeType".into()));
        let multi =
            Asked { volume_type: Some("gp3"), size_gib: Some(9), multi_attach: true, ..Default::default() };
        assert_eq!(shape(multi).map_err(|r| r.code.into_owned()), Err("InvalidParameterCombination".into()));
    }

    #[test]
    fn defaults_are_those_of_the_api() {
        let plain = shape(Asked { size_gib: Some(8), ..Default::default() }).unwrap();
        assert_eq!((plain.volume_type, plain.iops, plain.throughput), ("gp2", Some(100), None));
        assert_eq!(ask("GP3", 8, None, None).unwrap().throughput, Some(125));
        assert_eq!(ask("gp2", 16_384, None, None).unwrap().iops, Some(16_000));
        assert_eq!(ask("st1", 125, None, None).unwrap().iops, None);
        assert_eq!(shape(Asked::default()).map_err(|r| r.code.into_owned()), Err("MissingParameter".into()));
    }
}
