//! `sealvol demo`: the main job from start to end, on a temporary directory, through the front door only: signed requests over
//! the socket, NBD over the device's socket. Each thing it says it has checked; whatever is not as it should be ends it.
//!
//! ```text
//! story ── front (SigV4, HTTP) ───────────▶ world: a whole server in this process
//!   │ ├─── nbd_client ── copy (file ⇄ device) ──▶   └ data directory ◀── search (for the marker of text)
//!   └── show (steps, times, bars)
//! ```

mod cast;
mod copy;
mod front;
mod nbd_client;
mod search;
mod show;
mod story;
mod text;
mod trail;
mod volumes;
mod world;
mod xml;

pub use show::Show;
pub use story::tell;
pub use world::Directory;
