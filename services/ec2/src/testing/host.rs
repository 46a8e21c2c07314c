//! A host that remembers what it was asked, asks KMS for keys as the real one does, and fails when told to.

use super::storage::Kept;
use api::{Caller, Door};
use base::{Fault, Refusal};
use host::{AttachSpec, DecryptRequest, HostError, Hosts, KeyUse, Limits};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use volume::VolumeSpec;

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
    pub(super) door: OnceLock<Weak<Door>>,
    pub calls: Mutex<Vec<String>>,
    pub stores: Mutex<BTreeMap<String, VolumeSpec>>,
    /// (volume, instance)
    pub exports: Mutex<BTreeSet<(String, String)>>,
    pub kept: Mutex<Kept>,
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

    /// The machine was restarted: no device is there any more, and work is forgotten.
    pub fn restart(&self) {
        self.exports.lock().unwrap().clear();
        let mut kept = self.kept.lock().unwrap();
        kept.running.clear();
        kept.ended.clear();
    }

    pub(super) fn meet<T>(
        &self,
        call: String,
        work: impl FnOnce() -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        self.calls.lock().unwrap().push(call);
        self.meet_quietly(work)
    }

    /// The same without a line in the list of calls.
    pub(super) fn meet_quietly<T>(
        &self,
        work: impl FnOnce() -> Result<T, HostError>,
    ) -> Result<T, HostError> {
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
        self.use_key(&KeyUse {
            caller: Caller::instance_infrastructure(spec.account.clone(), &spec.instance),
            region: spec.region.clone(),
            request_id: spec.request_id.clone(),
            key_arn: None,
            wrapped_key: wanted.wrapped_key.clone(),
            context_id: wanted.context_id.clone(),
            grant_token: Some(wanted.grant_token.clone()).filter(|t| !t.is_empty()),
        })
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
            assert!(self.kept.lock().unwrap().frozen.iter().all(|f| f.0 != volume), "removed while frozen");
            let works = [format!("load/{volume}"), format!("create/{volume}")];
            let kept = self.kept.lock().unwrap();
            assert!(works.iter().all(|w| !kept.running.contains_key(w)), "removed while it is worked on");
            drop(kept);
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

    fn limit(&self, volume: &str, limits: &Limits) -> Result<(), HostError> {
        let (operations, bytes) = (limits.operations.per_second, limits.bytes.per_second >> 20);
        self.meet(format!("limit {volume} {operations} {bytes}"), || Ok(()))
    }

    fn detach(&self, volume: &str, instance: &str) -> Result<(), HostError> {
        self.meet(format!("detach {volume} {instance}"), || {
            self.exports.lock().unwrap().remove(&(volume.to_owned(), instance.to_owned()));
            Ok(())
        })
    }
}
