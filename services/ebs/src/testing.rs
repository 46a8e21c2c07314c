//! An EBS of its own for each test: the real door, KMS and catalog, a simulated clock, a played storage. Calls go in and come out as
//! wire bytes; jobs run one step at a time, when the test says so.

mod bench;
mod jobs;
mod storage;

pub use bench::{Bench, OTHER, block, checksum};
pub use jobs::Injected;
pub use storage::fault;
