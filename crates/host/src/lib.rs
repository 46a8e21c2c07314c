//! What a hypervisor host does for storage: makes and removes volume directories, attaches a volume (asks KMS to decrypt its
//! data key under the instance's grant, keeps the plaintext key in locked memory, exports the device) and detaches it (the
//! key is dropped); freezes volumes, stores snapshots, loads and fills volumes from them, copies and re-encrypts. Decides nothing.
//! Jobs and data actions reach it through the traits `Hosts` and `Storage` only, so that a host may be another machine.

mod attached;
mod hosts;
mod local;
mod local_storage;
#[cfg(test)]
mod read_only_tests;
mod readers;
mod sockets;
pub mod storage;
#[cfg(test)]
mod testing;
mod works;

pub use export::{Burst, Limits, Rate};
pub use hosts::{AttachSpec, DecryptRequest, HostError, Hosts, KeyService, Notices};
pub use local::{Exporting, LocalHost, Options, network_name};
pub use sockets::vhost_socket;
pub use storage::{
    Block, Blocks, BlocksFn, Changed, Ended, KeyUse, Progress, Storage, StorageHandle, StoreSpec, Work,
};
