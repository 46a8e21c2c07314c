//! What the tests need from outside, by package name: Debian's packages and a Python environment of our own. Nothing is
//! installed twice; a machine that has everything is left alone.

use super::steps::{root, sh};
use std::path::PathBuf;
use std::process::Command;

/// Debian's packages: NBD clients, a filesystem to try, fio, and the other catalog.
const PACKAGES: [&str; 11] = [
    "gcc",          // the disk that fails when told to (and the crates)
    "libnbd-bin",   // nbdinfo, nbdcopy, nbdfuse
    "nbdkit",       // the benchmark's neighbour
    "qemu-utils",   // qemu-img, qemu-io, qemu-nbd
    "fio",          // with its NBD engine
    "e2fsprogs",    // mkfs.ext4, fsck.ext4
    "mount",        // losetup
    "fuse3",        // fusermount3, for nbdfuse
    "util-linux",   // setpriv: PostgreSQL refuses to run as root
    "postgresql",   // the catalog of a grown installation
    "python3-venv", // for machines whose python3 is Debian's
];

/// The Python environment.
pub fn venv() -> Result<PathBuf, String> {
    Ok(root()?.join(".work/venv"))
}

/// Installs what is missing.
pub fn run() -> Result<(), String> {
    debian()?;
    environment()
}

fn debian() -> Result<(), String> {
    let missing: Vec<&str> = PACKAGES.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        println!("packages: all {} are there", PACKAGES.len());
        return Ok(());
    }
    println!("packages: installing {}", missing.join(" "));
    let quiet = [("DEBIAN_FRONTEND", "noninteractive".to_owned())];
    sh("apt-get", &["-qq", "update"], &quiet)?;
    let arguments = ["-qq", "-y", "install", "--no-install-recommends"];
    sh("apt-get", &[&arguments, missing.as_slice()].concat(), &quiet)
}

fn installed(package: &str) -> bool {
    let status = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).output();
    status.is_ok_and(|output| output.stdout == b"installed")
}

fn environment() -> Result<(), String> {
    let venv = venv()?;
    let wanted =
        std::fs::read_to_string(root()?.join("tests/requirements.txt")).map_err(|e| e.to_string())?;
    // Written after a whole installation, so a broken one is done again.
    let stamp = venv.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        println!("python: the environment is there");
        return Ok(());
    }
    let place = venv.to_string_lossy().into_owned();
    let made = sh("python3", &["-m", "venv", "--clear", &place], &[]);
    made.or_else(|_| sh("/usr/bin/python3", &["-m", "venv", "--clear", &place], &[]))?;
    let pip = venv.join("bin/pip").to_string_lossy().into_owned();
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "-r", "tests/requirements.txt"];
    sh(&pip, &quiet, &[])?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}

/// The service models of the pinned botocore.
pub fn botocore_data() -> Result<String, String> {
    let python = venv()?.join("bin/python");
    let ask = ["-c", "import botocore; print(botocore.__path__[0] + '/data')"];
    let output =
        Command::new(&python).args(ask).output().map_err(|e| format!("{}: {e}", python.display()))?;
    if !output.status.success() {
        return Err(format!("{} has no botocore: run `cargo xtask test install`", python.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
