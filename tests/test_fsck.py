"""`sealvol fsck` on what a real server left: clean directories have no findings, each structure damaged in each way is named, repairing
clears leftovers away and nothing else, and a running server is never disturbed."""

import pathlib
import shutil
import sqlite3
import subprocess

import pytest
from support.devices import Bench, run
from support.fsck import fsck
from support.nbd import Client
from support.server import binary

UNIT = 4096


@pytest.fixture(scope="module")
def stopped(make_server):
    """A stopped server's data directory, with an encrypted and a plain volume, a deleted one, and two snapshots; the encrypted volume's id."""
    server = make_server()
    bench = Bench(server)
    disks = [bench.volume(encrypted=True), bench.volume(encrypted=False)]
    for disk in disks:
        with Client(bench.attach(disk)) as device:
            for unit in (0, 1, 2, 3, 8200):
                device.write(unit * UNIT, b"f" * UNIT)
                device.flush()
    for disk in disks:
        made = bench.ec2.create_snapshot(VolumeId=disk)["SnapshotId"]
        bench.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[made], WaiterConfig={"Delay": 1})
        with Client(server.sealvol("device", disk).stdout.strip()) as device:
            device.write(0, b"g" * UNIT, flags=1)
    bench.ec2.delete_volume(VolumeId=bench.volume())
    assert server.stop() == 0
    return server, disks[0]


@pytest.fixture
def data(stopped, tmp_path):
    """A copy to do harm to."""
    server, volume_id = stopped
    copy(server.data, tmp_path / "data")
    return tmp_path / "data", volume_id


def copy(source, to):
    """With its holes: a hole is what the map does not name."""
    run("cp", "-a", "--sparse=always", source, to)


def flip(path, at=-1):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_a_clean_directory_has_no_findings(data):
    place, volume_id = data
    assert fsck(place, "--repair")[:2] == (0, [])
    status, found, totals = fsck(place)
    assert (status, found, totals["Volumes"], totals["Snapshots"]) == (0, [], 2, 2)
    assert totals["WrittenUnits"] == 10 and totals["Chunks"] > 0
    assert fsck(place / "volumes" / volume_id)[:2] == (0, [])
    assert fsck(place / "chunks")[:2] == (0, [])
    text = subprocess.run([binary(), "fsck", str(place)], capture_output=True, text=True, timeout=60)
    assert text.stdout.startswith("2 volumes, 10 written units, 2 snapshots, ") and text.stdout.endswith(": 0 repaired, 0 left, 0 notes\n")


def test_a_running_server_is_left_alone(stopped):
    server, volume_id = stopped
    server.start()
    try:
        for path in (server.data, server.data / "volumes" / volume_id, server.data / "chunks"):
            status, found, why = fsck(path, "--repair")
            assert (status, found) == (8, []) and "is in use by another server" in why
    finally:
        assert server.stop() == 0


def test_what_is_nothing_of_ours_is_an_error(tmp_path, data):
    for path in (tmp_path / "none", tmp_path):
        status, found, why = fsck(path)
        assert (status, found) == (8, []) and "no data directory" in why
    place, _ = data
    (place / "catalog.sqlite").unlink()
    status, _, why = fsck(place)
    assert status == 8 and "--no-catalog" in why
    assert fsck(place, "--no-catalog")[:2] == (0, [])


# What is done to the copy, where `v` is the volume's directory; and what the one line must hold.
HARM = {
    "superblock": (lambda d, v: (v / "superblock").unlink(), "superblock", "it is missing"),
    "record": (lambda d, v: flip(v / "stack"), "stack", "the checksum does not match"),
    "map": (lambda d, v: (v / "map").unlink(), "map", "it is missing"),
    "map cut": (lambda d, v: (v / "map").write_bytes((v / "map").read_bytes()[:8192]), "map", "it was cut"),
    "data": (lambda d, v: (v / "data.0000").unlink(), "data.0000", "the file is missing"),
    "volume": (lambda d, v: shutil.rmtree(v), "", "its directory is missing"),
    "stranger": (lambda d, v: copy(v, v.with_name("vol-00000000000000000")), "", "the catalog has no such volume"),
    "head of another": (lambda d, v: _other_head(v), "superblock", "it is that of"),
    "chunk": (lambda d, v: flip(_object(d, "c-")), "/c-", "its bytes do not fit the hash"),
    "chunk gone": (lambda d, v: _object(d, "c-").unlink(), "/c-", "it is missing"),
    "page": (lambda d, v: flip(_object(d, "p-")), "/p-", "its bytes do not fit the hash"),
    "manifest": (lambda d, v: flip(_object(d, "manifest")), "/manifest", "its bytes do not fit its seal"),
    "manifest gone": (lambda d, v: _object(d, "manifest").unlink(), "/manifest", "it is missing"),
}


def _object(place, prefix):
    return sorted(p for p in (place / "chunks").rglob(f"{prefix}*") if p.is_file())[0]


def _other_head(volume):
    other = next(p for p in volume.parent.iterdir() if p != volume)
    shutil.copy(other / "superblock", volume / "superblock")


@pytest.mark.parametrize("harm", HARM)
def test_damage_is_named_and_not_repaired(data, harm):
    place, volume_id = data
    do, where, what = HARM[harm]
    do(place, place / "volumes" / volume_id)
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file() and "catalog" not in p.name}
    status, found, totals = fsck(place, "--repair")
    assert status == 4 and totals["Left"] >= 1, found
    hits = [f for f in found if where in f["Place"] and what in f["What"]]
    assert hits and all(f["Kind"] in ("damage", "leftover") and f["Consequence"] for f in hits), found
    assert before == {p: p.read_bytes() for p in place.rglob("*") if p.is_file() and "catalog" not in p.name}


def test_a_damaged_catalog_is_named(data):
    place, _ = data
    raw = bytearray((place / "catalog.sqlite").read_bytes())
    raw[4096:] = bytes(len(raw) - 4096)
    (place / "catalog.sqlite").write_bytes(raw)
    status, found, _ = fsck(place)
    assert status == 4 and any("catalog.sqlite" in f["Place"] for f in found), found


def test_leftovers_are_repaired_once(data):
    place, volume_id = data
    volume = place / "volumes" / volume_id
    (volume / "stack.new").write_bytes(b"half")
    (volume / "layer.0099").mkdir()
    (place / "chunks" / ".new" / "1-1").write_bytes(b"half")
    flip(volume / "superblock")
    (volume / "notes.txt").write_text("mine")
    status, found, totals = fsck(place)
    assert (status, totals["Left"], totals["Notes"]) == (4, 4, 1), found
    assert (volume / "stack.new").exists(), "looking changes nothing"
    status, found, totals = fsck(place, "--repair")
    assert (status, totals["Repaired"], totals["Left"]) == (1, 4, 0), found
    status, found, totals = fsck(place, "--repair")
    assert (status, [f["Kind"] for f in found]) == (0, ["note"]), found
    assert (volume / "notes.txt").read_text() == "mine"


def test_what_was_repaired_works(stopped, data, make_server):
    place, volume_id = data
    flip(place / "volumes" / volume_id / "superblock")
    assert fsck(place, "--repair")[0] == 1
    server = make_server(start=False)
    copy(place, server.data)
    server.start()
    with Client(server.sealvol("device", volume_id).stdout.strip()) as device:
        assert device.read(0, 2 * UNIT) == b"g" * UNIT + b"f" * UNIT
    assert server.stop() == 0
    rows = sqlite3.connect(pathlib.Path(server.data) / "catalog.sqlite").execute("SELECT count(*) FROM volumes").fetchone()
    assert rows[0] == 2
    assert fsck(server.data)[:2] == (0, [])
