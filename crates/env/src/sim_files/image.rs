//! A simulated disk as text, to keep one in a repository: small where the disk is sparse, and a change of it can be read.
//!
//! ```text
//!  file <path> <length in bytes>
//!   <sector> <its bytes in hexadecimal, without the zeros at the end>      every sector that is not all zeros, in order
//! ```

use super::content::SECTOR;
use super::{SimFiles, faults};
use crate::Files;
use std::fmt::Write;
use std::io::{self, ErrorKind};
use std::path::Path;

impl SimFiles {
    /// All files as they are.
    pub fn to_image(&self) -> io::Result<String> {
        let mut text = String::new();
        for path in self.paths() {
            let bytes = self.read(&path)?;
            writeln!(text, "file {} {}", path.display(), bytes.len()).map_err(io::Error::other)?;
            for (n, sector) in bytes.chunks(SECTOR as usize).enumerate() {
                let len = sector.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
                if len > 0 {
                    let hex: String = sector[..len].iter().map(|b| format!("{b:02x}")).collect();
                    writeln!(text, " {n} {hex}").map_err(io::Error::other)?;
                }
            }
        }
        Ok(text)
    }

    /// A disk with these files, all of it durable.
    pub fn from_image(seed: u64, text: &str) -> io::Result<SimFiles> {
        let files = SimFiles::new(seed);
        let bad = || io::Error::from(ErrorKind::InvalidData);
        let mut open = None;
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (line.starts_with(' '), &open) {
                (false, _) => {
                    let (Some("file"), Some(path), Some(len)) = (words.next(), words.next(), words.next())
                    else {
                        return Err(bad());
                    };
                    let path = Path::new(path);
                    files.create_dir_all(path.parent().ok_or_else(bad)?)?;
                    let file = files.open(path, true)?;
                    file.set_len(len.parse().map_err(|_| bad())?)?;
                    open = Some(file);
                }
                (true, None) => return Err(bad()),
                (true, Some(file)) => {
                    let (Some(sector), Some(hex)) = (words.next(), words.next()) else { return Err(bad()) };
                    let digits: Vec<u8> =
                        hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
                    let bytes: Vec<u8> =
                        digits.chunks(2).map(|two| two.iter().fold(0, |n, d| n << 4 | d)).collect();
                    file.write_all_at(&bytes, sector.parse::<u64>().map_err(|_| bad())? * SECTOR)?;
                }
            }
        }
        files.crash(super::Crash::Kept);
        files.0.world.lock().faults = faults::Faults::default();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_comes_back_from_its_text() {
        let files = SimFiles::new(1);
        files.create_dir_all(Path::new("/a/b")).unwrap();
        let file = files.open(Path::new("/a/b/c"), true).unwrap();
        file.set_len(1 << 20).unwrap();
        file.write_all_at(&[1, 0, 2], 700).unwrap();
        file.write_all_at(&[9; 512], 5120).unwrap();
        files.open(Path::new("/a/empty"), true).unwrap();
        let text = files.to_image().unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        let back = SimFiles::from_image(2, &text).unwrap();
        assert_eq!(back.to_image().unwrap(), text);
        assert_eq!(back.bytes_held(Path::new("/a/b/c")), 1024);
        back.crash(super::super::Crash::Lost);
        assert_eq!(back.to_image().unwrap(), text, "it is durable");
        for bad in ["fil /a 1", "file /a", " 0 00", "file /a x"] {
            assert!(SimFiles::from_image(1, bad).is_err(), "{bad}");
        }
    }
}
