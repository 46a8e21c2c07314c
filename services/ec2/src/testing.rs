//! An EC2 of its own for each test: the real door, KMS and catalog, a simulated clock, a played host. Calls go in and come out
//! as wire text; jobs run one step at a time, when the test says so.

mod bench;
mod clock;
mod host;
mod jobs;
mod look;
mod people;
mod snapshots;
mod storage;
mod tidy;
mod tidy_storage;

pub use bench::{ACCOUNT, Bench, OTHER, attach_call, encoded, texts, xml};
pub use host::Trouble;
pub use jobs::Injected;
pub use people::{allow, when};
