//! Vectors made by an independent implementation (`vectors/make.py`), most of which must be refused, and properties.

use super::*;
use env::SimEntropy;
use proptest::prelude::*;

const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn secret(bytes: &[u8]) -> Secret {
    Secret::copy_of(bytes).unwrap()
}

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn wrapped(material: &Secret, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, KeysError> {
    encrypt(material, KEY, &material_id(KEY, material), context, plaintext, &SimEntropy::new(1))
}

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    expect: String,
    material: String,
    context: Context,
    blob: String,
    plaintext: Option<String>,
}

#[test]
fn vectors_of_another_implementation_open_or_are_refused_as_they_say() {
    let (mut opened, mut refused) = (0, 0);
    for line in include_str!("../../vectors/ciphertext-blob.jsonl").lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let material = secret(&hex::decode(&vector.material).unwrap());
        let result = decrypt(&material, &hex::decode(&vector.blob).unwrap(), &vector.context);
        match vector.expect.as_str() {
            "opens" => {
                let plaintext = result.unwrap_or_else(|e| panic!("{}: {e}", vector.name));
                assert_eq!(hex::encode(plaintext.expose()), vector.plaintext.unwrap(), "{}", vector.name);
                opened += 1;
            }
            _ => {
                assert!(result.is_err(), "{} opened", vector.name);
                refused += 1;
            }
        }
    }
    assert_eq!((opened, refused), (11, 68));
}

#[test]
fn a_blob_names_its_key_and_material() {
    let material = secret(&[1; 32]);
    let blob = wrapped(&material, &Context::new(), b"x").unwrap();
    let header = BlobHeader { key_id: KEY.into(), material_id: material_id(KEY, &material) };
    assert_eq!(parse(&blob).unwrap(), header);
    assert_eq!(blob.len(), 1 + 117);
}

#[test]
fn what_cannot_be_encrypted_is_refused() {
    let material = secret(&[1; 32]);
    let id = material_id(KEY, &material);
    let encrypt = |key_id: &str, id: &str, text: &[u8]| {
        encrypt(&material, key_id, id, &Context::new(), text, &SimEntropy::new(1))
    };
    assert!(matches!(encrypt(KEY, &id, b""), Err(KeysError::Length(0))));
    assert!(matches!(encrypt(KEY, &id, &[0; 4097]), Err(KeysError::Length(4097))));
    assert!(encrypt(KEY, &id, &[0; 4096]).unwrap().len() <= 6144);
    for wrong in ["", "00", &id[1..], &id.to_uppercase(), &"0".repeat(64)] {
        assert!(encrypt(KEY, wrong, b"x").is_err(), "{wrong}");
    }
    for key_id in ["", "A", "key/x", "é", &"a".repeat(65)] {
        let id = material_id(key_id, &material);
        assert!(encrypt(key_id, &id, b"x").is_err(), "{key_id}");
    }
}

#[test]
fn two_blobs_of_one_plaintext_differ() {
    let (material, entropy) = (secret(&[1; 32]), SimEntropy::new(1));
    let id = material_id(KEY, &material);
    let make = || encrypt(&material, KEY, &id, &Context::new(), b"x", &entropy).unwrap();
    assert_ne!(make(), make());
}

proptest! {
    #[test]
    fn what_was_wrapped_unwraps(
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
        pairs in proptest::collection::btree_map(".{0,20}", ".{0,20}", 0..5),
    ) {
        let material = secret(&[1; 32]);
        let blob = wrapped(&material, &pairs, &bytes).unwrap();
        let plaintext = decrypt(&material, &blob, &pairs).unwrap();
        prop_assert_eq!(plaintext.expose(), &bytes[..]);
    }

    #[test]
    fn any_flipped_bit_is_refused(at in 0usize..10_000, bit in 0u8..8) {
        let (material, pairs) = (secret(&[1; 32]), context(&[("a", "b")]));
        let mut blob = wrapped(&material, &pairs, &[7; 64]).unwrap();
        let at = at % blob.len();
        blob[at] ^= 1 << bit;
        prop_assert!(decrypt(&material, &blob, &pairs).is_err());
    }

    #[test]
    fn any_truncation_is_refused(len in 0usize..181) {
        let (material, pairs) = (secret(&[1; 32]), context(&[("a", "b")]));
        let blob = wrapped(&material, &pairs, &[7; 64]).unwrap();
        prop_assert_eq!(blob.len(), 181);
        prop_assert!(decrypt(&material, &blob[..len], &pairs).is_err());
    }

    #[test]
    fn another_context_is_refused(
        made in proptest::collection::btree_map("[ab]{0,2}", "[ab]{0,2}", 0..4),
        given in proptest::collection::btree_map("[ab]{0,2}", "[ab]{0,2}", 0..4),
    ) {
        let material = secret(&[1; 32]);
        let blob = wrapped(&material, &made, b"x").unwrap();
        prop_assert_eq!(decrypt(&material, &blob, &given).is_ok(), made == given);
    }

    #[test]
    fn another_material_is_refused(byte in 0u8..=255, at in 0usize..32) {
        let mut bytes = [1; 32];
        let blob = wrapped(&secret(&bytes), &Context::new(), b"x").unwrap();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert!(decrypt(&secret(&bytes), &blob, &Context::new()).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&bytes).is_err());
        let mut ours = MAGIC_AND_VERSION.to_vec();
        ours.extend_from_slice(&bytes);
        prop_assert!(decrypt(&secret(&[1; 32]), &ours, &Context::new()).is_err());
    }
}
