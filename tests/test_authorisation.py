"""Every action that the server answers, taken from its own list: who has no permission is refused in the words of its protocol, and
the permission that the list names is enough to get past. An action for which no call can be made up fails here, so nothing is added
without its case."""

import functools
import json
import subprocess

import pytest
from botocore.exceptions import ClientError
from support.ec2 import ZONE, instance, volume
from support.people import SESSION, Person, document, role, statement
from support.server import binary
from support.snapshots import BLOCK, checksum, snapshot

pytestmark = pytest.mark.catalog

LISTED = [
    json.loads(line)
    for line in subprocess.run([binary(), "actions", "--json"], capture_output=True, text=True, check=True).stdout.splitlines()
]
# Our own two services have no client in boto3; their permissions are in test_cli.py.
ACTIONS = [a for a in LISTED if a["Service"] != "sealvol"]
# Nobody needs a permission for these. Source: STS API Reference.
FREE = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
DENIED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)


@pytest.fixture(scope="module")
def things(server, ec2, kms):
    """One of everything that a call can name."""
    iam = server.client("iam")
    iam.create_user(UserName="thing")
    iam.create_group(GroupName="thing")
    role(server, "ec2.amazonaws.com", name="thing")
    iam.create_instance_profile(InstanceProfileName="thing")
    policy = iam.create_policy(PolicyName="thing", PolicyDocument=document(statement("ec2:DescribeVolumes")))["Policy"]["Arn"]
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/thing", TargetKeyId=key)
    grant = kms.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::000000000000:root", Operations=["Decrypt"])
    disk = volume(ec2)
    return {
        "key": key,
        "grant": grant["GrantId"],
        "blob": kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"],
        "volume": disk,
        "snapshot": snapshot(ec2, disk),
        "instance": instance(ec2),
        "policy": policy,
    }


def named(service, name, things):
    """The value of a member by its name, where any text would not do."""
    fixed = {
        "KeyId": things["key"],
        "TargetKeyId": things["key"],
        "DestinationKeyId": things["key"],
        "KmsKeyId": things["key"],
        "GrantId": things["grant"],
        "CiphertextBlob": things["blob"],
        "AliasName": "alias/thing",
        "GranteePrincipal": "arn:aws:iam::000000000000:root",
        "RetiringPrincipal": "arn:aws:iam::000000000000:root",
        "ReplicaRegion": "eu-west-1",
        "PrimaryRegion": "eu-west-1",
        "VolumeId": things["volume"],
        "SnapshotId": things["snapshot"],
        "SourceSnapshotId": things["snapshot"],
        "SecondSnapshotId": things["snapshot"],
        "SourceRegion": "us-east-1",
        "InstanceId": things["instance"],
        "ImageId": "ami-0123456789abcdef0",
        "PolicyArn": things["policy"],
        "PermissionsBoundary": things["policy"],
        "PolicySourceArn": "arn:aws:iam::000000000000:user/thing",
        "PolicyDocument": document(statement("ec2:DescribeVolumes")),
        "AssumeRolePolicyDocument": TRUST,
        "Policy": json.dumps(
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "kms:*", "Resource": "*"}]}
        ),
        "RoleArn": "arn:aws:iam::000000000000:role/thing",
        "AWSServiceName": "ebs.amazonaws.com",
        "AvailabilityZone": ZONE,
        "Resources": [things["volume"]],
        "ResourceArn": things["policy"],
        "VersionId": "v1",
        "Status": "Active",
        "Attribute": "createVolumePermission",
        "Device": "/dev/sdq",
        "BlockToken": "x" * 24,
        "EncodedMessage": "x" * 40,
        "RoleSessionName": "thing",
        "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "State": "block-new-sharing",
        "LockMode": "governance",
        "LockDuration": 1,
        "AvailabilityZones": [ZONE],
        "SourceSnapshotIds": [things["snapshot"]],
        "SnapshotIds": [things["snapshot"]],
        "VolumeIds": [things["volume"]],
        "InstanceIds": [things["instance"]],
        "Email": "thing@example.com",
        "PublicKey": b"x" * 91,
        "Content": document(statement("ec2:*", effect="Deny")),
    }
    if service == "iam" and name == "PolicyName":
        return "thing"
    return fixed.get(name)


# What a call needs beyond its required members.
MORE = {
    "ec2:CreateVolume": lambda t: {"AvailabilityZone": ZONE, "Size": 1},
    "ec2:ModifyVolume": lambda t: {"Size": 2},
    "ec2:ModifyVolumeAttribute": lambda t: {"AutoEnableIO": {"Value": True}},
    "ec2:DescribeVolumeAttribute": lambda t: {"Attribute": "autoEnableIO"},
    "ec2:ModifySnapshotAttribute": lambda t: {"OperationType": "add", "UserIds": ["123456789012"]},
    "ec2:CreateSnapshots": lambda t: {"InstanceSpecification": {"InstanceId": t["instance"]}},
    "ec2:LockSnapshot": lambda t: {"LockMode": "governance", "LockDuration": 1},
    "ec2:EnableFastSnapshotRestores": lambda t: {"AvailabilityZones": [ZONE]},
    "ec2:DisableFastSnapshotRestores": lambda t: {"AvailabilityZones": [ZONE]},
    "ec2:RunInstances": lambda t: {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro"},
    "ebs:PutSnapshotBlock": lambda t: {
        "BlockData": bytes(BLOCK),
        "DataLength": BLOCK,
        "Checksum": checksum(bytes(BLOCK)),
        "ChecksumAlgorithm": "SHA256",
    },
    "kms:GenerateDataKey": lambda t: {"KeySpec": "AES_256"},
    "kms:GenerateDataKeyWithoutPlaintext": lambda t: {"KeySpec": "AES_256"},
    "kms:CreateGrant": lambda t: {"GranteePrincipal": "arn:aws:iam::000000000000:root", "Operations": ["Decrypt"]},
    "kms:Decrypt": lambda t: {"CiphertextBlob": t["blob"]},
    "kms:ReEncrypt": lambda t: {"CiphertextBlob": t["blob"]},
    "kms:ImportKeyMaterial": lambda t: {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
    "kms:ListRetirableGrants": lambda t: {"RetiringPrincipal": "arn:aws:iam::000000000000:root"},
    "kms:GenerateRandom": lambda t: {"NumberOfBytes": 8},
    "kms:RetireGrant": lambda t: {"KeyId": t["key"], "GrantId": t["grant"]},
    "kms:PutKeyPolicy": lambda t: {"BypassPolicyLockoutSafetyCheck": True},
    "iam:CreateUser": lambda t: {"UserName": "another"},
    "iam:CreateGroup": lambda t: {"GroupName": "another"},
    "iam:CreateRole": lambda t: {"RoleName": "another"},
    "iam:CreatePolicy": lambda t: {"PolicyName": "another"},
    "iam:CreateInstanceProfile": lambda t: {"InstanceProfileName": "another"},
    "iam:GetUser": lambda t: {"UserName": "thing"},
    "iam:CreateAccessKey": lambda t: {"UserName": "thing"},
    "iam:ListAccessKeys": lambda t: {"UserName": "thing"},
    "iam:DeleteAccessKey": lambda t: {"UserName": "thing"},
    "iam:UpdateAccessKey": lambda t: {"UserName": "thing"},
    "iam:SimulateCustomPolicy": lambda t: {
        "PolicyInputList": [document(statement("ec2:*"))],
        "ActionNames": ["ec2:DescribeVolumes"],
    },
    "iam:SimulatePrincipalPolicy": lambda t: {"ActionNames": ["ec2:DescribeVolumes"]},
    "iam:GetContextKeysForCustomPolicy": lambda t: {"PolicyInputList": [document(statement("ec2:*"))]},
    "organizations:ListPolicies": lambda t: {"Filter": "SERVICE_CONTROL_POLICY"},
}


def made_up(shape, service, name, things, depth=0):
    """A value of a shape: by the member's name, else the plainest there is."""
    given = named(service, name, things)
    if given is not None and not (shape.type_name == "list" and not isinstance(given, list)):
        return given
    kind = shape.type_name
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return "thing" if shape.metadata.get("min", 0) <= 5 else "thing" * shape.metadata["min"]
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if kind == "boolean":
        return True
    if kind in ("float", "double"):
        return 1.0
    if kind == "blob":
        return b"x" * 32
    if kind == "list":
        return [made_up(shape.member, service, name, things, depth + 1)]
    if kind == "map":
        return {"a": "b"}
    if kind == "structure" and depth < 5:
        return {
            m: made_up(s, service, m, things, depth + 1)
            for m, s in shape.members.items()
            if m in shape.required_members or m in ("Key", "Value", "TagKey", "TagValue")
        }
    raise AssertionError(f"no value can be made up for {name} ({kind})")


@functools.cache
def model(service):
    return SESSION.client(service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta


def request(action, things):
    service, name = action["Service"], action["Action"]
    shape = model(service).service_model.operation_model(name).input_shape
    required = shape.required_members if shape is not None else []
    built = {m: made_up(shape.members[m], service, m, things) for m in required}
    return built | MORE.get(f"{service}:{name}", lambda t: {})(things)


def ask(person, action, asked):
    client = person.client(action["Service"])
    method = model(action["Service"]).method_to_api_mapping
    name = next(m for m, api in method.items() if api == action["Action"])
    try:
        getattr(client, name)(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None, ""


@pytest.fixture(scope="module")
def nobody(server):
    return Person(server)


@pytest.fixture(scope="module")
def somebody(server):
    return Person(server)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: f"{a['Service']}:{a['Action']}")
def test_the_permission_is_needed_and_enough(server, things, nobody, somebody, action):
    asked = request(action, things)
    permission = f"{action['Service']}:{action['Action']}"
    code, message = ask(nobody, action, asked)
    if permission in FREE:
        assert code not in DENIED, (permission, code, message)
        return
    assert code in DENIED, (permission, asked, code, message)
    assert nobody.arn in message and "is not authorized to perform: " in message, message
    # ReEncrypt is two permissions; RunInstances and others touch several things, but the action's own comes first.
    wanted = {"kms:ReEncrypt": ["kms:ReEncryptFrom", "kms:ReEncryptTo"]}.get(permission, [action["Permission"]])
    assert any(f"perform: {w} on resource: " in message for w in wanted), (permission, message)
    somebody.may(statement(wanted))
    code, message = ask(somebody, action, asked)
    refused_for_it = code in DENIED and any(f"perform: {w} " in message for w in wanted) and "AssumeRole" not in permission
    assert not refused_for_it, (permission, asked, code, message)
    # Another action's permission is none. (What the call above has ended or deleted may be gone by now.)
    somebody.may(statement("s3:GetObject"))
    code, _ = ask(somebody, action, asked)
    assert code in DENIED or code == "NotFoundException", (permission, code)
