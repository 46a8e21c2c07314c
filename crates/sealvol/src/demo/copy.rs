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

#[cfg(test)]
mod tests {
    use super::super::nbd_client::tests::{device, simple_reply};
    use super::*;
    use aws_lc_rs::digest::digest;
    use env::Env;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    const BYTES: usize = CHUNK + 4096;

    fn file_of(content: &[u8]) -> (tempfile::TempDir, Arc<dyn File>) {
        let dir = tempfile::tempdir().unwrap();
        let file = Env::real().files.open(&dir.path().join("f"), true).unwrap();
        file.write_all_at(content, 0).unwrap();
        (dir, file)
    }

    fn content() -> Vec<u8> {
        (0..BYTES).map(|i| (i % 251) as u8).collect()
    }

    fn quiet() -> Show {
        Show::on(Env::real().clock, Arc::new(AtomicBool::new(false)), Box::new(std::io::sink()))
    }

    /// Reads back from a device that gives this content, in two pieces.
    fn read(given: &[u8]) -> Result<Digest, Fault> {
        let (first, second) = given.split_at(CHUNK);
        let parts = [simple_reply(0, 1), first.to_vec(), simple_reply(0, 2), second.to_vec()];
        let (_dir, file) = file_of(&content());
        read_and_compare(&mut quiet(), &*file, &mut device(&parts).unwrap(), BYTES as u64)
    }

    #[test]
    fn what_is_written_and_what_is_read_have_the_same_digest() {
        let (_dir, file) = file_of(&content());
        let replies = [simple_reply(0, 1), simple_reply(0, 2), simple_reply(0, 3)];
        let written = write(&mut quiet(), &*file, &mut device(&replies).unwrap(), BYTES as u64).unwrap();
        assert_eq!(written.as_ref(), digest(&SHA256, &content()).as_ref());
        assert_eq!(read(&content()).unwrap().as_ref(), written.as_ref());
    }

    #[test]
    fn one_wrong_bit_is_found_and_located() {
        for at in [0, CHUNK - 1, CHUNK, BYTES - 1] {
            let mut given = content();
            given[at] ^= 1;
            let error = read(&given).unwrap_err().to_string();
            assert!(error.starts_with(&format!("byte {at} of the device is ")), "{error}");
        }
    }

    #[test]
    fn a_write_or_flush_that_fails_is_told() {
        let (_dir, file) = file_of(&content());
        let failing = |replies: &[Vec<u8>]| {
            let mut device = device(replies).unwrap();
            write(&mut quiet(), &*file, &mut device, BYTES as u64).unwrap_err().to_string()
        };
        assert!(failing(&[simple_reply(28, 1)]).starts_with("writing to the device"));
        let unflushed = [simple_reply(0, 1), simple_reply(0, 2), simple_reply(5, 3)];
        assert!(failing(&unflushed).starts_with("flushing the device"));
    }
}
