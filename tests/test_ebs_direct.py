"""The EBS direct API as backup tools use it: 64 workers, a checksum on every block, linear checksums, tokens, changed blocks, parents, and every
refusal. The pattern of coldsnap's calls is replayed here; SEALVOL_COLDSNAP names the program itself if it is at hand."""

import base64
import hashlib
import os
import pathlib
import secrets
import subprocess
import time
import uuid

import pytest
import urllib3
from botocore.exceptions import ClientError
from support.checks import refused
from support.devices import Bench
from support.ec2 import ZONE, await_volume
from support.nbd import Client
from support.snapshots import (
    BLOCK,
    await_snapshot,
    changed,
    checksum,
    describe_snapshot,
    download,
    finish,
    listed,
    read_block,
    snapshot,
    upload,
)
from support.trail import names, records

pytestmark = pytest.mark.catalog

MISSING = "snap-0123456789abcdef0"


@pytest.fixture(scope="module")
def ebs(server):
    return server.client("ebs")


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


@pytest.fixture(scope="module")
def key(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


def block(seed):
    return hashlib.shake_256(str(seed).encode()).digest(BLOCK)


def word(caught):
    """The Reason member of a refusal."""
    return caught.value.response.get("Reason")


# --- writing, waiting, reading


@pytest.mark.parametrize("encrypted", (False, True))
def test_what_was_uploaded_downloads_equal(ec2, ebs, key, encrypted):
    blocks = {n: block(n) for n in (0, 1, 7, 500, 2047)} | {9: bytes(BLOCK)}
    made = upload(ebs, blocks, **({"KmsKeyArn": key} if encrypted else {}))
    shown = await_snapshot(ec2, made)
    assert shown["Encrypted"] is encrypted and shown.get("KmsKeyId") == (key if encrypted else None)
    assert shown["VolumeSize"] == 1 and shown["Progress"] == "100%" and shown["VolumeId"] == "vol-ffffffff"
    assert download(ebs, made) == blocks


def test_the_answer_of_start_snapshot(ebs, key):
    answer = ebs.start_snapshot(
        VolumeSize=3, KmsKeyArn=key, Description="by hand", Tags=[{"Key": "a", "Value": "b"}], Timeout=10
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert answer["BlockSize"] == BLOCK and answer["VolumeSize"] == 3 and answer["Status"] == "pending"
    assert answer["KmsKeyArn"] == key and answer["OwnerId"] == "000000000000" and answer["Description"] == "by hand"
    assert answer["Tags"] == [{"Key": "a", "Value": "b"}] and "ParentSnapshotId" not in answer
    assert finish(ebs, answer["SnapshotId"], {})["Status"] in ("pending", "completed")


def test_the_disk_holds_ciphertext_of_an_encrypted_snapshot_only(server, ec2, ebs, key):
    marker = secrets.token_bytes(32)
    holding = lambda made: any(  # noqa: E731
        marker in p.read_bytes() for p in (server.data / "chunks").rglob("*") if made in str(p) and p.is_file()
    )
    plain = upload(ebs, {0: marker * (BLOCK // 32)})
    encrypted = upload(ebs, {0: marker * (BLOCK // 32)}, KmsKeyArn=key)
    for made in (plain, encrypted):
        await_snapshot(ec2, made)
    assert holding(plain) and not holding(encrypted)
    digest = hashlib.sha256(marker * (BLOCK // 32)).digest()
    assert not any(digest in p.read_bytes() for p in server.data.rglob("*") if p.is_file() and encrypted in str(p))


def test_a_volume_from_an_uploaded_snapshot_has_its_bytes(bench, ec2, ebs, key):
    blocks = {n: block(f"v{n}") for n in (0, 3, 1023)}
    for start in ({}, {"KmsKeyArn": key}):
        made = upload(ebs, blocks, **start)
        await_snapshot(ec2, made)
        restored = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=made)["VolumeId"]
        await_volume(ec2, restored, "available")
        with Client(bench.attach(restored)) as device:
            for index, data in blocks.items():
                assert device.read(index * BLOCK, BLOCK) == data
            assert not any(device.read(BLOCK, BLOCK))
        bench.detach(restored)


def test_a_snapshot_of_a_volume_downloads_its_bytes(bench, ec2, ebs):
    for encrypted in (False, True):
        made = bench.volume(encrypted)
        with Client(bench.attach(made)) as device:
            device.write(5 * BLOCK + 4096, b"x" * 10_000)
            device.write((1 << 30) - 512, b"y" * 512)
            device.flush()
        taken = snapshot(ec2, made)
        got = download(ebs, taken)
        assert sorted(got) == [5, 2047]
        assert got[5] == bytes(4096) + b"x" * 10_000 + bytes(BLOCK - 14_096)
        assert got[2047] == bytes(BLOCK - 512) + b"y" * 512
        bench.detach(made)


def test_a_block_put_twice_is_the_last_one_and_many_workers_lose_nothing(ec2, ebs, key):
    made = ebs.start_snapshot(VolumeSize=1, KmsKeyArn=key)["SnapshotId"]
    for data in (block("first"), block("second")):
        ebs.put_snapshot_block(
            SnapshotId=made, BlockIndex=4, BlockData=data, DataLength=BLOCK, Checksum=checksum(data), ChecksumAlgorithm="SHA256"
        )
    finish(ebs, made, {4: block("second")})
    await_snapshot(ec2, made)
    assert download(ebs, made) == {4: block("second")}
    many = {n: block(f"m{n}") for n in range(0, 256)}
    made = upload(ebs, many, workers=64, KmsKeyArn=key)
    await_snapshot(ec2, made)
    assert download(ebs, made) == many


def test_an_empty_snapshot_completes_with_and_without_checksum(ec2, ebs):
    for linear in (False, True):
        made = upload(ebs, {}, linear=linear)
        await_snapshot(ec2, made)
        assert listed(ebs, made) == {}


# --- parents and changed blocks


@pytest.mark.parametrize("encrypted", (False, True))
def test_a_child_holds_its_parent_and_its_own_blocks(ec2, ebs, key, encrypted):
    first = {n: block(f"p{n}") for n in (0, 1, 2)}
    parent = upload(ebs, first, **({"KmsKeyArn": key} if encrypted else {}))
    await_snapshot(ec2, parent)
    own = {1: block("child"), 9: block("new")}
    child = upload(ebs, own, ParentSnapshotId=parent)
    shown = await_snapshot(ec2, child)
    assert shown.get("KmsKeyId") == (key if encrypted else None)
    assert shown.get("DataEncryptionKeyId") == describe_snapshot(ec2, parent).get("DataEncryptionKeyId")
    assert download(ebs, child) == first | own
    assert changed(ebs, parent, child) == {1: (True, True), 9: (False, True)}
    ec2.delete_snapshot(SnapshotId=parent)
    time.sleep(0.5)
    assert download(ebs, child) == first | own, "what the child needs of its parent stays"


def test_changed_blocks_of_a_volume_s_snapshots(bench, ec2, ebs):
    made = bench.volume(True)
    with Client(bench.attach(made)) as device:
        device.write(0, b"a" * BLOCK * 3)
        device.flush()
        first = snapshot(ec2, made)
        device.write(BLOCK, b"b" * 100)
        device.write(20 * BLOCK, b"c")
        device.flush()
        second = snapshot_later(ec2, made)
    bench.detach(made)
    assert changed(ebs, first, second) == {1: (True, True), 20: (False, True)}
    assert set(changed(ebs, None, second)) == {0, 1, 2, 20}
    assert changed(ebs, first, second, StartingBlockIndex=2) == {20: (False, True)}
    assert changed(ebs, second, second) == {}


def snapshot_later(ec2, volume_id):
    """One snapshot of a volume every 15 s."""
    while True:
        try:
            return snapshot(ec2, volume_id)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "SnapshotCreationPerVolumeRateExceeded", error
            time.sleep(1)


def test_snapshots_that_have_nothing_in_common_are_not_compared(ec2, ebs):
    one, other = upload(ebs, {0: block(1)}), upload(ebs, {0: block(2)})
    for made in (one, other):
        await_snapshot(ec2, made)
    with refused("ValidationException", status=400) as caught:
        ebs.list_changed_blocks(FirstSnapshotId=one, SecondSnapshotId=other)
    assert word(caught) == "UNRELATED_SNAPSHOTS"


def test_lists_come_in_pages_and_from_an_index(ec2, ebs):
    made = upload(ebs, {n: block(n % 5) for n in range(0, 250, 1)})
    await_snapshot(ec2, made)
    page = ebs.list_snapshot_blocks(SnapshotId=made, MaxResults=100)
    assert len(page["Blocks"]) == 100 and page["NextToken"] and page["VolumeSize"] == 1
    assert page["ExpiryTime"].timestamp() > time.time() + 3600
    assert len(listed(ebs, made, MaxResults=100)) == 250
    assert sorted(listed(ebs, made, StartingBlockIndex=240)) == list(range(240, 250))


# --- refusals


def test_bad_blocks_are_refused_and_change_nothing(ec2, ebs):
    made = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    good = block("good")

    def put(**change):
        request = {
            "SnapshotId": made,
            "BlockIndex": 0,
            "BlockData": good,
            "DataLength": BLOCK,
            "Checksum": checksum(good),
            "ChecksumAlgorithm": "SHA256",
        } | change
        return ebs.put_snapshot_block(**request)

    for change in (
        {"Checksum": checksum(b"other")},
        {"Checksum": "not base64"},
        {"DataLength": 512},
        {"BlockData": good[:512], "Checksum": checksum(good[:512])},
        {"BlockData": good[:512], "DataLength": 512, "Checksum": checksum(good[:512])},
        {"BlockIndex": 2048},
        {"BlockIndex": -1},
        {"ChecksumAlgorithm": "MD5"},
    ):
        with refused("ValidationException", status=400):
            put(**change)
    with refused("ResourceNotFoundException", status=404) as caught:
        put(SnapshotId=MISSING)
    assert word(caught) == "SNAPSHOT_NOT_FOUND"
    with refused("ValidationException"):
        put(SnapshotId="snap-x")
    with refused("ValidationException"):
        ebs.complete_snapshot(SnapshotId=made, ChangedBlocksCount=1)
    put()
    with refused("ValidationException"):
        finish(ebs, made, {0: block("another")})
    with refused("ValidationException"):
        ebs.complete_snapshot(SnapshotId=made, ChangedBlocksCount=2)
    finish(ebs, made, {0: good})
    await_snapshot(ec2, made)
    with refused("ValidationException", "Snapshot is already completed") as caught:
        put(BlockIndex=1)
    assert word(caught) == "INVALID_SNAPSHOT_ID"
    assert download(ebs, made) == {0: good}


def test_a_snapshot_that_nobody_knows_is_not_completed(ebs):
    with refused("ResourceNotFoundException", f"The snapshot '{MISSING}' does not exist.", 404):
        ebs.complete_snapshot(SnapshotId=MISSING, ChangedBlocksCount=0)


def test_block_tokens_are_good_for_their_block_only(server, ec2, ebs):
    made, other = (upload(ebs, {0: block(i), 1: block(i + 10)}) for i in (1, 2))
    for one in (made, other):
        await_snapshot(ec2, one)
    tokens = listed(ebs, made)
    assert all(len(token) <= 256 for token in tokens.values())
    flipped = tokens[0][:-2] + ("A" if tokens[0][-2] != "A" else "B") + tokens[0][-1]
    for snapshot_id, index, token in (
        (made, 1, tokens[0]),
        (other, 0, tokens[0]),
        (made, 0, flipped),
        (made, 0, "AAAB"),
        (made, 0, base64.b64encode(os.urandom(60)).decode()),
    ):
        with refused("ValidationException") as caught:
            read_block(ebs, snapshot_id, index, token)
        assert word(caught) == "INVALID_BLOCK_TOKEN"
    with refused(("ResourceNotFoundException", "AccessDeniedException")):
        read_block(server.client("ebs", "123456789012"), made, 0, tokens[0])
    page = ebs.list_snapshot_blocks(SnapshotId=made, MaxResults=100)
    assert not page.get("NextToken")
    with refused("ValidationException") as caught:
        ebs.list_snapshot_blocks(SnapshotId=made, NextToken="AAAA")
    assert word(caught) == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize(
    "request_, code",
    [
        ({"VolumeSize": 0}, "ValidationException"),
        ({"VolumeSize": 65537}, "ValidationException"),
        ({"VolumeSize": 1, "Timeout": 9}, "ValidationException"),
        ({"VolumeSize": 1, "Timeout": 4321}, "ValidationException"),
        ({"VolumeSize": 1, "KmsKeyArn": "alias/aws/ebs"}, "ValidationException"),
        ({"VolumeSize": 1, "ParentSnapshotId": MISSING}, "ResourceNotFoundException"),
        ({"VolumeSize": 1, "ClientToken": "x" * 256}, "ValidationException"),
        ({}, "ValidationException"),
    ],
)
def test_bad_starts_are_refused(ebs, request_, code):
    with refused(code):
        ebs.start_snapshot(**({"ClientToken": str(uuid.uuid4())} | request_))


def test_a_client_token_makes_one_snapshot(ebs):
    token = str(uuid.uuid4())
    first = ebs.start_snapshot(VolumeSize=1, ClientToken=token)["SnapshotId"]
    assert ebs.start_snapshot(VolumeSize=1, ClientToken=token)["SnapshotId"] == first
    with refused("ConflictException", status=409):
        ebs.start_snapshot(VolumeSize=2, ClientToken=token)


def test_blocks_of_an_encrypted_snapshot_need_the_key(server, ec2, ebs, kms):
    mine = kms.create_key()["KeyMetadata"]["Arn"]
    made = upload(ebs, {0: block("k")}, KmsKeyArn=mine)
    await_snapshot(ec2, made)
    token = listed(ebs, made)[0]
    started_ = ebs.start_snapshot(VolumeSize=1, KmsKeyArn=mine)["SnapshotId"]
    kms.disable_key(KeyId=mine)
    data = block("late")
    for call in (
        lambda: read_block(ebs, made, 0, token),
        lambda: ebs.put_snapshot_block(
            SnapshotId=started_, BlockIndex=0, BlockData=data, DataLength=BLOCK, Checksum=checksum(data), ChecksumAlgorithm="SHA256"
        ),
        lambda: ebs.start_snapshot(VolumeSize=1, KmsKeyArn=mine),
    ):
        with refused(("AccessDeniedException", "ValidationException")):
            call()
    kms.enable_key(KeyId=mine)
    assert read_block(ebs, made, 0, token) == block("k")
    calls = [r for r in records(server, EventSource="kms.amazonaws.com") if made in str(r.get("requestParameters"))]
    assert names(calls)[0] == "GenerateDataKey" and "Decrypt" in names(calls)
    person = calls[0]["userIdentity"]
    assert person["invokedBy"] == "ebs.amazonaws.com" and calls[0]["requestParameters"]["numberOfBytes"] == 64


def test_a_block_may_come_unsigned_over_plain_http_as_the_cli_sends_it(server, ec2, ebs):
    """The aws CLI signs PutSnapshotBlock with UNSIGNED-PAYLOAD."""
    made = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    data = block("cli")
    path = pathlib.Path(server.root) / "block.bin"
    path.write_bytes(data)
    command = ["aws", "ebs", "put-snapshot-block", "--snapshot-id", made, "--block-index", "0", "--data-length", str(BLOCK)]
    command += ["--block-data", str(path), "--checksum", checksum(data), "--checksum-algorithm", "SHA256"]
    program = pathlib.Path(os.sys.executable).with_name("aws")
    done = subprocess.run([str(program), *command[1:]], env=server.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    finish(ebs, made, {0: data})
    await_snapshot(ec2, made)
    assert download(ebs, made) == {0: data}


def test_the_http_form_of_a_refusal(server):
    answer = urllib3.PoolManager().request("GET", f"{server.url}/snapshots/{MISSING}/blocks")
    assert answer.status == 403 and "x-amzn-errortype" in answer.headers
    assert b"<html" not in answer.data.lower()


# --- coldsnap itself


@pytest.mark.skipif("SEALVOL_COLDSNAP" not in os.environ, reason="SEALVOL_COLDSNAP names no coldsnap")
@pytest.mark.parametrize("default", (False, True))
def test_coldsnap_uploads_waits_and_downloads(server, tmp_path, default):
    account = "888888888888" if default else "999999999999"
    ec2 = server.client("ec2", account)
    if default:
        ec2.enable_ebs_encryption_by_default()
    program, environment = os.environ["SEALVOL_COLDSNAP"], server.environment(account)
    for name, size, holes in (("full", 64 << 20, False), ("sparse", 1536 << 20, True)):
        source, copy = tmp_path / f"{name}.img", tmp_path / f"{name}.out"
        with open(source, "wb") as file:
            file.truncate(size)
            for at in range(0, size, 97 << 20 if holes else 1 << 20):
                file.seek(at)
                file.write(os.urandom(1 << 20))
        run = lambda *a: subprocess.run(  # noqa: E731
            [program, "--endpoint", server.url, "--region", "us-east-1", *a], env=environment, capture_output=True, text=True, timeout=280
        )
        up = run("upload", "--wait", str(source))
        assert up.returncode == 0, up.stderr
        made = up.stdout.split()[-1]
        assert describe_snapshot(ec2, made)["Encrypted"] is default
        down = run("download", made, str(copy))
        assert down.returncode == 0, down.stderr
        with open(source, "rb") as a, open(copy, "rb") as b:
            while True:
                x, y = a.read(1 << 24), b.read(1 << 24)
                y = y[: len(x)]
                assert x == y
                if not x:
                    break
