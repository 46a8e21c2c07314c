//! KMS as the host reaches it: through the door, as the infrastructure role of the instance, under the request that asked for
//! the attachment. The plaintext key goes from KMS's answer straight into locked memory.

use api::{Caller, Door, Failure, Request};
use base::Fault;
use host::{AttachSpec, DecryptRequest, HostError, KeyService};
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
    fn decrypt(&self, spec: &AttachSpec, wanted: &DecryptRequest) -> Result<DataKey, HostError> {
        let door = self.0.upgrade().ok_or_else(|| HostError::Fault(Fault::new("the server is stopping")))?;
        let caller = Caller::instance_infrastructure(spec.account.clone(), &spec.instance);
        let request = Request {
            id: spec.request_id.clone(),
            region: spec.region.clone(),
            received: door.env.clock.now(),
            host: String::new(),
        };
        let context = BTreeMap::from([("aws:ebs:id".to_owned(), wanted.context_id.clone())]);
        let output = door.call::<::kms::actions::Decrypt>(&caller, &request, || DecryptInput {
            ciphertext_blob: Some(Blob(wanted.wrapped_key.clone())),
            encryption_context: Some(context.clone()),
            encryption_algorithm: Some("SYMMETRIC_DEFAULT".into()),
            grant_tokens: Some(vec![wanted.grant_token.clone()]).filter(|t| !t[0].is_empty()),
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
