"""Which KMS permission each way of using an encrypted volume needs, removed one at a time: the flows that need it fail and say
so by name, all others succeed. The table is that of the EBS documentation; nothing else may be needed and nothing less may do."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from support.checks import until
from support.ec2 import ZONE, describe, instance, volume
from support.people import Person, clients_of, statement
from support.snapshots import describe_snapshot, snapshot
from support.trail import records

pytestmark = [pytest.mark.catalog, pytest.mark.timeout(900)]

PERMISSIONS = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)


@pytest.fixture(scope="module")
def world(server, ec2, kms):
    """What the flows start from, made by the account's root."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    other = kms.create_key()["KeyMetadata"]["Arn"]
    plain = snapshot(ec2, volume(ec2))
    disk = volume(ec2, Encrypted=True, KmsKeyId=key)
    return {
        "key": key,
        "other": other,
        "plain": plain,
        "disk": disk,
        "sealed": snapshot(ec2, disk),
        "host": instance(ec2),
    }


@pytest.fixture(scope="module")
def person(server):
    return Person(server)


# --- the flows: each does the real thing as the person and returns None, or what it was told when it failed


def settled_volume(ec2, request):
    made = ec2.create_volume(AvailabilityZone=ZONE, **request)["VolumeId"]
    shown = until(lambda: (v := describe(ec2, made)) is None and "gone" or v["State"] != "creating" and v["State"])
    return made, shown == "available"


def creating(**request):
    def flow(person, world):
        asked = {name: world.get(value, value) if isinstance(value, str) else value for name, value in request.items()}
        made, good = settled_volume(person.client("ec2"), asked)
        return None if good else made

    return flow


def attaching(person, world):
    ec2 = person.client("ec2")
    made = volume(person.server.client("ec2"), Encrypted=True, KmsKeyId=world["key"])
    device = f"/dev/sd{uuid.uuid4().hex[:2]}"
    ec2.attach_volume(VolumeId=made, InstanceId=world["host"], Device="/dev/sd" + device[-1].translate(str.maketrans("0123456789", "ghijklmnop")))
    until(lambda: describe(ec2, made)["Attachments"][0]["State"] == "attached")
    ec2.detach_volume(VolumeId=made)
    until(lambda: not describe(ec2, made)["Attachments"])
    return None


def snapshotting(person, world):
    # One snapshot per volume in 15 seconds, so each try has a volume of its own.
    made = volume(person.server.client("ec2"), Encrypted=True, KmsKeyId=world["key"])
    snapshot(person.client("ec2"), made)
    return None


def copying(source, key):
    def flow(person, world):
        ec2 = person.client("ec2")
        made = ec2.copy_snapshot(
            SourceRegion="us-east-1", SourceSnapshotId=world[source], Encrypted=True, KmsKeyId=world[key]
        )["SnapshotId"]
        shown = until(lambda: (s := describe_snapshot(ec2, made))["State"] != "pending" and s)
        return None if shown["State"] == "completed" else made + " " + shown.get("StateMessage", "")

    return flow


def starting(person, world):
    made = person.client("ebs").start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=world["key"])["SnapshotId"]
    person.client("ebs").complete_snapshot(SnapshotId=made, ChangedBlocksCount=0)
    return None


def reading(person, world):
    person.client("ebs").list_snapshot_blocks(SnapshotId=world["sealed"])
    return None


FLOWS = {
    "an empty volume": (creating(Size=1, Encrypted=True, KmsKeyId="key"), {"GenerateDataKeyWithoutPlaintext"}),
    "a volume from a plain snapshot": (
        creating(SnapshotId="plain", Encrypted=True, KmsKeyId="key"),
        {"GenerateDataKeyWithoutPlaintext", "CreateGrant"},
    ),
    "a volume under the snapshot's key": (creating(SnapshotId="sealed"), {"ReEncryptFrom", "ReEncryptTo"}),
    "a volume under another key": (
        creating(SnapshotId="sealed", Encrypted=True, KmsKeyId="other"),
        {"ReEncryptFrom", "ReEncryptTo", "GenerateDataKeyWithoutPlaintext", "CreateGrant"},
    ),
    "attaching": (attaching, {"CreateGrant"}),
    "a snapshot": (snapshotting, set()),
    "an encrypted copy of a plain snapshot": (
        copying("plain", "key"),
        {"DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant"},
    ),
    "starting a direct snapshot": (starting, {"GenerateDataKey"}),
    "reading a snapshot's blocks": (reading, {"Decrypt"}),
}


def everything_said(server, failed, since):
    """The answer, the trail and `sealvol explain` together: somewhere in there must stand what was missing."""
    said = [failed]
    for word in failed.split():
        if word.startswith(("vol-", "snap-")):
            said.append(server.sealvol("explain", word, check=False).stdout)
    said += [json.dumps(r) for r in records(server, EventSource="kms.amazonaws.com") if r["eventTime"] >= since]
    return "\n".join(said)


@pytest.mark.parametrize("name", FLOWS)
def test_each_flow_needs_just_what_the_documentation_says(server, world, person, name):
    flow, needed = FLOWS[name]
    for removed in (None, *PERMISSIONS):
        kept = [f"kms:{p}" for p in PERMISSIONS if p != removed]
        person.may(statement(["ec2:*", "ebs:*"]), statement(kept))
        since = records(server, EventName="PutUserPolicy")[-1]["eventTime"]
        try:
            failed = flow(person, world)
        except ClientError as error:
            failed = str(error)
        if removed not in needed:
            assert failed is None, f"{name} without kms:{removed}: {failed}"
            continue
        assert failed is not None, f"{name} succeeded without kms:{removed}"
        said = everything_said(server, failed, since)
        assert f"kms:{removed}" in said, f"{name} without kms:{removed} does not name it:\n{said}"


def test_just_the_needed_permissions_are_enough(server, world, person):
    for name, (flow, needed) in FLOWS.items():
        kms = [statement([f"kms:{p}" for p in sorted(needed)])] if needed else []
        person.may(statement(["ec2:*", "ebs:*"]), *kms)
        assert flow(person, world) is None, name


def test_the_seeds_policy_lets_ebs_make_grants_and_nobody_else(server, world, person):
    """The documentation's own example: CreateGrant only for AWS resources."""
    person.may(
        statement(["ec2:*", "ebs:*"]),
        statement(
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"], world["key"]
        ),
        statement("kms:CreateGrant", world["key"], Condition={"Bool": {"kms:GrantIsForAWSResource": True}}),
    )
    assert attaching(person, world) is None
    assert creating(SnapshotId="plain", Encrypted=True, KmsKeyId="key")(person, world) is None
    with pytest.raises(ClientError) as caught:
        person.client("kms").create_grant(KeyId=world["key"], GranteePrincipal=person.arn, Operations=["Decrypt"])
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "kms:CreateGrant" in error["Message"] and "no identity-based policy allows" in error["Message"]


def test_the_managed_key_needs_no_kms_permission_and_cannot_be_used_directly(server, world, person):
    person.may(statement(["ec2:*", "ebs:*"]))
    made, good = settled_volume(person.client("ec2"), {"Size": 1, "Encrypted": True})
    assert good, made
    with pytest.raises(ClientError) as caught:
        person.client("kms").encrypt(KeyId="alias/aws/ebs", Plaintext=b"x")
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_session_works_like_a_person_and_its_session_policy_limits_it(server, world):
    from support.people import assume, role

    caller = Person(server, statement("sts:AssumeRole"))
    arn = role(server, caller.arn, statement(["ec2:*", "kms:*"]))
    session = assume(server, caller.client("sts"), arn)
    made, good = settled_volume(session("ec2"), {"Size": 1, "Encrypted": True, "KmsKeyId": world["key"]})
    assert good, made
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [statement(["ec2:*", "kms:DescribeKey"])]})
    limited = assume(server, caller.client("sts"), arn, Policy=narrow)
    made, good = settled_volume(limited("ec2"), {"Size": 1, "Encrypted": True, "KmsKeyId": world["key"]})
    assert not good
    said = server.sealvol("explain", made).stdout
    assert "kms:GenerateDataKeyWithoutPlaintext" in said and "session policy" in said, said
