//! Checking a volume's directory: each structure, damaged in each way, is named; what is sound is not; repairing clears leftovers away
//! and touches nothing else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
// Harm comes from outside.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;

use common::{freeze, key, merge, open_in, read, spec};
use env::{Files, RealFiles};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use volume::{Finding, Severity, check};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 1 << 30;
const PAGE: usize = 8192;
const SLOT: usize = 4096;

struct Bench {
    dir: tempfile::TempDir,
    files: Arc<dyn Files>,
    encrypted: bool,
}

impl Bench {
    /// A closed volume of two layers. Below: page 0 (flushed twice, so both slots are written) and page 1; above: page 0.
    fn new(encrypted: bool) -> Bench {
        let (dir, files): (_, Arc<dyn Files>) = (tempfile::tempdir().unwrap(), Arc::new(RealFiles));
        let bench = Bench { dir, files, encrypted };
        volume::create(&bench.files, bench.dir.path(), &spec(SIZE, encrypted)).unwrap();
        let device = open_in(bench.files.clone(), bench.dir.path(), key(encrypted)).unwrap();
        for (offset, len) in [(0, 8 * 4096), (64 * 4096, 4096), (33 * MIB, 4096)] {
            device.write_at(&mut vec![7; len], offset, false).unwrap();
            device.flush().unwrap();
        }
        freeze(&device, "snap-1");
        device.write_at(&mut [9; 4096], 0, false).unwrap();
        device.trim(4096, 4096).unwrap();
        device.close().unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn check(&self, repair: bool) -> Vec<Finding> {
        check(&self.files, self.dir.path(), repair).unwrap().findings
    }

    /// Changes a file by its bytes.
    fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(name);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
    }

    fn content(&self) -> [u8; 3] {
        let device = open_in(self.files.clone(), self.dir.path(), key(self.encrypted)).unwrap();
        [0, 4096, 33 * MIB].map(|at| read(&device, at, 1)[0])
    }
}

/// What is done to a file's bytes.
type Edit = Box<dyn FnOnce(&mut Vec<u8>)>;

fn flip(at: usize) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| bytes[at] ^= 0x10
}

/// Severity, file name and text, one line each.
fn lines(findings: &[Finding]) -> Vec<String> {
    let line = |f: &Finding| {
        let name = f.path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = f.bytes.as_ref().map_or(String::new(), |b| format!(" {}..{}", b.start, b.end));
        format!("{:?} {name}{bytes}: {}", f.severity, f.what)
    };
    findings.iter().map(line).collect()
}

fn assert_one(findings: &[Finding], wanted: &str) {
    let lines = lines(findings);
    assert!(lines.len() == 1 && lines[0].starts_with(wanted), "wanted {wanted}\nfound {lines:#?}");
}

#[test]
fn a_sound_volume_has_no_findings() {
    for encrypted in [true, false] {
        let bench = Bench::new(encrypted);
        let checked = check(&bench.files, bench.dir.path(), true).unwrap();
        assert_eq!((lines(&checked.findings), checked.units_written), (vec![], 11));
        assert_eq!(checked.superblock.unwrap().size_bytes, SIZE);
        assert_eq!(bench.content(), [9, 0, 7]);
    }
}

#[test]
fn a_volume_that_was_not_closed_is_noted() {
    let bench = Bench::new(true);
    let device = open_in(bench.files.clone(), bench.dir.path(), key(true)).unwrap();
    device.volume().thaw("snap-1", true).unwrap();
    merge(&device);
    device.write_at(&mut [1; 4096], 0, true).unwrap();
    drop(device);
    let found = bench.check(true);
    assert_one(&found, "Note stack: the volume was not closed");
    assert!(!found[0].repaired);
}

#[test]
fn one_bad_copy_of_the_superblock_is_written_again_from_the_other() {
    let half = 16384;
    let harms: [(&str, Edit); 5] = [
        ("copy 1 of 2: damaged: superblock: the checksum", Box::new(flip(100))),
        ("copy 2 of 2: damaged: superblock: the checksum", Box::new(flip(half + 100))),
        ("copy 2 of 2: damaged: the superblock file is too short", Box::new(move |b| b.truncate(half + 9))),
        ("copy 1 of 2: damaged: superblock: not one of ours", Box::new(move |b| b[..half].fill(0))),
        ("bytes follow its end", Box::new(|b| b.push(0))),
    ];
    for (what, harm) in harms {
        let bench = Bench::new(true);
        bench.edit("superblock", harm);
        let (before, wanted) =
            (fs::read(bench.path("superblock")).unwrap(), format!("Leftover superblock: {what}"));
        assert_one(&bench.check(false), &wanted);
        assert_eq!(fs::read(bench.path("superblock")).unwrap(), before, "looking changes nothing");
        let found = bench.check(true);
        assert_one(&found, &wanted);
        assert!(found[0].repaired);
        assert_eq!(lines(&bench.check(false)), [""; 0]);
        assert_eq!(bench.content(), [9, 0, 7]);
    }
}

#[test]
fn a_lost_head_is_damage_and_stays() {
    let both = |b: &mut Vec<u8>| [100, 16484].iter().for_each(|at| b[*at] ^= 1);
    let newer = |b: &mut Vec<u8>| {
        b[8] = 3;
        let crc =
            crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&b[..12]), &[0; 4]), &b[16..16384]);
        b[12..16].copy_from_slice(&crc.to_le_bytes());
    };
    let harms: [(&str, &str, Edit); 8] = [
        ("superblock", "damaged: superblock: the checksum does not match", Box::new(both)),
        ("superblock", "damaged: the superblock file is too short", Box::new(|b| b.truncate(11))),
        ("superblock", "damaged: superblock: not one of ours", Box::new(|b| b.fill(0))),
        ("superblock", "the superblock has format version 3; this release knows up to 2", Box::new(newer)),
        ("stack", "damaged: the stack record: the checksum does not match", Box::new(flip(20))),
        ("stack", "damaged: the stack record: the checksum does not match", Box::new(|b| b.truncate(40))),
        ("stack", "damaged: the stack record: it is too short", Box::new(|b| b.clear())),
        ("stack", "damaged: the stack record: not one of ours", Box::new(|b| b.fill(0))),
    ];
    for (file, what, harm) in harms {
        let bench = Bench::new(true);
        bench.edit(file, harm);
        let before = fs::read(bench.path(file)).unwrap();
        let found = bench.check(true);
        assert_one(&found, &format!("Damage {file}: {what}"));
        assert!(!found[0].repaired && found[0].consequence == "the volume cannot be opened");
        assert_eq!(fs::read(bench.path(file)).unwrap(), before);
    }
    for file in ["superblock", "stack", "map"] {
        let bench = Bench::new(true);
        fs::remove_file(bench.path(file)).unwrap();
        let found = bench.check(true);
        assert!(
            lines(&found)[0].starts_with(&format!("Damage {file}: it is missing")),
            "{:?}",
            lines(&found)
        );
        assert!(bench.path("layer.0001").exists() && bench.path("data.0000").exists(), "nothing is removed");
    }
}

/// Of a page of the bottom layer's map: which slot counts (0 or 1), found by the generation.
fn counting(map: &[u8], page: usize) -> usize {
    let generation =
        |slot: usize| u64::from_le_bytes(map[page * PAGE + slot * SLOT + 24..][..8].try_into().unwrap());
    usize::from(generation(1) > generation(0))
}

#[test]
fn a_torn_copy_of_a_map_page_does_not_count_and_stays() {
    let bench = Bench::new(true);
    bench.edit("map", |map| {
        let old = 1 - counting(map, 0);
        map[old * SLOT + 1000] ^= 4;
    });
    let before = fs::read(bench.path("map")).unwrap();
    let found = bench.check(true);
    assert_one(&found, "Note map 0..33554432: map page 0: copy");
    assert_eq!(fs::read(bench.path("map")).unwrap(), before);
    assert_eq!(bench.content(), [9, 0, 7]);
}

#[test]
fn a_map_page_that_cannot_be_relied_on_is_damage() {
    type PageEdit = fn(&mut Vec<u8>);
    // States that do not exist and newer versions: beside the reader, which knows how a slot is sealed.
    let harms: [(&str, PageEdit); 3] = [
        ("damaged: map page 0 (the 32 MiB from byte 0): neither copy is valid", |map| {
            [100, SLOT + 100].iter().for_each(|at| map[*at] ^= 1);
        }),
        ("damaged: map page 0 (the 32 MiB from byte 0): another page lies in its place", |map| {
            let (first, second) = map.split_at_mut(PAGE);
            first.copy_from_slice(&second[..PAGE]);
        }),
        ("map page 0: both copies have generation", |map| {
            let at = counting(map, 0) * SLOT;
            let copy = map[at..at + SLOT].to_vec();
            map[SLOT - at..2 * SLOT - at].copy_from_slice(&copy);
        }),
    ];
    for (what, harm) in harms {
        let bench = Bench::new(true);
        bench.edit("map", harm);
        let before = fs::read(bench.path("map")).unwrap();
        let found = bench.check(true);
        assert_one(&found, &format!("Damage map 0..33554432: {what}"));
        assert_eq!(fs::read(bench.path("map")).unwrap(), before, "nothing is repaired by guessing");
    }
}

#[test]
fn a_map_that_was_cut_grew_or_was_zeroed_is_told() {
    let bench = Bench::new(true);
    bench.edit("layer.0001/map", |map| map.truncate(map.len() - 1));
    let found = lines(&bench.check(true));
    assert_eq!(found, ["Damage map: it has 262143 bytes instead of 262144: it was cut"]);
    let bench = Bench::new(true);
    bench.edit("map", |map| map.resize(map.len() + PAGE, 0));
    assert_one(&bench.check(true), "Note map: it has 270336 bytes where 262144 are needed");
    let bench = Bench::new(true);
    bench.edit("map", |map| map.fill(0));
    let found = lines(&bench.check(true));
    let told =
        |page, bytes| format!("Note data.0000 {bytes}: there is data of which map page {page} knows nothing");
    assert_eq!(found, [told(0, "0..33554432"), told(1, "33554432..67108864")]);
}

#[test]
fn units_behind_the_end_of_the_volume_are_damage() {
    let bench = Bench::new(true);
    let mut smaller = check(&bench.files, bench.dir.path(), false).unwrap().superblock.unwrap();
    smaller.size_bytes = 33 * MIB;
    fs::write(bench.path("superblock"), smaller.encode()).unwrap();
    let found = lines(&bench.check(true));
    assert!(
        found.contains(
            &"Damage map 34603008..34607104: map page 1 names units behind the end of the volume".into()
        ),
        "{found:#?}"
    );
}

#[test]
fn data_that_the_map_names_and_the_file_has_not_is_damage() {
    let cut = |name: &'static str, len: u64| {
        move |bench: &Bench| {
            OpenOptions::new().write(true).open(bench.path(name)).unwrap().set_len(len).unwrap()
        }
    };
    type Harm = Box<dyn Fn(&Bench)>;
    let harms: [(Harm, &[&str]); 4] = [
        (
            Box::new(|bench| fs::remove_file(bench.path("layer.0001/data.0000")).unwrap()),
            &["Damage data.0000 0..4096: the file is missing"],
        ),
        (
            Box::new(cut("data.0000", 33 * MIB)),
            &["Damage data.0000 34603008..34607104: the file ends at byte 34603008"],
        ),
        (
            Box::new(cut("data.0000", 5 * 4096 + 1)),
            &[
                "Damage data.0000 20480..32768: the file ends at byte 20481",
                "Damage data.0000 262144..266240: the file ends at byte 20481",
                "Damage data.0000 34603008..34607104: the file ends at byte 20481",
            ],
        ),
        (
            Box::new(|bench| {
                let file = bench.files.open(&bench.path("data.0000"), false).unwrap();
                file.punch_hole(2 * 4096, 3 * 4096).unwrap();
            }),
            &["Damage data.0000 8192..20480: there is a hole where the map says that units are written"],
        ),
    ];
    for (harm, wanted) in harms {
        let bench = Bench::new(true);
        harm(&bench);
        let found = lines(&bench.check(true));
        assert_eq!(found.len(), wanted.len(), "{found:#?}");
        assert!(found.iter().zip(wanted).all(|(found, wanted)| found.starts_with(wanted)), "{found:#?}");
    }
}

#[test]
fn what_cannot_be_known_is_not_told() {
    // Without the key, and without tags, any ciphertext is as good as another; in a plain volume, zeros may be stored as a hole.
    let bench = Bench::new(true);
    let file = OpenOptions::new().write(true).open(bench.path("data.0000")).unwrap();
    file.write_all_at(b"rot", 5000).unwrap();
    assert_eq!(lines(&bench.check(true)), [""; 0]);
    let bench = Bench::new(false);
    bench.files.open(&bench.path("data.0000"), false).unwrap().punch_hole(2 * 4096, 4096).unwrap();
    assert_eq!(lines(&bench.check(true)), [""; 0]);
}

#[test]
fn leftovers_are_cleared_and_strangers_are_not() {
    let bench = Bench::new(true);
    for name in ["superblock.new", "stack.new", "notes.txt", "layer.0001/core"] {
        fs::write(bench.path(name), "x").unwrap();
    }
    fs::create_dir(bench.path("layer.0007")).unwrap();
    fs::write(bench.path("layer.0007/map"), "x").unwrap();
    let wanted = [
        "Note core: no file of a layer",
        "Leftover layer.0007: no record names this layer: a freeze or a merge was interrupted",
        "Note notes.txt: no file of a volume",
        "Leftover stack.new: a replacement that a crash cut off",
        "Leftover superblock.new: a replacement that a crash cut off",
    ];
    assert_eq!(lines(&bench.check(false)), wanted);
    let repaired: Vec<Severity> =
        bench.check(true).iter().filter(|f| f.repaired).map(|f| f.severity).collect();
    assert_eq!(repaired, [Severity::Leftover; 3]);
    assert_eq!(lines(&bench.check(false)), [wanted[0], wanted[2]]);
    assert_eq!(bench.content(), [9, 0, 7]);
}

#[test]
fn what_is_no_volume_is_told_or_fails() {
    let (dir, files): (_, Arc<dyn Files>) = (tempfile::tempdir().unwrap(), Arc::new(RealFiles));
    let found = check(&files, dir.path(), true).unwrap().findings;
    assert_eq!(lines(&found).len(), 2, "no superblock, no record");
    assert!(check(&files, Path::new("/nowhere/at/all"), false).is_err());
}
