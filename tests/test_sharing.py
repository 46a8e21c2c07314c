"""Sharing encrypted snapshots between accounts: what the owner must allow, what the consumer must be allowed, under whose key the
result is, what revocation takes, and what both accounts' trails say."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from support.checks import refused, until
from support.ec2 import ZONE, describe, volume
from support.people import Person, document, statement
from support.snapshots import await_snapshot, describe_snapshot, snapshot
from support.trail import records

pytestmark = pytest.mark.catalog

OWNER, TAKER = "333333333333", "444444444444"
NEEDED = (
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncrypt*",
    "kms:Decrypt",
)


def key_policy(*actions, principal=None):
    own = statement("kms:*", Principal={"AWS": f"arn:aws:iam::{OWNER}:root"})
    principal = principal or f"arn:aws:iam::{TAKER}:root"
    return document(own, *([statement(list(actions), Principal={"AWS": principal})] if actions else []))


@pytest.fixture(scope="module")
def owner(server):
    return lambda service: server.client(service, OWNER)


@pytest.fixture(scope="module")
def taker(server):
    return Person(server, statement(["ec2:*", "kms:*"]), account=TAKER)


@pytest.fixture
def shared(owner):
    key = owner("kms").create_key(Policy=key_policy(*NEEDED))["KeyMetadata"]["Arn"]
    made = snapshot(owner("ec2"), volume(owner("ec2"), Encrypted=True, KmsKeyId=key))
    owner("ec2").modify_snapshot_attribute(
        SnapshotId=made, Attribute="createVolumePermission", OperationType="add", UserIds=[TAKER]
    )
    return {"key": key, "snapshot": made}


def restored(ec2, **request):
    made = ec2.create_volume(AvailabilityZone=ZONE, **request)["VolumeId"]
    state = until(lambda: (v := describe(ec2, made)) is None and "gone" or v["State"] != "creating" and v["State"])
    return (describe(ec2, made) if state == "available" else None), made


def copied(ec2, source, **request):
    made = ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=source, **request)["SnapshotId"]
    return until(lambda: (s := describe_snapshot(ec2, made))["State"] != "pending" and s)


def test_a_volume_of_a_shared_snapshot_is_under_the_takers_key(server, owner, taker, shared):
    ec2, kms = taker.client("ec2"), taker.client("kms")
    own = kms.create_key()["KeyMetadata"]["Arn"]
    under_own, _ = restored(ec2, SnapshotId=shared["snapshot"], Encrypted=True, KmsKeyId=own)
    assert under_own["Encrypted"] is True and under_own["KmsKeyId"] == own
    unsaid, _ = restored(ec2, SnapshotId=shared["snapshot"])
    default = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    assert unsaid["KmsKeyId"] == default and TAKER in default
    copy = copied(ec2, shared["snapshot"], Encrypted=True, KmsKeyId=own)
    assert (copy["State"], copy["KmsKeyId"], copy["OwnerId"]) == ("completed", own, TAKER)
    # The copy stands alone: the owner may take everything back.
    owner("kms").disable_key(KeyId=shared["key"])
    again, _ = restored(ec2, SnapshotId=copy["SnapshotId"])
    assert again["KmsKeyId"] == own


def test_both_sides_must_allow(server, owner, taker, shared):
    poor = Person(server, statement("ec2:*"), account=TAKER)
    volume_, made = restored(poor.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_ is None
    told = server.sealvol("explain", made, account=TAKER).stdout
    assert "kms:ReEncryptFrom" in told and "identity policies" in told, told
    owner("kms").put_key_policy(KeyId=shared["key"], PolicyName="default", Policy=key_policy())
    volume_, made = restored(taker.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_ is None
    copy = copied(taker.client("ec2"), shared["snapshot"])
    assert (copy["State"], copy.get("StateMessage")) == ("error", "Given key ID is not accessible")


@pytest.mark.parametrize("removed", ["kms:ReEncrypt*"])
def test_what_the_owner_leaves_out_is_missed(owner, taker, shared, removed):
    kept = [action for action in NEEDED if action != removed]
    owner("kms").put_key_policy(KeyId=shared["key"], PolicyName="default", Policy=key_policy(*kept))
    volume_, _ = restored(taker.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_ is None


def test_a_key_policy_can_name_one_person_of_the_other_account(server, owner, taker, shared):
    owner("kms").put_key_policy(
        KeyId=shared["key"], PolicyName="default", Policy=key_policy(*NEEDED, principal=taker.arn)
    )
    volume_, _ = restored(taker.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_ is not None
    other = Person(server, statement(["ec2:*", "kms:*"]), account=TAKER)
    volume_, _ = restored(other.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_ is None


def test_revocation_takes_effect_at_the_next_use(owner, taker, shared):
    assert restored(taker.client("ec2"), SnapshotId=shared["snapshot"])[0]
    owner("ec2").modify_snapshot_attribute(
        SnapshotId=shared["snapshot"], Attribute="createVolumePermission", OperationType="remove", UserIds=[TAKER]
    )
    for use in (
        lambda: taker.client("ec2").create_volume(AvailabilityZone=ZONE, SnapshotId=shared["snapshot"]),
        lambda: taker.client("ec2").describe_snapshots(SnapshotIds=[shared["snapshot"]]),
    ):
        with refused("InvalidSnapshot.NotFound"):
            use()


def test_what_must_not_be_shared_is_not(owner, shared):
    ec2 = owner("ec2")
    with refused("OperationNotPermitted"):
        ec2.modify_snapshot_attribute(
            SnapshotId=shared["snapshot"], Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
        )
    managed = snapshot(ec2, volume(ec2, Encrypted=True))
    with refused("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared"):
        ec2.modify_snapshot_attribute(
            SnapshotId=managed, Attribute="createVolumePermission", OperationType="add", UserIds=[TAKER]
        )
    plain = snapshot(ec2, volume(ec2))
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    try:
        with refused("OperationNotPermitted"):
            ec2.modify_snapshot_attribute(
                SnapshotId=plain, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
            )
    finally:
        ec2.disable_snapshot_block_public_access()


def test_both_trails_tell_of_the_use(server, owner, taker, shared):
    volume_, made = restored(taker.client("ec2"), SnapshotId=shared["snapshot"])
    assert volume_

    def uses(account):
        found = records(server, account=account, EventName="ReEncrypt")
        return [r for r in found if made in json.dumps(r["requestParameters"])]

    (ours,), (theirs,) = uses(OWNER), uses(TAKER)
    assert ours["sharedEventID"] == theirs["sharedEventID"] and ours["eventID"] != theirs["eventID"]
    assert (ours["recipientAccountId"], theirs["recipientAccountId"]) == (OWNER, TAKER)
    assert theirs["userIdentity"]["arn"] == taker.arn
    told = records(server, account=OWNER, EventName="SharedSnapshotVolumeCreated")
    assert any(r["serviceEventDetails"]["snapshotId"] == shared["snapshot"] for r in told)
    copied(taker.client("ec2"), shared["snapshot"])
    told = records(server, account=OWNER, EventName="SharedSnapshotCopyInitiated")
    assert any(r["serviceEventDetails"]["snapshotId"] == shared["snapshot"] for r in told)


def test_a_person_may_be_kept_from_sharing(server, shared):
    limited = Person(
        server,
        statement("ec2:*"),
        statement(
            "ec2:ModifySnapshotAttribute",
            effect="Deny",
            Condition={"StringNotEquals": {"ec2:Add/userId": "555555555555"}},
        ),
        account=OWNER,
    )
    ask = {"SnapshotId": shared["snapshot"], "Attribute": "createVolumePermission", "OperationType": "add"}
    with refused("UnauthorizedOperation"):
        limited.client("ec2").modify_snapshot_attribute(**ask, UserIds=["666666666666"])
    limited.client("ec2").modify_snapshot_attribute(**ask, UserIds=["555555555555"])
