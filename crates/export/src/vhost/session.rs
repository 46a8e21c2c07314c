//! One front-end, from connecting to leaving: what its messages mean
//! (<https://qemu-project.gitlab.io/qemu/interop/vhost-user.html>).
//!
//! Whatever changes a queue stops its thread first and starts it again afterwards, so that a thread never sees a change. A
//! message that makes no sense ends the session; the front-end may connect again.

use super::config;
use super::memory::GuestMemory;
use super::past;
use super::ring::Addresses;
use super::vring::{Common, Vring};
use super::worker::{Durability, Phase};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vhost::VhostUserMemoryRegionBase;
use vhost::vhost_user::message::{
    VhostTransferStateDirection, VhostTransferStatePhase, VhostUserConfigFlags, VhostUserInflight,
    VhostUserLog, VhostUserMemoryRegion, VhostUserShMemConfig, VhostUserSharedMsg,
    VhostUserSingleMemoryRegion, VhostUserVringAddrFlags, VhostUserVringState,
};
use vhost::vhost_user::{
    Error, GpuBackend, Result, VhostUserBackendReqHandlerMut, VhostUserProtocolFeatures,
};

pub(crate) struct Session {
    offered: u64,
    queues: u16,
    write_back: Arc<AtomicBool>,
    /// Where this export listens.
    socket: PathBuf,
    common: Common,
    vrings: Vec<Vring>,
}

impl Session {
    /// `write_back` outlives sessions: a guest that turned the cache off does not learn of a reconnection.
    pub fn new(common: Common, queues: u16, write_back: Arc<AtomicBool>, socket: PathBuf) -> Session {
        Session {
            offered: config::features(common.read_only),
            queues,
            write_back,
            socket,
            common,
            vrings: (0..queues).map(|_| Vring::default()).collect(),
        }
    }

    /// Ends all threads.
    pub fn stop(&mut self, how: Phase) {
        self.vrings.iter_mut().for_each(|vring| vring.stop(how));
    }

    /// Changes what is the same for all queues, while none runs.
    fn change_all(&mut self, change: impl FnOnce(&mut Common)) -> Result<()> {
        self.stop(Phase::Cut);
        change(&mut self.common);
        for (queue, vring) in self.vrings.iter_mut().enumerate() {
            vring.start(queue, &self.common).map_err(Error::ReqHandlerError)?;
        }
        Ok(())
    }

    /// Changes a queue while it does not run.
    fn change(&mut self, index: u32, change: impl FnOnce(&mut Vring) -> Result<()>) -> Result<()> {
        let (queue, vring) = self.vring(index)?;
        vring.stop(Phase::Cut);
        change(vring)?;
        let (Some(vring), common) = (self.vrings.get_mut(queue), &self.common) else { return Ok(()) };
        vring.start(queue, common).map_err(Error::ReqHandlerError)
    }

    fn vring(&mut self, index: u32) -> Result<(usize, &mut Vring)> {
        let queue = index as usize;
        Ok((queue, self.vrings.get_mut(queue).ok_or(Error::InvalidParam)?))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop(Phase::Cut);
    }
}

impl VhostUserBackendReqHandlerMut for Session {
    fn set_owner(&mut self) -> Result<()> {
        Ok(())
    }

    fn reset_owner(&mut self) -> Result<()> {
        self.stop(Phase::Cut);
        self.vrings = (0..self.queues).map(|_| Vring::default()).collect();
        Ok(())
    }

    fn get_features(&mut self) -> Result<u64> {
        Ok(self.offered)
    }

    fn set_features(&mut self, features: u64) -> Result<()> {
        if features & !self.offered != 0 {
            return Err(Error::FeatureMismatch);
        }
        let has = |bit| features & bit != 0;
        // Virtio 1.2, 5.2.6.2: a driver that can neither flush nor choose expects writes to be durable.
        let durability = match (has(config::CONFIG_WCE), has(config::FLUSH)) {
            (true, _) => Durability::Unless(self.write_back.clone()),
            (false, true) => Durability::OnFlush,
            (false, false) => Durability::Always,
        };
        // Without the protocol's features there is no message that enables a queue.
        if !has(config::PROTOCOL_FEATURES) {
            self.vrings.iter_mut().for_each(|vring| vring.set_enabled(true));
        }
        self.change_all(|common| {
            common.event_idx = has(config::EVENT_IDX);
            common.durability = durability;
        })
    }

    fn get_protocol_features(&mut self) -> Result<VhostUserProtocolFeatures> {
        // The library adds REPLY_ACK. Not INFLIGHT_SHMFD: `ring.rs` says why nothing is lost without.
        Ok(VhostUserProtocolFeatures::CONFIG | VhostUserProtocolFeatures::MQ)
    }

    fn set_protocol_features(&mut self, _: u64) -> Result<()> {
        Ok(())
    }

    fn get_queue_num(&mut self) -> Result<u64> {
        Ok(self.queues.into())
    }

    fn set_mem_table(
        &mut self,
        regions: &[VhostUserMemoryRegion],
        files: Vec<File>,
        _: Option<bool>,
    ) -> Result<Option<Vec<VhostUserMemoryRegionBase>>> {
        let memory = GuestMemory::map(regions, files).map_err(Error::ReqHandlerError)?;
        self.change_all(|common| common.memory = Some(Arc::new(memory)))?;
        Ok(None)
    }

    fn set_vring_num(&mut self, index: u32, num: u32) -> Result<()> {
        self.change(index, |vring| if vring.set_size(num) { Ok(()) } else { Err(Error::InvalidParam) })
    }

    fn set_vring_addr(
        &mut self,
        index: u32,
        flags: VhostUserVringAddrFlags,
        descriptors: u64,
        used: u64,
        available: u64,
        _: u64,
    ) -> Result<()> {
        if flags.contains(VhostUserVringAddrFlags::VHOST_VRING_F_LOG) {
            return refuse("a log of what is written");
        }
        self.change(index, |vring| {
            vring.set_addresses(Addresses { descriptors, available, used });
            Ok(())
        })
    }

    fn set_vring_base(&mut self, index: u32, base: u32) -> Result<()> {
        let base = u16::try_from(base).map_err(|_| Error::InvalidParam)?;
        self.change(index, |vring| {
            vring.set_base(base);
            Ok(())
        })
    }

    /// Stops the queue, too; it starts again with a new kick.
    fn get_vring_base(&mut self, index: u32) -> Result<VhostUserVringState> {
        let (_, vring) = self.vring(index)?;
        vring.stop(Phase::Cut);
        vring.set_kick(None);
        Ok(VhostUserVringState::new(index, vring.base().into()))
    }

    fn set_vring_kick(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        let Some(fd) = fd else { return refuse("a queue without a kick") };
        self.change(index.into(), |vring| {
            vring.set_kick(Some(fd));
            Ok(())
        })
    }

    fn set_vring_call(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        self.change(index.into(), |vring| vring.set_call(fd).map_err(Error::ReqHandlerError))
    }

    fn set_vring_err(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        self.change(index.into(), |vring| vring.set_error(fd).map_err(Error::ReqHandlerError))
    }

    fn set_vring_enable(&mut self, index: u32, enable: bool) -> Result<()> {
        self.change(index, |vring| {
            vring.set_enabled(enable);
            Ok(())
        })
    }

    fn get_config(&mut self, offset: u32, size: u32, _: VhostUserConfigFlags) -> Result<Vec<u8>> {
        let write_back = self.write_back.load(Ordering::Relaxed);
        let space = config::space(self.common.outlet.device().size_bytes(), write_back, self.queues);
        let (from, len) = (offset as usize, size as usize);
        let end = from.checked_add(len).ok_or(Error::InvalidParam)?;
        Ok(space.get(from..end).ok_or(Error::InvalidParam)?.to_vec())
    }

    /// Only the cache's mode can be written.
    fn set_config(&mut self, offset: u32, bytes: &[u8], _: VhostUserConfigFlags) -> Result<()> {
        let (config::WRITE_BACK_AT, [mode]) = (offset, bytes) else { return Err(Error::InvalidParam) };
        past::remember_write_back(&self.socket, *mode != 0).map_err(Error::ReqHandlerError)?;
        self.write_back.store(*mode != 0, Ordering::SeqCst);
        if *mode != 0 {
            return Ok(());
        }
        // What was answered before must be as durable as what comes now.
        self.common.outlet.port().flush().map_err(|error| Error::ReqHandlerError(io::Error::other(error)))
    }

    // From here on: messages of features that are not offered. The library passes them on only to a session that claims
    // them all the same.

    fn reset_device(&mut self) -> Result<()> {
        refuse("a reset by message")
    }

    fn set_gpu_socket(&mut self, _: GpuBackend) -> Result<()> {
        refuse("a display")
    }

    fn get_shared_object(&mut self, _: VhostUserSharedMsg) -> Result<File> {
        refuse("shared objects")
    }

    fn get_inflight_fd(&mut self, _: &VhostUserInflight) -> Result<(VhostUserInflight, File)> {
        refuse("a record of requests in flight")
    }

    fn set_inflight_fd(&mut self, _: &VhostUserInflight, _: File) -> Result<()> {
        refuse("a record of requests in flight")
    }

    fn get_max_mem_slots(&mut self) -> Result<u64> {
        refuse("memory slots")
    }

    fn add_mem_region(
        &mut self,
        _: &VhostUserSingleMemoryRegion,
        _: File,
        _: Option<bool>,
    ) -> Result<Option<VhostUserMemoryRegionBase>> {
        refuse("memory slots")
    }

    fn remove_mem_region(&mut self, _: &VhostUserSingleMemoryRegion) -> Result<()> {
        refuse("memory slots")
    }

    fn set_device_state_fd(
        &mut self,
        _: VhostTransferStateDirection,
        _: VhostTransferStatePhase,
        _: File,
    ) -> Result<Option<File>> {
        refuse("transfer of the device's state")
    }

    fn check_device_state(&mut self) -> Result<()> {
        refuse("transfer of the device's state")
    }

    fn get_shmem_config(&mut self) -> Result<VhostUserShMemConfig> {
        refuse("shared memory regions")
    }

    fn set_log_base(&mut self, _: &VhostUserLog, _: File) -> Result<()> {
        refuse("a log of what is written")
    }
}

fn refuse<T>(what: &'static str) -> Result<T> {
    Err(Error::InvalidOperation(what))
}
