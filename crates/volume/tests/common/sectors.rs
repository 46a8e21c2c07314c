//! What every 512-byte sector of some windows of a volume may hold: its versions since the last flush.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use volume::Device;

pub type Sector = [u8; 512];

/// The content of the windows at an instant.
pub type Content = BTreeMap<u64, Sector>;

/// The last version is what a reader sees.
pub struct Sectors {
    windows: Vec<Range<u64>>,
    versions: BTreeMap<u64, Vec<Sector>>,
    /// Hashes of all versions that any sector ever had, with the sector.
    ever: HashSet<u64>,
}

fn hash(sector: u64, bytes: &Sector) -> u64 {
    let mut hasher = DefaultHasher::new();
    (sector, bytes).hash(&mut hasher);
    hasher.finish()
}

impl Sectors {
    /// All zeros.
    pub fn new(windows: &[Range<u64>]) -> Sectors {
        let sectors = windows.iter().flat_map(|w| w.start / 512..w.end / 512);
        let versions: BTreeMap<_, _> = sectors.map(|s| (s, vec![[0; 512]])).collect();
        let ever = versions.keys().map(|sector| hash(*sector, &[0; 512])).collect();
        Sectors { windows: windows.to_vec(), versions, ever }
    }

    /// Begins with this content, durably.
    pub fn become_of(&mut self, content: &Content) {
        for (sector, bytes) in content {
            self.ever.insert(hash(*sector, bytes));
            self.versions.insert(*sector, vec![*bytes]);
        }
    }

    /// Changes bytes; those outside the windows are not known of.
    pub fn change(&mut self, offset: u64, len: u64, byte: impl Fn(u64) -> u8) {
        for (sector, versions) in self.versions.range_mut(offset / 512..(offset + len).div_ceil(512)) {
            let mut new = *versions.last().unwrap();
            for (at, to) in (sector * 512..).zip(&mut new) {
                if (offset..offset + len).contains(&at) {
                    *to = byte(at);
                }
            }
            self.ever.insert(hash(*sector, &new));
            versions.push(new);
        }
    }

    pub fn flushed(&mut self) {
        self.versions.values_mut().for_each(|versions| drop(versions.drain(..versions.len() - 1)));
    }

    /// What was there at this instant is durable; what came later may not be.
    pub fn flushed_at(&mut self, ground: &Content) {
        for (sector, versions) in &mut self.versions {
            let Some(at) = versions.iter().rposition(|version| *version == ground[sector]) else { continue };
            versions.drain(..at);
        }
    }

    /// Each sector holds something that it held at some time.
    pub fn expect_ever(&self, offset: u64, found: &[u8], what: &str) {
        for (sector, bytes) in (offset / 512..).zip(found.as_chunks::<512>().0) {
            let known = !self.versions.contains_key(&sector) || self.ever.contains(&hash(sector, bytes));
            assert!(known, "{what}: sector {sector} holds {:02x?}…, which it never held", &bytes[..16]);
        }
    }

    /// What the volume holds must be allowed; from now on it is what a reader sees. `false` if it could not be read.
    pub fn settle(&mut self, volume: &Device, what: &str) -> bool {
        let size = volume.size_bytes();
        for window in self.windows.clone().into_iter().filter(|window| window.end <= size) {
            let mut bytes = vec![0xee; (window.end - window.start) as usize];
            if volume.read_at(&mut bytes, window.start).is_err() {
                return false;
            }
            for (sector, found) in (window.start / 512..).zip(bytes.as_chunks::<512>().0) {
                let versions = self.versions.get_mut(&sector).unwrap();
                let Some(at) = versions.iter().rposition(|version| version == found) else {
                    panic!("{what}: sector {sector} holds {:02x?}…, none of its versions", &found[..16]);
                };
                let seen = versions.remove(at);
                versions.push(seen);
            }
        }
        true
    }

    pub fn now(&self) -> Content {
        self.versions.iter().map(|(sector, versions)| (*sector, *versions.last().unwrap())).collect()
    }

    pub fn expect(&self, offset: u64, found: &[u8]) {
        let (mut at, mut rest) = (offset, found);
        while !rest.is_empty() {
            let from = (at % 512) as usize;
            let (here, tail) = rest.split_at(rest.len().min(512 - from));
            let expected = self.versions.get(&(at / 512)).map_or([0; 512], |v| *v.last().unwrap());
            assert!(here == &expected[from..from + here.len()], "sector {}: {here:02x?}", at / 512);
            (at, rest) = (at + here.len() as u64, tail);
        }
    }
}
