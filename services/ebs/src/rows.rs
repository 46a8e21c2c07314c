//! What this service keeps while a snapshot is being written. Both tables are empty of a snapshot once it is completed or in error.

use base::{AccountId, Region};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};
use snapshot::ChunkHash;

/// The tables of this service.
pub const TABLES: &[Table] = &[DraftBlock::TABLE, Completion::TABLE];

/// A block that was put and is durable, of a snapshot that is not completed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftBlock {
    pub region: Region,
    pub snapshot: String,
    pub index: u32,
    /// Names the stored chunk.
    pub chunk: ChunkHash,
    /// SHA-256 of the block's plaintext, for the checksum over all blocks. Under encryption it is concealed by the data key: a digest
    /// in the clear would tell whoever reads the catalog which well-known block this is.
    #[serde(with = "digest")]
    pub digest: [u8; 32],
}

impl DraftBlock {
    /// What all keys of a snapshot's blocks begin with.
    pub fn prefix(region: &Region, snapshot: &str) -> String {
        format!("{region}/{snapshot}/")
    }

    /// The key of one block: ascending by index, as text too.
    pub fn key_of(region: &Region, snapshot: &str, index: u32) -> String {
        format!("{region}/{snapshot}/{index:08x}")
    }
}

impl Row for DraftBlock {
    const TABLE: Table = Table { name: "draft_blocks", indexes: &[] };
    fn key(&self) -> String {
        Self::key_of(&self.region, &self.snapshot, self.index)
    }
}

/// CompleteSnapshot was called: no block comes any more. Exists from then until the snapshot is completed or in error, or until the
/// call was refused because the blocks are not those that the client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    pub account: AccountId,
    pub region: Region,
    pub snapshot: String,
    /// The request that closed the snapshot, and that alone may open it again.
    pub request_id: String,
    /// Count and checksum were found right, and the job that makes the manifest stands in line.
    pub verified: bool,
}

impl Completion {
    pub fn key_of(region: &Region, snapshot: &str) -> String {
        format!("{region}/{snapshot}")
    }
}

impl Row for Completion {
    const TABLE: Table = Table { name: "draft_completions", indexes: &[] };
    fn key(&self) -> String {
        Self::key_of(&self.region, &self.snapshot)
    }
}

/// 32 bytes as 64 hexadecimal digits: half of what a list of numbers takes, in a table with a row for every block.
mod digest {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(de::Error::custom)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_sort_by_index_and_a_digest_survives_the_row() {
        let block = |index| DraftBlock {
            region: Region::parse("us-east-1").unwrap(),
            snapshot: "snap-0123456789abcdef0".into(),
            index,
            chunk: ChunkHash::of(b"x"),
            digest: [0xa7; 32],
        };
        assert!(block(9).key() < block(10).key() && block(255).key() < block(256).key());
        assert!(block(0x0fff_ffff).key() < block(0x1000_0000).key());
        let text = serde_json::to_string(&block(1)).unwrap();
        assert_eq!(serde_json::from_str::<DraftBlock>(&text).unwrap(), block(1));
        for bad in ["\"a7\"", "[1]", "\"zz\""] {
            let broken = text.replace(&format!("\"{}\"", "a7".repeat(32)), bad);
            assert!(serde_json::from_str::<DraftBlock>(&broken).is_err(), "{broken}");
        }
    }
}
