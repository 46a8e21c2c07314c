"""Real NBD clients on attached volumes: libnbd's tools, qemu's tools, fio, and a real filesystem on a loop device."""

import filecmp
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

import pytest
from support.checks import until
from support.devices import Bench, run

GIB = 1 << 30
BOTH = pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


@pytest.fixture(scope="module")
def sparse_file(tmp_path_factory):
    """A 1 GiB file with data here and there: at both ends, odd places and sizes, and a long stretch."""
    path = tmp_path_factory.mktemp("nbd") / "image"
    rng = random.Random(20)
    with open(path, "wb") as file:
        file.truncate(GIB)
        places = [(0, 5000), (GIB - 4097, 4097), (512 << 20, 40 << 20)]
        places += [(rng.randrange(GIB - 70000), rng.randrange(1, 65536)) for _ in range(200)]
        for offset, length in places:
            file.seek(offset)
            file.write(rng.randbytes(length))
    return path


@BOTH
def test_nbdinfo_finds_what_the_volume_is(bench, encrypted):
    with bench.device(encrypted, size=3) as uri:
        (export,) = json.loads(run("nbdinfo", "--json", uri).stdout)["exports"]
        assert export["export-size"] == 3 * GIB
        for able in ("can_flush", "can_fua", "can_trim", "can_zero", "can_multi_conn", "can_cache", "can_df"):
            assert export[able] is True, able
        assert export["is_read_only"] is False and export["is_rotational"] is False
        assert "base:allocation" in export["contexts"]
        assert export["block_size_minimum"] in (1, 512) and export["block_size_preferred"] == 4096
        assert json.loads(run("nbdinfo", "--json", "--map", uri).stdout) == [
            {"offset": 0, "length": 3 * GIB, "type": 3, "description": "hole,zero"}
        ]
        assert run("nbdinfo", "--can", "structured-reply", uri, check=False).returncode == 0
        assert run("nbdinfo", "--list", uri).returncode == 0


@pytest.mark.parametrize("size", [1, 16384])
def test_a_volume_is_as_large_as_asked(bench, size):
    with bench.device(True, size) as uri:
        assert int(run("nbdinfo", "--size", uri).stdout) == size * GIB


@BOTH
def test_nbdcopy_both_ways_and_a_reattachment(bench, sparse_file, tmp_path, encrypted):
    made = bench.volume(encrypted)
    uri = bench.attach(made)
    run("nbdcopy", "--flush", sparse_file, uri)
    bench.detach(made)
    uri = bench.attach(made)
    back = tmp_path / "back"
    run("nbdcopy", uri, back)
    assert filecmp.cmp(sparse_file, back, shallow=False)
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", sparse_file, f"nbd+unix:///{made}?{uri.split('?')[1]}")
    bench.detach(made)
    bench.ec2.delete_volume(VolumeId=made)


def test_nbdcopy_between_two_volumes_with_several_connections(bench, sparse_file):
    with bench.device() as first, bench.device() as second:
        run("nbdcopy", "-C", "4", sparse_file, first)
        run("nbdcopy", "-C", "4", first, second)
        run("qemu-img", "compare", first, second)


def test_holes_of_the_source_stay_holes(bench, sparse_file):
    with bench.device() as uri:
        run("nbdcopy", sparse_file, uri)
        extents = json.loads(run("nbdinfo", "--json", "--map", uri).stdout)
        data = sum(e["length"] for e in extents if e["type"] == 0)
        assert data < 200 << 20, f"{data} bytes are allocated for some 50 MB of data"


@BOTH
def test_qemu_img_converts_and_compares(bench, tmp_path, sparse_file, encrypted):
    with bench.device(encrypted) as uri:
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", sparse_file, uri)
        run("qemu-img", "compare", sparse_file, uri)
        run("qemu-img", "convert", "-O", "qcow2", uri, tmp_path / "copy.qcow2")
        run("qemu-img", "compare", sparse_file, tmp_path / "copy.qcow2")
        info = json.loads(run("qemu-img", "info", "--output=json", uri).stdout)
        assert info["virtual-size"] == GIB


def qemu_io(uri, *commands):
    arguments = [a for c in commands for a in ("-c", c)]
    done = run("qemu-io", "-f", "raw", *arguments, uri)
    assert "failed" not in done.stdout.lower() and "pattern verification" not in done.stdout.lower(), done.stdout
    return done.stdout


@BOTH
def test_qemu_io_patterns(bench, encrypted):
    with bench.device(encrypted) as uri:
        qemu_io(
            uri,
            "write -P 0xa1 0 1M",
            "write -P 0xb2 4096 512",
            "write -P 0xc3 8191 2",
            "read -P 0xa1 0 4096",
            "read -P 0xb2 4096 512",
            "read -P 0xa1 4608 3583",
            "read -P 0xc3 8191 2",
            "read -P 0xa1 8193 7",
            "discard 65536 131072",
            "read -P 0 65536 131072",
            "read -P 0xa1 0 4096",
            "write -z 200000 100000",
            "read -P 0 200000 100000",
            "read -P 0xa1 199999 1",
            "read -P 0xa1 300000 1",
            "write -z -u 524288 4096",
            "write -f -P 0xd4 524288 4096",
            "flush",
            "read -P 0xd4 524288 4096",
            "read -P 0 1M 1M",
            f"write -P 0xee {GIB - 512} 512",
            f"read -P 0xee {GIB - 512} 512",
        )
        qemu_io(uri, "read -P 0xee 1073741312 512", "read -P 0xd4 524288 4096")


def test_qemu_io_beyond_the_end_is_an_error(bench):
    with bench.device() as uri:
        done = run("qemu-io", "-f", "raw", "-c", f"read {GIB - 512} 1024", uri, check=False)
        assert done.returncode != 0 or "error" in (done.stdout + done.stderr).lower()


FIO_COMMON = ["--thread", "--ioengine=nbd", "--minimal", "--norandommap=0", "--allow_file_create=0"]


def fio(uri, *options):
    done = run("fio", "--name=job", *FIO_COMMON, f"--uri={uri}", *options, timeout=200)
    assert "err=" not in done.stdout.replace("err= 0", ""), done.stdout
    return done


@BOTH
def test_fio_verifies_what_it_wrote(bench, encrypted):
    with bench.device(encrypted) as uri:
        fio(uri, "--rw=randwrite", "--bs=4k", "--size=48M", "--iodepth=16", "--verify=crc32c", "--verify_state_save=0", "--do_verify=1", "--verify_fatal=1")


def test_fio_with_odd_sizes_and_a_queue(bench):
    with bench.device() as uri:
        fio(
            uri,
            "--rw=randwrite",
            "--bsrange=512-128k",
            "--blockalign=512",
            "--size=96M",
            "--iodepth=32",
            "--verify=md5",
            "--verify_state_save=0",
            "--do_verify=1",
            "--verify_fatal=1",
        )


def test_fio_trims_and_verifies(bench):
    """Each block is trimmed, then written; afterwards all are verified, and what is trimmed alone reads zero."""
    with bench.device() as uri:
        fio(uri, "--rw=randtrimwrite", "--bs=4k", "--size=32M", "--iodepth=1", "--verify=crc32c", "--verify_state_save=0", "--do_verify=1", "--verify_fatal=1")
        fio(uri, "--rw=trim", "--bs=64k", "--size=32M", "--iodepth=8")
        qemu_io(uri, "read -P 0 0 32M")


# --- a filesystem


@pytest.fixture
def loop(tmp_path):
    """Makes loop devices over NBD URIs through nbdfuse, and takes everything down again."""
    undo = []

    def make(uri):
        mountpoint = pathlib.Path(tempfile.mkdtemp(dir=tmp_path))
        fuse = subprocess.Popen(["nbdfuse", str(mountpoint), uri], stdin=subprocess.DEVNULL)
        undo.append(lambda: (subprocess.run(["umount", str(mountpoint)], check=False), fuse.wait(30)))
        image = mountpoint / "nbd"
        until(image.exists)
        if not pathlib.Path("/dev/loop0").exists():
            os.mknod("/dev/loop0", 0o660 | 0o60000, os.makedev(7, 0))
        device = run("losetup", "--find", "--show", image).stdout.strip()
        undo.append(lambda: run("losetup", "--detach", device))
        return device

    def end():
        while undo:
            undo.pop()()

    make.end = end
    yield make
    end()


def tree(root):
    """Every file below a folder with its bytes; links with their targets."""
    found = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
        elif path.name != "lost+found":
            found[name] = None
    found.pop("lost+found", None)
    return found


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="no /dev/fuse here")
def test_a_filesystem_with_a_real_tree(bench, loop, tmp_path):
    source = pathlib.Path(__file__).resolve().parents[1] / "crates"
    made = bench.volume()
    uri = bench.attach(made)
    device, mount = loop(uri), tmp_path / "mount"
    mount.mkdir()
    run("mkfs.ext4", "-q", "-F", device)
    run("mount", device, mount)
    try:
        run("cp", "-a", source, mount / "tree")
        (mount / "big").write_bytes(random.Random(1).randbytes(24 << 20))
        (mount / "tree" / "link").symlink_to("../big")
        expected = tree(mount)
        run("sync", "-f", mount)
    finally:
        run("umount", mount)
    loop.end()
    bench.detach(made)

    uri = bench.attach(made)
    device = loop(uri)
    check = run("fsck.ext4", "-f", "-n", device, check=False)
    assert check.returncode == 0, check.stdout
    run("mount", "-o", "ro", device, mount)
    try:
        assert tree(mount) == expected
        assert len(expected) > 100
    finally:
        run("umount", mount)
    loop.end()
    bench.detach(made)


# --- behaviour of the export


def test_the_device_goes_away_with_the_attachment(bench):
    made = bench.volume()
    uri = bench.attach(made)
    bench.detach(made)
    assert run("nbdinfo", uri, check=False).returncode != 0
    assert bench.server.sealvol("device", made, check=False).returncode != 0


def test_a_client_that_holds_the_device_does_not_hold_up_the_detachment(bench):
    from support.nbd import Client

    made = bench.volume()
    client = Client(bench.attach(made))
    client.write(0, b"held")
    began = time.monotonic()
    bench.detach(made)
    assert time.monotonic() - began < 10
    with pytest.raises((OSError, AssertionError)):
        client.read(0, 4)
    uri = bench.attach(made)
    with Client(uri) as again:
        assert again.read(0, 4) == b"held", "what was answered before the detachment is there"
    bench.detach(made)


def test_only_the_owner_may_open_the_socket(bench):
    from support.nbd import parse

    with bench.device() as uri:
        path = pathlib.Path(parse(uri)[0])
        assert path.stat().st_mode & 0o007 == 0
        assert bench.server.data.stat().st_mode & 0o077 == 0
