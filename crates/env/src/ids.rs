//! Names that callers see: resource ids, request ids, event ids. Unpredictable, but not secret; they have their own
//! source so that no id can ever be a piece of a key's stream.

use crate::Entropy;
use base::Timestamp;
use std::sync::Arc;

/// Makes ids.
#[derive(Clone)]
pub struct Ids(Arc<dyn Entropy>);

impl Ids {
    pub fn new(source: Arc<dyn Entropy>) -> Self {
        Ids(source)
    }

    /// `<prefix>-` and 17 hexadecimal digits, the long form of EC2's ids. The first digit is 0, as in AWS.
    pub fn resource(&self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// A version 4 UUID, the form of KMS key ids and event ids.
    pub fn uuid(&self) -> String {
        let mut b = [0u8; 16];
        self.0.fill(&mut b);
        uuid(b, 4)
    }

    /// A version 7 UUID, the form of request ids: it begins with its moment, so that what is filed under such ids one after
    /// the other lies side by side in an index. 74 bits are random.
    pub fn uuid_of(&self, moment: Timestamp) -> String {
        let mut b = [0u8; 16];
        self.0.fill(&mut b);
        b[..6].copy_from_slice(&moment.millis().to_be_bytes()[2..]);
        uuid(b, 7)
    }

    /// So many lower-case hexadecimal digits.
    pub fn hex(&self, digits: usize) -> String {
        let mut b = vec![0u8; digits.div_ceil(2)];
        self.0.fill(&mut b);
        let mut text = digits_of(&b);
        text.truncate(digits);
        text
    }

    /// So many capital letters and digits, the form of access key ids.
    pub fn base32(&self, chars: usize) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut b = vec![0u8; chars];
        self.0.fill(&mut b);
        b.iter().map(|x| char::from(ALPHABET[usize::from(x & 31)])).collect()
    }

    /// A 12-digit account id that does not start with 0, so that it cannot be taken for a test account.
    pub fn account(&self) -> String {
        let mut b = [0u8; 8];
        self.0.fill(&mut b);
        (100_000_000_000 + u64::from_le_bytes(b) % 900_000_000_000).to_string()
    }
}

fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = digits_of(&bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// Lower-case hexadecimal digits, two for each byte.
fn digits_of(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimEntropy;

    #[test]
    fn ids_have_aws_forms() {
        let ids = Ids::new(Arc::new(SimEntropy::new(1)));
        let volume = ids.resource("vol");
        assert_eq!((volume.len(), &volume[..5]), (21, "vol-0"));
        let uuid = ids.uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
        let uuid = ids.uuid_of(Timestamp::from_millis(0x0123_4567_89ab));
        assert_eq!((uuid.len(), &uuid[..15]), (36, "01234567-89ab-7"));
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_eq!(ids.base32(16).len(), 16);
        assert_eq!(ids.account().len(), 12);
    }
}
