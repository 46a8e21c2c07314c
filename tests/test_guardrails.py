"""Guardrails as their authors test them before production: a policy that denies unencrypted volumes stops every way in, control
policies bind a whole account, boundaries and session policies narrow, and each refusal tells which statement it was."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from support.checks import refused
from support.ec2 import IMAGE, ZONE, instance, volume
from support.people import Person, assume, clients_of, document, role, statement
from support.snapshots import snapshot

pytestmark = pytest.mark.catalog

DENY_PLAIN = statement("*", effect="Deny", Condition={"Bool": {"ec2:Encrypted": "false"}})


def decoded(server, refusal):
    """The message that EC2 hides from who is refused, as STS shows it to who may see it."""
    text = refusal.response["Error"]["Message"]
    blob = text.split("Encoded authorization failure message: ")[1].strip()
    return json.loads(server.client("sts").decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])


@pytest.fixture(scope="module")
def plain(ec2):
    return snapshot(ec2, volume(ec2))


@pytest.fixture(scope="module")
def guarded(server):
    return Person(server, statement(["ec2:*", "kms:*", "iam:*"]), DENY_PLAIN)


def ways_in(ec2, plain):
    mapping = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "Encrypted": False}}]
    unsaid = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}]
    launch = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return {
        "CreateVolume": lambda: ec2.create_volume(AvailabilityZone=ZONE, Size=1),
        "CreateVolume, said aloud": lambda: ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=False),
        "CreateVolume from a snapshot": lambda: ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=plain),
        "RunInstances": lambda: ec2.run_instances(**launch, BlockDeviceMappings=mapping),
        "RunInstances, unsaid": lambda: ec2.run_instances(**launch, BlockDeviceMappings=unsaid),
        "CopySnapshot": lambda: ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=plain),
    }


def test_no_way_in_leads_to_an_unencrypted_volume(server, guarded, plain):
    ec2 = guarded.client("ec2")
    before = {v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]}
    for name, way in ways_in(ec2, plain).items():
        with refused("UnauthorizedOperation", status=403) as caught:
            way()
        message = caught.value.response["Error"]["Message"]
        assert "with an explicit deny in an identity-based policy" in message, (name, message)
        told = decoded(server, caught.value)
        assert told["allowed"] is False and told["explicitDeny"] is True, (name, told)
    assert {v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]} == before


def test_encrypted_ones_are_let_through_also_by_default(server, plain):
    """The deny is about volumes here: a plain snapshot as the source is itself something unencrypted that a call touches."""
    about_volumes = DENY_PLAIN | {"Resource": "arn:aws:ec2:*:*:volume/*"}
    ec2, root = Person(server, statement(["ec2:*", "kms:*"]), about_volumes).client("ec2"), server.client("ec2")
    volume(ec2, Encrypted=True)
    ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=plain, Encrypted=True)
    with refused("UnauthorizedOperation"):
        ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=plain)
    root.enable_ebs_encryption_by_default()
    try:
        for name, way in ways_in(ec2, plain).items():
            if "aloud" not in name and name != "RunInstances":
                way()
    finally:
        root.disable_ebs_encryption_by_default()


def test_an_action_not_allowed_is_refused_before_anything_is_looked_up(server):
    nobody = Person(server, statement("ec2:DescribeVolumes"))
    ec2 = nobody.client("ec2")
    assert "Volumes" in ec2.describe_volumes()
    for way in (
        lambda: ec2.delete_volume(VolumeId="vol-00000000000000000"),
        lambda: ec2.create_volume(AvailabilityZone=ZONE, Size=1),
        lambda: ec2.create_volume(AvailabilityZone=ZONE, Size=1, DryRun=True),
        lambda: ec2.enable_ebs_encryption_by_default(),
        lambda: ec2.describe_snapshots(OwnerIds=["self"]),
    ):
        with refused("UnauthorizedOperation", status=403) as caught:
            way()
        message = caught.value.response["Error"]["Message"]
        assert f"User: {nobody.arn} is not authorized to perform: ec2:" in message
        assert "because no identity-based policy allows the ec2:" in message


def test_dry_run_tells_who_may(server, guarded):
    ec2 = guarded.client("ec2")
    with refused("DryRunOperation", status=412):
        ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, DryRun=True)
    with refused("UnauthorizedOperation", status=403):
        ec2.create_volume(AvailabilityZone=ZONE, Size=1, DryRun=True)


@pytest.mark.parametrize(
    "condition, good, bad",
    [
        ({"StringEquals": {"ec2:VolumeType": "gp3"}}, {}, {"VolumeType": "gp2"}),
        ({"NumericLessThanEquals": {"ec2:VolumeSize": "4"}}, {"Size": 4}, {"Size": 5}),
        ({"NumericLessThanEquals": {"ec2:VolumeIops": "4000"}}, {"Size": 10, "Iops": 4000}, {"Size": 10, "Iops": 4001}),
        ({"NumericLessThanEquals": {"ec2:VolumeThroughput": "200"}}, {"Throughput": 200}, {"Throughput": 201}),
        ({"Bool": {"ec2:Encrypted": "true"}}, {"Encrypted": True}, {"Encrypted": False}),
        ({"StringEquals": {"ec2:AvailabilityZone": ZONE}}, {}, {"AvailabilityZone": "us-east-1b"}),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, {}, None),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, None, {}),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {}, None),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, None, {}),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, None, {}),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_condition_key_of_create_volume_decides(server, condition, good, bad):
    person = Person(server, statement("ec2:CreateVolume", Condition=condition))
    ask = {"AvailabilityZone": ZONE, "Size": 1, "VolumeType": "gp3", "DryRun": True}
    if good is not None:
        with refused("DryRunOperation"):
            person.client("ec2").create_volume(**(ask | good))
    if bad is not None:
        with refused("UnauthorizedOperation"):
            person.client("ec2").create_volume(**(ask | bad))


def test_tags_on_creation_need_create_tags_and_can_be_demanded(server, ec2):
    tags = lambda key: [{"ResourceType": "volume", "Tags": [{"Key": key, "Value": "x"}]}]  # noqa: E731
    ask = {"AvailabilityZone": ZONE, "Size": 1, "DryRun": True}
    untagging = Person(server, statement("ec2:CreateVolume"))
    with refused("UnauthorizedOperation") as caught:
        untagging.client("ec2").create_volume(**ask, TagSpecifications=tags("team"))
    assert "ec2:CreateTags" in caught.value.response["Error"]["Message"]
    demanding = Person(
        server,
        statement("ec2:CreateVolume", Condition={"Null": {"aws:RequestTag/team": "false"}}),
        statement("ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": "CreateVolume"}}),
    )
    with refused("DryRunOperation"):
        demanding.client("ec2").create_volume(**ask, TagSpecifications=tags("team"))
    with refused("UnauthorizedOperation"):
        demanding.client("ec2").create_volume(**ask, TagSpecifications=tags("other"))
    mine = volume(ec2, TagSpecifications=tags("team"))
    with refused("UnauthorizedOperation"):
        demanding.client("ec2").create_tags(Resources=[mine], Tags=[{"Key": "a", "Value": "b"}])


def test_resource_tags_decide_about_existing_volumes(server, ec2):
    owned = volume(ec2, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "owner", "Value": "ann"}]}])
    other = volume(ec2)
    ann = Person(server, statement("ec2:DeleteVolume", Condition={"StringEquals": {"aws:ResourceTag/owner": "ann"}}))
    with refused("UnauthorizedOperation"):
        ann.client("ec2").delete_volume(VolumeId=other)
    ann.client("ec2").delete_volume(VolumeId=owned)


def test_a_boundary_takes_what_the_policies_give(server):
    iam = server.client("iam")
    name = f"b-{uuid.uuid4().hex[:8]}"
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=document(statement("ec2:Describe*")))["Policy"]["Arn"]
    person = Person(server, statement("ec2:*"))
    iam.put_user_permissions_boundary(UserName=person.name, PermissionsBoundary=boundary)
    person.client("ec2").describe_volumes()
    with refused("UnauthorizedOperation") as caught:
        person.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1)
    assert "no permissions boundary allows the ec2:CreateVolume action" in caught.value.response["Error"]["Message"]
    iam.delete_user_permissions_boundary(UserName=person.name)
    with refused("DryRunOperation"):
        person.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1, DryRun=True)


def test_a_group_gives_and_its_removal_takes(server):
    iam = server.client("iam")
    group = f"g-{uuid.uuid4().hex[:8]}"
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document(statement("ec2:DescribeVolumes")))
    person = Person(server)
    with refused("UnauthorizedOperation"):
        person.client("ec2").describe_volumes()
    iam.add_user_to_group(GroupName=group, UserName=person.name)
    person.client("ec2").describe_volumes()
    iam.remove_user_from_group(GroupName=group, UserName=person.name)
    with refused("UnauthorizedOperation"):
        person.client("ec2").describe_volumes()


def test_sessions_have_names_tags_limits_and_an_end(server):
    caller = Person(server, statement(["sts:AssumeRole", "sts:TagSession"]))
    arn = role(
        server,
        caller.arn,
        statement("ec2:DescribeVolumes", Condition={"StringEquals": {"aws:PrincipalTag/team": "storage"}}),
    )
    sts = caller.client("sts")
    tagged = assume(server, sts, arn, "ann", Tags=[{"Key": "team", "Value": "storage"}])
    who = tagged("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{arn.split('/')[-1]}/ann"
    tagged("ec2").describe_volumes()
    with refused("UnauthorizedOperation"):
        assume(server, sts, arn, "bob")("ec2").describe_volumes()
    for seconds in (899, 43201):
        with refused("ValidationError"):
            sts.assume_role(RoleArn=arn, RoleSessionName="somebody", DurationSeconds=seconds)
    with refused("ValidationError"):
        sts.assume_role(RoleArn=arn, RoleSessionName="somebody", DurationSeconds=7200)
    with refused("AccessDenied", status=403):
        Person(server, statement("sts:*")).client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")
    with refused("AccessDenied", status=403):
        server.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")


def test_the_user_of_a_deleted_name_does_not_come_back(server, kms):
    """A key policy and a trust policy mean the user that was there, not whoever takes the name later."""
    first = Person(server)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    root = statement("kms:*", Principal={"AWS": "arn:aws:iam::000000000000:root"})
    mine = statement(["kms:Encrypt"], Principal={"AWS": first.arn})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(root, mine))
    trusting = role(server, first.arn, statement("ec2:*"))
    first.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    iam = server.client("iam")
    iam.delete_access_key(UserName=first.name, AccessKeyId=first.key["AccessKeyId"])
    iam.delete_user(UserName=first.name)
    second = Person(server, name=first.name)
    assert second.arn == first.arn and second.id != first.id
    with refused("AccessDeniedException"):
        second.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    with refused("AccessDenied"):
        second.client("sts").assume_role(RoleArn=trusting, RoleSessionName="somebody")
    shown = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert first.id in shown and first.arn not in shown


def test_credentials_end_with_their_owner(server):
    person = Person(server, statement("ec2:DescribeVolumes"))
    ec2, iam = person.client("ec2"), server.client("iam")
    ec2.describe_volumes()
    iam.update_access_key(UserName=person.name, AccessKeyId=person.key["AccessKeyId"], Status="Inactive")
    with refused("AuthFailure"):
        ec2.describe_volumes()
    iam.update_access_key(UserName=person.name, AccessKeyId=person.key["AccessKeyId"], Status="Active")
    ec2.describe_volumes()
    iam.delete_access_key(UserName=person.name, AccessKeyId=person.key["AccessKeyId"])
    with refused("AuthFailure"):
        ec2.describe_volumes()


# --- organizations


@pytest.fixture(scope="module")
def organization(server):
    client = server.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    made = client.create_account(AccountName="builders", Email="builders@example.com")["CreateAccountStatus"]
    return {"root": root, "client": client, "member": made["AccountId"]}


@pytest.fixture(scope="module")
def builder(server, organization):
    """Enters the member account by the role that was made with it."""
    admin = Person(server, statement("sts:AssumeRole"))
    arn = f"arn:aws:iam::{organization['member']}:role/OrganizationAccountAccessRole"
    return assume(server, admin.client("sts"), arn)


def test_the_management_account_enters_its_member_by_the_role(organization, builder):
    who = builder("sts").get_caller_identity()
    assert who["Account"] == organization["member"]
    builder("ec2").describe_volumes()


def test_a_control_policy_binds_even_the_administrator(server, organization, builder):
    client = organization["client"]
    made = client.create_policy(
        Name="encrypt", Description="", Type="SERVICE_CONTROL_POLICY", Content=document(DENY_PLAIN)
    )["Policy"]["PolicySummary"]["Id"]
    ask = {"AvailabilityZone": ZONE, "Size": 1, "DryRun": True}
    with refused("DryRunOperation"):
        builder("ec2").create_volume(**ask)
    client.attach_policy(PolicyId=made, TargetId=organization["root"])
    with refused("UnauthorizedOperation") as caught:
        builder("ec2").create_volume(**ask)
    assert "with an explicit deny in a service control policy" in caught.value.response["Error"]["Message"]
    with refused("DryRunOperation"):
        builder("ec2").create_volume(**ask, Encrypted=True)
    # The management account itself is not bound.
    with refused("DryRunOperation"):
        server.client("ec2").create_volume(**ask)
    client.detach_policy(PolicyId=made, TargetId=organization["root"])
    client.delete_policy(PolicyId=made)
    with refused("DryRunOperation"):
        builder("ec2").create_volume(**ask)


def test_what_no_level_allows_nobody_may(organization, builder):
    client = organization["client"]
    unit = client.create_organizational_unit(ParentId=organization["root"], Name="lab")["OrganizationalUnit"]["Id"]
    client.move_account(
        AccountId=organization["member"], SourceParentId=organization["root"], DestinationParentId=unit
    )
    narrow = client.create_policy(
        Name="narrow", Description="", Type="SERVICE_CONTROL_POLICY", Content=document(statement("ec2:Describe*"))
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=narrow, TargetId=unit)
    builder("kms").list_keys()
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    builder("ec2").describe_volumes()
    with refused("AccessDeniedException") as caught:
        builder("kms").list_keys()
    assert "no service control policy allows the kms:ListKeys action" in caught.value.response["Error"]["Message"]
    client.attach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    builder("kms").list_keys()


# --- accounts of the operator


def test_the_operator_makes_accounts_and_their_roots_work(make_server):
    server = make_server(dev=False)
    first = server.sealvol("account", "create", "lab", "--email", "lab@example.com").stdout
    assert first.startswith("# Root credentials of account ")
    lines = dict(line.split(" = ") for line in first.splitlines() if " = " in line)
    credentials = {"AccessKeyId": lines["aws_access_key_id"], "SecretAccessKey": lines["aws_secret_access_key"]}
    lab = clients_of(server, credentials)
    account = lab("sts").get_caller_identity()["Account"]
    assert account in first and account in server.sealvol("account", "list").stdout
    assert volume(lab("ec2"), Encrypted=True).startswith("vol-")
    import subprocess
    from support.server import binary

    environment = server.environment() | {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
    }
    refusal = subprocess.run([binary(), "account", "create", "x"], env=environment, capture_output=True, text=True)
    assert refusal.returncode == 1 and "AccessDenied" in refusal.stderr
