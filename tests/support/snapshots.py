"""Snapshots, made, awaited, read and written the way tests need them: through EC2, and through the EBS direct API."""

import base64
import concurrent.futures
import hashlib

from botocore.exceptions import ClientError

from support.checks import until

BLOCK = 512 * 1024


def describe_snapshot(ec2, snapshot_id):
    """The snapshot as DescribeSnapshots shows it, or None."""
    try:
        return ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidSnapshot.NotFound":
            return None
        raise


def await_snapshot(ec2, snapshot_id, state="completed", seconds=60):
    """Waits for a state; None waits until the snapshot is gone."""
    if state is None:
        until(lambda: describe_snapshot(ec2, snapshot_id) is None)
        return None

    def there():
        shown = describe_snapshot(ec2, snapshot_id)
        if shown and state == "completed":
            assert shown["State"] != "error", shown
        return shown and shown["State"] == state and shown

    return until(there, seconds=seconds)


def snapshot(ec2, volume_id, wait=True, **request):
    """Takes a snapshot and waits until it is completed."""
    made = ec2.create_snapshot(VolumeId=volume_id, **request)["SnapshotId"]
    if wait:
        await_snapshot(ec2, made)
    return made


def checksum(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def upload(ebs, blocks, workers=64, complete=True, linear=True, **start):
    """Writes a snapshot as coldsnap does: many workers, a checksum for every block, one for all. `blocks`: index to bytes."""
    start = {"VolumeSize": 1} | start
    begun = ebs.start_snapshot(**start)
    made = begun["SnapshotId"]

    def put(item):
        index, data = item
        answer = ebs.put_snapshot_block(
            SnapshotId=made,
            BlockIndex=index,
            BlockData=data,
            DataLength=len(data),
            Checksum=checksum(data),
            ChecksumAlgorithm="SHA256",
        )
        assert answer["Checksum"] == checksum(data)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(put, blocks.items()))
    if complete:
        finish(ebs, made, blocks, linear)
    return made


def finish(ebs, snapshot_id, blocks, linear=True):
    request = {"SnapshotId": snapshot_id, "ChangedBlocksCount": len(blocks)}
    if linear:
        digests = b"".join(hashlib.sha256(blocks[index]).digest() for index in sorted(blocks))
        request |= {
            "Checksum": checksum(digests),
            "ChecksumAlgorithm": "SHA256",
            "ChecksumAggregationMethod": "LINEAR",
        }
    return ebs.complete_snapshot(**request)


def listed(ebs, snapshot_id, **request):
    """All blocks of a snapshot: index to token."""
    found = {}
    while True:
        page = ebs.list_snapshot_blocks(SnapshotId=snapshot_id, **request)
        assert page["BlockSize"] == BLOCK
        for block in page["Blocks"]:
            assert block["BlockIndex"] not in found
            found[block["BlockIndex"]] = block["BlockToken"]
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]


def read_block(ebs, snapshot_id, index, token):
    answer = ebs.get_snapshot_block(SnapshotId=snapshot_id, BlockIndex=index, BlockToken=token)
    data = answer["BlockData"].read()
    assert answer["DataLength"] == len(data) == BLOCK
    assert answer["Checksum"] == checksum(data) and answer["ChecksumAlgorithm"] == "SHA256"
    return data


def download(ebs, snapshot_id, workers=64):
    """All blocks that a snapshot holds: index to bytes."""
    tokens = listed(ebs, snapshot_id)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        read = pool.map(lambda item: (item[0], read_block(ebs, snapshot_id, *item)), tokens.items())
        return dict(read)


def changed(ebs, first, second, **request):
    """Changed blocks between two snapshots: index to (has a first token, has a second token)."""
    found = {}
    while True:
        page = ebs.list_changed_blocks(SecondSnapshotId=second, **({"FirstSnapshotId": first} if first else {}), **request)
        for block in page["ChangedBlocks"]:
            found[block["BlockIndex"]] = ("FirstBlockToken" in block, "SecondBlockToken" in block)
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]
