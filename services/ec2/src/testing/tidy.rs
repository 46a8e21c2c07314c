//! What must be true whenever no job is left, whatever went wrong on the way.

use super::Bench;
use crate::rows::{Instance, Modification, Volume};
use rules::lifecycle::instance::InstanceState;
use rules::lifecycle::volume::{AttachmentState, VolumeState};
use std::collections::BTreeSet;

impl Bench {
    /// Catalog, KMS and host agree: no grant, store or device without its row and none missing, no state in between.
    pub fn assert_tidy(&self) {
        assert_eq!(self.jobs().len(), 0);
        let volumes: Vec<Volume> = self.all();
        let instances: Vec<Instance> = self.all();
        let mut grants = BTreeSet::new();
        let mut exports = BTreeSet::new();
        let mut held = BTreeSet::new();
        for volume in &volumes {
            let expected =
                if volume.attachments.is_empty() { VolumeState::Available } else { VolumeState::InUse };
            assert_eq!(volume.state, expected, "{volume:?}");
            assert_eq!(
                volume.encryption.is_some(),
                volume.encryption.iter().any(|e| e.wrapped_key.is_some())
            );
            for a in &volume.attachments {
                assert_eq!(a.state, AttachmentState::Attached, "{volume:?}");
                assert_eq!(a.grant.is_some(), volume.encryption.is_some(), "{volume:?}");
                assert_eq!(a.uri.is_some(), a.broken.is_none(), "{volume:?}");
                grants.extend(a.grant.iter().map(|g| g.id.clone()));
                held.insert((volume.id.clone(), a.instance.clone()));
                if a.uri.is_some() {
                    exports.insert((volume.id.clone(), a.instance.clone()));
                }
            }
        }
        let in_kms: BTreeSet<String> = self.grants().into_iter().map(|g| g.grant_id).collect();
        assert_eq!(in_kms, grants, "grants in KMS and in attachments");
        assert_eq!(*self.host.exports.lock().unwrap(), exports, "devices");
        let stores: BTreeSet<String> = self.host.stores.lock().unwrap().keys().cloned().collect();
        assert_eq!(stores, volumes.iter().map(|v| v.id.clone()).collect(), "stores");
        for volume in &volumes {
            let Some(source) = &volume.source else { continue };
            assert!(!source.loading && source.progress == 100, "everything is loaded: {source:?}");
            assert!(source.grant.is_none() && source.rewrapped_key.is_none(), "{source:?}");
        }
        {
            let kept = self.host.kept.lock().unwrap();
            let of_volumes = |name: &&String| name.starts_with("create/") || name.starts_with("load/");
            assert_eq!(kept.running.keys().chain(kept.ended.keys()).find(of_volumes), None, "forgotten work");
        }
        for modification in self.all::<Modification>() {
            assert!(modification.ended.is_some() && !modification.state.is_running(), "{modification:?}");
            assert!(volumes.iter().any(|v| v.id == modification.volume), "{modification:?}");
        }
        let mut holding = BTreeSet::new();
        for instance in &instances {
            let over = instance.state == InstanceState::Terminated;
            assert!(over || instance.state == InstanceState::Running, "{instance:?}");
            assert_eq!(over, instance.ended.is_some(), "{instance:?}");
            holding.extend(instance.volumes.iter().map(|v| (v.clone(), instance.id.clone())));
        }
        assert_eq!(holding, held, "volumes of instances and attachments of volumes");
    }
}
