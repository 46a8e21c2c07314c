//! File to device and back, with digests and comparison.

use super::nbd_client::Device;
use super::show::Show;
use super::text::CHUNK;
use aws_lc_rs::digest::{Context, Digest, SHA256};
use base::Fault;
use env::File;
use std::io::{Read, Write};

/// Writes the first `bytes` of the file to the start of the device and flushes it. Gives the SHA-256 of what was written.
pub fn write<S: Read + Write>(
    show: &mut Show,
    file: &dyn File,
    device: &mut Device<S>,
    bytes: u64,
) -> Result<Digest, Fault> {
    let mut digest = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK];
    show.with_bar("written and flushed", bytes, |progress| {
        let mut offset = 0;
        while offset < bytes {
            let piece = piece(&mut chunk, bytes - offset);
            fill(file, piece, offset)?;
            digest.update(piece);
            device.write(piece, offset).map_err(|e| Fault::caused("writing to the device", e))?;
            offset += piece.len() as u64;
            progress(piece.len() as u64)?;
        }
        device.flush().map_err(|e| Fault::caused("flushing the device", e))
    })?;
    Ok(digest.finish())
}

/// Reads the first `bytes` of the device, compares each with the file, and gives the SHA-256 of what was read. The first
/// difference is an error that says where it is.
pub fn read_and_compare<S: Read + Write>(
    show: &mut Show,
    file: &dyn File,
    device: &mut Device<S>,
    bytes: u64,
) -> Result<Digest, Fault> {
    let mut digest = Context::new(&SHA256);
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    show.with_bar("read and compared", bytes, |progress| {
        let mut offset = 0;
        while offset < bytes {
            let wanted = piece(&mut ours, bytes - offset);
            let found = piece(&mut theirs, bytes - offset);
            fill(file, wanted, offset)?;
            device.read(found, offset).map_err(|e| Fault::caused("reading from the device", e))?;
            if wanted != found
                && let Some(at) = wanted.iter().zip(found.iter()).position(|(a, b)| a != b)
            {
                return Err(Fault::new(format!(
                    "byte {} of the device is {:#04x}, in the file it is {:#04x}",
                    offset + at as u64,
                    found[at],
                    wanted[at]
                )));
            }
            digest.update(found);
            offset += found.len() as u64;
            progress(found.len() as u64)?;
        }
        Ok(())
    })?;
    Ok(digest.finish())
}

fn piece(chunk: &mut [u8], left: u64) -> &mut [u8] {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
    &mut chunk[..length]
}

fn fill(file: &dyn File, piece: &mut [u8], offset: u64) -> Result<(), Fault> {
    file.read_zero_filled_at(piece, offset).map_err(|e| Fault::caused("reading the demo's file", e))
}
