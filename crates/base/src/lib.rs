//! Words of the house, shared by every crate: ids, ARNs, accounts, Regions, sizes, tags, and the two ways in which
//! a request can end badly: a [`Refusal`] (an answer to the caller) or a [`Fault`] (our failure). No logic lives here.

mod arn;
mod id;
mod place;
mod refusal;
mod size;
mod tag;
mod timestamp;

pub use arn::{Arn, ArnError};
pub use id::{IdError, Kind, ResourceId};
pub use place::{AccountId, PARTITION, PlaceError, Region, Zone};
pub use refusal::{Fault, Refusal};
pub use size::{DATA_UNIT_BYTES, GIB, SizeGib};
pub use tag::Tag;
pub use timestamp::Timestamp;
