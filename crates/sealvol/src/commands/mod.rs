//! One file per command.

pub mod account;
pub mod actions;
pub mod demo;
pub mod device;
pub mod explain;
pub mod fsck;
pub mod scrub;
pub mod serve;

use base::Fault;
use std::io::Write;

/// Prints a command's answer. Whoever stopped reading has what they wanted.
fn print(text: &str) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Fault::caused("writing to standard output", e))
        }
        _ => Ok(()),
    }
}
