//! Known answers, an independent implementation, and refusals.

use super::*;
use aes::Aes256;
use aes::cipher::KeyInit;
use proptest::prelude::*;
use xts_mode::Xts128;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
}

fn check(key: &[u8; 64], tweak: [u8; 16], plain: &[u8], stored: &[u8]) {
    let mut unit = plain.to_vec();
    Xts::new(key, Direction::Encrypt).unwrap().apply(Tweak::from_bytes(tweak), &mut unit).unwrap();
    assert_eq!(unit, stored);
    Xts::new(key, Direction::Decrypt).unwrap().apply(Tweak::from_bytes(tweak), &mut unit).unwrap();
    assert_eq!(unit, plain);
}

/// IEEE 1619-2018, annex B, vector 10: XTS-AES-256, 512 bytes, data unit 0xff.
#[test]
fn ieee_1619_vector_10() {
    let key = bytes(concat!(
        "2718281828459045235360287471352662497757247093699959574966967627",
        "3141592653589793238462643383279502884197169399375105820974944592"
    ));
    let plain: [u8; 512] = std::array::from_fn(|n| n as u8);
    let stored: [u8; 512] = bytes(concat!(
        "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b5d31e276f8fe4a8d66b317f9ac683f44",
        "680a86ac35adfc3345befecb4bb188fd5776926c49a3095eb108fd1098baec70aaa66999a72a82f27d848b21d4a741b0",
        "c5cd4d5fff9dac89aeba122961d03a757123e9870f8acf1000020887891429ca2a3e7a7d7df7b10355165c8b9a6d0a7d",
        "e8b062c4500dc4cd120c0f7418dae3d0b5781c34803fa75421c790dfe1de1834f280d7667b327f6c8cd7557e12ac3a0f",
        "93ec05c52e0493ef31a12d3d9260f79a289d6a379bc70c50841473d1a8cc81ec583e9645e07b8d9670655ba5bbcfecc6",
        "dc3966380ad8fecb17b6ba02469a020a84e18e8f84252070c13e9f1f289be54fbc481457778f616015e1327a02b140f1",
        "505eb309326d68378f8374595c849d84f4c333ec4423885143cb47bd71c5edae9be69a2ffeceb1bec9de244fbe15992b",
        "11b77c040f12bd8f6a975a44a0f90c29a9abc3d4d893927284c58754cce294529f8614dcd2aba991925fedc4ae74ffac",
        "6e333b93eb4aff0479da9a410e4450e0dd7ae4c6e2910900575da401fc07059f645e8b7e9bfdef33943054ff84011493",
        "c27b3429eaedb4ed5376441a77ed43851ad77f16f541dfd269d50d6a5f14fb0aab1cbb4c1550be97f7ab4066193c4caa",
        "773dad38014bd2092fa755c824bb5e54c4f36ffda9fcea70b9c6e693e148c151"
    ));
    let mut tweak = [0; 16];
    tweak[0] = 0xff;
    check(&key, tweak, &plain, &stored);
    assert_eq!(Tweak::of(DataUnit(0xff)).bytes(), tweak);
}

/// NIST CAVP, XTSGenAES256, encrypt, data unit length 256, count 1.
#[test]
fn nist_xtsvs_vector() {
    let key = bytes(concat!(
        "1ea661c58d943a0e4801e42f4b0947149e7f9f8e3e68d0c7505210bd311a0e7c",
        "d6e13ffdf2418d8d1911c004cda58da3d619b7e2b9141e58318eea392cf41b08"
    ));
    let plain: [u8; 32] = bytes("2eedea52cd8215e1acc647e810bbc3642e87287f8d2e57e36c0a24fbc12a202e");
    let stored: [u8; 32] = bytes("cbaad0e2f6cea3f50b37f934d46a9b130b9d54f07e34f36af793e86f73c6d7db");
    check(&key, bytes("adf8d92627464ad2f0428e84a9f87564"), &plain, &stored);
}

#[test]
fn the_tweak_is_the_units_number_little_endian() {
    assert_eq!(
        Tweak::of(DataUnit(0x0102_0304_0506)).bytes(),
        [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    );
}

#[test]
fn a_key_with_equal_halves_is_refused() {
    assert!(Xts::new(&[7; 64], Direction::Encrypt).is_err());
    let mut key = [7; 64];
    key[63] = 8;
    assert!(Xts::new(&key, Direction::Encrypt).is_ok());
}

#[test]
fn lengths_outside_the_standard_are_refused() {
    let mut xts = Xts::new(&std::array::from_fn(|n| n as u8), Direction::Encrypt).unwrap();
    for len in [0, 15, (1 << 24) + 16] {
        assert!(xts.apply(Tweak::of(DataUnit(0)), &mut vec![0; len]).is_err(), "{len}");
    }
    let mut cipher = UnitCipher::new(&DataKey::for_tests(std::array::from_fn(|n| n as u8))).unwrap();
    let mut part = [1; 5000];
    assert!(cipher.encrypt(DataUnit(0), &mut part).is_err());
}

proptest! {
    /// Against RustCrypto, which shares no code with aws-lc.
    #[test]
    fn stored_units_are_what_another_implementation_makes(
        key in proptest::collection::vec(any::<u8>(), 64),
        first in 0..1u64 << 34,
        units in 1..4usize,
        fill in any::<u8>(),
    ) {
        prop_assume!(key[..32] != key[32..]);
        let plain: Vec<u8> = (0..units * DATA_UNIT_BYTES).map(|n| (n / 3) as u8 ^ fill).collect();
        let mut ours = plain.clone();
        let mut cipher = UnitCipher::new(&DataKey::for_tests(key.as_slice().try_into().unwrap())).unwrap();
        cipher.encrypt(DataUnit(first), &mut ours).unwrap();
        let half = |part: &[u8]| Aes256::new_from_slice(part).unwrap();
        let other = Xts128::new(half(&key[..32]), half(&key[32..]));
        let mut theirs = plain.clone();
        for (n, unit) in theirs.chunks_mut(DATA_UNIT_BYTES).enumerate() {
            other.encrypt_sector(unit, u128::from(first + n as u64).to_le_bytes().into());
        }
        prop_assert!(ours == theirs);
        cipher.decrypt(DataUnit(first), &mut ours).unwrap();
        prop_assert!(ours == plain);
    }
}

#[test]
fn a_digest_comes_back_in_its_place_only_and_meets_no_unit() {
    let mut cipher = UnitCipher::new(&DataKey::for_tests(std::array::from_fn(|n| n as u8))).unwrap();
    let digest: [u8; 32] = std::array::from_fn(|n| n as u8 * 3);
    let mut kept = digest;
    cipher.conceal_digest(7, &mut kept).unwrap();
    let mut elsewhere = kept;
    cipher.reveal_digest(8, &mut elsewhere).unwrap();
    assert!(kept != digest && elsewhere != digest);
    cipher.reveal_digest(7, &mut kept).unwrap();
    assert_eq!(kept, digest);
    assert_ne!(Tweak::of_digest(7).bytes(), Tweak::of(DataUnit(7)).bytes());
}

#[test]
fn decrypting_to_another_place_gives_the_same_and_leaves_what_was_read() {
    let mut cipher = UnitCipher::new(&DataKey::for_tests(std::array::from_fn(|n| n as u8))).unwrap();
    let plain: Vec<u8> = (0..3 * DATA_UNIT_BYTES).map(|n| (n / 7) as u8).collect();
    let mut stored = plain.clone();
    cipher.encrypt(DataUnit(9), &mut stored).unwrap();
    let (before, mut to) = (stored.clone(), vec![0; plain.len()]);
    cipher.decrypt_from(DataUnit(9), &stored, &mut to).unwrap();
    assert!(to == plain && stored == before);
    for (from, to) in [(4095, 4095), (4096, 8192), (8192, 4096), (0, 4096)] {
        assert!(cipher.decrypt_from(DataUnit(9), &stored[..from], &mut vec![0; to]).is_err(), "{from} {to}");
    }
}
