//! GenerateRandom: 1 to 1,024 unpredictable bytes. No key is involved.
//!
//! Needs `kms:GenerateRandom`. Source: KMS API Reference, GenerateRandom.

use crate::{crypto, custom_key_store};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::Secret;
use wire::SecretBlob;
use wire::generated::kms::{GenerateRandom as Op, GenerateRandomInput, GenerateRandomOutput};

pub struct GenerateRandom;

impl Action for GenerateRandom {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateRandom";

    fn check(input: &GenerateRandomInput) -> Result<(), Refusal> {
        crypto::no_recipient(&input.recipient)?;
        custom_key_store::none_of(input.custom_key_store_id.as_deref())?;
        bytes(input).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: GenerateRandomInput) -> Answer<GenerateRandomOutput> {
        let random = Secret::generate(&*cx.door.env.entropy, bytes(&input)?)
            .map_err(|e| Fault::caused("drawing random bytes", e))?;
        let plaintext = Some(SecretBlob::new(random.expose().to_vec()));
        Ok(GenerateRandomOutput { plaintext, ..Default::default() })
    }
}

/// The wire has checked the range.
fn bytes(input: &GenerateRandomInput) -> Result<usize, Refusal> {
    let missing = || Refusal::new("ValidationException", "NumberOfBytes is required.");
    Ok(input.number_of_bytes.ok_or_else(missing)?.unsigned_abs() as usize)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, unb64};
    use serde_json::json;

    #[test]
    fn bytes_are_as_many_as_asked_and_never_the_same() {
        let bench = Bench::new();
        let draw = |bytes: usize| {
            let answer = bench.ok("GenerateRandom", json!({"NumberOfBytes": bytes}));
            unb64(&answer["Plaintext"])
        };
        assert_eq!((draw(1).len(), draw(1024).len()), (1, 1024));
        assert_ne!(draw(32), draw(32));
    }

    #[test]
    fn sizes_stores_and_strangers_are_refused() {
        let bench = Bench::new();
        bench.refused("GenerateRandom", json!({}), "ValidationException", "NumberOfBytes is required.");
        for bytes in [0, 1025, -1] {
            let (_, body) = bench.call_as(&bench.root(), "GenerateRandom", json!({"NumberOfBytes": bytes}));
            assert_eq!(body["__type"], "ValidationException");
        }
        let input = json!({"NumberOfBytes": 1, "CustomKeyStoreId": "cks-1"});
        bench.refused("GenerateRandom", input, "CustomKeyStoreNotFoundException", "");
        let (_, body) = bench.call_as(&bench.session(), "GenerateRandom", json!({"NumberOfBytes": 1}));
        assert_eq!(body["__type"], "AccessDeniedException");
    }
}
