//! The demo's file: pseudo-random text that holds one copy of a marker in each data unit, so that a single unit left in
//! plaintext anywhere would be found.
//!
//! ```text
//! unit of 4096 bytes:  words words words \n<marker> in data unit 000000017\n words words words
//!                      ^ from anywhere    ^ unaligned, another place in each unit
//!                        in the book
//! ```
//! The book is some random text made once; copying from it is faster than making words for every unit.

use base::Fault;
use env::{Env, File};

/// What the volume engine encrypts as a whole, and so the least that could be left unencrypted.
pub const UNIT: usize = 4096;
/// Bytes handled at a time, here and on the device.
pub const CHUNK: usize = 1 << 20;

/// Bytes of the book: 2^18 places to copy a unit from.
const BOOK: usize = 1 << 18;
/// 32 words, so that 5 random bits choose one.
const WORDS: &str = "quarterly ledger of the northern harbour lists every vessel cargo captain and debt in order no page may \
                     be read by strangers until council meets again after harvest with seven witnesses present";

/// Makes the file.
pub struct Text {
    marker: String,
    book: Vec<u8>,
    state: u64,
}

impl Text {
    /// A text with a marker that nobody has ever written: what is found cannot have been there before.
    pub fn new(env: &Env) -> Text {
        let mut seed = [0; 8];
        env.entropy.fill(&mut seed);
        let marker = format!("sealvol-demo-marker-{}", env.ids.hex(32));
        let mut text = Text { marker, book: Vec::with_capacity(2 * BOOK), state: u64::from_le_bytes(seed) };
        let words: Vec<&str> = WORDS.split(' ').collect();
        while text.book.len() < BOOK + UNIT {
            text.add_line(&words);
        }
        text
    }

    /// What stands in every data unit.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Twelve words, of 5 bits each from one draw, then the line ends.
    fn add_line(&mut self, words: &[&str]) {
        let mut draw = self.next();
        for place in 0..12 {
            self.book.extend_from_slice(words[(draw & 31) as usize].as_bytes());
            self.book.push(if place == 11 { b'\n' } else { b' ' });
            draw >>= 5;
        }
    }

    /// Fills one data unit.
    fn fill_unit(&mut self, number: u64, unit: &mut [u8]) {
        let page = self.below(BOOK);
        unit.copy_from_slice(&self.book[page..page + unit.len()]);
        let line = format!("\n{} in data unit {number:09}\n", self.marker);
        let from = self.below(unit.len() - line.len() + 1);
        unit[from..from + line.len()].copy_from_slice(line.as_bytes());
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): fast and good enough for words; nothing secret depends on it.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Writes `bytes` of text, a multiple of [`CHUNK`]; `progress` hears of each chunk and may stop it.
    pub fn write(
        &mut self,
        file: &dyn File,
        bytes: u64,
        mut progress: impl FnMut(u64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut chunk = vec![0; CHUNK];
        let mut offset = 0;
        while offset < bytes {
            for (i, unit) in chunk.chunks_mut(UNIT).enumerate() {
                self.fill_unit(offset / UNIT as u64 + i as u64, unit);
            }
            file.write_all_at(&chunk, offset).map_err(|e| Fault::caused("writing the demo's file", e))?;
            offset += CHUNK as u64;
            progress(CHUNK as u64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memchr::memmem;

    #[test]
    fn every_data_unit_holds_the_marker_once_and_whole() {
        let (env, _) = Env::simulated(3);
        let mut text = Text::new(&env);
        let marker = text.marker().to_owned();
        let mut places = std::collections::BTreeSet::new();
        for number in 0..500 {
            let mut unit = [0; UNIT];
            text.fill_unit(number, &mut unit);
            let found: Vec<usize> = memmem::find_iter(&unit, marker.as_bytes()).collect();
            assert_eq!(found.len(), 1, "unit {number}");
            assert!(unit.iter().all(|b| b.is_ascii_graphic() || b" \n".contains(b)), "text all over");
            places.insert(found[0]);
        }
        assert!(places.len() > 300, "the marker must not sit at the same place in each unit");
    }

    #[test]
    fn there_are_as_many_words_as_five_bits_can_choose() {
        assert_eq!(WORDS.split(' ').filter(|w| !w.is_empty()).count(), 32);
    }

    #[test]
    fn two_demos_never_share_a_marker() {
        let env = Env::real();
        assert_ne!(Text::new(&env).marker(), Text::new(&env).marker());
    }
}
