//! KMS as the host reaches it: through the door, in the name of whoever the key is needed for (the infrastructure role of an
//! instance, EBS under a grant, a caller of the EBS direct API), under the request that asked. The plaintext key goes from KMS's answer
//! straight into locked memory.

use api::{Door, Failure, Request};
use base::Fault;
use host::{HostError, KeyService, KeyUse};
use keys::{DataKey, Secret};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use wire::Blob;
use wire::generated::kms::DecryptInput;

/// The door, held weakly: the door's jobs hold the host, and the host holds this.
pub struct KmsThroughDoor(Weak<Door>);

impl KmsThroughDoor {
    pub fn new(door: &Arc<Door>) -> Self {
        KmsThroughDoor(Arc::downgrade(door))
    }
}

impl KeyService for KmsThroughDoor {
    fn decrypt(&self, wanted: &KeyUse) -> Result<DataKey, HostError> {
        let door = self.0.upgrade().ok_or_else(|| HostError::Fault(Fault::new("the server is stopping")))?;
        let request = Request {
            id: wanted.request_id.clone(),
            region: wanted.region.clone(),
            received: door.env.clock.now(),
            host: String::new(),
        };
        let context = BTreeMap::from([("aws:ebs:id".to_owned(), wanted.context_id.clone())]);
        let output = door.call::<::kms::actions::Decrypt>(&wanted.caller, &request, || DecryptInput {
            key_id: wanted.key_arn.clone(),
            ciphertext_blob: Some(Blob(wanted.wrapped_key.clone())),
            encryption_context: Some(context.clone()),
            encryption_algorithm: Some("SYMMETRIC_DEFAULT".into()),
            grant_tokens: wanted.grant_token.clone().filter(|t| !t.is_empty()).map(|t| vec![t]),
            ..Default::default()
        });
        let output = output.map_err(|failure| match failure {
            Failure::Refused(refusal) => HostError::Refused(refusal),
            Failure::Fault(fault) => HostError::Fault(fault),
            Failure::Conflict => HostError::Fault(Fault::new("the key's rows kept changing")),
        })?;
        let plaintext =
            output.plaintext.ok_or_else(|| HostError::Fault(Fault::new("KMS gave no plaintext")))?;
        into_data_key(plaintext).map_err(|e| HostError::Fault(Fault::caused("taking over a data key", e)))
    }
}

/// Moves the bytes into locked memory; both copies on the way are wiped.
fn into_data_key(plaintext: wire::SecretBlob) -> Result<DataKey, keys::KeysError> {
    let mut bytes = plaintext.expose().to_vec();
    drop(plaintext);
    DataKey::try_from(Secret::from_slice_wiping(&mut bytes)?)
}
