//! Tags against values that an independent implementation made (Python: HKDF by `hmac`, GCM-SIV by OpenSSL), and what must
//! change one.
#![allow(clippy::unwrap_used)]

use crate::{DataUnit, Tag, Tagged, Tagger};
use keys::DataKey;

fn key() -> DataKey {
    DataKey::for_tests(std::array::from_fn(|n| n as u8))
}

fn unit() -> Vec<u8> {
    (0..4096u32).map(|n| (n * 7 + 3) as u8).collect()
}

fn keyed(scope: &str) -> Tagger {
    Tagger::new(Some(&key()), scope).unwrap()
}

fn tag(tagger: &Tagger, kind: Tagged, number: u64) -> Tag {
    tagger.tag(kind, DataUnit(number), &unit()).unwrap()
}

/// HKDF with an absent salt is HKDF with 32 zeros (RFC 5869, 2.2).
#[test]
fn tags_are_those_of_another_implementation() {
    let (one, far) = (0, 0x1_2345_6789);
    let cases = [
        (keyed("vol-1"), Tagged::Unit, one, "23dc638f121bd1034b89a811a5f9f03b"),
        (keyed("vol-1"), Tagged::Unit, far, "68d3e2446ed3b662c1379de0221d80e2"),
        (keyed("vol-1"), Tagged::Record, far, "c1c8f47599ecb71deef9c32b2822cf0e"),
        (keyed("vol-2"), Tagged::Unit, one, "f8c4f3e439f1892da94f489894e11d52"),
        (Tagger::new(None, "vol-1").unwrap(), Tagged::Unit, one, "c2bc218b229f051b310e07fc66b9786e"),
    ];
    for (tagger, kind, number, expected) in cases {
        let made: String = tag(&tagger, kind, number).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(made, expected);
    }
}

#[test]
fn nothing_else_passes() {
    let (tagger, bytes) = (keyed("vol-1"), unit());
    let good = tag(&tagger, Tagged::Unit, 9);
    let passes = |tagger: &Tagger, kind, number, bytes: &[u8], tag: &[u8]| {
        tagger.passes(kind, DataUnit(number), bytes, tag).unwrap()
    };
    assert!(passes(&tagger, Tagged::Unit, 9, &bytes, &good));
    assert!(!passes(&tagger, Tagged::Unit, 8, &bytes, &good), "another place");
    assert!(!passes(&tagger, Tagged::Record, 9, &bytes, &good), "another kind");
    assert!(!passes(&keyed("vol-2"), Tagged::Unit, 9, &bytes, &good), "another volume");
    let other = DataKey::for_tests(std::array::from_fn(|n| n as u8 ^ 1));
    assert!(!passes(&Tagger::new(Some(&other), "vol-1").unwrap(), Tagged::Unit, 9, &bytes, &good));
    assert!(!passes(&Tagger::new(None, "vol-1").unwrap(), Tagged::Unit, 9, &bytes, &good), "a checksum");
    assert!(!passes(&tagger, Tagged::Unit, 9, &bytes[..4080], &good), "shorter");
    assert!(!passes(&tagger, Tagged::Unit, 9, &bytes, &good[..15]), "a shorter tag");
    assert!(!passes(&tagger, Tagged::Unit, 9, &bytes, &[0; 16]), "no tag");
    for bit in (0..4096 * 8).step_by(509) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&tagger, Tagged::Unit, 9, &flipped, &good), "bit {bit}");
    }
    for bit in 0..128 {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&tagger, Tagged::Unit, 9, &bytes, &flipped), "bit {bit} of the tag");
    }
}
