"""What EBS asks of KMS, told by the trail: which calls, in which order, with which fields; and what happens when the key says no."""

import json
import re
import uuid

import pytest
from support.checks import refused, until
from support.ec2 import ZONE, attach, attachment, await_volume, describe, describe_instance, detach, instance, volume
from support.nbd import Client
from support.trail import about_volume, names, records

pytestmark = pytest.mark.catalog

ACCOUNT = "000000000000"
HEX64 = re.compile(r"^[0-9a-f]{64}$")
REVOKED = "Volume {} cannot be attached. The encrypted volume was unable to access the KMS key."
ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/"


@pytest.fixture(scope="module")
def host(ec2):
    return instance(ec2)


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]


def kms_calls(server, volume_id):
    return about_volume(records(server, EventSource="kms.amazonaws.com"), volume_id)


# --- the good case, field by field


def test_creating_asks_for_a_wrapped_data_key_and_for_nothing_else(server, ec2, key):
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    (call,) = kms_calls(server, made)
    assert call["eventName"] == "GenerateDataKeyWithoutPlaintext"
    assert call["requestParameters"] == {
        "keyId": ARN + key,
        "numberOfBytes": 64,
        "encryptionContext": {"aws:ebs:id": made},
    }
    assert call["responseElements"] is None and call["readOnly"] is True
    assert HEX64.match(call["additionalEventData"]["keyMaterialId"])
    assert call["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": ARN + key}]
    person = call["userIdentity"]
    assert (person["type"], person["arn"], person["accountId"]) == ("Root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    assert person["invokedBy"] == call["sourceIPAddress"] == call["userAgent"] == "ec2-frontend-api.amazonaws.com"
    assert call["eventSource"] == "kms.amazonaws.com" and call["awsRegion"] == "us-east-1"
    assert call["eventType"] == "AwsApiCall" and call["managementEvent"] is True and call["eventCategory"] == "Management"
    assert call["recipientAccountId"] == ACCOUNT and call["eventVersion"] == "1.11"
    assert "errorCode" not in call


def test_no_key_named_means_the_aws_managed_key(server, ec2, kms):
    answer = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)
    assert answer["Encrypted"] is True and "KmsKeyId" not in answer
    shown = await_volume(ec2, answer["VolumeId"], "available")
    assert shown["KmsKeyId"] == kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    (call,) = kms_calls(server, answer["VolumeId"])
    assert call["requestParameters"]["keyId"] in ("alias/aws/ebs", shown["KmsKeyId"])


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias-arn"])
def test_every_form_of_a_key_reads_back_as_its_arn(ec2, kms, key, form):
    name = f"alias/t-{uuid.uuid4().hex}"
    kms.create_alias(AliasName=name, TargetKeyId=key)
    forms = {"id": key, "arn": ARN + key, "alias": name, "alias-arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:{name}"}
    answer = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=forms[form])
    shown = await_volume(ec2, answer["VolumeId"], "available")
    assert shown["KmsKeyId"] == ARN + key and shown["Encrypted"] is True
    assert answer["KmsKeyId"] == ARN + key


def test_an_unencrypted_volume_asks_nothing(server, ec2, host):
    made = volume(ec2)
    attach(ec2, made, host, "/dev/sdf")
    detach(ec2, made)
    assert kms_calls(server, made) == []


def test_attaching_makes_a_grant_and_decrypts_under_it(server, ec2, kms, host, key):
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    attach(ec2, made, host, "/dev/sdf")
    _, grant, decrypt = kms_calls(server, made)
    assert (grant["eventName"], decrypt["eventName"]) == ("CreateGrant", "Decrypt")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/aws:ec2-infrastructure/{host}"
    parameters = grant["requestParameters"]
    assert parameters["keyId"] == ARN + key and parameters["operations"] == ["Decrypt"]
    assert parameters["granteePrincipal"] == session
    assert parameters["retiringPrincipal"] == "ec2.us-east-1.amazonaws.com"
    assert parameters["constraints"] == {"encryptionContextSubset": {"aws:ebs:id": made}}
    assert grant["userIdentity"]["invokedBy"] == "ec2-frontend-api.amazonaws.com"
    assert grant["readOnly"] is False and HEX64.match(grant["responseElements"]["grantId"])
    assert grant["responseElements"]["keyId"] == ARN + key
    assert decrypt["requestID"] == grant["requestID"]
    assert decrypt["requestParameters"] == {
        "encryptionContext": {"aws:ebs:id": made},
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    assert decrypt["responseElements"] is None and decrypt["readOnly"] is True
    assert HEX64.match(decrypt["additionalEventData"]["keyMaterialId"])
    person = decrypt["userIdentity"]
    assert person["type"] == "AssumedRole" and person["arn"] == session and person["accountId"] == ACCOUNT
    assert person["principalId"] == f"{ACCOUNT}:aws:ec2-infrastructure:{host}"
    assert person["invokedBy"] == "AWS Internal"
    issuer = person["sessionContext"]["sessionIssuer"]
    assert issuer == {
        "type": "Role",
        "principalId": f"{ACCOUNT}:aws:ec2-infrastructure",
        "arn": f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure",
        "accountId": ACCOUNT,
        "userName": "aws:ec2-infrastructure",
    }
    assert person["inScopeOf"]["issuerType"] == "AWS::EC2::Instance"
    assert person["inScopeOf"]["credentialsIssuedTo"].endswith(f":instance/{host}")
    (listed,) = kms.list_grants(KeyId=key)["Grants"]
    assert listed["GrantId"] == grant["responseElements"]["grantId"] and not listed.get("Name")
    assert listed["GranteePrincipal"] == session and listed["Operations"] == ["Decrypt"]
    detach(ec2, made)
    until(lambda: kms.list_grants(KeyId=key)["Grants"] == [])
    retired = records(server, EventName="RetireGrant")[-1]
    assert retired["additionalEventData"]["grantId"] == listed["GrantId"]
    assert retired["requestParameters"] is None and retired["responseElements"] is None
    assert retired["readOnly"] is False and [r["ARN"] for r in retired["resources"]] == [ARN + key]
    assert retired["userIdentity"]["invokedBy"] == "AWS Internal"


def test_each_instance_of_a_shared_volume_has_its_own_grant(ec2, kms, key):
    made = volume(ec2, Size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True, Encrypted=True, KmsKeyId=key)
    hosts = [instance(ec2), instance(ec2)]
    for one in hosts:
        attach(ec2, made, one)
    grantees = {g["GranteePrincipal"].rsplit("/", 1)[1] for g in kms.list_grants(KeyId=key)["Grants"]}
    assert grantees == set(hosts)
    detach(ec2, made, hosts[0])
    until(lambda: len(kms.list_grants(KeyId=key)["Grants"]) == 1)
    assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"].endswith(hosts[1])
    detach(ec2, made, hosts[1])
    until(lambda: kms.list_grants(KeyId=key)["Grants"] == [])


def test_the_ec2_call_itself_is_on_record(server, ec2, key):
    made = volume(ec2, Encrypted=True, KmsKeyId=key, Size=3)
    (call,) = [r for r in records(server, EventName="CreateVolume") if made in json.dumps(r["responseElements"])]
    assert call["eventSource"] == "ec2.amazonaws.com" and call["readOnly"] is False
    parameters = call["requestParameters"]
    assert parameters["size"] == "3" and parameters["zone"] == ZONE and parameters["encrypted"] is True
    answer = call["responseElements"]
    assert answer["volumeId"] == made and answer["size"] == "3" and answer["status"] == "creating"
    assert isinstance(answer["createTime"], int)
    by_name = [r for r in records(server, ResourceName=made)]
    assert "CreateVolume" in names(by_name)


def test_refused_calls_are_on_record_with_their_code(server, ec2, kms):
    with refused("InvalidVolume.NotFound"):
        ec2.delete_volume(VolumeId="vol-0fedcba9876543210")
    last = records(server, EventName="DeleteVolume")[-1]
    assert last["errorCode"] == "Client.InvalidVolume.NotFound" and "vol-0fedcba9876543210" in last["errorMessage"]
    assert last["responseElements"] is None
    with refused("NotFoundException"):
        kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")["CiphertextBlob"], KeyId="alias/nobody")
    last = records(server, EventName="Decrypt")[-1]
    assert last["errorCode"] == "NotFoundException"


def test_no_record_shows_a_secret(server, kms, key):
    secret = uuid.uuid4().hex
    blob = kms.encrypt(KeyId=key, Plaintext=secret.encode())["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob)
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    text = json.dumps(records(server, EventSource="kms.amazonaws.com"))
    import base64

    for hidden in (secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(made["Plaintext"]).decode(), made["Plaintext"].hex()):
        assert hidden not in text


# --- keys that say no at creation


def bad_key(kms, kind):
    """A key that EBS cannot use: its name, and the cause that must be told."""
    if kind == "missing":
        name = ARN + str(uuid.uuid4())
        return name, f"{name} does not exist."
    if kind == "unknown alias":
        return f"alias/{uuid.uuid4().hex}", "does not exist."
    specs = {
        "rsa": {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        "ecc": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        "pending import": {"Origin": "EXTERNAL"},
    }
    key = kms.create_key(**specs.get(kind, {}))["KeyMetadata"]["KeyId"]
    if kind == "disabled":
        kms.disable_key(KeyId=key)
        return key, f"{ARN}{key} is disabled."
    if kind == "pending deletion":
        kms.schedule_key_deletion(KeyId=key)
        return key, f"{ARN}{key} is pending deletion."
    if kind == "pending import":
        return key, f"{ARN}{key} is pending import."
    return key, f"{ARN}{key} is not a symmetric encryption key."


BAD = ["missing", "unknown alias", "disabled", "pending deletion", "pending import", "rsa", "hmac", "ecc"]


@pytest.mark.parametrize("kind", BAD)
def test_a_volume_whose_key_cannot_be_used_vanishes_and_says_why(server, ec2, kms, kind):
    name, cause = bad_key(kms, kind)
    token = uuid.uuid4().hex
    request = {"AvailabilityZone": ZONE, "Size": 1, "Encrypted": True, "KmsKeyId": name, "ClientToken": token}
    answer = ec2.create_volume(**request)
    made = answer["VolumeId"]
    assert answer["State"] == "creating" and answer["Encrypted"] is True
    await_volume(ec2, made, None)
    told = server.sealvol("explain", made).stdout
    assert cause in told, told
    assert "createVolume" in told and "failed" in told
    with refused("IdempotentParameterMismatch"):
        ec2.create_volume(**request)


def test_a_key_of_another_region_is_no_key_here(server, ec2):
    elsewhere = server.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=elsewhere)["VolumeId"]
    await_volume(ec2, made, None)


def test_failed_creations_leave_no_files(server, ec2, kms):
    name, _ = bad_key(kms, "disabled")
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=name)["VolumeId"]
    await_volume(ec2, made, None)
    assert not [p for p in server.data.rglob("*") if made in p.name]


def test_a_launch_whose_key_cannot_be_used_terminates(ec2, kms):
    name, _ = bad_key(kms, "disabled")
    mappings = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "Encrypted": True, "KmsKeyId": name}}]
    made = instance(ec2, wait=False, BlockDeviceMappings=mappings)
    shown = until(lambda: (i := describe_instance(ec2, made))["State"]["Name"] == "terminated" and i)
    assert shown["StateReason"]["Code"].startswith("Client.")


# --- keys that say no at attachment


@pytest.mark.parametrize("trouble", ["disabled", "pending deletion"])
def test_attaching_under_a_bad_key_is_refused_until_the_key_is_back(server, ec2, kms, host, key, trouble):
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    if trouble == "disabled":
        kms.disable_key(KeyId=key)
    else:
        kms.schedule_key_deletion(KeyId=key)
    with refused("CustomerKeyHasBeenRevoked", REVOKED.format(made), 400):
        ec2.attach_volume(VolumeId=made, InstanceId=host, Device="/dev/sdg")
    assert describe(ec2, made)["State"] == "available" and describe(ec2, made)["Attachments"] == []
    told = server.sealvol("explain", made).stdout
    assert f"{ARN}{key} is {trouble}." in told and "attachVolume" in told, told
    last = records(server, EventName="AttachVolume")[-1]
    assert last["errorCode"] == "Client.CustomerKeyHasBeenRevoked"
    if trouble == "pending deletion":
        kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    attach(ec2, made, host, "/dev/sdg")
    detach(ec2, made)


def uri_of(server, volume_id, *more):
    return server.sealvol("device", volume_id, *more).stdout.strip()


def test_an_attached_volume_outlives_its_key(server, ec2, kms, host, key):
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    attach(ec2, made, host, "/dev/sdh")
    with Client(uri_of(server, made)) as device:
        device.write(0, b"before" * 1000)
    kms.disable_key(KeyId=key)
    with Client(uri_of(server, made)) as device:
        assert device.read(0, 6000) == b"before" * 1000
        device.write(8192, b"after" * 1000)
        device.flush()
        assert device.read(8192, 5000) == b"after" * 1000
    detach(ec2, made)
    with refused("CustomerKeyHasBeenRevoked"):
        ec2.attach_volume(VolumeId=made, InstanceId=host, Device="/dev/sdh")
    kms.enable_key(KeyId=key)
    attach(ec2, made, host, "/dev/sdh")
    with Client(uri_of(server, made)) as device:
        assert device.read(0, 6000) == b"before" * 1000 and device.read(8192, 5000) == b"after" * 1000
    detach(ec2, made)


def test_a_revoked_grant_does_not_stop_an_attached_volume(server, ec2, kms, host, key):
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    attach(ec2, made, host, "/dev/sdi")
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    with Client(uri_of(server, made)) as device:
        device.write(0, b"still here")
    detach(ec2, made)
    attach(ec2, made, host, "/dev/sdi")
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 1
    detach(ec2, made)


def test_after_a_restart_an_attached_volume_is_there_again(make_server):
    server = make_server()
    ec2, kms = server.client("ec2"), server.client("kms")
    host, key = instance(ec2), kms.create_key()["KeyMetadata"]["KeyId"]
    good, bad = volume(ec2, Encrypted=True), volume(ec2, Encrypted=True, KmsKeyId=key)
    attach(ec2, good, host, "/dev/sdf")
    attach(ec2, bad, host, "/dev/sdg")
    for one in (good, bad):
        with Client(uri_of(server, one)) as device:
            device.write(4096, one.encode())
            device.flush()
    kms.disable_key(KeyId=key)
    server.stop()
    server.start()
    until(lambda: server.sealvol("device", good, check=False).returncode == 0)
    with Client(uri_of(server, good)) as device:
        assert device.read(4096, len(good)) == good.encode()
    assert attachment(ec2, good)["State"] == attachment(ec2, bad)["State"] == "attached"
    refusal = until(lambda: (r := server.sealvol("device", bad, check=False)).returncode != 0 and r)
    until(lambda: f"{ARN}{key} is disabled." in server.sealvol("explain", bad).stdout)
    assert "reattachVolume" in server.sealvol("explain", bad).stdout and refusal.stderr
    kms.enable_key(KeyId=key)
    until(lambda: server.sealvol("device", bad, check=False).returncode == 0, seconds=60)
    with Client(uri_of(server, bad)) as device:
        assert device.read(4096, len(bad)) == bad.encode()
