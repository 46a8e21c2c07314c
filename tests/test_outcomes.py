"""Encryption outcomes through the front door: every source x encryption by default x default key x Encrypted x form of key, for CreateVolume,
CopySnapshot and StartSnapshot. After each: the answer, the later Describe, the event, KMS's calls, and the bytes on disk.

The expectations stand here a second time, written from the published table and not from our code."""

import concurrent.futures
import itertools
import json
import os
import secrets

import pytest
from botocore.exceptions import ClientError
from support.checks import until
from support.ec2 import ZONE, attach, await_volume, describe, detach, instance, volume
from support.nbd import Client
from support.snapshots import BLOCK, await_snapshot, describe_snapshot, download, snapshot, upload
from support.trail import names, records

pytestmark = [pytest.mark.catalog, pytest.mark.timeout(900)]

OWNER = "111111111111"
# Account: (encryption by default, a customer managed default key).
CONSUMERS = {
    "222222222222": (False, False),
    "333333333333": (True, False),
    "444444444444": (False, True),
    "555555555555": (True, True),
}
MARKER = secrets.token_bytes(64)
FORMS = ("none", "id", "arn", "alias", "alias-arn")
DEPENDENCY, COMBINATION, VALIDATION = "InvalidParameterDependency", "InvalidParameterCombination", "ValidationException"


def open_policy(owner, *others):
    """A key policy by which the owner shares a key with other accounts."""
    everybody = [f"arn:aws:iam::{account}:root" for account in (owner, *others)]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{owner}:root"}, "Action": "kms:*", "Resource": "*"},
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": everybody[1:]},
                    "Action": [
                        "kms:DescribeKey",
                        "kms:CreateGrant",
                        "kms:GenerateDataKey*",
                        "kms:ReEncrypt*",
                        "kms:Decrypt",
                    ],
                    "Resource": "*",
                },
            ],
        }
    )


def written(server, account, marker, **request):
    """A volume that holds the marker."""
    ec2 = server.client("ec2", account)
    made = volume(ec2, **request)
    host = instance(ec2)
    attach(ec2, made, host)
    uri = server.sealvol("device", made, account=account).stdout.strip()
    with Client(uri) as device:
        device.write(0, marker)
        device.write(3 * BLOCK + 5000, marker)
        device.flush()
    detach(ec2, made)
    ec2.terminate_instances(InstanceIds=[host])
    return made


class Consumer:
    """One account with its settings, its keys and everything that it can start from."""

    def __init__(self, server, account, shared):
        self.server, self.account = server, account
        self.by_default, customers = CONSUMERS[account]
        self.ec2, self.kms, self.ebs = (server.client(s, account) for s in ("ec2", "kms", "ebs"))
        self.sk = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.gk = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName="alias/given", TargetKeyId=self.gk)
        plain = snapshot(self.ec2, written(server, account, MARKER))
        encrypted = snapshot(self.ec2, written(server, account, MARKER, Encrypted=True, KmsKeyId=self.sk))
        self.sources = {"empty": None, "plain": plain, "encrypted": encrypted} | shared
        if customers:
            self.dk = self.kms.create_key()["KeyMetadata"]["Arn"]
            assert self.ec2.modify_ebs_default_kms_key_id(KmsKeyId=self.dk)["KmsKeyId"] == self.dk
        else:
            self.dk = self.kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
        if self.by_default:
            assert self.ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True

    def form(self, form):
        return {
            "none": None,
            "id": self.gk.rsplit("/", 1)[1],
            "arn": self.gk,
            "alias": "alias/given",
            "alias-arn": self.gk.rsplit("key/", 1)[0] + "alias/given",
        }[form]

    def kms_calls(self, about):
        """Names of the KMS calls whose encryption context (or constraint, or answer) names this id."""
        found = records(self.server, self.account, EventSource="kms.amazonaws.com")
        return [r for r in found if about in json.dumps(r.get("requestParameters"))]


@pytest.fixture(scope="module")
def world(server):
    ec2, kms = server.client("ec2", OWNER), server.client("kms", OWNER)
    key = kms.create_key(Policy=open_policy(OWNER, *CONSUMERS))["KeyMetadata"]["Arn"]
    plain = snapshot(ec2, written(server, OWNER, MARKER))
    encrypted = snapshot(ec2, written(server, OWNER, MARKER, Encrypted=True, KmsKeyId=key))
    for one in (plain, encrypted):
        ec2.modify_snapshot_attribute(
            SnapshotId=one, Attribute="createVolumePermission", OperationType="add", UserIds=list(CONSUMERS)
        )
    shared = {"shared plain": plain, "shared encrypted": encrypted}
    return {account: Consumer(server, account, shared) for account in CONSUMERS}


def attempt(call):
    """The answer, or the code of the refusal."""
    try:
        return call(), None
    except ClientError as error:
        return None, error.response["Error"]["Code"]


def for_all(work, cases):
    """Works on all cases side by side; what fails is told with its case."""
    failures = []

    def one(case):
        try:
            work(*case)
        except Exception as error:  # noqa: BLE001
            failures.append((case, repr(error)))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(one, cases))
    assert not failures, f"{len(failures)} of {len(cases)} cases: {failures[:5]}"


def stored_pieces(root):
    for path in root.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                at, size = 0, path.stat().st_size
                while at < size:
                    try:
                        at = os.lseek(file.fileno(), at, os.SEEK_DATA)
                    except OSError:
                        break
                    end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
                    file.seek(at)
                    yield file.read(end - at)
                    at = end


def holds_marker(root):
    return any(MARKER in piece for piece in stored_pieces(root))


# --- CreateVolume


def expected_volume(consumer, source, encrypted, key):
    """The official table, and the rows that the recordings add for Encrypted=false."""
    is_encrypted = "encrypted" in source
    if key and encrypted is not True:
        return DEPENDENCY
    if encrypted is False and is_encrypted:
        return COMBINATION
    if not (consumer.by_default or encrypted or is_encrypted):
        return None
    if key:
        return consumer.gk
    if source == "encrypted":
        return consumer.sk
    return consumer.dk


def create_volume(consumer, source, encrypted, form):
    key = consumer.form(form)
    request = {"AvailabilityZone": ZONE, "VolumeType": "gp3"}
    request |= {"SnapshotId": consumer.sources[source]} if source != "empty" else {"Size": 1}
    request |= {} if encrypted is None else {"Encrypted": encrypted}
    request |= {"KmsKeyId": key} if key else {}
    wanted = expected_volume(consumer, source, encrypted, key)
    answer, refused = attempt(lambda: consumer.ec2.create_volume(**request))
    if wanted in (DEPENDENCY, COMBINATION):
        assert refused == wanted
        return
    assert refused is None, refused
    made = answer["VolumeId"]
    # The answer names the key only if the request did, or if it is the own snapshot's.
    shown_at_once = wanted if key or (wanted and source == "encrypted") else None
    assert (answer["Encrypted"], answer.get("KmsKeyId")) == (wanted is not None, shown_at_once)
    assert answer["State"] == "creating" and answer["SnapshotId"] == (consumer.sources[source] or "")
    shown = await_volume(consumer.ec2, made, "available")
    assert (shown["Encrypted"], shown.get("KmsKeyId")) == (wanted is not None, wanted)
    assert shown["SnapshotId"] == (consumer.sources[source] or "") and shown["Size"] == 1
    told = json.loads(consumer.server.sealvol("explain", made, "--json", account=consumer.account).stdout)
    assert '"createVolume"' in json.dumps(told) or "createVolume" in json.dumps(told)
    calls = names(consumer.kms_calls(made))
    assert calls == expected_calls(source, wanted, consumer), (calls, source, wanted)
    folder = consumer.server.data / "volumes" / made
    if source != "empty":
        plain = wanted is None
        if plain:
            until(lambda: holds_marker(folder))
        assert holds_marker(folder) == plain
    consumer.ec2.delete_volume(VolumeId=made)


def expected_calls(source, key, consumer):
    """KMS's calls that name the new volume, in order."""
    if key is None:
        return []
    if source == "empty":
        return ["GenerateDataKeyWithoutPlaintext"]
    if source == "encrypted" and key == consumer.sk:
        return ["ReEncrypt"]
    if "encrypted" in source:
        return ["ReEncrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt", "Decrypt"]
    # The recorded order; the KMS guide has the grant first.
    return ["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"]


SOURCES = ("empty", "plain", "encrypted", "shared plain", "shared encrypted")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("account", CONSUMERS)
def test_create_volume_ends_as_the_table_says(world, account, source):
    consumer = world[account]
    cases = [(consumer, source, e, f) for e, f in itertools.product((None, True, False), FORMS)]
    for_all(create_volume, cases)


@pytest.mark.parametrize("source", SOURCES[1:])
def test_a_restored_volume_reads_what_the_snapshot_held(world, server, source):
    for account in ("222222222222", "555555555555"):
        consumer = world[account]
        for request in ({}, {"Encrypted": True, "KmsKeyId": consumer.gk}):
            made = consumer.ec2.create_volume(
                AvailabilityZone=ZONE, SnapshotId=consumer.sources[source], Size=2, **request
            )["VolumeId"]
            await_volume(consumer.ec2, made, "available")
            host = instance(consumer.ec2)
            attach(consumer.ec2, made, host)
            uri = server.sealvol("device", made, account=account).stdout.strip()
            with Client(uri) as device:
                assert device.read(0, 64) == MARKER and device.read(3 * BLOCK + 5000, 64) == MARKER
                assert not any(device.read(BLOCK, 4096)) and not any(device.read((2 << 30) - 4096, 4096))
            detach(consumer.ec2, made)
            consumer.ec2.terminate_instances(InstanceIds=[host])
            consumer.ec2.delete_volume(VolumeId=made)


# --- CopySnapshot: it never falls back to the source's key.


def expected_copy(consumer, source, encrypted, key):
    if key and encrypted is not True:
        return DEPENDENCY
    if not (consumer.by_default or encrypted or "encrypted" in source):
        return None
    return consumer.gk if key else consumer.dk


def copy_snapshot(consumer, source, encrypted, form):
    key = consumer.form(form)
    request = {"SourceRegion": "us-east-1", "SourceSnapshotId": consumer.sources[source], "Description": "a copy"}
    request |= {} if encrypted is None else {"Encrypted": encrypted}
    request |= {"KmsKeyId": key} if key else {}
    wanted = expected_copy(consumer, source, encrypted, key)
    answer, refused = attempt(lambda: consumer.ec2.copy_snapshot(**request))
    if wanted == DEPENDENCY:
        assert refused == wanted
        return
    assert refused is None, refused
    made = answer["SnapshotId"]
    shown = await_snapshot(consumer.ec2, made)
    assert (shown["Encrypted"], shown.get("KmsKeyId")) == (wanted is not None, wanted)
    assert shown["VolumeSize"] == 1 and shown["VolumeId"] == "vol-ffffffff" and shown["Description"] == "a copy"
    assert shown["Progress"] == "100%" and shown["OwnerId"] == consumer.account
    assert ("DataEncryptionKeyId" in shown) == (wanted is not None)
    folder = consumer.server.data / "chunks" / "us-east-1" / made
    if wanted is not None:
        assert not folder.exists() or not holds_marker(folder)
    blocks = download(consumer.ebs, made, workers=2)
    assert blocks[0][:64] == MARKER and blocks[3][5000:5064] == MARKER and sorted(blocks) == [0, 3]
    consumer.ec2.delete_snapshot(SnapshotId=made)


@pytest.mark.parametrize("source", SOURCES[1:])
@pytest.mark.parametrize("account", CONSUMERS)
def test_copy_snapshot_ends_as_recorded(world, account, source):
    consumer = world[account]
    cases = [(consumer, source, e, f) for e, f in itertools.product((None, True, False), FORMS)]
    for_all(copy_snapshot, cases)


# --- StartSnapshot: a key alone is enough, aliases are no ARNs, a parent decides everything.


def expected_start(consumer, parent, encrypted, key):
    if parent != "empty":
        if encrypted is not None or key:
            return VALIDATION
        if parent == "encrypted":
            return consumer.sk
        return VALIDATION if consumer.by_default else None
    if encrypted is False and (key or consumer.by_default):
        return VALIDATION
    if key:
        return consumer.gk
    return consumer.dk if encrypted or consumer.by_default else None


def start_snapshot(consumer, parent, encrypted, form):
    key = consumer.form(form)
    request = {} if encrypted is None else {"Encrypted": encrypted}
    request |= {"KmsKeyArn": key} if key else {}
    request |= {"ParentSnapshotId": consumer.sources[parent]} if parent != "empty" else {}
    wanted = VALIDATION if form in ("id", "alias", "alias-arn") else expected_start(consumer, parent, encrypted, key)
    block = {1: MARKER + bytes(BLOCK - 64)}
    made, refused = attempt(lambda: upload(consumer.ebs, block, workers=1, **request))
    if wanted == VALIDATION:
        assert refused == VALIDATION
        return
    assert refused is None, refused
    shown = await_snapshot(consumer.ec2, made)
    assert (shown["Encrypted"], shown.get("KmsKeyId")) == (wanted is not None, wanted)
    assert holds_marker(consumer.server.data / "chunks" / "us-east-1" / made) == (wanted is None)
    assert download(consumer.ebs, made, workers=1)[1] == block[1]
    calls = names(consumer.kms_calls(made))
    if wanted is None:
        assert calls == []
    elif parent == "empty":
        assert calls[0] == "GenerateDataKey" and set(calls[1:]) <= {"Decrypt"} and "Decrypt" in calls
    consumer.ec2.delete_snapshot(SnapshotId=made)


@pytest.mark.parametrize("parent", ("empty", "plain", "encrypted"))
@pytest.mark.parametrize("account", CONSUMERS)
def test_start_snapshot_ends_as_documented(world, account, parent):
    consumer = world[account]
    cases = [(consumer, parent, e, f) for e, f in itertools.product((None, True, False), FORMS)]
    for_all(start_snapshot, cases)


# --- Bad keys


BAD = {
    "disabled": "is disabled.",
    "pending deletion": "is pending deletion.",
    "missing": "does not exist.",
    "other Region": None,
    "asymmetric": "is not a symmetric encryption key.",
    "HMAC": "is not a symmetric encryption key.",
}


def bad_key(server, consumer, state):
    kms = consumer.kms
    make = lambda **request: kms.create_key(**request)["KeyMetadata"]["Arn"]  # noqa: E731
    if state == "missing":
        return consumer.gk.rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000"
    if state == "other Region":
        elsewhere = server.client("kms", consumer.account, "eu-west-1")
        return elsewhere.create_key()["KeyMetadata"]["Arn"]
    if state == "asymmetric":
        return make(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    if state == "HMAC":
        return make(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    key = make()
    if state == "disabled":
        kms.disable_key(KeyId=key)
    else:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


@pytest.mark.parametrize("state", BAD)
@pytest.mark.parametrize("source", SOURCES)
def test_a_volume_under_a_bad_key_vanishes_and_the_reason_is_told(world, server, state, source):
    consumer = world["222222222222"]
    key = bad_key(server, consumer, state)
    request = {"AvailabilityZone": ZONE, "Encrypted": True, "KmsKeyId": key}
    request |= {"SnapshotId": consumer.sources[source]} if source != "empty" else {"Size": 1}
    answer = consumer.ec2.create_volume(**request)
    assert answer["State"] == "creating" and answer["KmsKeyId"] == key
    made = answer["VolumeId"]
    await_volume(consumer.ec2, made, None)
    told = server.sealvol("explain", made, "--json", account=consumer.account).stdout
    assert json.loads(told)["State"] == "failed"
    assert BAD[state] is None or f"{key} {BAD[state]}" in told, told
    assert not (server.data / "volumes" / made).exists(), "nothing is left behind"
    grants = [g for k in (consumer.sk, consumer.gk) for g in consumer.kms.list_grants(KeyId=k)["Grants"]]
    assert grants == []


@pytest.mark.parametrize("state", BAD)
def test_a_copy_under_a_bad_key_is_refused_at_once(world, server, state):
    consumer = world["222222222222"]
    key = bad_key(server, consumer, state)
    before = {s["SnapshotId"] for s in consumer.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    with pytest.raises(ClientError) as caught:
        consumer.ec2.copy_snapshot(
            SourceRegion="us-east-1", SourceSnapshotId=consumer.sources["plain"], Encrypted=True, KmsKeyId=key
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValue", error
    if state == "disabled":
        assert error["Message"] == f"The specified keyId {key} is disabled"
    if state == "missing":
        assert error["Message"] == f"The specified keyId {key} is invalid"
    after = {s["SnapshotId"] for s in consumer.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert after == before


@pytest.mark.parametrize("state", ("disabled", "missing", "asymmetric", "HMAC", "other Region"))
def test_a_bad_default_key_is_refused(world, server, state):
    consumer = world["222222222222"]
    before = consumer.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    with pytest.raises(ClientError) as caught:
        consumer.ec2.modify_ebs_default_kms_key_id(KmsKeyId=bad_key(server, consumer, state))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert consumer.ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == before


def test_defaults_are_per_account_and_region_and_touch_nothing_that_exists(server):
    account = "666666666666"
    ec2, kms = server.client("ec2", account), server.client("kms", account)
    other = server.client("ec2", account, "eu-west-1")
    plain = volume(ec2)
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].rsplit("key/", 1)[0] + "alias/mine"
    for form in (key["KeyId"], key["Arn"], "alias/mine", alias_arn):
        assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=form)["KmsKeyId"] == key["Arn"]
        assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key["Arn"]
        assert "alias/aws/ebs" in ec2.reset_ebs_default_kms_key_id()["KmsKeyId"]
        assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    for _ in range(2):
        assert ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert describe(ec2, plain)["Encrypted"] is False
    assert describe(ec2, volume(ec2))["Encrypted"] is True
    assert other.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert server.client("ec2", "777777777777").get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key["Arn"])
    assert ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key["Arn"], "switching off leaves the default key"
    assert describe(ec2, volume(ec2, Encrypted=True))["KmsKeyId"] == key["Arn"], "it counts while the flag is off"
    for call in (
        ec2.enable_ebs_encryption_by_default,
        ec2.disable_ebs_encryption_by_default,
        ec2.get_ebs_encryption_by_default,
        ec2.get_ebs_default_kms_key_id,
        ec2.reset_ebs_default_kms_key_id,
    ):
        assert attempt(lambda: call(DryRun=True))[1] == "DryRunOperation"
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key["Arn"], "a dry run changes nothing"
    assert describe_snapshot(ec2, "snap-0123456789abcdef0") is None
