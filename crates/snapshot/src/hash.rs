//! [`ChunkHash`]: what names an object of a snapshot.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// BLAKE3 of all bytes of a stored object, a chunk's or a page's. As text: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkHash([u8; 32]);

impl ChunkHash {
    pub fn of(object: &[u8]) -> ChunkHash {
        ChunkHash(*blake3::hash(object).as_bytes())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> ChunkHash {
        ChunkHash(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case digits; `None` for anything else: a hash has one spelling, because names of objects contain it.
    pub fn parse(text: &str) -> Option<ChunkHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        (!text.bytes().any(|b| b.is_ascii_uppercase())).then_some(ChunkHash(bytes))
    }
}

impl fmt::Display for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for ChunkHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChunkHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ChunkHash, D::Error> {
        let text = String::deserialize(from)?;
        ChunkHash::parse(&text).ok_or_else(|| de::Error::custom("not 64 lower-case hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = ChunkHash::of(b"abc");
        // BLAKE3's published value for "abc".
        let text = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(hash.to_string(), text);
        assert_eq!(ChunkHash::parse(text), Some(hash));
        for bad in ["", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace('6', "g")] {
            assert_eq!(ChunkHash::parse(bad), None, "{bad}");
        }
    }
}
