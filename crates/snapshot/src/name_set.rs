//! [`NameSet`]: very many names of objects in little memory.

use chunks::ObjectName;

/// Names that a set may hold: 64 MiB. Who has more works in parts, each over the names of one part.
pub(crate) const NAMES_MAX: usize = 4 << 20;

/// A set of names, 16 bytes each: the beginning of the name's BLAKE3. Two names that share it do not occur by accident, and who
/// could make them occur could write to the store directly.
#[derive(Default)]
pub(crate) struct NameSet {
    keys: Vec<u128>,
    sorted: bool,
}

/// Which share of all names is meant: number `part` of `parts`.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub part: u64,
    pub parts: u64,
}

impl Part {
    pub const ALL: Part = Part { part: 0, parts: 1 };

    /// The parts in which `names` names can be worked on.
    pub fn of(names: u64) -> impl Iterator<Item = Part> {
        // Parts are filled unevenly: aim at half.
        let parts = names.div_ceil(NAMES_MAX as u64 / 2).max(1);
        (0..parts).map(move |part| Part { part, parts })
    }

    pub fn has(self, name: &ObjectName) -> bool {
        key(name) as u64 % self.parts == self.part
    }
}

impl NameSet {
    /// Adds a name of the part; `false`, and nothing done, if the set is full.
    pub fn add(&mut self, part: Part, name: &ObjectName) -> bool {
        let full = self.keys.len() >= NAMES_MAX;
        if part.has(name) && !full {
            self.keys.push(key(name));
            self.sorted = false;
        }
        !full
    }

    /// To be called after adding and before asking.
    pub fn sort(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.sorted = true;
    }

    pub fn has(&self, name: &ObjectName) -> bool {
        debug_assert!(self.sorted || self.keys.is_empty());
        self.keys.binary_search(&key(name)).is_ok()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn key(name: &ObjectName) -> u128 {
    let hash = blake3::hash(name.as_str().as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_exactly_one_part_and_found_there() {
        let names: Vec<ObjectName> =
            (0..300).map(|n| ObjectName::parse(&format!("r/s/{n}")).unwrap()).collect();
        let parts: Vec<Part> = Part::of(NAMES_MAX as u64 + 1).collect();
        assert_eq!((parts.len(), Part::of(0).count(), Part::of(1000).count()), (3, 1, 1));
        for part in parts {
            let mut set = NameSet::default();
            // Every second one is added, some twice.
            names.iter().step_by(2).chain(&names[..1]).for_each(|name| assert!(set.add(part, name)));
            set.sort();
            for (n, name) in names.iter().enumerate() {
                assert_eq!(set.has(name), n % 2 == 0 && part.has(name), "{name}");
            }
        }
        assert!(names.iter().all(|name| Part::of(NAMES_MAX as u64).filter(|p| p.has(name)).count() == 1));
    }
}
