"""Instances, as far as volumes need something to be attached to."""

import uuid

import pytest
from support.checks import refused, until
from support.ec2 import IMAGE, ZONE, attach, await_instance, await_volume, describe, describe_instance, instance, volume

pytestmark = pytest.mark.catalog

MISSING = "i-0123456789abcdef0"


def mapping(device, **ebs):
    return {"DeviceName": device, "Ebs": {"VolumeSize": 1} | ebs}


def test_a_launch_answers_pending_and_then_runs(ec2):
    answer = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=2, MaxCount=2)
    assert answer["ReservationId"].startswith("r-") and answer["OwnerId"] == "000000000000"
    assert len(answer["Instances"]) == 2
    assert {i["AmiLaunchIndex"] for i in answer["Instances"]} == {0, 1}
    for launched in answer["Instances"]:
        assert launched["State"] == {"Code": 0, "Name": "pending"}
        shown = await_instance(ec2, launched["InstanceId"], "running")
        assert shown["State"] == {"Code": 16, "Name": "running"}
        assert (shown["ImageId"], shown["InstanceType"]) == (IMAGE, "t3.micro")
        assert shown["Placement"]["AvailabilityZone"] == ZONE


def test_a_launch_makes_and_attaches_its_volumes(ec2):
    mappings = [mapping("/dev/sdf", Encrypted=True), mapping("/dev/sdg", VolumeSize=2, VolumeType="gp3", DeleteOnTermination=True)]
    specifications = [
        {"ResourceType": "instance", "Tags": [{"Key": "is", "Value": "instance"}]},
        {"ResourceType": "volume", "Tags": [{"Key": "is", "Value": "volume"}]},
    ]
    made = instance(ec2, BlockDeviceMappings=mappings, TagSpecifications=specifications)
    shown = describe_instance(ec2, made)
    assert shown["Tags"] == [{"Key": "is", "Value": "instance"}]
    devices = {m["DeviceName"]: m["Ebs"] for m in shown["BlockDeviceMappings"]}
    assert devices.keys() == {"/dev/sdf", "/dev/sdg"}
    assert all(d["Status"] == "attached" for d in devices.values())
    kept, doomed = devices["/dev/sdf"], devices["/dev/sdg"]
    assert kept["DeleteOnTermination"] is False and doomed["DeleteOnTermination"] is True
    first = describe(ec2, kept["VolumeId"])
    assert first["Encrypted"] is True and first["KmsKeyId"].startswith("arn:aws:kms:us-east-1:000000000000:key/")
    assert first["State"] == "in-use" and first["Tags"] == [{"Key": "is", "Value": "volume"}]
    assert describe(ec2, doomed["VolumeId"])["Size"] == 2
    ec2.terminate_instances(InstanceIds=[made])
    await_instance(ec2, made, "terminated")
    await_volume(ec2, doomed["VolumeId"], None)
    assert await_volume(ec2, kept["VolumeId"], "available")["Attachments"] == []


def test_termination_is_told_as_in_aws_and_may_be_repeated(ec2):
    made = instance(ec2)
    (change,) = ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"]
    assert change["InstanceId"] == made and change["PreviousState"]["Name"] == "running"
    assert change["CurrentState"]["Name"] in ("shutting-down", "terminated")
    shown = await_instance(ec2, made, "terminated")
    assert shown["State"]["Code"] == 48
    assert shown["StateReason"] == {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
    }
    assert shown["StateTransitionReason"].startswith("User initiated (") and shown["StateTransitionReason"].endswith(" GMT)")
    again = ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"]
    assert again[0]["CurrentState"]["Name"] == "terminated"


def test_a_client_token_launches_once(ec2):
    token = uuid.uuid4().hex
    request = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "ClientToken": token}
    first = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    assert ec2.run_instances(**request)["Instances"][0]["InstanceId"] == first
    with refused("IdempotentParameterMismatch"):
        ec2.run_instances(**(request | {"InstanceType": "t3.large"}))


@pytest.mark.parametrize(
    "change, code",
    [
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue"),
        ({"MaxCount": 1_000_000}, "InstanceLimitExceeded"),
        ({"ImageId": "ami-x"}, "InvalidAMIID.Malformed"),
        ({"ImageId": ""}, "MissingParameter"),
        ({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "InvalidParameterValue"),
        ({"BlockDeviceMappings": [mapping("/dev/sdf"), mapping("/dev/sdf")]}, "InvalidBlockDeviceMapping"),
        ({"BlockDeviceMappings": [mapping("/dev/sdf", VolumeSize=0)]}, "InvalidParameterValue"),
        ({"BlockDeviceMappings": [mapping("/dev/sdf", KmsKeyId="alias/x")]}, "InvalidParameterDependency"),
        ({"BlockDeviceMappings": [mapping("/dev/sdf", VolumeType="io1", VolumeSize=4)]}, "MissingParameter"),
        ({"BlockDeviceMappings": [mapping("nonsense")]}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "nonsense", "Tags": []}]}, "InvalidParameterValue"),
    ],
)
def test_launches_that_cannot_be_are_refused_and_leave_nothing(ec2, change, code):
    count = lambda: (len(ec2.describe_volumes()["Volumes"]), len(ec2.describe_instances()["Reservations"]))
    before = count()
    request = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | change
    with refused(code, status=400):
        ec2.run_instances(**request)
    assert count() == before


@pytest.mark.parametrize(
    "wish",
    [
        {"LaunchTemplate": {"LaunchTemplateName": "x"}},
        {"DisableApiTermination": True},
        {"InstanceMarketOptions": {"MarketType": "spot"}},
        {"SubnetId": "subnet-0123456789abcdef0"},
        {"InstanceType": "z9.huge"},
    ],
    ids=lambda wish: next(iter(wish)),
)
def test_a_wish_that_cannot_be_fulfilled_is_refused_not_forgotten(ec2, wish):
    """Somebody who asked for termination protection and got an instance believes that it is protected."""
    request = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | wish
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ec2.run_instances(**request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_ids(ec2):
    with refused("InvalidInstanceID.NotFound", f"The instance ID '{MISSING}' does not exist"):
        ec2.describe_instances(InstanceIds=[MISSING])
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=[MISSING])
    for bad in ("i-1", "vol-0123456789abcdef0", "nonsense"):
        with refused("InvalidInstanceID.Malformed"):
            ec2.describe_instances(InstanceIds=[bad])
        with refused("InvalidInstanceID.Malformed"):
            ec2.terminate_instances(InstanceIds=[bad])


def test_terminating_several_is_all_or_nothing(ec2):
    made = instance(ec2)
    with refused("InvalidInstanceID.NotFound"):
        ec2.terminate_instances(InstanceIds=[made, MISSING])
    assert describe_instance(ec2, made)["State"]["Name"] == "running"


def test_filters_and_pages(server):
    ec2 = server.client("ec2", region="eu-west-2")
    made = [instance(ec2, wait=False, Placement={"AvailabilityZone": "eu-west-2b"}) for _ in range(7)]
    for one in made:
        await_instance(ec2, one, "running")
    ec2.create_tags(Resources=made[:2], Tags=[{"Key": "pick", "Value": "me"}])

    def ids(**asked):
        return sorted(i["InstanceId"] for r in ec2.describe_instances(**asked)["Reservations"] for i in r["Instances"])

    def by(name, *values):
        return [{"Name": name, "Values": list(values)}]

    assert ids() == sorted(made)
    assert ids(Filters=by("tag:pick", "me")) == sorted(made[:2])
    assert ids(Filters=by("instance-state-name", "running")) == sorted(made)
    assert ids(Filters=by("instance-state-name", "stopped")) == []
    assert ids(Filters=by("availability-zone", "eu-west-2b")) == sorted(made)
    assert ids(Filters=by("instance-id", made[3])) == [made[3]]
    with refused("InvalidParameterValue"):
        ids(Filters=by("nonsense", "x"))
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    seen = [i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]]
    assert len(pages) == 2 and sorted(seen) == sorted(made)


def test_a_terminated_instance_takes_no_volume(ec2):
    made, disk = instance(ec2), volume(ec2)
    ec2.terminate_instances(InstanceIds=[made])
    await_instance(ec2, made, "terminated")
    with refused("IncorrectState"):
        ec2.attach_volume(VolumeId=disk, InstanceId=made, Device="/dev/sdf")


def test_termination_lets_go_of_volumes_attached_later(ec2):
    made, disk = instance(ec2), volume(ec2)
    attach(ec2, disk, made)
    ec2.terminate_instances(InstanceIds=[made])
    await_volume(ec2, disk, "available")
