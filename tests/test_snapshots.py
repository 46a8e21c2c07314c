"""Snapshots through EC2's API with real data: the instant, increments, restores, copies, sharing, locks, deletion, and every refusal."""

import datetime
import json
import random
import secrets
import threading
import time

import pytest
from botocore.exceptions import ClientError
from support.checks import refused, until
from support.devices import Bench
from support.ec2 import ZONE, attach, await_volume, describe, instance, volume
from support.nbd import Client
from support.snapshots import BLOCK, await_snapshot, changed, describe_snapshot, download, snapshot
from support.trail import records

pytestmark = [pytest.mark.catalog, pytest.mark.timeout(600)]

MISSING = "snap-0123456789abcdef0"
RATE = "SnapshotCreationPerVolumeRateExceeded"


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


@pytest.fixture(scope="module")
def ebs(server):
    return server.client("ebs")


@pytest.fixture(scope="module")
def key(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def patiently(make):
    """A volume takes one snapshot every 15 s."""
    while True:
        try:
            return make()
        except ClientError as error:
            assert error.response["Error"]["Code"] == RATE, error
            time.sleep(0.5)


def restored(bench, snapshot_id, **request):
    """A device over a new volume from the snapshot."""
    made = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot_id, **request)["VolumeId"]
    await_volume(bench.ec2, made, "available")
    return made, bench.attach(made)


def holds(bench, snapshot_id, expected, **request):
    """Restores and compares: offset to bytes."""
    made, uri = restored(bench, snapshot_id, **request)
    with Client(uri) as device:
        for offset, data in expected.items():
            assert device.read(offset, len(data)) == data, offset
    bench.detach(made)
    bench.ec2.delete_volume(VolumeId=made)


def events(server, resource, account=None):
    """What EBS told about it."""
    story = json.loads(server.sealvol("explain", resource, "--json", account=account).stdout)
    return [json.loads(event) for event in story["Events"]]


# --- the instant


@pytest.mark.parametrize("encrypted", (False, True))
def test_a_snapshot_of_a_detached_volume_restores_equal(server, bench, encrypted):
    made = bench.volume(encrypted)
    data = {0: secrets.token_bytes(5000), 77 * 4096: secrets.token_bytes(4096), (1 << 30) - 100: b"z" * 100}
    with Client(bench.attach(made)) as device:
        for offset, piece in data.items():
            device.write(offset, piece)
        device.flush()
    bench.detach(made)
    before = datetime.datetime.now(datetime.UTC)
    answer = bench.ec2.create_snapshot(VolumeId=made, Description="one")
    assert answer["State"] == "pending" and answer["Progress"] == "" and answer["Encrypted"] is encrypted
    assert "KmsKeyId" not in answer and answer["VolumeId"] == made and answer["VolumeSize"] == 1
    assert abs((answer["StartTime"] - before).total_seconds()) < 5 and answer["OwnerId"] == "000000000000"
    taken = answer["SnapshotId"]
    shown = await_snapshot(bench.ec2, taken)
    assert shown["Progress"] == "100%" and shown["Description"] == "one" and shown["StorageTier"] == "standard"
    assert shown["FullSnapshotSizeInBytes"] == 2 * BLOCK and shown["CompletionTime"] >= shown["StartTime"]
    assert shown.get("KmsKeyId") == describe(bench.ec2, made).get("KmsKeyId")
    assert ("DataEncryptionKeyId" in shown) is encrypted
    holds(bench, taken, data | {BLOCK: bytes(BLOCK)})
    holds(bench, taken, data | {(1 << 30): bytes(4096), (3 << 30) - 4096: bytes(4096)}, Size=3)
    told = [e["detail"] for e in events(server, taken)]
    assert [(d["event"], d["result"]) for d in told] == [("createSnapshot", "succeeded")]
    assert told[0]["snapshot_id"] == f"arn:aws:ec2::us-east-1:snapshot/{taken}"
    assert told[0]["source"] == f"arn:aws:ec2::us-east-1:volume/{made}"
    calls = records(server, EventSource="kms.amazonaws.com")
    during = [c for c in calls if c["requestID"] == answer["ResponseMetadata"]["RequestId"]]
    assert during == [], "CreateSnapshot asks KMS for nothing"


def test_what_is_written_after_the_call_is_not_in_the_snapshot(bench):
    made = bench.volume(True)
    with Client(bench.attach(made)) as device:
        device.write(0, b"before" * 1000)
        device.flush()
        taken = bench.ec2.create_snapshot(VolumeId=made)["SnapshotId"]
        device.write(0, b"after!" * 1000)
        device.write(9 * BLOCK, b"new")
        device.flush()
        await_snapshot(bench.ec2, taken)
        assert device.read(0, 6000) == b"after!" * 1000
    bench.detach(made)
    holds(bench, taken, {0: b"before" * 1000, 9 * BLOCK: bytes(3)})


def test_a_busy_volume_s_snapshot_is_one_instant_and_io_goes_on(bench):
    """A writer counts upwards through all its units, flushing; the snapshot must hold one state between two writes."""
    made = bench.volume(True)
    uri = bench.attach(made)
    units, stop, count = 64, threading.Event(), [0]

    def write():
        with Client(uri) as device:
            n = 0
            while not stop.is_set():
                n += 1
                device.write((n % units) * 4096, n.to_bytes(8, "big") * 512)
                count[0] = n

    writer = threading.Thread(target=write)
    writer.start()
    until(lambda: count[0] > 200)
    low = count[0]
    taken = bench.ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    high = count[0] + 1
    await_snapshot(bench.ec2, taken)
    until(lambda: count[0] > high + 200)
    stop.set()
    writer.join()
    bench.detach(made)
    copy, uri = restored(bench, taken)
    with Client(uri) as device:
        found = [device.read(n * 4096, 4096) for n in range(units)]
    bench.detach(copy)
    numbers = [int.from_bytes(unit[:8], "big") for unit in found]
    assert all(unit == unit[:8] * 512 for unit in found), "no torn unit"
    newest = max(numbers)
    assert low <= newest <= high
    assert sorted(numbers) == list(range(newest - units + 1, newest + 1)), "one instant"


def test_all_volumes_of_an_instance_at_one_instant(server):
    ec2 = server.client("ec2")
    host = instance(ec2)
    made = [volume(ec2, Encrypted=n % 2 == 0, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "n", "Value": str(n)}]}]) for n in range(3)]
    for n, one in enumerate(made):
        attach(ec2, one, host, f"/dev/sd{'fgh'[n]}")
    uris = [server.sealvol("device", one).stdout.strip() for one in made]
    stop, count = threading.Event(), [0]

    def write():
        devices = [Client(uri) for uri in uris]
        n = 0
        while not stop.is_set():
            n += 1
            for device in devices:
                device.write(0, n.to_bytes(8, "big"))
            count[0] = n
        for device in devices:
            device.close()

    writer = threading.Thread(target=write)
    writer.start()
    until(lambda: count[0] > 100)
    answer = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": host}, Description="set", CopyTagsFromSource="volume"
    )["Snapshots"]
    for one in answer:
        await_snapshot(ec2, one["SnapshotId"])
    stop.set()
    writer.join()
    assert {one["VolumeId"] for one in answer} == set(made)
    by_volume = {one["VolumeId"]: one for one in answer}
    for n, one in enumerate(made):
        assert by_volume[one]["Encrypted"] is (n % 2 == 0)
        assert {"Key": "n", "Value": str(n)} in by_volume[one]["Tags"]
    ebs = server.client("ebs")
    found = [int.from_bytes(download(ebs, by_volume[one]["SnapshotId"])[0][:8], "big") for one in made]
    assert found[0] >= found[1] >= found[2] >= found[0] - 1, f"writes go in this order: {found}"
    with refused("InvalidInstanceID.NotFound"):
        ec2.create_snapshots(InstanceSpecification={"InstanceId": "i-0123456789abcdef0"})
    few = patiently(
        lambda: ec2.create_snapshots(InstanceSpecification={"InstanceId": host, "ExcludeDataVolumeIds": made[1:]})
    )["Snapshots"]
    assert [one["VolumeId"] for one in few] == made[:1]
    await_snapshot(ec2, few[0]["SnapshotId"])


# --- increments, deletion


def chunk_files(server, snapshot_id):
    folder = server.data / "chunks" / "us-east-1" / snapshot_id
    return [p for p in folder.rglob("*") if p.is_file() and "c-" in p.name] if folder.exists() else []


def test_the_second_snapshot_stores_what_changed_and_the_first_can_go(server, bench, ebs):
    made = bench.volume(True)
    content = {n: secrets.token_bytes(BLOCK) for n in range(20)}
    with Client(bench.attach(made)) as device:
        for n, data in content.items():
            device.write(n * BLOCK, data)
        device.flush()
        first = snapshot(bench.ec2, made)
        content[3] = secrets.token_bytes(BLOCK)
        device.write(3 * BLOCK, content[3])
        device.trim(5 * BLOCK, BLOCK)
        device.write(100 * BLOCK, b"x")
        device.flush()
        second = patiently(lambda: snapshot(bench.ec2, made))
    assert len(chunk_files(server, first)) == 20 and len(chunk_files(server, second)) == 2
    one, other = describe_snapshot(bench.ec2, first), describe_snapshot(bench.ec2, second)
    assert one["DataEncryptionKeyId"] == other["DataEncryptionKeyId"]
    assert other["FullSnapshotSizeInBytes"] == 20 * BLOCK
    assert set(changed(ebs, first, second)) == {3, 5, 100}
    bench.ec2.delete_snapshot(SnapshotId=first)
    assert describe_snapshot(bench.ec2, first) is None
    until(lambda: len(chunk_files(server, first)) == 18)
    got = download(ebs, second)
    assert {n: got.get(n) for n in content if n != 5} == {n: d for n, d in content.items() if n != 5} and 5 not in got
    bench.ec2.delete_snapshot(SnapshotId=second)
    until(lambda: not chunk_files(server, first) and not chunk_files(server, second))
    bench.detach(made)


def test_a_restored_volume_s_snapshot_is_incremental_to_its_source(server, bench):
    made = bench.volume(True)
    with Client(bench.attach(made)) as device:
        device.write(0, secrets.token_bytes(10 * BLOCK))
        device.flush()
    bench.detach(made)
    first = snapshot(bench.ec2, made)
    copy, uri = restored(bench, first)
    with Client(uri) as device:
        device.write(2 * BLOCK + 7, b"changed")
        device.flush()
    second = snapshot(bench.ec2, copy)
    assert len(chunk_files(server, second)) == 1
    bench.detach(copy)


def test_a_snapshot_goes_while_a_volume_loads_from_it(bench):
    made = bench.volume(True)
    content = secrets.token_bytes(64 << 20)
    with Client(bench.attach(made)) as device:
        for at in range(0, len(content), 1 << 20):
            device.write(at, content[at : at + (1 << 20)])
        device.flush()
    bench.detach(made)
    taken = snapshot(bench.ec2, made)
    copy = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken)["VolumeId"]
    bench.ec2.delete_snapshot(SnapshotId=taken)
    await_volume(bench.ec2, copy, "available")
    with Client(bench.attach(copy)) as device:
        for at in range(0, len(content), 1 << 20):
            assert device.read(at, 1 << 20) == content[at : at + (1 << 20)]
    bench.detach(copy)


def test_a_pending_snapshot_s_volume_can_be_deleted(bench):
    made = bench.volume(False)
    with Client(bench.attach(made)) as device:
        for at in range(0, 64 << 20, 1 << 20):
            device.write(at, b"p" * (1 << 20))
    bench.detach(made)
    taken = bench.ec2.create_snapshot(VolumeId=made)["SnapshotId"]
    bench.ec2.delete_volume(VolumeId=made)
    await_snapshot(bench.ec2, taken)
    await_volume(bench.ec2, made, None)
    holds(bench, taken, {(63 << 20): b"p" * (1 << 20)})


# --- copies


def test_copies_are_incremental_where_aws_s_are(server, bench, kms, key):
    ec2, far = bench.ec2, server.client("ec2", region="eu-west-1")
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    with Client(bench.attach(made)) as device:
        device.write(0, secrets.token_bytes(8 * BLOCK))
        device.flush()
        first = snapshot(ec2, made)
        device.write(BLOCK, b"more")
        device.flush()
        second = patiently(lambda: snapshot(ec2, made))
    bench.detach(made)

    def copy(client, source, region, **request):
        taken = client.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=source, **request)["SnapshotId"]
        shown = await_snapshot(client, taken)
        story = json.loads(server.sealvol("explain", taken, "--json", region=region).stdout)
        told = [json.loads(e)["detail"] for e in story["Events"]]
        (last,) = [d for d in told if d["event"] == "copySnapshot"]
        assert last["result"] == "succeeded" and last["source"] == f"arn:aws:ec2::us-east-1:snapshot/{source}"
        return taken, shown, last["incremental"]

    same, shown, incremental = copy(ec2, second, "us-east-1", Encrypted=True, KmsKeyId=key)
    assert incremental == "true" and shown["KmsKeyId"] == key and not chunk_files(server, same)
    other = kms.create_key()["KeyMetadata"]["Arn"]
    full, shown, incremental = copy(ec2, first, "us-east-1", Encrypted=True, KmsKeyId=other)
    assert incremental == "false" and len(chunk_files(server, full)) == 8
    assert shown["DataEncryptionKeyId"] != describe_snapshot(ec2, first)["DataEncryptionKeyId"]
    _, shown, incremental = copy(far, first, "eu-west-1")
    assert incremental == "false" and ":eu-west-1:" in shown["KmsKeyId"]
    far_second, shown, incremental = copy(far, second, "eu-west-1")
    assert incremental == "true"
    folder = server.data / "chunks" / "eu-west-1" / far_second
    assert len([p for p in folder.rglob("*") if p.is_file() and "c-" in p.name]) == 1
    assert download(server.client("ebs", region="eu-west-1"), far_second) == download(server.client("ebs"), second)
    assert kms.list_grants(KeyId=other)["Grants"] == [] and kms.list_grants(KeyId=key)["Grants"] == []


@pytest.mark.parametrize(
    "request_, code, message",
    [
        ({"SourceSnapshotId": "x", "SourceRegion": "us-east-1"}, "InvalidParameterValue", "The specified snapshotId is invalid"),
        ({"SourceSnapshotId": MISSING, "SourceRegion": "mars-1"}, "InvalidRegion", "mars-1 is not a valid region name"),
        (
            {"SourceSnapshotId": MISSING, "SourceRegion": "us-east-1", "KmsKeyId": "alias/aws/ebs"},
            "InvalidParameterDependency",
            None,
        ),
        (
            {"SourceSnapshotId": MISSING, "SourceRegion": "us-east-1", "CompletionDurationMinutes": 20},
            "InvalidParameterValue",
            None,
        ),
    ],
)
def test_bad_copies_are_refused(ec2, request_, code, message):
    with refused(code, message):
        ec2.copy_snapshot(**request_)


def test_a_copy_of_nothing_ends_in_error(ec2):
    made = ec2.copy_snapshot(SourceSnapshotId=MISSING, SourceRegion="us-east-1")["SnapshotId"]
    shown = await_snapshot(ec2, made, "error")
    assert shown["StateMessage"] == "Source snapshot is not found"
    ec2.delete_snapshot(SnapshotId=made)


def test_the_cli_copies_with_its_presigned_url(server, bench):
    taken = snapshot(bench.ec2, bench.volume(False))
    session = server.session(region="eu-west-1")
    client = session.client("ec2", endpoint_url=server.url)
    made = client.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=taken)["SnapshotId"]
    await_snapshot(client, made)
    loose = server.client("ec2", region="eu-west-1")
    for url, message in (
        ("ftp://x/?SourceSnapshotId=" + taken, "The protocol in PresignedUrl should be http or https"),
        (
            f"http://x/?Action=CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={MISSING}&DestinationRegion=eu-west-1",
            f"The source snapshot specified in PresignedUrl '{MISSING}' does not match the source snapshot in the request: '{taken}'",
        ),
        (
            f"http://x/?Action=CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={taken}&DestinationRegion=us-west-2",
            "The destination region specified in PresignedUrl: 'us-west-2' is incorrect",
        ),
    ):
        with refused("InvalidParameterValue", message):
            loose.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=taken, PresignedUrl=url)
    with refused("InvalidParameterValue", "DestinationRegion 'us-west-2' does not match the current region (eu-west-1)"):
        loose.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=taken, DestinationRegion="us-west-2", PresignedUrl="")


# --- describing


def test_describing_pages_filters_and_owners(server, ec2):
    other = server.client("ec2", "123412341234")
    made = volume(ec2)
    taken = snapshot(ec2, made, Description="findme", TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "k", "Value": "v"}]}])
    ids = lambda client, **r: {s["SnapshotId"] for s in client.describe_snapshots(**r)["Snapshots"]}  # noqa: E731
    by = lambda name, *values: ids(ec2, OwnerIds=["self"], Filters=[{"Name": name, "Values": list(values)}])  # noqa: E731
    for name, value in (
        ("description", "find*"),
        ("encrypted", "false"),
        ("owner-id", "000000000000"),
        ("progress", "100%"),
        ("snapshot-id", taken),
        ("status", "completed"),
        ("storage-tier", "standard"),
        ("tag:k", "v"),
        ("tag-key", "k"),
        ("volume-id", made),
        ("volume-size", "1"),
    ):
        assert taken in by(name, value), name
        assert taken not in by(name, "nothing"), name
    with refused("InvalidParameterValue", "The filter 'nonsense' is invalid"):
        by("nonsense", "x")
    assert taken not in ids(other) and taken not in ids(other, OwnerIds=["000000000000"])
    with refused("InvalidSnapshot.NotFound", f"The snapshot '{taken}' does not exist."):
        other.describe_snapshots(SnapshotIds=[taken])
    ec2.modify_snapshot_attribute(
        SnapshotId=taken, Attribute="createVolumePermission", OperationType="add", UserIds=["123412341234"]
    )
    assert taken in ids(other) and taken in ids(other, RestorableByUserIds=["self"])
    assert taken not in ids(other, OwnerIds=["self"]) and taken in ids(other, OwnerIds=["000000000000"])
    shown = ec2.describe_snapshot_attribute(SnapshotId=taken, Attribute="createVolumePermission")
    assert shown["CreateVolumePermissions"] == [{"UserId": "123412341234"}]
    ec2.reset_snapshot_attribute(SnapshotId=taken, Attribute="createVolumePermission")
    assert taken not in ids(other)
    ec2.modify_snapshot_attribute(SnapshotId=taken, CreateVolumePermission={"Add": [{"Group": "all"}]})
    assert taken in ids(other) and taken in ids(other, RestorableByUserIds=["all"])
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert taken not in ids(other) and ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    ec2.disable_snapshot_block_public_access()
    assert taken in ids(other) and ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    for n in range(6):
        snapshot(ec2, volume(ec2))
    found, token = set(), {}
    while True:
        page = ec2.describe_snapshots(OwnerIds=["self"], MaxResults=5, **token)
        assert len(page["Snapshots"]) <= 5
        found |= {s["SnapshotId"] for s in page["Snapshots"]}
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    assert found == ids(ec2, OwnerIds=["self"])
    with refused("InvalidParameterCombination"):
        ec2.describe_snapshots(SnapshotIds=[taken], MaxResults=5)
    with refused("InvalidParameterValue"):
        ec2.describe_snapshots(MaxResults=4)


def test_encrypted_snapshots_are_shared_as_their_key_allows(ec2, kms, key):
    managed, own = snapshot(ec2, volume(ec2, Encrypted=True)), snapshot(ec2, volume(ec2, Encrypted=True, KmsKeyId=key))
    add = lambda s, **r: ec2.modify_snapshot_attribute(SnapshotId=s, Attribute="createVolumePermission", OperationType="add", **r)  # noqa: E731
    with refused("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared"):
        add(managed, UserIds=["123412341234"])
    with refused("OperationNotPermitted"):
        add(own, GroupNames=["all"])
    add(own, UserIds=["123412341234"])
    with refused("InvalidSnapshot.NotFound"):
        add(MISSING, UserIds=["123412341234"])


# --- locks, rate, deletion


def test_locks_hold(ec2):
    taken = snapshot(ec2, volume(ec2))
    locked = ec2.lock_snapshot(SnapshotId=taken, LockMode="governance", LockDuration=1)
    assert locked["LockState"] == "governance" and locked["LockDuration"] == 1
    with pytest.raises(ClientError):
        ec2.delete_snapshot(SnapshotId=taken)
    (shown,) = ec2.describe_locked_snapshots(SnapshotIds=[taken])["Snapshots"]
    assert shown["LockState"] == "governance"
    assert ec2.unlock_snapshot(SnapshotId=taken)["SnapshotId"] == taken
    strict = ec2.lock_snapshot(SnapshotId=taken, LockMode="compliance", LockDuration=2, CoolOffPeriod=1)
    assert strict["LockState"] == "compliance-cooloff"
    ec2.unlock_snapshot(SnapshotId=taken)
    ec2.lock_snapshot(SnapshotId=taken, LockMode="compliance", LockDuration=2)
    for call in (
        lambda: ec2.unlock_snapshot(SnapshotId=taken),
        lambda: ec2.delete_snapshot(SnapshotId=taken),
        lambda: ec2.lock_snapshot(SnapshotId=taken, LockMode="compliance", LockDuration=1),
        lambda: ec2.lock_snapshot(SnapshotId=taken, LockMode="governance", LockDuration=5),
    ):
        with pytest.raises(ClientError):
            call()
    assert ec2.lock_snapshot(SnapshotId=taken, LockMode="compliance", LockDuration=9)["LockDuration"] == 9
    assert describe_snapshot(ec2, taken)["State"] == "completed"


def test_one_snapshot_of_a_volume_every_15_s(ec2):
    made = volume(ec2)
    snapshot(ec2, made)
    message = (
        "The maximum per volume CreateSnapshot request rate has been exceeded.  Use an increasing or variable sleep interval "
        "between requests."
    )
    with refused(RATE, message):
        ec2.create_snapshot(VolumeId=made)


def test_refusals_of_creating_and_deleting(ec2):
    gone = "vol-0123456789abcdef0"
    with refused("InvalidVolume.NotFound", f"The volume '{gone}' does not exist."):
        ec2.create_snapshot(VolumeId=gone)
    with refused("InvalidSnapshot.NotFound", f"The snapshot '{MISSING}' does not exist."):
        ec2.delete_snapshot(SnapshotId=MISSING)
    with refused("DryRunOperation"):
        ec2.create_snapshot(VolumeId=volume(ec2), DryRun=True)
    for bad in ("x", "snap-", "vol-0123456789abcdef0"):
        with refused(("InvalidSnapshotID.Malformed", "InvalidParameterValue")):
            ec2.delete_snapshot(SnapshotId=bad)
    with refused("InvalidSnapshot.NotFound", "Snapshot does not exist"):
        ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=MISSING)
    with refused("InvalidSnapshotID.Malformed", "Value ( snap-x ) for parameter SNAPSHOT is invalid. "):
        ec2.create_volume(AvailabilityZone=ZONE, SnapshotId="snap-x")


def test_a_snapshot_can_be_tagged(ec2):
    taken = snapshot(ec2, volume(ec2))
    ec2.create_tags(Resources=[taken], Tags=[{"Key": "a", "Value": "1"}])
    assert describe_snapshot(ec2, taken)["Tags"] == [{"Key": "a", "Value": "1"}]
    (tag,) = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [taken]}])["Tags"]
    assert tag["ResourceType"] == "snapshot"
    ec2.delete_tags(Resources=[taken], Tags=[{"Key": "a"}])
    assert not describe_snapshot(ec2, taken).get("Tags")


# --- fast restore, modifications


def test_fast_restore_really_loads_first(server, bench):
    made = bench.volume(True)
    with Client(bench.attach(made)) as device:
        device.write(0, secrets.token_bytes(16 << 20))
        device.flush()
    bench.detach(made)
    taken = snapshot(bench.ec2, made)
    answer = bench.ec2.enable_fast_snapshot_restores(SourceSnapshotIds=[taken, MISSING], AvailabilityZones=[ZONE])
    assert [s["SnapshotId"] for s in answer["Successful"]] == [taken] and answer["Successful"][0]["State"] == "enabling"
    assert [s["SnapshotId"] for s in answer["Unsuccessful"]] == [MISSING]
    state = lambda: bench.ec2.describe_fast_snapshot_restores(Filters=[{"Name": "snapshot-id", "Values": [taken]}])["FastSnapshotRestores"][0]["State"]  # noqa: E731
    until(lambda: state() == "enabled")
    copy = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=taken)["VolumeId"]
    shown = await_volume(bench.ec2, copy, "available")
    assert shown["FastRestored"] is True
    stored = server.data / "volumes" / copy
    assert sum(p.stat().st_blocks * 512 for p in stored.rglob("*") if p.is_file()) >= 16 << 20, "loaded before available"
    bench.ec2.disable_fast_snapshot_restores(SourceSnapshotIds=[taken], AvailabilityZones=[ZONE])
    until(lambda: state() == "disabled")


def test_a_volume_grows_under_load(bench):
    made = bench.volume(True)
    uri = bench.attach(made)
    stop, written = threading.Event(), {}

    def write():
        rng = random.Random(7)
        with Client(uri) as device:
            while not stop.is_set():
                offset = rng.randrange(0, (1 << 30) - 4096, 4096)
                written[offset] = rng.randbytes(4096)
                device.write(offset, written[offset])

    writer = threading.Thread(target=write)
    writer.start()
    change = bench.ec2.modify_volume(VolumeId=made, Size=10, VolumeType="gp3", Iops=4000)["VolumeModification"]
    assert change["ModificationState"] in ("modifying", "optimizing", "completed")
    assert (change["OriginalSize"], change["TargetSize"], change["TargetIops"]) == (1, 10, 4000)
    done = lambda: bench.ec2.describe_volumes_modifications(VolumeIds=[made])["VolumesModifications"][0]  # noqa: E731
    until(lambda: done()["ModificationState"] == "completed")
    assert done()["Progress"] == 100
    stop.set()
    writer.join()
    with Client(uri) as device:
        assert device.size == 10 << 30
        device.write((10 << 30) - 4096, b"e" * 4096)
        device.flush()
        for offset, data in list(written.items())[:200]:
            assert device.read(offset, 4096) == data
    shown = describe(bench.ec2, made)
    assert (shown["Size"], shown["Iops"], shown["VolumeType"]) == (10, 4000, "gp3")
    bench.detach(made)
    with Client(bench.attach(made)) as device:
        assert device.read((10 << 30) - 4096, 4096) == b"e" * 4096
    bench.detach(made)
    with refused("InvalidParameterValue", "New size cannot be smaller than existing size"):
        bench.ec2.modify_volume(VolumeId=made, Size=2)
    with refused("InvalidParameterValue"):
        bench.ec2.modify_volume(VolumeId=made)
    untouched = bench.volume(False)
    with refused("InvalidVolumeModification.NotFound", f"Modification for volume {untouched} does not exist."):
        bench.ec2.describe_volumes_modifications(VolumeIds=[untouched])


# --- damage


def test_a_damaged_chunk_is_told_and_harms_its_own_units_only(server, bench):
    made = bench.volume(True)
    content = secrets.token_bytes(4 * BLOCK)
    with Client(bench.attach(made)) as device:
        device.write(0, content)
        device.flush()
    bench.detach(made)
    taken = snapshot(bench.ec2, made)
    (victim,) = [p for p in chunk_files(server, taken) if "c-00000002" in str(p)]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    done = server.sealvol("scrub", "--data", str(server.data), check=False)
    assert done.returncode != 0 and taken in done.stdout + done.stderr
    copy, uri = restored(bench, taken)
    with Client(uri) as device:
        for index in (0, 1, 3):
            assert device.read(index * BLOCK, BLOCK) == content[index * BLOCK :][:BLOCK]
        with pytest.raises(Exception, match="error 5"):
            device.read(2 * BLOCK, 4096)
        device.write(2 * BLOCK, b"n" * 4096)
        assert device.read(2 * BLOCK, 4096) == b"n" * 4096
    told = until(lambda: server.sealvol("explain", copy).stdout if taken in server.sealvol("explain", copy).stdout else None)
    assert "damaged" in told or "chunk" in told
    until(lambda: bench.ec2.describe_volume_status(VolumeIds=[copy])["VolumeStatuses"][0]["VolumeStatus"]["Status"] == "impaired")
    victim.write_bytes(whole)
    assert server.sealvol("scrub", "--data", str(server.data)).returncode == 0
    bench.detach(copy)
