"""Attaching and detaching: states, refusals, devices, Multi-Attach."""

import pytest
from support.checks import refused, until
from support.ec2 import ZONE, attach, attachment, await_volume, describe, detach, instance, volume

pytestmark = pytest.mark.catalog

MISSING_VOLUME, MISSING_INSTANCE = "vol-0123456789abcdef0", "i-0123456789abcdef0"


@pytest.fixture(scope="module")
def host(ec2):
    return instance(ec2)


def test_attach_and_detach_answer_and_show_what_aws_shows(ec2, host):
    disk = volume(ec2, Encrypted=True)
    answer = ec2.attach_volume(VolumeId=disk, InstanceId=host, Device="/dev/sdf")
    assert (answer["VolumeId"], answer["InstanceId"], answer["Device"]) == (disk, host, "/dev/sdf")
    assert answer["State"] == "attaching" and answer["DeleteOnTermination"] is False and answer["AttachTime"]
    shown = await_volume(ec2, disk, "in-use")
    attached = until(lambda: (a := attachment(ec2, disk)) and a["State"] == "attached" and a)
    assert attached["DeleteOnTermination"] is False and attached["Device"] == "/dev/sdf"
    assert shown["Attachments"][0]["InstanceId"] == host
    answer = ec2.detach_volume(VolumeId=disk)
    assert (answer["State"], answer["InstanceId"]) == ("detaching", host)
    assert await_volume(ec2, disk, "available")["Attachments"] == []


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_volume_comes_and_goes_many_times(ec2, host, encrypted):
    disk = volume(ec2, Encrypted=encrypted)
    for _ in range(5):
        attach(ec2, disk, host, "/dev/sdg")
        detach(ec2, disk)
    await_volume(ec2, disk, "available")


def test_what_is_attached_cannot_be_attached_or_deleted(ec2, host):
    disk, other = volume(ec2), instance(ec2)
    attach(ec2, disk, host, "/dev/sdh")
    for target in (host, other):
        with refused("VolumeInUse", f"{disk} is already attached to an instance"):
            ec2.attach_volume(VolumeId=disk, InstanceId=target, Device="/dev/sdi")
    with refused("VolumeInUse", f"Volume {disk} is currently attached to {host}"):
        ec2.delete_volume(VolumeId=disk)
    detach(ec2, disk)


def test_a_device_name_holds_one_volume(ec2, host):
    first, second = volume(ec2), volume(ec2)
    attach(ec2, first, host, "/dev/sdj")
    words = "Invalid value '/dev/sdj' for unixDevice. Attachment point /dev/sdj is already in use"
    with refused("InvalidParameterValue", words):
        ec2.attach_volume(VolumeId=second, InstanceId=host, Device="/dev/sdj")
    assert describe(ec2, second)["State"] == "available"
    detach(ec2, first)
    attach(ec2, second, host, "/dev/sdj")
    detach(ec2, second)


@pytest.mark.parametrize("device", ["", "sd", "/dev/null", "/etc/passwd", "/dev/sdf/../sdg", "/dev/sd1", "/dev/SDF", "x" * 300])
def test_device_names_have_a_form(server, host, device):
    ec2 = server.client("ec2", validate=False)
    disk = volume(ec2)
    with refused("InvalidParameterValue" if device else ("MissingParameter", "InvalidParameterValue")):
        ec2.attach_volume(VolumeId=disk, InstanceId=host, Device=device)


def test_volume_and_instance_must_share_a_zone(ec2, host):
    disk = volume(ec2, AvailabilityZone="us-east-1b")
    with refused("InvalidVolume.ZoneMismatch"):
        ec2.attach_volume(VolumeId=disk, InstanceId=host, Device="/dev/sdk")
    assert describe(ec2, disk)["State"] == "available"


def test_both_must_be_there(ec2, host):
    disk = volume(ec2)
    with refused("InvalidVolume.NotFound", f"The volume '{MISSING_VOLUME}' does not exist."):
        ec2.attach_volume(VolumeId=MISSING_VOLUME, InstanceId=host, Device="/dev/sdk")
    with refused("InvalidInstanceID.NotFound", f"The instance ID '{MISSING_INSTANCE}' does not exist"):
        ec2.attach_volume(VolumeId=disk, InstanceId=MISSING_INSTANCE, Device="/dev/sdk")
    with refused("InvalidInstanceID.Malformed"):
        ec2.attach_volume(VolumeId=disk, InstanceId="i-x", Device="/dev/sdk")
    with refused("InvalidVolume.NotFound"):
        ec2.detach_volume(VolumeId=MISSING_VOLUME)


def test_detaching_needs_an_attachment(ec2, host):
    disk, other = volume(ec2), instance(ec2)
    with refused("IncorrectState", f"Volume '{disk}' is in the 'available' state."):
        ec2.detach_volume(VolumeId=disk)
    attach(ec2, disk, host, "/dev/sdl")
    with refused("InvalidAttachment.NotFound"):
        ec2.detach_volume(VolumeId=disk, InstanceId=other)
    with refused("InvalidAttachment.NotFound"):
        ec2.detach_volume(VolumeId=disk, Device="/dev/sdm")
    ec2.detach_volume(VolumeId=disk, InstanceId=host, Device="/dev/sdl")
    await_volume(ec2, disk, "available")


def test_force_detaches_too(ec2, host):
    disk = volume(ec2)
    attach(ec2, disk, host, "/dev/sdn")
    ec2.detach_volume(VolumeId=disk, Force=True)
    await_volume(ec2, disk, "available")


@pytest.mark.parametrize("kind", ["io1", "io2"])
def test_multi_attach_serves_several_instances(ec2, server, kind):
    disk = volume(ec2, Size=4, VolumeType=kind, Iops=100, MultiAttachEnabled=True, Encrypted=True)
    hosts = [instance(ec2) for _ in range(3)]
    for host in hosts:
        attach(ec2, disk, host, "/dev/sdf")
    assert len(describe(ec2, disk)["Attachments"]) == 3
    with refused("VolumeInUse"):
        ec2.attach_volume(VolumeId=disk, InstanceId=hosts[0], Device="/dev/sdo")
    with refused("InvalidParameterCombination"):
        ec2.detach_volume(VolumeId=disk)
    detach(ec2, disk, hosts[1])
    assert {a["InstanceId"] for a in describe(ec2, disk)["Attachments"]} == {hosts[0], hosts[2]}
    assert describe(ec2, disk)["State"] == "in-use"
    detach(ec2, disk, hosts[0])
    detach(ec2, disk, hosts[2])
    await_volume(ec2, disk, "available")


def test_an_instance_takes_27_volumes(ec2):
    host = instance(ec2)
    disks = [ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"] for _ in range(28)]
    for disk in disks:
        await_volume(ec2, disk, "available")
    names = [f"/dev/xvd{a}{b}" for a in "bc" for b in "abcdefghijklmnopqrstuvwxyz"]
    for disk, name in zip(disks[:27], names):
        ec2.attach_volume(VolumeId=disk, InstanceId=host, Device=name)
    with refused("AttachmentLimitExceeded"):
        ec2.attach_volume(VolumeId=disks[27], InstanceId=host, Device=names[27])
    for disk in disks[:27]:
        until(lambda disk=disk: attachment(ec2, disk)["State"] == "attached")
    ec2.terminate_instances(InstanceIds=[host])
    for disk in disks[:27]:
        await_volume(ec2, disk, "available")


def test_attach_right_after_create_says_what_state_it_is_in(ec2, host):
    for _ in range(5):
        disk = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        try:
            ec2.attach_volume(VolumeId=disk, InstanceId=host, Device="/dev/sdp")
        except ec2.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "IncorrectState"
        else:
            until(lambda: attachment(ec2, disk)["State"] == "attached")
            detach(ec2, disk)
        await_volume(ec2, disk, "available")
        ec2.delete_volume(VolumeId=disk)
