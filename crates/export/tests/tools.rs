//! The tools that people use, as they are: nbdinfo, nbdcopy, qemu-img, qemu-io, fio. What is not installed is skipped and
//! said so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_types,
    clippy::disallowed_methods
)]

mod common;

use common::{NAME, Served, serve};
use std::process::{Command, Output};

const MIB: usize = 1 << 20;

/// Runs a tool; `None` if it is not installed.
fn run(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new("timeout").arg("120").arg(tool).args(arguments).output() {
        Ok(output) if output.status.code() == Some(127) => {
            eprintln!("skipped: {tool} is not installed");
            None
        }
        Ok(output) => Some(output),
        Err(why) => panic!("cannot run {tool}: {why}"),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a tool that must succeed; `None` if it is not installed.
fn works(tool: &str, arguments: &[&str]) -> Option<String> {
    let output = run(tool, arguments)?;
    assert!(output.status.success(), "{tool} {arguments:?}: {}", text(&output));
    Some(text(&output))
}

fn qemu_io(served: &Served, commands: &[&str]) -> Option<String> {
    let mut arguments = vec!["-f", "raw"];
    commands.iter().for_each(|command| arguments.extend(["-c", command]));
    arguments.push(&served.uri);
    works("qemu-io", &arguments)
}

/// Bytes that do not compress to a pattern, made from a seed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn nbdinfo_sees_what_we_announce() {
    let served = serve(1 << 30);
    let Some(info) = works("nbdinfo", &[&served.uri]) else { return };
    for line in [
        "export-size: 1073741824",
        "base:allocation",
        "is_read_only: false",
        "can_cache: true",
        "can_df: true",
        "can_fast_zero: true",
        "can_flush: true",
        "can_fua: true",
        "can_multi_conn: true",
        "can_trim: true",
        "can_zero: true",
        "block_size_minimum: 1",
        "block_size_preferred: 4096",
        "block_size_maximum: 33554432",
        "using structured packets",
    ] {
        assert!(info.contains(line), "no {line:?} in\n{info}");
    }
    let list = works("nbdinfo", &["--list", &served.uri]).unwrap();
    assert!(list.contains(NAME), "{list}");
    let size = works("nbdinfo", &["--size", &served.uri.replace(NAME, "")]).unwrap();
    assert_eq!(size.trim(), "1073741824", "the default export");
    let unknown = run("nbdinfo", &[&served.uri.replace(NAME, "vol-other")]).unwrap();
    assert!(!unknown.status.success());
}

#[test]
fn nbdcopy_copies_in_and_out_and_the_map_shows_only_what_was_written() {
    let served = serve(1 << 30);
    let (from, to) = (served.root.path().join("from"), served.root.path().join("to"));
    let mut bytes = noise(1, 24 * MIB + 12_345);
    bytes[8 * MIB..16 * MIB].fill(0);
    std::fs::write(&from, &bytes).unwrap();
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    if works("nbdcopy", &["--flush", from, &served.uri]).is_none() {
        return;
    }
    works("nbdcopy", &["--connections=4", &served.uri, to]).unwrap();
    let back = std::fs::read(to).unwrap();
    assert_eq!(back.len(), 1 << 30);
    assert!(back[..bytes.len()] == bytes && back[bytes.len()..].iter().all(|b| *b == 0));
    let map = works("nbdinfo", &["--map", &served.uri]).unwrap();
    let first: Vec<&str> = map.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, ["0", "8388608", "0", "data"], "{map}");
    assert!(map.lines().last().unwrap().contains("hole,zero"), "{map}");
    // The outside check: what is stored is not what was written.
    let stored = std::fs::read(served.root.path().join("volume/data.0000")).unwrap();
    assert!(!stored.windows(32).any(|w| w == &bytes[..32]));
}

#[test]
fn qemu_img_converts_and_compares() {
    let served = serve(64 << 20);
    let image = served.root.path().join("image");
    std::fs::write(&image, noise(2, 64 * MIB)).unwrap();
    let image = image.to_str().unwrap();
    let convert = ["convert", "-n", "-f", "raw", "-O", "raw", image, &served.uri];
    if works("qemu-img", &convert).is_none() {
        return;
    }
    let same = works("qemu-img", &["compare", "-f", "raw", "-F", "raw", image, &served.uri]).unwrap();
    assert!(same.contains("identical"), "{same}");
    served.volume.write_at(&mut [1, 2, 3], 5_000_000, false).unwrap();
    let differs = run("qemu-img", &["compare", "-f", "raw", "-F", "raw", image, &served.uri]).unwrap();
    assert_eq!(differs.status.code(), Some(1), "the comparison cannot fail");
}

#[test]
fn qemu_io_writes_single_bytes_trims_and_zeroes() {
    let served = serve(1 << 30);
    let done = qemu_io(
        &served,
        &[
            "write -P 0x41 0 16384",
            "write -P 0x42 4095 1",
            "write -P 0x43 5000 3001",
            "write -z 8193 100",
            "write -z -u 9000 2000",
            "discard 12288 4096",
            "flush",
            "read -P 0x41 0 4095",
            "read -P 0x42 4095 1",
            "read -P 0x43 5000 3001",
            "read -P 0 8193 100",
            "read -P 0 9000 2000",
            "read -P 0 12288 4096",
            "write -f -P 0x44 1073741823 1",
            "read -P 0x44 1073741823 1",
        ],
    );
    let Some(done) = done else { return };
    assert!(!done.contains("failed"), "{done}");
    let mut read = [0; 6];
    served.volume.read_at(&mut read, 4094).unwrap();
    assert_eq!(read, *b"\x41\x42\x41\x41\x41\x41");
}

#[test]
fn fio_verifies_what_it_wrote_over_several_connections_and_trims() {
    let served = serve(64 << 20);
    let job = |name: &str, extra: &[&str]| {
        let uri = format!("--uri={}", served.uri);
        let name = format!("--name={name}");
        let fixed = ["--ioengine=nbd", "--size=16m", "--randseed=7", "--direct=0", "--output-format=terse"];
        run("fio", &[&fixed, extra, &[&name, &uri]].concat())
    };
    let verify = [
        "--rw=randwrite",
        "--bsrange=512-64k",
        "--bs_unaligned=1",
        "--iodepth=16",
        "--verify=crc32c",
        "--verify_state_save=0",
        "--verify_fatal=1",
    ];
    let Some(output) = job("verify", &verify) else { return };
    if text(&output).contains("engine nbd not loadable") {
        eprintln!("skipped: fio has no nbd engine");
        return;
    }
    assert!(output.status.success(), "{}", text(&output));
    let several = [
        "--rw=randrw",
        "--bs=4k",
        "--numjobs=4",
        "--offset_increment=16m",
        "--iodepth=8",
        "--verify=crc32c",
        "--verify_state_save=0",
    ];
    let output = job("several", &several).unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let output = job("trim", &["--rw=randtrim", "--bs=8k", "--iodepth=4"]).unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
