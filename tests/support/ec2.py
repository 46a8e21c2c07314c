"""Volumes and instances, made and ended the way tests need them."""

from botocore.exceptions import ClientError

from support.checks import until

IMAGE = "ami-0123456789abcdef0"
ZONE = "us-east-1a"


def volume(ec2, wait=True, **request):
    """Creates a volume (1 GiB gp3 if nothing else is said) and waits until it is available."""
    request = {"AvailabilityZone": ZONE, "Size": 1, "VolumeType": "gp3"} | request
    made = ec2.create_volume(**request)
    if wait:
        await_volume(ec2, made["VolumeId"], "available")
    return made["VolumeId"]


def describe(ec2, volume_id):
    """The volume as DescribeVolumes shows it, or None."""
    try:
        return ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidVolume.NotFound":
            return None
        raise


def await_volume(ec2, volume_id, state):
    """Waits for a state; None waits until the volume is gone."""
    if state is None:
        until(lambda: describe(ec2, volume_id) is None)
        return None
    return until(lambda: (v := describe(ec2, volume_id)) and v["State"] == state and v)


def instance(ec2, wait=True, **request):
    """Launches one instance and waits until it runs."""
    request = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | request
    request.setdefault("Placement", {"AvailabilityZone": ZONE})
    made = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    if wait:
        await_instance(ec2, made, "running")
    return made


def describe_instance(ec2, instance_id):
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def await_instance(ec2, instance_id, state):
    return until(lambda: (i := describe_instance(ec2, instance_id))["State"]["Name"] == state and i)


def attachment(ec2, volume_id, instance_id=None):
    """The attachment of a volume (to that instance), or None."""
    found = (describe(ec2, volume_id) or {}).get("Attachments", [])
    found = [a for a in found if instance_id in (None, a["InstanceId"])]
    return found[0] if found else None


def attach(ec2, volume_id, instance_id, device="/dev/sdf"):
    """Attaches and waits until it is attached."""
    ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=device)
    return until(lambda: (a := attachment(ec2, volume_id, instance_id)) and a["State"] == "attached" and a)


def detach(ec2, volume_id, instance_id=None):
    """Detaches and waits until the volume has let go."""
    named = {"InstanceId": instance_id} if instance_id else {}
    ec2.detach_volume(VolumeId=volume_id, **named)
    until(lambda: attachment(ec2, volume_id, instance_id) is None)
