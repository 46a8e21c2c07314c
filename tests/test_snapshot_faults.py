"""Snapshots when the world does not play along: full disks, keys that go bad, damaged and missing objects, a store that is slow, silent or away,
and ends of the server in the middle. Also everything once over S3."""

import json
import os
import pathlib
import random
import secrets
import subprocess
import time

import pytest
from botocore.exceptions import ClientError
from s3 import BUCKET, CREDENTIALS, s3  # noqa: F401
from support.checks import until
from support.devices import Bench
from support.ec2 import ZONE, attach, await_volume, describe
from support.gate import Gate
from support.nbd import Client, NbdError, fails
from support.server import REGION, binary
from support.snapshots import BLOCK, await_snapshot, describe_snapshot, download, listed, read_block, snapshot

pytestmark = pytest.mark.timeout(600)

MIB = 1 << 20
BAD_KEY = "Given key ID is not accessible"


def write(uri, content, at=0):
    with Client(uri, timeout=120) as device:
        for n in range(0, len(content), MIB):
            device.write(at + n, content[n : n + MIB])
        device.flush()


def read(uri, length, at=0):
    with Client(uri, timeout=120) as device:
        return b"".join(device.read(at + n, min(MIB, length - n)) for n in range(0, length, MIB))


def filled(bench, mib, attached=False, encrypted=True, **request):
    """A volume full of random bytes: its id, the bytes, and its device if it stays attached."""
    made, content = bench.volume(encrypted, **request), random.Random(mib).randbytes(mib * MIB)
    uri = bench.attach(made)
    write(uri, content)
    if attached:
        return made, content, uri
    bench.detach(made)
    return made, content


def restore(bench, taken, **request):
    made = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken, **request)["VolumeId"]
    await_volume(bench.ec2, made, "available")
    return made, bench.attach(made)


def device(server, volume_id):
    """The device once it is there again after a restart."""

    def there():
        answer = server.sealvol("device", volume_id, check=False)
        return answer.returncode == 0 and answer.stdout.strip()

    return until(there, seconds=60)


def told(server, resource, region=REGION):
    story = json.loads(server.sealvol("explain", resource, "--json", region=region).stdout)
    return [json.loads(event)["detail"] for event in story["Events"]]


def objects(root, snapshot_id=""):
    """The files of a chunk store, temporaries too."""
    # Not rglob: directories vanish under it.
    found = [pathlib.Path(folder) / name for folder, _, names in os.walk(root) for name in names]
    return [p for p in found if snapshot_id in str(p) and "lost+found" not in str(p)]


def scrub(place, ok=True, variables=None):
    """Findings and totals of a scrub."""
    command = [binary(), "scrub", "--json", *(("--data", place) if variables is None else ("--chunks", place))]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | (variables or {})
    done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def progress(ec2, taken):
    return int((describe_snapshot(ec2, taken)["Progress"] or "0%").rstrip("%"))


class Remote:
    """A server whose chunks are in S3, behind a gate."""

    def __init__(self, make_server, s3, prefix):  # noqa: F811
        self.s3, self.prefix = s3, prefix
        self.gate = Gate(s3.port)
        self.chunks = f"s3://{BUCKET}/{prefix}?endpoint={self.gate.url}&region={REGION}"
        self.server = make_server(arguments=["--chunks", self.chunks], variables=CREDENTIALS)
        self.bench = Bench(self.server)
        self.ec2 = self.bench.ec2

    def keys(self, snapshot_id=""):
        return [k for k in self.s3.keys(self.prefix + "/") if snapshot_id in k]

    def scrub(self, ok=True):
        return scrub(self.s3.chunks(self.prefix), ok, CREDENTIALS)


@pytest.fixture
def remote(make_server, s3, request):  # noqa: F811
    made = Remote(make_server, s3, f"t{abs(hash(request.node.name)):x}")
    yield made
    made.gate.delay, made.gate.hold = 0, ()
    if made.gate.closed:
        made.gate.open()
    if made.server.process.poll() is None:
        made.server.stop()
    made.gate.shut()


@pytest.fixture(scope="module")
def local(make_server):
    return make_server()


@pytest.fixture(scope="module")
def bench(local):
    return Bench(local)


# --- a full disk


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with little room."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    image, mount = tmp_path / "disk.img", tmp_path / "mount"
    mount.mkdir()
    with open(image, "wb") as file:
        file.truncate(64 * MIB)
    for command in (["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, mount]):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip(f"{command[0]} is not installed")
        if done.returncode != 0:
            pytest.skip(f"no file system of our own: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def test_a_disk_that_is_full_fails_the_snapshot_and_one_with_room_again_completes_it(make_server, small_disk):
    server = make_server(arguments=["--chunks", f"file:{small_disk}/chunks"])
    bench = Bench(server)
    ec2 = bench.ec2
    made, content, uri = filled(bench, 24, attached=True)
    files = lambda: sorted(p.name for p in (server.data / "volumes" / made).rglob("*"))  # noqa: E731
    before = files()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(36 * MIB))
    # Room comes back while it is tried again.
    first = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    until(lambda: "no space left in the chunk store" in server.log_text())
    assert describe_snapshot(ec2, first)["State"] == "pending"
    write(uri, b"later" * 1000, at=30 * MIB)
    ballast.unlink()
    await_snapshot(ec2, first)
    assert download(server.client("ebs"), first)[0] == content[:BLOCK]
    _, totals = scrub_chunks(small_disk)
    assert totals["Snapshots"] == 1 and totals["Unnamed"] == 0

    # It does not.
    write(uri, random.Random(2).randbytes(40 * MIB), at=100 * MIB)
    second = until(lambda: patient_snapshot(ec2, made))
    write(uri, b"while it is full", at=40 * MIB)
    failed = await_snapshot(ec2, second, "error", seconds=240)
    assert "space" in failed["StateMessage"], failed
    (event,) = told(server, second)
    assert event["event"] == "createSnapshot" and event["result"] == "failed" and "space" in event["cause"]
    until(lambda: not objects(small_disk, second), seconds=30)
    until(lambda: not objects(small_disk / "chunks" / ".new"), seconds=30)
    assert download(server.client("ebs"), first)[47] == content[47 * BLOCK :]
    assert read(uri, 24 * MIB) == content and read(uri, 16, 40 * MIB) == b"while it is full"
    assert read(uri, 5000, 30 * MIB) == b"later" * 1000
    assert read(uri, 40 * MIB, 100 * MIB) == random.Random(2).randbytes(40 * MIB)
    until(lambda: files() == before, seconds=60)
    ec2.delete_snapshot(SnapshotId=second)
    assert describe_snapshot(ec2, second) is None
    # Deleting makes room on a full disk, and then there is room for a snapshot of everything.
    ec2.delete_snapshot(SnapshotId=first)
    until(lambda: not objects(small_disk, first), seconds=30)
    with Client(uri) as one:
        one.trim(0, 64 * MIB)
        one.trim(100 * MIB, 36 * MIB)
        one.flush()
    third = until(lambda: patient_snapshot(ec2, made))
    await_snapshot(ec2, third)
    got = download(server.client("ebs"), third)
    assert b"".join(got[n] for n in range(272, 280)) == random.Random(2).randbytes(40 * MIB)[36 * MIB :]


def patient_snapshot(ec2, volume_id):
    try:
        return ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "SnapshotCreationPerVolumeRateExceeded", error
        return None


def scrub_chunks(mount):
    return scrub(f"file:{mount}/chunks", variables={})


# --- a key that goes bad


@pytest.mark.parametrize("which", ("source", "copy"))
@pytest.mark.parametrize("ending", ("none", "kill", "store away"))
def test_a_key_that_goes_bad_in_the_middle_of_a_copy(remote, which, ending):
    """The host holds the data keys while it copies, so the copy may be finished; whoever must ask KMS again is refused."""
    server, ec2, gate = remote.server, remote.ec2, remote.gate
    kms = server.client("kms")
    keys = {name: kms.create_key()["KeyMetadata"]["Arn"] for name in ("source", "copy")}
    made, content = filled(remote.bench, 32, KmsKeyId=keys["source"])
    taken = snapshot(ec2, made)
    gate.delay = 0.4
    copied = ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=keys["copy"])["SnapshotId"]
    until(lambda: progress(ec2, copied) > 5, seconds=60)
    kms.disable_key(KeyId=keys[which])
    if ending == "kill":
        server.kill()
        gate.delay = 0
        server.start()
    if ending == "store away":
        gate.shut()
        until(lambda: "a job's step failed" in server.log_text(), seconds=60)
        gate.delay = 0
        gate.open()
    gate.delay = 0
    shown = until(lambda: (s := describe_snapshot(ec2, copied))["State"] != "pending" and s, seconds=120)
    (event,) = told(server, copied)
    kms.enable_key(KeyId=keys[which])
    if ending != "none":
        assert shown["State"] == "error", shown
    if shown["State"] == "error":
        assert shown["StateMessage"] == BAD_KEY, shown
        assert event["event"] == "copySnapshot" and event["result"] == "failed" and event["cause"], event
        nothing_left(remote, copied)
    else:
        assert download(server.client("ebs"), copied)[3] == content[3 * BLOCK : 4 * BLOCK]
    for key in keys.values():
        assert kms.list_grants(KeyId=key)["Grants"] == []
    ec2.delete_snapshot(SnapshotId=copied)
    again = ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=keys["copy"])["SnapshotId"]
    await_snapshot(ec2, again)
    got = download(server.client("ebs"), again)
    assert b"".join(got[n] for n in sorted(got)) == content
    remote.scrub()


def nothing_left(remote, snapshot_id, seconds=90):
    """No object of it, and none that comes late."""
    deadline = time.monotonic() + seconds
    while left := remote.keys(snapshot_id):
        assert time.monotonic() < deadline, f"{len(left)} objects are left: {left[:5]}"
        time.sleep(0.5)
    time.sleep(2)
    assert remote.keys(snapshot_id) == []


@pytest.mark.parametrize("which", ("source", "volume"))
def test_a_key_that_goes_bad_while_a_volume_is_written_anew(remote, which):
    server, ec2, gate = remote.server, remote.ec2, remote.gate
    kms = server.client("kms")
    keys = {name: kms.create_key()["KeyMetadata"]["Arn"] for name in ("source", "volume")}
    made, content = filled(remote.bench, 16, KmsKeyId=keys["source"])
    taken = snapshot(ec2, made)
    gate.delay, before = 0.5, gate.requests
    copy = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken, KmsKeyId=keys["volume"], Encrypted=True)["VolumeId"]
    until(lambda: gate.requests > before + 4, seconds=30)
    kms.disable_key(KeyId=keys[which])
    server.kill()
    gate.delay = 0
    server.start()
    if which == "source":
        # The volume's copy of the data key was re-encrypted at the beginning: nobody needs the source's key any more.
        await_volume(ec2, copy, "available")
        assert read(remote.bench.attach(copy), 16 * MIB) == content
        remote.bench.detach(copy)
    else:
        # As with any key that cannot be used: the volume was never there, and the event says why.
        until(lambda: describe(ec2, copy) is None, seconds=60)
        event = [e for e in told(server, copy) if e["event"] == "createVolume"][-1]
        assert event["result"] == "failed" and keys[which] in event["cause"], event
        until(lambda: not (server.data / "volumes" / copy).exists())
    kms.enable_key(KeyId=keys[which])
    for key in keys.values():
        assert kms.list_grants(KeyId=key)["Grants"] == []
    _, uri = restore(remote.bench, taken, KmsKeyId=keys["volume"], Encrypted=True)
    assert read(uri, 16 * MIB) == content


# --- a slow, silent or absent store


def test_two_snapshots_of_a_volume_are_pending_together_and_each_is_its_instant(remote):
    ec2, gate, ebs = remote.ec2, remote.gate, remote.server.client("ebs")
    made, content, uri = filled(remote.bench, 4, attached=True)
    gate.hold = ("PUT",)
    first = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    write(uri, b"two" * 100_000, at=BLOCK)
    second = until(lambda: patient_snapshot(ec2, made))
    write(uri, b"three" * 1000, at=0)
    assert read(uri, 5000) == b"three" * 1000
    states = [describe_snapshot(ec2, s)["State"] for s in (first, second)]
    assert states == ["pending", "pending"]
    gate.hold = ()
    for taken in (first, second):
        await_snapshot(ec2, taken, seconds=90)
    got, later = download(ebs, first), download(ebs, second)
    assert b"".join(got[n] for n in range(8)) == content
    assert later[0] == content[:BLOCK] and later[1] == (b"two" * 100_000)[:300_000] + content[BLOCK + 300_000 : 2 * BLOCK]
    assert {n: later[n] for n in range(2, 8)} == {n: got[n] for n in range(2, 8)}
    assert len([k for k in remote.keys(second) if "/c-" in k]) == 1, "the second is stored over the first"
    third = until(lambda: patient_snapshot(ec2, made))
    await_snapshot(ec2, third)
    assert download(ebs, third) == later | {0: b"three" * 1000 + content[5000:BLOCK]}
    remote.scrub()


def test_a_snapshot_deleted_while_it_is_stored_leaves_nothing(remote):
    ec2, gate, ebs = remote.ec2, remote.gate, remote.server.client("ebs")
    made, content, uri = filled(remote.bench, 8, attached=True)
    gate.delay = 0.3
    first = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    until(lambda: len(remote.keys(first)) > 2)
    ec2.delete_snapshot(SnapshotId=first)
    assert describe_snapshot(ec2, first) is None
    write(uri, b"x" * 10)
    nothing_left(remote, first, seconds=30)
    gate.delay = 0
    second = until(lambda: patient_snapshot(ec2, made))
    await_snapshot(ec2, second)
    got = download(ebs, second)
    assert b"".join(got[n] for n in range(16)) == b"x" * 10 + content[10:], "nothing was counted as stored already"


@pytest.mark.parametrize("dies", (False, True))
def test_a_snapshot_deleted_while_a_volume_loads_from_it_stays_until_that_is_done(remote, dies):
    ec2, gate = remote.ec2, remote.gate
    made, content = filled(remote.bench, 48)
    taken = snapshot(ec2, made)
    count = len(remote.keys(taken))
    assert count > 96
    gate.delay = 0.5
    copy, uri = restore(remote.bench, taken)
    ec2.delete_snapshot(SnapshotId=taken)
    assert describe_snapshot(ec2, taken) is None
    assert len(remote.keys(taken)) == count
    if dies:
        remote.server.kill()
        remote.server.start()
        uri = device(remote.server, copy)
    assert read(uri, 10, at=47 * MIB) == content[47 * MIB :][:10], "first touch"
    assert len(remote.keys(taken)) == count, "it still loads"
    gate.delay = 0
    assert read(uri, len(content)) == content
    until(lambda: not remote.keys(taken), seconds=60)
    gate.shut()
    assert read(uri, len(content)) == content, "it needs the store no more"
    gate.open()


def test_a_store_that_goes_away_is_waited_for(remote):
    """Storing, loading and first touches: what waits goes on when the store is back."""
    server, ec2, gate, ebs = remote.server, remote.ec2, remote.gate, remote.server.client("ebs")
    made, content, uri = filled(remote.bench, 24, attached=True)
    gate.delay = 0.2
    taken = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    until(lambda: progress(ec2, taken) > 0)
    gate.shut()
    time.sleep(12)
    assert describe_snapshot(ec2, taken)["State"] == "pending"
    write(uri, b"goes on", at=600 * MIB)
    gate.delay = 0
    gate.open()
    await_snapshot(ec2, taken, seconds=60)
    assert sorted(download(ebs, taken)) == list(range(48))

    gate.delay = 0.2
    copy, uri = restore(remote.bench, taken)
    gate.shut()
    with Client(uri, timeout=120) as one:
        fails(5, one.read, 23 * MIB, 4096)
        # What needs nothing from the store works.
        one.write(23 * MIB, b"w" * 4096)
        assert one.read(23 * MIB, 4096) == b"w" * 4096
        assert one.read(900 * MIB, 4096) == bytes(4096)
    for index in (0, 47):
        # The list may be known already, the block is not.
        answer = block_or_refusal(ebs, taken, index)
        assert answer is None
    gate.delay = 0
    gate.open()
    wanted = content[: 23 * MIB] + b"w" * 4096 + content[23 * MIB + 4096 :]
    assert read(uri, len(content)) == wanted
    until(lambda: status(ec2, copy) == "ok", seconds=90)
    until(lambda: [e for e in told(server, copy) if e["event"] == "volumeInitialized" or "nitializ" in e["event"]], seconds=90)
    gate.shut()
    assert read(uri, len(content)) == wanted
    gate.open()


def status(ec2, volume_id):
    return ec2.describe_volume_status(VolumeIds=[volume_id])["VolumeStatuses"][0]["VolumeStatus"]["Status"]


# --- ends of the server in the middle


@pytest.mark.parametrize("end", ("stop", "kill"))
def test_storing_and_loading_go_on_after_a_restart(remote, end):
    server, ec2, gate = remote.server, remote.ec2, remote.gate
    made, content, uri = filled(remote.bench, 24, attached=True)
    gate.delay = 0.3
    taken = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    until(lambda: progress(ec2, taken) > 10)
    write(uri, b"after the instant", at=0)
    begun = time.monotonic()
    getattr(server, end)()
    assert time.monotonic() - begun < 15, "work that is under way does not keep the server"
    server.start()
    gate.delay = 0
    await_snapshot(ec2, taken)
    uri = device(server, made)
    assert read(uri, 40) == b"after the instant" + content[17:40]
    got = download(server.client("ebs"), taken)
    assert b"".join(got[n] for n in range(48)) == content

    gate.delay = 0.5
    copy, uri = restore(remote.bench, taken)
    assert read(uri, 4096, at=MIB) == content[MIB:][:4096]
    write(uri, b"own", at=2 * MIB + 1)
    getattr(server, end)()
    server.start()
    gate.delay = 0
    uri = device(server, copy)
    assert read(uri, len(content)) == content[: 2 * MIB + 1] + b"own" + content[2 * MIB + 4 :]
    ec2.delete_snapshot(SnapshotId=taken)
    until(lambda: not remote.keys(taken), seconds=60)
    remote.scrub()


# --- damage


def places(local, taken):
    """The object files of a snapshot: chunks by index, pages by number, the manifest."""
    folder = local.data / "chunks" / REGION / taken
    files = objects(folder)
    return {
        "chunk": {int(p.name[2:10], 16): p for p in files if p.name.startswith("c-")},
        "page": {int(p.name[2:10], 16): p for p in files if p.name.startswith("p-")},
        "manifest": {0: folder / "manifest"},
    }


HARMS = {
    "missing": lambda path, whole: path.unlink(),
    "flipped": lambda path, whole: path.write_bytes(whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :]),
    "short": lambda path, whole: path.write_bytes(whole[:-1]),
    "empty": lambda path, whole: path.write_bytes(b""),
    "long": lambda path, whole: path.write_bytes(whole + b"\0"),
    "another's": lambda path, whole: path.write_bytes(secrets.token_bytes(len(whole))),
}


@pytest.fixture(scope="module")
def original(bench):
    """A volume with chunks of both manifest pages; its snapshots share nothing."""
    made = bench.volume(True)
    content = {n: secrets.token_bytes(BLOCK) for n in (0, 1, 2, 1500)}
    uri = bench.attach(made)
    for index, data in content.items():
        write(uri, data, at=index * BLOCK)
    bench.detach(made)
    return made, content


def copy_of(bench, original):
    """A fresh snapshot with that content and objects of its own."""
    made = bench.volume(True)
    uri = bench.attach(made)
    for index, data in original[1].items():
        write(uri, data, at=index * BLOCK)
    bench.detach(made)
    taken = snapshot(bench.ec2, made)
    bench.ec2.delete_volume(VolumeId=made)
    return taken


@pytest.mark.parametrize("kind, number, lost", [("chunk", 1, {1}), ("page", 1, {1500}), ("page", 0, {0, 1, 2}), ("manifest", 0, {0, 1, 2, 1500})])
@pytest.mark.parametrize("harm", HARMS)
def test_damage_costs_its_own_units_only_is_told_and_heals(local, bench, original, kind, number, lost, harm):
    ec2, ebs, content = bench.ec2, local.client("ebs"), original[1]
    taken = copy_of(bench, original)
    victim = places(local, taken)[kind][number]
    whole = victim.read_bytes()
    HARMS[harm](victim, whole)
    try:
        # Scrub names it. Without its manifest a snapshot looks like one that is still being stored.
        lost_whole = (kind, harm) == ("manifest", "missing")
        findings, totals = scrub(local.data, ok=lost_whole)
        mine = [f for f in findings if taken in f.get("Snapshots", ())]
        if lost_whole:
            assert any(f["Kind"] == "unnamed" and f["Pending"] and taken in f["Object"] for f in findings), findings
        else:
            assert [f["Kind"] for f in mine] == [kind] and totals["Damaged"] >= 1, findings
        if kind != "manifest":
            assert mine[0]["FromByte"] <= min(lost) * BLOCK and max(lost) * BLOCK + BLOCK - 1 <= mine[0]["ToByte"]

        # A volume made from it: everything else can be read.
        copy = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken)["VolumeId"]
        await_volume(ec2, copy, "available")
        attach(ec2, copy, bench.host, next(bench._letters))
        with Client(device(local, copy), timeout=60) as one:
            for index, data in content.items():
                if index in lost:
                    fails(5, one.read, index * BLOCK + 4096, 4096)
                else:
                    assert one.read(index * BLOCK, BLOCK) == data
            # A whole unit that is written anew is good again, its neighbour is not.
            sick = min(lost) * BLOCK
            one.write(sick, b"n" * 4096)
            assert one.read(sick, 4096) == b"n" * 4096
            with pytest.raises(NbdError):
                one.read(sick + 4096, 4096)
            one.flush()
        until(lambda: status(ec2, copy) == "impaired")
        until(lambda: any(taken in json.dumps(e) or "damaged" in json.dumps(e) or "missing" in json.dumps(e) for e in told(local, copy)))
        # Nothing is hurt by others asking.
        for index in content:
            answer = block_or_refusal(ebs, taken, index)
            # A list of blocks reads every page, so a damaged one refuses the list.
            may_be_refused = index in lost or kind != "chunk"
            assert answer == content[index] or (answer is None and may_be_refused), index

    finally:
        victim.parent.mkdir(parents=True, exist_ok=True)
        victim.write_bytes(whole)

    # The object is put back: the volume heals by itself.
    scrub(local.data, ok=True)
    with Client(device(local, copy), timeout=60) as one:
        for index, data in content.items():
            data = b"n" * 4096 + data[4096:] if index == min(lost) else data
            assert one.read(index * BLOCK, BLOCK) == data
    assert {n: block_or_refusal(ebs, taken, n) for n in content} == content
    if (harm, kind) == ("missing", "chunk"):  # it is tried again every minute, so once is enough
        until(lambda: status(ec2, copy) == "ok", seconds=90)
    bench.detach(copy)
    ec2.delete_volume(VolumeId=copy)
    ec2.delete_snapshot(SnapshotId=taken)
    until(lambda: not objects(local.data / "chunks", taken), seconds=100)


def block_or_refusal(ebs, taken, index):
    """A block through the EBS direct API; None if it is cleanly refused."""
    try:
        tokens = listed(ebs, taken, StartingBlockIndex=index)
        return read_block(ebs, taken, index, tokens[index])
    except ClientError as error:
        answer = error.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] >= 400 and answer["Error"]["Code"], answer
        assert answer["Error"]["Code"] not in ("400", "500", "Unknown"), answer
        return None


def test_a_damaged_source_fails_a_copy_and_a_volume_written_anew_and_says_why(local, bench, kms_key, original):
    ec2 = bench.ec2
    taken = copy_of(bench, original)
    victim = places(local, taken)["chunk"][2]
    whole = victim.read_bytes()
    HARMS["flipped"](victim, whole)
    copied = ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=kms_key)["SnapshotId"]
    shown = await_snapshot(ec2, copied, "error", seconds=120)
    assert victim.name in shown["StateMessage"] or "damaged" in shown["StateMessage"], shown
    until(lambda: not objects(local.data / "chunks", copied), seconds=30)
    made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken, KmsKeyId=kms_key, Encrypted=True)["VolumeId"]
    await_volume(ec2, made, None)
    assert any(e["result"] == "failed" and "damaged" in e["cause"] for e in told(local, made))
    assert local.client("kms").list_grants(KeyId=kms_key)["Grants"] == []
    victim.write_bytes(whole)
    await_snapshot(ec2, ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=kms_key)["SnapshotId"])


@pytest.fixture(scope="module")
def kms_key(local):
    return local.client("kms").create_key()["KeyMetadata"]["Arn"]


def test_a_damaged_chunk_does_not_hurt_the_next_snapshot_of_the_volume(local, bench, original):
    """A snapshot over a damaged one stores what changed; what it takes over is as damaged as it was, and told so."""
    ec2, ebs = bench.ec2, local.client("ebs")
    taken = copy_of(bench, original)
    copy, uri = restore(bench, taken)
    victim = places(local, taken)["chunk"][1]
    read(uri, BLOCK)
    until(lambda: ec2.describe_volume_status(VolumeIds=[copy]) and loaded(local, copy), seconds=30)
    whole = victim.read_bytes()
    victim.unlink()
    write(uri, b"new" * 10)
    later = snapshot(ec2, copy)
    assert block_or_refusal(ebs, later, 1) is None
    assert block_or_refusal(ebs, later, 0) == b"new" * 10 + original[1][0][30:]
    findings, _ = scrub(local.data, ok=False)
    assert [sorted(f["Snapshots"]) for f in findings if f["Kind"] == "chunk"] == [sorted((taken, later))]
    victim.write_bytes(whole)
    assert block_or_refusal(ebs, later, 1) == original[1][1]
    bench.detach(copy)


def loaded(server, volume_id):
    return any("nitializ" in json.dumps(e) for e in told(server, volume_id))


# --- all of it over S3


@pytest.mark.parametrize("encrypted", (False, True))
def test_snapshots_over_s3(remote, encrypted):
    server, ec2, ebs = remote.server, remote.ec2, remote.server.client("ebs")
    marker = secrets.token_bytes(64)
    made = remote.bench.volume(encrypted)
    uri = remote.bench.attach(made)
    content = {n: (marker + n.to_bytes(4, "big")) * 100 for n in (0, 1, 9, 1023, 1024, 2047)}
    for index, data in content.items():
        write(uri, data, at=index * BLOCK)
    first = snapshot(ec2, made)
    assert not list((server.data / "chunks").rglob("c-*")) if (server.data / "chunks").exists() else True
    write(uri, b"changed" + marker, at=9 * BLOCK)
    second = until(lambda: patient_snapshot(ec2, made))
    await_snapshot(ec2, second)
    remote.bench.detach(made)
    chunk_keys = lambda s: [k for k in remote.keys(s) if "/c-" in k]  # noqa: E731
    assert len(chunk_keys(first)) == 6 and len(chunk_keys(second)) == 1
    later = dict(content)
    later[9] = b"changed" + marker + content[9][7 + 64 :]
    _, uri = restore(remote.bench, second)
    for index, data in later.items():
        assert read(uri, len(data), at=index * BLOCK) == data
    assert download(ebs, first)[9][: len(content[9])] == content[9]

    # No object of an encrypted snapshot shows what the guest wrote.
    bodies = {k: remote.s3.client.get_object(Bucket=BUCKET, Key=k)["Body"].read() for k in remote.keys()}
    shown = [k for k, body in bodies.items() if marker in body]
    assert len(bodies) >= 7 + 2 and (shown == [] if encrypted else len(shown) == 7)
    findings, totals = remote.scrub()
    assert findings == [] and totals["Snapshots"] == 2 and totals["Store"].startswith("s3://")

    # Damage in the object store is found.
    (victim,) = chunk_keys(second)
    remote.s3.client.put_object(Bucket=BUCKET, Key=victim, Body=bodies[victim][:-1] + bytes([bodies[victim][-1] ^ 1]))
    findings, _ = remote.scrub(ok=False)
    assert [(f["Kind"], f["Snapshots"]) for f in findings] == [("chunk", [second])]
    remote.s3.client.put_object(Bucket=BUCKET, Key=victim, Body=bodies[victim])

    # The first can go; the second keeps what it needs of it.
    ec2.delete_snapshot(SnapshotId=first)
    until(lambda: len(chunk_keys(first)) == 5, seconds=60)
    got = download(ebs, second)
    assert all(got[n][: len(d)] == d for n, d in later.items())
    server.stop()
    server.start()
    assert download(ebs, second) == got
    ec2.delete_snapshot(SnapshotId=second)
    until(lambda: not remote.keys(), seconds=60)


def test_copies_over_s3(remote):
    server, ec2 = remote.server, remote.ec2
    kms, far = server.client("kms"), server.client("ec2", region="eu-west-1")
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    marker = secrets.token_bytes(64)
    made = remote.bench.volume(True, KmsKeyId=key)
    write(remote.bench.attach(made), marker * 20_000)
    remote.bench.detach(made)
    taken = snapshot(ec2, made)
    same = ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=key)["SnapshotId"]
    full = ec2.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION, Encrypted=True, KmsKeyId=other)["SnapshotId"]
    abroad = far.copy_snapshot(SourceSnapshotId=taken, SourceRegion=REGION)["SnapshotId"]
    for client, one in ((ec2, same), (ec2, full), (far, abroad)):
        await_snapshot(client, one)
    count = lambda s: len([k for k in remote.keys(s) if "/c-" in k])  # noqa: E731
    assert (count(taken), count(same), count(full), count(abroad)) == (3, 0, 3, 3)
    want = download(server.client("ebs"), taken)
    for region, one in ((REGION, same), (REGION, full), ("eu-west-1", abroad)):
        assert download(server.client("ebs", region=region), one) == want
    assert not any(marker in remote.s3.client.get_object(Bucket=BUCKET, Key=k)["Body"].read() for k in remote.keys())
    remote.scrub()
    for client, one in ((ec2, taken), (ec2, full), (far, abroad), (ec2, same)):
        client.delete_snapshot(SnapshotId=one)
    until(lambda: not remote.keys(), seconds=60)
    for one in (key, other):
        assert kms.list_grants(KeyId=one)["Grants"] == []


def test_a_volume_grows_while_it_is_snapshotted_and_loaded(remote):
    ec2, gate = remote.ec2, remote.gate
    made, content, uri = filled(remote.bench, 16, attached=True)
    gate.delay = 0.3
    taken = ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    ec2.modify_volume(VolumeId=made, Size=3)
    until(lambda: describe(ec2, made)["Size"] == 3)
    with Client(uri) as one:
        assert one.size == 3 << 30
    write(uri, b"beyond", at=(3 << 30) - 4096)
    gate.delay = 0
    shown = await_snapshot(ec2, taken)
    assert shown["VolumeSize"] == 1
    gate.delay = 0.3
    copy, uri = restore(remote.bench, taken, Size=2)
    ec2.modify_volume(VolumeId=copy, Size=4)
    until(lambda: describe(ec2, copy)["Size"] == 4)
    gate.delay = 0
    assert read(uri, len(content)) == content and read(uri, 4096, at=(4 << 30) - 4096) == bytes(4096)
    later = until(lambda: patient_snapshot(ec2, made))
    assert await_snapshot(ec2, later)["VolumeSize"] == 3
    got = download(remote.server.client("ebs"), later)
    assert max(got) == 6143 and got[6143][-4096:][:6] == b"beyond"
