//! Checking the directory of a volume with integrity, without the key: its tags and its record of intents.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
// Harm comes from outside.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod common;

use common::{freeze, key, open_in, read, spec};
use env::{Files, RealFiles};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, check};

const SIZE: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

struct Bench {
    dir: tempfile::TempDir,
    files: Arc<dyn Files>,
    encrypted: bool,
}

impl Bench {
    /// Two layers, closed in order.
    fn new(encrypted: bool) -> Bench {
        let (dir, files): (_, Arc<dyn Files>) = (tempfile::tempdir().unwrap(), Arc::new(RealFiles));
        let bench = Bench { dir, files, encrypted };
        volume::create_with_integrity(&bench.files, bench.dir.path(), &spec(SIZE, encrypted)).unwrap();
        let device = bench.open();
        for (offset, len) in [(0, 8 * 4096), (2 * MIB, 512 * 4096), (33 * MIB, 4096)] {
            device.write_at(&mut vec![7; len], offset, false).unwrap();
            device.flush().unwrap();
        }
        freeze(&device, "snap-1");
        device.write_at(&mut [9; 4096], 0, false).unwrap();
        device.close().unwrap();
        bench
    }

    fn open(&self) -> Arc<Device> {
        open_in(self.files.clone(), self.dir.path(), key(self.encrypted)).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Severity, file name and text, one line each; looking again, and repairing, says the same.
    fn lines(&self) -> Vec<String> {
        let [lines, again] = [false, true].map(|repair| {
            let findings = check(&self.files, self.dir.path(), repair).unwrap().findings;
            let line = |f: &volume::Finding| {
                let name = f.path.file_name().unwrap().to_string_lossy().into_owned();
                let bytes = f.bytes.as_ref().map_or(String::new(), |b| format!(" {}..{}", b.start, b.end));
                format!("{:?} {name}{bytes}: {}", f.severity, f.what)
            };
            findings.iter().map(line).collect::<Vec<_>>()
        });
        assert_eq!(lines, again);
        lines
    }

    fn cut(&self, name: &str, len: u64) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(len).unwrap();
    }

    fn flip(&self, name: &str, at: usize) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        bytes[at] ^= 1;
        fs::write(self.path(name), bytes).unwrap();
    }
}

#[test]
fn a_sound_volume_with_integrity_has_no_findings() {
    for encrypted in [true, false] {
        let bench = Bench::new(encrypted);
        assert_eq!(bench.lines(), [""; 0]);
        // And a new one, in which nothing was written.
        let empty = tempfile::tempdir().unwrap();
        volume::create_with_integrity(&bench.files, empty.path(), &spec(SIZE, encrypted)).unwrap();
        assert_eq!(check(&bench.files, empty.path(), true).unwrap().findings, []);
        assert_eq!(read(&bench.open(), 33 * MIB, 1), [7]);
    }
}

#[test]
fn a_volume_that_was_not_closed_tells_of_its_intents_until_it_is_settled() {
    let bench = Bench::new(true);
    let device = bench.open();
    device.write_at(&mut [1; 4096], 0, true).unwrap();
    device.write_at(&mut [1; 4096], 64 * MIB, true).unwrap();
    drop(device);
    assert_eq!(
        bench.lines(),
        ["Note intents: 2 map pages were being written when the volume was last in use"]
    );
    let device = bench.open();
    device.settle(&AtomicBool::new(false)).unwrap();
    device.close().unwrap();
    assert_eq!(bench.lines(), [""; 0]);
}

#[test]
fn missing_cut_and_punched_tags_are_damage_of_their_units() {
    let missing = Bench::new(true);
    fs::remove_file(missing.path("layer.0001/tags.0000")).unwrap();
    assert_eq!(missing.lines(), ["Damage tags.0000 0..4096: the file is missing"]);
    let cut = Bench::new(true);
    // In the middle of the tag of unit 6.
    cut.cut("tags.0000", 6 * 16 + 1);
    let wanted = ["24576..32768", "2097152..4194304", "34603008..34607104"];
    assert_eq!(
        cut.lines(),
        wanted.map(|bytes| format!("Damage tags.0000 {bytes}: the file ends at byte 97: it was cut"))
    );
    for encrypted in [true, false] {
        let punched = Bench::new(encrypted);
        let tags = punched.files.open(&punched.path("tags.0000"), false).unwrap();
        // The tags of units 512 to 767; 1,023 is the last one there.
        tags.punch_hole(8192, 4096).unwrap();
        let what = "there is a hole where the map says that units are written";
        assert_eq!(punched.lines(), [format!("Damage tags.0000 2097152..3145728: {what}")]);
        let refused = punched.open().read_at(&mut [0; 512], 2 * MIB);
        assert!(matches!(refused, Err(volume::VolumeError::Damaged(_))));
    }
}

#[test]
fn a_record_of_intents_that_cannot_be_relied_on_is_told() {
    let missing = Bench::new(true);
    fs::remove_file(missing.path("intents")).unwrap();
    assert_eq!(missing.lines(), ["Damage intents: it is missing"]);
    let cut = Bench::new(true);
    cut.cut("intents", 100);
    assert!(cut.lines()[0].starts_with("Damage intents: it has 100 bytes instead of 1048576"));
    let long = Bench::new(true);
    long.cut("intents", 1048577);
    assert_eq!(long.lines(), ["Note intents: it has 1048577 bytes instead of 1048576"]);
    // Both copies are there. Without the key only the frame of each can be looked at.
    for (encrypted, at) in [(true, 0), (true, 16), (false, 70), (false, 4000)] {
        let torn = Bench::new(encrypted);
        torn.flip("intents", at);
        let lines = torn.lines();
        assert_eq!(lines[0], "Note intents: part 0: one copy of 2 is torn", "{encrypted}, byte {at}");
        torn.flip("intents", 4096 + at);
        let wanted =
            "Damage intents: part 0: damaged: the record of intents: neither copy of a part is valid";
        assert!(torn.lines()[0].starts_with(wanted), "{:?}", torn.lines());
    }
}

#[test]
fn without_integrity_such_files_are_strangers() {
    let bench = Bench::new(true);
    let other = tempfile::tempdir().unwrap();
    volume::create(&bench.files, other.path(), &spec(SIZE, true)).unwrap();
    for name in ["intents", "tags.0000"] {
        fs::copy(bench.path(name), other.path().join(name)).unwrap();
    }
    let found = check(&bench.files, other.path(), true).unwrap().findings;
    let what: Vec<_> = found.iter().map(|f| f.what.as_str()).collect();
    assert_eq!(what, ["no file of a volume"; 2]);
}
