//! A host that remembers what it was asked, asks KMS for keys as the real one does, and fails when told to.

use api::{Caller, Door, Failure, Request};
use base::{Fault, Refusal};
use host::{AttachSpec, DecryptRequest, HostError, Hosts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use volume::VolumeSpec;
use wire::Blob;
use wire::generated::kms::DecryptInput;

/// What the next call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It fails and nothing was done.
    Fault,
    /// It was done, but the answer is lost.
    Lost,
    /// It is refused.
    Refuse,
}

#[derive(Default)]
pub struct FakeHost {
    door: OnceLock<Weak<Door>>,
    pub calls: Mutex<Vec<String>>,
    pub stores: Mutex<BTreeMap<String, VolumeSpec>>,
    /// (volume, instance)
    pub exports: Mutex<BTreeSet<(String, String)>>,
    trouble: Mutex<Vec<Trouble>>,
}

impl FakeHost {
    pub fn connect(&self, door: &Arc<Door>) {
        self.door.set(Arc::downgrade(door)).unwrap();
    }

    /// The next calls meet these, one each.
    pub fn expect(&self, trouble: &[Trouble]) {
        *self.trouble.lock().unwrap() = trouble.iter().rev().copied().collect();
    }

    /// What was asked since the last question.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The machine was restarted: no device is there any more.
    pub fn restart(&self) {
        self.exports.lock().unwrap().clear();
    }

    fn meet<T>(&self, call: String, work: impl FnOnce() -> Result<T, HostError>) -> Result<T, HostError> {
        self.calls.lock().unwrap().push(call);
        let trouble = self.trouble.lock().unwrap().pop();
        match trouble {
            None => work(),
            Some(Trouble::Fault) => Err(HostError::Fault(Fault::new("the disk is full"))),
            Some(Trouble::Refuse) => {
                Err(HostError::Refused(Refusal::new("IncorrectState", "the store is damaged")))
            }
            Some(Trouble::Lost) => {
                work()?;
                Err(HostError::Fault(Fault::new("the answer was lost")))
            }
        }
    }

    /// As the server's own way to KMS: through the door, as the instance's session, under the request that asked.
    fn decrypt(&self, spec: &AttachSpec, wanted: &DecryptRequest) -> Result<(), HostError> {
        let door = self.door.get().and_then(Weak::upgrade).unwrap();
        let caller = Caller::instance_infrastructure(spec.account.clone(), &spec.instance);
        let request = Request {
            id: spec.request_id.clone(),
            region: spec.region.clone(),
            received: door.env.clock.now(),
            host: String::new(),
        };
        let context = BTreeMap::from([("aws:ebs:id".to_owned(), wanted.context_id.clone())]);
        let output = door.call::<kms::actions::Decrypt>(&caller, &request, || DecryptInput {
            ciphertext_blob: Some(Blob(wanted.wrapped_key.clone())),
            encryption_context: Some(context.clone()),
            encryption_algorithm: Some("SYMMETRIC_DEFAULT".into()),
            grant_tokens: Some(vec![wanted.grant_token.clone()]).filter(|t| !t[0].is_empty()),
            ..Default::default()
        });
        match output {
            Ok(output) => {
                assert_eq!(output.plaintext.unwrap().expose().len(), 64, "an AES-256-XTS key");
                Ok(())
            }
            Err(Failure::Refused(refusal)) => Err(HostError::Refused(refusal)),
            Err(other) => panic!("{other:?}"),
        }
    }
}

impl Hosts for FakeHost {
    fn create_volume(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        self.meet(format!("create {}", spec.volume_id), || {
            let mut stores = self.stores.lock().unwrap();
            let there = stores.entry(spec.volume_id.clone()).or_insert_with(|| spec.clone());
            assert!(there == spec, "another store has this id");
            Ok(())
        })
    }

    fn remove_volume(&self, volume: &str) -> Result<(), HostError> {
        self.meet(format!("remove {volume}"), || {
            assert!(self.exports.lock().unwrap().iter().all(|e| e.0 != volume), "removed while exported");
            self.stores.lock().unwrap().remove(volume);
            Ok(())
        })
    }

    fn attach(&self, spec: &AttachSpec) -> Result<String, HostError> {
        self.meet(format!("attach {} {}", spec.volume, spec.instance), || {
            let uri = format!("nbd+unix:///{}?socket=/run/{}", spec.volume, spec.instance);
            let export = (spec.volume.clone(), spec.instance.clone());
            if self.exports.lock().unwrap().contains(&export) {
                return Ok(uri);
            }
            let store = self.stores.lock().unwrap().get(&spec.volume).cloned().unwrap();
            let stored = store.encryption.map(|e| e.wrapped_key);
            assert_eq!(stored, spec.key.as_ref().map(|k| k.wrapped_key.clone()), "store and catalog differ");
            if let Some(wanted) = &spec.key {
                self.decrypt(spec, wanted)?;
            }
            self.exports.lock().unwrap().insert(export);
            Ok(uri)
        })
    }

    fn detach(&self, volume: &str, instance: &str) -> Result<(), HostError> {
        self.meet(format!("detach {volume} {instance}"), || {
            self.exports.lock().unwrap().remove(&(volume.to_owned(), instance.to_owned()));
            Ok(())
        })
    }
}
