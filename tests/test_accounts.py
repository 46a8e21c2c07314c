"""What belongs to one account does not exist for another, in every action."""

import pytest
from support.checks import refused
from support.ec2 import attach, describe_instance, instance, volume
from support.trail import records

pytestmark = pytest.mark.catalog

OURS, THEIRS = "111111111111", "222222222222"


@pytest.fixture(scope="module")
def ours(server):
    ec2, kms = server.client("ec2", OURS), server.client("kms", OURS)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/ours", TargetKeyId=key)
    host, disk, loose = instance(ec2), volume(ec2, Encrypted=True, KmsKeyId=key), volume(ec2)
    attach(ec2, disk, host)
    ec2.create_tags(Resources=[disk], Tags=[{"Key": "secret", "Value": "project"}])
    blob = kms.encrypt(KeyId=key, Plaintext=b"ours")["CiphertextBlob"]
    grant = kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{OURS}:root", Operations=["Decrypt"])
    return {"key": key, "host": host, "disk": disk, "loose": loose, "blob": blob, "grant": grant}


@pytest.fixture(scope="module")
def ec2(server):
    return server.client("ec2", THEIRS)


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms", THEIRS)


def test_lists_show_nothing_of_others(ec2, kms, ours):
    assert ec2.describe_volumes()["Volumes"] == [] and ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_tags()["Tags"] == [] and ec2.describe_volume_status()["VolumeStatuses"] == []
    assert ours["key"] not in {k["KeyId"] for k in kms.list_keys()["Keys"]}
    assert "alias/ours" not in {a["AliasName"] for a in kms.list_aliases()["Aliases"]}


def test_volumes_and_instances_of_others_do_not_exist(ec2, ours):
    disk, loose, host = ours["disk"], ours["loose"], ours["host"]
    for call in (
        lambda: ec2.describe_volumes(VolumeIds=[disk]),
        lambda: ec2.describe_volume_status(VolumeIds=[disk]),
        lambda: ec2.delete_volume(VolumeId=loose),
        lambda: ec2.detach_volume(VolumeId=disk),
        lambda: ec2.create_tags(Resources=[disk], Tags=[{"Key": "a", "Value": "b"}]),
        lambda: ec2.delete_tags(Resources=[disk]),
    ):
        with refused("InvalidVolume.NotFound"):
            call()
    for call in (
        lambda: ec2.describe_instances(InstanceIds=[host]),
        lambda: ec2.terminate_instances(InstanceIds=[host]),
        lambda: ec2.attach_volume(VolumeId=volume(ec2), InstanceId=host, Device="/dev/sdz"),
    ):
        with refused("InvalidInstanceID.NotFound"):
            call()
    mine = instance(ec2)
    with refused("InvalidVolume.NotFound"):
        ec2.attach_volume(VolumeId=loose, InstanceId=mine, Device="/dev/sdz")


def test_the_device_of_others_cannot_be_found(server, ours):
    assert server.sealvol("device", ours["disk"], account=OURS).returncode == 0
    refusal = server.sealvol("device", ours["disk"], account=THEIRS, check=False)
    assert refusal.returncode != 0 and "nbd" not in refusal.stdout
    told = server.sealvol("explain", ours["disk"], account=THEIRS, check=False)
    assert told.returncode != 0 and ours["key"] not in told.stdout + told.stderr


def test_keys_of_others_cannot_be_used(kms, ours):
    arn = f"arn:aws:kms:us-east-1:{OURS}:key/{ours['key']}"
    alias = f"arn:aws:kms:us-east-1:{OURS}:alias/ours"
    for name in (arn, alias):
        for call in (
            lambda name=name: kms.describe_key(KeyId=name),
            lambda name=name: kms.encrypt(KeyId=name, Plaintext=b"x"),
            lambda name=name: kms.generate_data_key(KeyId=name, KeySpec="AES_256"),
            lambda name=name: kms.create_grant(KeyId=name, GranteePrincipal=f"arn:aws:iam::{THEIRS}:root", Operations=["Decrypt"]),
            lambda name=name: kms.list_grants(KeyId=name),
            lambda name=name: kms.disable_key(KeyId=name),
            lambda name=name: kms.schedule_key_deletion(KeyId=name),
            lambda name=name: kms.update_key_description(KeyId=name, Description="mine"),
        ):
            with pytest.raises(kms.exceptions.ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "NotFoundException")
    with refused("NotFoundException"):
        kms.describe_key(KeyId=ours["key"])
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.decrypt(CiphertextBlob=ours["blob"])
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(kms.exceptions.ClientError):
        kms.re_encrypt(CiphertextBlob=ours["blob"], DestinationKeyId="alias/aws/ebs")
    with pytest.raises(kms.exceptions.ClientError):
        kms.retire_grant(GrantToken=ours["grant"]["GrantToken"])
    with pytest.raises(kms.exceptions.ClientError):
        kms.decrypt(CiphertextBlob=ours["blob"], GrantTokens=[ours["grant"]["GrantToken"]])


def test_nothing_changed_for_its_owner(server, ours):
    ec2, kms = server.client("ec2", OURS), server.client("kms", OURS)
    assert ec2.describe_volumes(VolumeIds=[ours["disk"]])["Volumes"][0]["State"] == "in-use"
    assert ec2.describe_volumes(VolumeIds=[ours["loose"]])["Volumes"][0]["State"] == "available"
    assert describe_instance(ec2, ours["host"])["State"]["Name"] == "running"
    assert kms.describe_key(KeyId=ours["key"])["KeyMetadata"]["KeyState"] == "Enabled"
    assert kms.decrypt(CiphertextBlob=ours["blob"])["Plaintext"] == b"ours"
    assert ours["grant"]["GrantId"] in {g["GrantId"] for g in kms.list_grants(KeyId=ours["key"])["Grants"]}


def test_the_trail_of_others_is_not_shown(server, ours):
    import json

    theirs = json.dumps(records(server, account=THEIRS))
    for record in records(server, account=OURS):
        assert record["recipientAccountId"] == OURS
    # What THEIRS asked for by name stands in their own records; what OURS did does not.
    assert f'"accountId": "{OURS}", "accessKeyId"' not in theirs
    assert '"recipientAccountId": "111111111111"' not in theirs


def test_a_volume_under_a_key_of_another_account_vanishes(server, ec2, ours):
    from support.ec2 import ZONE, await_volume

    arn = f"arn:aws:kms:us-east-1:{OURS}:key/{ours['key']}"
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=arn)["VolumeId"]
    await_volume(ec2, made, None)


def test_page_tokens_of_others_open_nothing(server, ec2):
    mine = server.client("ec2", OURS)
    for _ in range(6):
        volume(mine, wait=False)
    token = mine.describe_volumes(MaxResults=5)["NextToken"]
    with refused("InvalidParameterValue"):
        ec2.describe_volumes(MaxResults=5, NextToken=token)
    kms, theirs = server.client("kms", OURS), server.client("kms", THEIRS)
    for _ in range(2):
        kms.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with refused("InvalidMarkerException"):
        theirs.list_keys(Limit=1, Marker=marker)


def test_a_key_is_shared_by_its_policy_and_both_accounts_see_its_use(server):
    """What AWS's page on sharing an encrypted snapshot lets the other account do, and nothing else."""
    import json

    owner, user = server.client("kms", OURS), server.client("kms", THEIRS)
    share = ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OURS}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{THEIRS}:root"}, "Action": share, "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    key = owner.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    blob = owner.encrypt(KeyId=key, Plaintext=b"shared", EncryptionContext={"aws:ebs:id": "snap-1"})["CiphertextBlob"]
    with refused("InvalidCiphertextException"):
        user.decrypt(CiphertextBlob=blob)
    assert user.decrypt(CiphertextBlob=blob, EncryptionContext={"aws:ebs:id": "snap-1"})["Plaintext"] == b"shared"
    assert user.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == OURS
    for call in (
        lambda: user.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: user.list_grants(KeyId=key),
        lambda: user.put_key_policy(KeyId=key, Policy=policy),
        lambda: user.disable_key(KeyId=key),
        lambda: user.get_key_policy(KeyId=key),
    ):
        with refused("AccessDeniedException"):
            call()
    mine = user.create_key()["KeyMetadata"]["Arn"]
    moved = user.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"aws:ebs:id": "snap-1"}, DestinationKeyId=mine)
    assert user.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"shared"

    def seen(account):
        trail = server.client("cloudtrail", account)
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": key}])["Events"]
        told = [json.loads(event["CloudTrailEvent"]) for event in found]
        return {r["sharedEventID"]: r for r in told if "sharedEventID" in r}

    callers, owners = seen(THEIRS), seen(OURS)
    assert callers.keys() == owners.keys() and len(callers) == 4
    for shared, record in owners.items():
        assert record["userIdentity"] == {"type": "AWSAccount", "principalId": THEIRS, "accountId": THEIRS}
        assert record["eventName"] == callers[shared]["eventName"] and record["eventID"] != callers[shared]["eventID"]
    # The policy taken back, it is over at once.
    owner.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements[:1]}))
    with refused("AccessDeniedException"):
        user.decrypt(CiphertextBlob=blob, EncryptionContext={"aws:ebs:id": "snap-1"})
