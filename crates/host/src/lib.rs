//! What a hypervisor host does for storage: makes and removes volume directories, attaches a volume (asks KMS to decrypt its
//! data key under the instance's grant, keeps the plaintext key in locked memory, exports the device) and detaches it (the
//! key is dropped). Decides nothing. Jobs reach it through the `Hosts` trait only, so that a host may be another machine.

mod hosts;
mod local;
#[cfg(test)]
mod testing;

pub use hosts::{AttachSpec, DecryptRequest, HostError, Hosts, KeyService};
pub use local::LocalHost;
