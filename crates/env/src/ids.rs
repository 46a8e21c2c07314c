//! Names that callers see: resource ids, request ids, event ids. Unpredictable, but not secret; they have their own
//! source so that no id can ever be a piece of a key's stream.

use crate::Entropy;
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

    /// A version 4 UUID, the form of KMS key ids, request ids and event ids.
    pub fn uuid(&self) -> String {
        let mut b = [0u8; 16];
        self.0.fill(&mut b);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let mut text = digits_of(&b);
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
        text
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
        assert_eq!(ids.base32(16).len(), 16);
        assert_eq!(ids.account().len(), 12);
    }
}
