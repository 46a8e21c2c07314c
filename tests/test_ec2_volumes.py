"""Volumes through EC2's API: every type and limit, dry runs, client tokens, filters, pages, tags, and every refusal."""

import datetime
import re
import time
import uuid

import pytest
from support.checks import refused, until
from support.ec2 import ZONE, await_volume, describe, volume
from support.sign import ec2_request

pytestmark = pytest.mark.catalog

VOLUME_ID = re.compile(r"^vol-[0-9a-f]{17}$")
MISSING = "vol-0123456789abcdef0"
DRY_RUN = "Request would have succeeded, but DryRun flag is set."


@pytest.fixture(scope="module")
def loose(server):
    """A client that sends whatever it is given."""
    return server.client("ec2", validate=False)


def place(**request):
    return {"AvailabilityZone": ZONE} | request


# --- CreateVolume


def test_a_new_volume_answers_and_reads_back_as_in_aws(ec2):
    before = datetime.datetime.now(datetime.UTC)
    made = ec2.create_volume(**place(Size=8))
    assert VOLUME_ID.match(made["VolumeId"])
    assert made["State"] == "creating" and made["Size"] == 8 and made["Encrypted"] is False
    assert made["SnapshotId"] == "" and made["AvailabilityZone"] == ZONE
    assert made["VolumeType"] == "gp2", "the API's default is gp2"
    assert made["Iops"] == 100
    assert "KmsKeyId" not in made and "OwnerId" not in made
    assert not made.get("Attachments")
    assert made["CreateTime"].microsecond == 0, "CreateVolume answers whole seconds"
    assert abs((made["CreateTime"] - before).total_seconds()) < 5
    shown = await_volume(ec2, made["VolumeId"], "available")
    for field in ("VolumeId", "Size", "Encrypted", "SnapshotId", "AvailabilityZone", "VolumeType", "Iops"):
        assert shown[field] == made[field], field
    assert shown["Attachments"] == [] and shown["MultiAttachEnabled"] is False
    assert int(shown["CreateTime"].timestamp()) == int(made["CreateTime"].timestamp())


def test_the_first_poll_of_a_waiter_finds_the_volume_ready(ec2):
    made = ec2.create_volume(**place(Size=1, Encrypted=True))["VolumeId"]
    time.sleep(1)
    began = time.monotonic()
    ec2.get_waiter("volume_available").wait(VolumeIds=[made])
    ec2.delete_volume(VolumeId=made)
    time.sleep(1)
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[made])
    assert time.monotonic() - began < 10, "EC2's waiters poll every 15 s"


TYPES = [
    # type, sizes that fit, sizes that do not, what makes the smallest complete
    ("gp3", (1, 65536), (0, 65537), {}),
    ("gp2", (1, 16384), (0, 16385), {}),
    ("io2", (4, 65536), (3, 65537), {"Iops": 100}),
    ("io1", (4, 16384), (3, 16385), {"Iops": 100}),
    ("st1", (125, 16384), (124, 16385), {}),
    ("sc1", (125, 16384), (124, 16385), {}),
    ("standard", (1, 1024), (0, 1025), {}),
]


@pytest.mark.parametrize("kind, fits, _, more", TYPES)
def test_every_type_has_its_smallest_and_largest_size(ec2, kind, fits, _, more):
    for size in fits:
        made = volume(ec2, Size=size, VolumeType=kind, **more)
        shown = describe(ec2, made)
        assert (shown["Size"], shown["VolumeType"]) == (size, kind)
        ec2.delete_volume(VolumeId=made)
        await_volume(ec2, made, None)


@pytest.mark.parametrize("kind, _, misfits, more", TYPES)
def test_no_type_goes_beyond_its_sizes(ec2, kind, _, misfits, more):
    for size in (*misfits, -1, 2**31 - 1, -(2**31)):
        with refused("InvalidParameterValue", status=400):
            ec2.create_volume(**place(Size=size, VolumeType=kind, **more))


@pytest.mark.parametrize(
    "request_, iops, throughput",
    [
        ({"VolumeType": "gp3", "Size": 1}, 3000, 125),
        ({"VolumeType": "gp3", "Size": 160, "Iops": 80000, "Throughput": 2000}, 80000, 2000),
        ({"VolumeType": "gp3", "Size": 7, "Iops": 3500}, 3500, 125),
        ({"VolumeType": "gp3", "Size": 1, "Throughput": 750}, 3000, 750),
        ({"VolumeType": "gp2", "Size": 1}, 100, None),
        ({"VolumeType": "gp2", "Size": 34}, 102, None),
        ({"VolumeType": "gp2", "Size": 5334}, 16000, None),
        ({"VolumeType": "io2", "Size": 4, "Iops": 4000}, 4000, None),
        ({"VolumeType": "io2", "Size": 256, "Iops": 256000}, 256000, None),
        ({"VolumeType": "io1", "Size": 4, "Iops": 200}, 200, None),
        ({"VolumeType": "io1", "Size": 1280, "Iops": 64000}, 64000, None),
        ({"VolumeType": "st1", "Size": 125}, None, None),
        ({"VolumeType": "standard", "Size": 1}, None, None),
        ({"VolumeType": "GP3", "Size": 1}, 3000, 125),
    ],
)
def test_performance_is_as_asked_or_derived(ec2, request_, iops, throughput):
    shown = describe(ec2, volume(ec2, **request_))
    assert shown.get("Iops") == iops and shown.get("Throughput") == throughput
    assert shown["VolumeType"] == request_["VolumeType"].lower()


@pytest.mark.parametrize(
    "request_, code",
    [
        ({"VolumeType": "gp3", "Size": 1, "Iops": 2999}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1, "Iops": 3001}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1000, "Iops": 80001}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1, "Throughput": 124}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1, "Throughput": 751}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1000, "Iops": 16000, "Throughput": 2001}, "InvalidParameterValue"),
        ({"VolumeType": "gp2", "Size": 10, "Iops": 300}, "InvalidParameterCombination"),
        ({"VolumeType": "gp2", "Size": 10, "Throughput": 250}, "InvalidParameterCombination"),
        ({"VolumeType": "st1", "Size": 125, "Iops": 100}, "InvalidParameterCombination"),
        ({"VolumeType": "io1", "Size": 4}, "MissingParameter"),
        ({"VolumeType": "io2", "Size": 4}, "MissingParameter"),
        ({"VolumeType": "io1", "Size": 4, "Iops": 201}, "InvalidParameterValue"),
        ({"VolumeType": "io2", "Size": 4, "Iops": 4001}, "InvalidParameterValue"),
        ({"VolumeType": "io1", "Size": 4, "Iops": 99}, "InvalidParameterValue"),
        ({"VolumeType": "io1", "Size": 16384, "Iops": 64001}, "InvalidParameterValue"),
        ({"VolumeType": "io2", "Size": 65536, "Iops": 256001}, "InvalidParameterValue"),
        ({"VolumeType": "gp3", "Size": 1, "MultiAttachEnabled": True}, "InvalidParameterCombination"),
        ({"VolumeType": "gp9", "Size": 1}, "UnknownVolumeType"),
        ({"VolumeType": "gp3"}, "MissingParameter"),
        ({"Size": 1, "KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
        ({"Size": 1, "KmsKeyId": "alias/x", "Encrypted": False}, "InvalidParameterDependency"),
        ({"Size": 1, "SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
        ({"Size": 1, "SnapshotId": "snap-nonsense"}, "InvalidSnapshotID.Malformed"),
    ],
)
def test_what_cannot_be_is_refused(ec2, request_, code):
    with refused(code, status=400):
        ec2.create_volume(**place(**request_))


def test_refusals_have_awss_words(ec2):
    with refused("InvalidParameterDependency", "The parameter [KmsKeyId] requires the parameter Encrypted to be set."):
        ec2.create_volume(**place(Size=1, KmsKeyId="alias/x"))
    with refused("InvalidSnapshot.NotFound", "Snapshot does not exist"):
        ec2.create_volume(**place(Size=1, SnapshotId="snap-0123456789abcdef0"))
    with refused("InvalidSnapshotID.Malformed", "Value ( snap-x ) for parameter SNAPSHOT is invalid. "):
        ec2.create_volume(**place(Size=1, SnapshotId="snap-x"))
    with refused("InvalidVolume.NotFound", f"The volume '{MISSING}' does not exist."):
        ec2.delete_volume(VolumeId=MISSING)
    with refused("InvalidVolume.NotFound", f"The volume '{MISSING}' does not exist."):
        ec2.describe_volumes(VolumeIds=[MISSING])


def test_an_empty_key_is_no_key(ec2):
    assert describe(ec2, volume(ec2, KmsKeyId=""))["Encrypted"] is False


def test_zones(ec2):
    for zone in ("us-east-1z", "eu-west-1a", "nonsense", "us-east-1"):
        with refused("InvalidZone.NotFound"):
            ec2.create_volume(Size=1, AvailabilityZone=zone)
    with refused("MissingParameter"):
        ec2.create_volume(Size=1)
    with refused("InvalidParameterCombination"):
        ec2.create_volume(Size=1, AvailabilityZone=ZONE, AvailabilityZoneId="use1-az1")
    made = ec2.create_volume(Size=1, AvailabilityZoneId="use1-az2")
    assert made["AvailabilityZone"] == "us-east-1b"


def test_a_dry_run_does_nothing(ec2):
    before = len(ec2.describe_volumes()["Volumes"])
    with refused("DryRunOperation", DRY_RUN, 412):
        ec2.create_volume(**place(Size=1), DryRun=True)
    assert len(ec2.describe_volumes()["Volumes"]) == before
    made = volume(ec2)
    for call, request_ in (
        (ec2.delete_volume, {"VolumeId": made}),
        (ec2.describe_volumes, {}),
        (ec2.describe_volume_status, {}),
        (ec2.attach_volume, {"VolumeId": made, "InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"}),
        (ec2.detach_volume, {"VolumeId": made}),
        (ec2.create_tags, {"Resources": [made], "Tags": [{"Key": "a", "Value": "b"}]}),
        (ec2.delete_tags, {"Resources": [made]}),
        (ec2.describe_tags, {}),
        (ec2.describe_regions, {}),
        (ec2.describe_availability_zones, {}),
        (ec2.describe_instances, {}),
    ):
        with refused("DryRunOperation", DRY_RUN, 412):
            call(DryRun=True, **request_)
    assert describe(ec2, made)["State"] == "available" and "Tags" not in describe(ec2, made)


def test_limits_come_before_the_dry_run(ec2):
    with refused("InvalidParameterValue"):
        ec2.create_volume(**place(Size=0), DryRun=True)
    with refused("MissingParameter"):
        ec2.create_volume(**place(VolumeType="io1", Size=4), DryRun=True)


# --- client tokens


def test_a_client_token_makes_one_volume(ec2):
    token = uuid.uuid4().hex
    first = ec2.create_volume(**place(Size=1), ClientToken=token)
    again = ec2.create_volume(**place(Size=1), ClientToken=token)
    assert first["VolumeId"] == again["VolumeId"]
    await_volume(ec2, first["VolumeId"], "available")
    assert ec2.create_volume(**place(Size=1), ClientToken=token)["VolumeId"] == first["VolumeId"]
    for other in ({"Size": 2}, {"Size": 1, "VolumeType": "gp2"}, {"Size": 1, "Encrypted": False}):
        with refused("IdempotentParameterMismatch"):
            ec2.create_volume(**place(**other), ClientToken=token)
    with refused("IdempotentParameterMismatch"):
        ec2.create_volume(Size=1, AvailabilityZone="us-east-1b", ClientToken=token)


def test_the_default_throughput_said_aloud_is_no_difference(ec2):
    """Recorded of AWS: any other default said aloud makes another request, this one does not."""
    token = uuid.uuid4().hex
    first = ec2.create_volume(**place(Size=1, VolumeType="gp3"), ClientToken=token)["VolumeId"]
    again = ec2.create_volume(**place(Size=1, VolumeType="gp3", Throughput=125), ClientToken=token)["VolumeId"]
    assert first == again


def test_a_token_belongs_to_one_region(server, ec2):
    token = uuid.uuid4().hex
    first = ec2.create_volume(**place(Size=1), ClientToken=token)["VolumeId"]
    other = server.client("ec2", region="eu-west-1")
    second = other.create_volume(Size=1, AvailabilityZone="eu-west-1a", ClientToken=token)["VolumeId"]
    assert first != second


def test_the_token_of_a_deleted_volume_is_spent(ec2):
    token = uuid.uuid4().hex
    made = volume(ec2, Size=1, ClientToken=token)
    ec2.delete_volume(VolumeId=made)
    await_volume(ec2, made, None)
    with refused("IdempotentParameterMismatch"):
        ec2.create_volume(**place(Size=1, VolumeType="gp3"), ClientToken=token)


def test_a_refused_request_spends_no_token(ec2):
    token = uuid.uuid4().hex
    with refused("InvalidParameterValue"):
        ec2.create_volume(**place(Size=0), ClientToken=token)
    with refused("DryRunOperation"):
        ec2.create_volume(**place(Size=1), ClientToken=token, DryRun=True)
    ec2.create_volume(**place(Size=2), ClientToken=token)


def test_tokens_are_ascii_and_short(ec2):
    ec2.create_volume(**place(Size=1), ClientToken="x" * 64)
    for bad in ("x" * 65, "tökén"):
        with refused("InvalidParameterValue"):
            ec2.create_volume(**place(Size=1), ClientToken=bad)


# --- DeleteVolume


def test_delete(ec2):
    made = volume(ec2)
    ec2.delete_volume(VolumeId=made)
    await_volume(ec2, made, None)
    with refused("InvalidVolume.NotFound", f"The volume '{made}' does not exist."):
        ec2.delete_volume(VolumeId=made)


def test_delete_right_after_create(ec2):
    made = ec2.create_volume(**place(Size=1, Encrypted=True))["VolumeId"]
    ec2.delete_volume(VolumeId=made)
    await_volume(ec2, made, None)


@pytest.mark.parametrize("bad", ["vol-1", "vol-XYZ", "i-0123456789abcdef0", "vol-0123456789abcdef01", "", "vol-", "../x"])
def test_malformed_ids_are_refused(loose, bad):
    with refused("InvalidParameterValue" if bad else ("MissingParameter", "InvalidParameterValue")):
        loose.delete_volume(VolumeId=bad)
    if bad:
        with refused("InvalidVolumeID.Malformed"):
            loose.describe_volumes(VolumeIds=[bad])


def test_the_old_short_form_of_an_id_is_well_formed(ec2):
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volumes(VolumeIds=["vol-0123abcd"])


# --- DescribeVolumes


@pytest.fixture(scope="module")
def shelf(server):
    """Volumes of all sorts in a Region of their own."""
    ec2 = server.client("ec2", region="eu-north-1")

    def make(zone, **request):
        request.setdefault("Size", 1)
        return volume(ec2, AvailabilityZone=f"eu-north-1{zone}", **request)

    def tags(**pairs):
        return [{"ResourceType": "volume", "Tags": [{"Key": k, "Value": v} for k, v in pairs.items()]}]

    made = {
        "small": make("a", TagSpecifications=tags(name="small", team="a")),
        "big": make("a", Size=500, VolumeType="gp2", TagSpecifications=tags(name="big", team="b")),
        "sealed": make("b", Encrypted=True, TagSpecifications=tags(name="sealed*", team="a")),
        "shared": make("c", Size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True),
        "slow": make("b", Size=125, VolumeType="st1"),
    }
    return ec2, made


@pytest.mark.parametrize(
    "filters, expected",
    [
        ({"size": ["1"]}, "small sealed"),
        ({"size": ["1", "500"]}, "small sealed big"),
        ({"volume-type": ["gp?"]}, "small big sealed"),
        ({"volume-type": ["*1", "io2"]}, "slow shared"),
        ({"encrypted": ["true"]}, "sealed"),
        ({"encrypted": ["false"], "availability-zone": ["eu-north-1b"]}, "slow"),
        ({"availability-zone-id": ["eun1-az3"]}, "shared"),
        ({"multi-attach-enabled": ["true"]}, "shared"),
        ({"status": ["available"]}, "small big sealed shared slow"),
        ({"status": ["in-use"]}, ""),
        ({"tag:team": ["a"]}, "small sealed"),
        ({"tag:team": ["A"]}, ""),
        ({"tag:name": ["s*"]}, "small sealed"),
        ({"tag:name": ["sealed\\*"]}, "sealed"),
        ({"tag:name": ["s\\*"]}, ""),
        ({"tag-key": ["team"]}, "small big sealed"),
        ({"tag-key": ["t?am"], "tag:name": ["big"]}, "big"),
        ({"tag:nothing": ["*"]}, ""),
        ({"create-time": ["2*"]}, "small big sealed shared slow"),
        ({"create-time": ["1999*"]}, ""),
        ({"attachment.instance-id": ["*"]}, ""),
        ({"attachment.status": ["attached"]}, ""),
        ({"volume-id": ["vol-*"]}, "small big sealed shared slow"),
        ({"volume-id": ["vol-nothing"]}, ""),
        ({"size": ["1"], "tag:team": ["b"]}, ""),
    ],
)
def test_filters(shelf, filters, expected):
    ec2, made = shelf
    asked = [{"Name": name, "Values": values} for name, values in filters.items()]
    found = {v["VolumeId"] for v in ec2.describe_volumes(Filters=asked)["Volumes"]}
    assert found == {made[name] for name in expected.split()}


def test_unknown_filters_are_refused(ec2):
    for name in ("kms-key-id", "nonsense", "Size", "tag:", ""):
        with refused("InvalidParameterValue", f"The filter '{name}' is invalid"):
            ec2.describe_volumes(Filters=[{"Name": name, "Values": ["x"]}])


def test_filters_and_ids_go_together(shelf):
    ec2, made = shelf
    ids = [made["small"], made["big"]]
    found = ec2.describe_volumes(VolumeIds=ids, Filters=[{"Name": "size", "Values": ["500"]}])["Volumes"]
    assert [v["VolumeId"] for v in found] == [made["big"]]
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volumes(VolumeIds=[*ids, MISSING])


@pytest.fixture(scope="module")
def many(server):
    ec2 = server.client("ec2", region="ap-south-1")
    made = [ec2.create_volume(AvailabilityZone="ap-south-1a", Size=1 + n % 2)["VolumeId"] for n in range(13)]
    for one in made:
        await_volume(ec2, one, "available")
    return ec2, set(made)


@pytest.mark.parametrize("size", [5, 6, 12, 13, 14, 1000])
def test_pages_show_everything_once(many, size):
    ec2, made = many
    pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": size}))
    seen = [v["VolumeId"] for page in pages for v in page["Volumes"]]
    assert len(seen) == len(made) and set(seen) == made
    assert [len(p["Volumes"]) for p in pages[:-1]] == [size] * (len(pages) - 1), "short pages only at the end"
    assert "NextToken" not in pages[-1]


def test_pages_of_filtered_rows_are_full(many):
    ec2, made = many
    asked = {"Filters": [{"Name": "size", "Values": ["1"]}], "MaxResults": 5}
    first = ec2.describe_volumes(**asked)
    second = ec2.describe_volumes(**asked, NextToken=first["NextToken"])
    assert (len(first["Volumes"]), len(second["Volumes"])) == (5, 2)
    assert all(v["Size"] == 1 for v in first["Volumes"] + second["Volumes"])


@pytest.mark.parametrize("size", [4, 1, 0, -1])
def test_pages_hold_at_least_five(ec2, size):
    with refused("InvalidParameterValue"):
        ec2.describe_volumes(MaxResults=size)


def test_ids_and_pages_exclude_each_other(many):
    ec2, made = many
    with refused("InvalidParameterCombination"):
        ec2.describe_volumes(VolumeIds=[next(iter(made))], MaxResults=5)


def test_tokens_are_not_to_be_made_at_home(many, server):
    ec2, _ = many
    token = ec2.describe_volumes(MaxResults=5)["NextToken"]
    for bad in ("garbage", token[:-2] + "AA", token + "x", token.swapcase()):
        with refused("InvalidParameterValue"):
            ec2.describe_volumes(MaxResults=5, NextToken=bad)
    with refused("InvalidParameterValue"):
        ec2.describe_instances(MaxResults=5, NextToken=token)
    with refused("InvalidParameterValue"):
        server.client("ec2", region="eu-west-2").describe_volumes(MaxResults=5, NextToken=token)
    with refused("InvalidParameterValue"):
        server.client("ec2", account="999988887777", region="ap-south-1").describe_volumes(MaxResults=5, NextToken=token)


# --- DescribeVolumeStatus


def test_volume_status(ec2):
    made = volume(ec2, VolumeType="io2", Size=4, Iops=100)
    (status,) = ec2.describe_volume_status(VolumeIds=[made])["VolumeStatuses"]
    assert status["VolumeId"] == made and status["AvailabilityZone"] == ZONE
    assert status["VolumeStatus"]["Status"] == "ok"
    details = {d["Name"]: d["Status"] for d in status["VolumeStatus"]["Details"]}
    assert details["io-enabled"] == "passed"
    assert status["Events"] == [] and status["Actions"] == []
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volume_status(VolumeIds=[MISSING])
    with refused("InvalidParameterValue"):
        ec2.describe_volume_status(Filters=[{"Name": "nonsense", "Values": ["x"]}])
    found = ec2.describe_volume_status(Filters=[{"Name": "volume-status.status", "Values": ["ok"]}])["VolumeStatuses"]
    assert made in {s["VolumeId"] for s in found}


# --- tags


def test_tags_come_and_go(ec2):
    made = volume(ec2, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "1"}]}])

    def shown():
        return {t["Key"]: t["Value"] for t in describe(ec2, made).get("Tags", [])}

    assert shown() == {"a": "1"}
    ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}, {"Key": "ü", "Value": "<&>"}])
    assert shown() == {"a": "2", "b": "", "ü": "<&>"}
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "a", "Value": "wrong"}])
    assert shown()["a"] == "2", "a tag with another value stays"
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "a", "Value": "2"}, {"Key": "b"}])
    assert shown() == {"ü": "<&>"}
    ec2.delete_tags(Resources=[made])
    assert shown() == {} and "Tags" not in describe(ec2, made)


def test_describe_tags(ec2):
    made = volume(ec2)
    key = uuid.uuid4().hex
    ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": "v"}])
    expected = [{"Key": key, "ResourceId": made, "ResourceType": "volume", "Value": "v"}]
    for asked in (
        [{"Name": "key", "Values": [key]}],
        [{"Name": "resource-id", "Values": [made]}],
        [{"Name": "resource-type", "Values": ["volume"]}, {"Name": "key", "Values": [key]}],
        [{"Name": "value", "Values": ["v"]}, {"Name": "key", "Values": [key]}],
        [{"Name": f"tag:{key}", "Values": ["v"]}],
    ):
        assert ec2.describe_tags(Filters=asked)["Tags"] == expected, asked
    assert ec2.describe_tags(Filters=[{"Name": "key", "Values": ["nobody"]}])["Tags"] == []
    with refused("InvalidParameterValue"):
        ec2.describe_tags(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_tags_have_rules(ec2):
    made = volume(ec2)
    reserved = "Tag keys starting with 'aws:' are reserved for internal use"
    with refused("InvalidParameterValue", reserved):
        ec2.create_tags(Resources=[made], Tags=[{"Key": "aws:x", "Value": "y"}])
    for tags in (
        [{"Key": "k" * 128, "Value": "v"}, {"Key": "k" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ):
        with refused("InvalidParameterValue"):
            ec2.create_tags(Resources=[made], Tags=tags)
    assert "Tags" not in describe(ec2, made)
    ec2.create_tags(Resources=[made], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[made], Tags=[{"Key": "one-more", "Value": "v"}])
    ec2.create_tags(Resources=[made], Tags=[{"Key": "k0", "Value": "new"}])
    with refused("InvalidVolume.NotFound"):
        ec2.create_tags(Resources=[made, MISSING], Tags=[{"Key": "k0", "Value": "half"}])
    assert {t["Value"] for t in describe(ec2, made)["Tags"] if t["Key"] == "k0"} == {"new"}, "all or nothing"


def test_tag_specifications_are_for_volumes(ec2):
    for kind in ("instance", "snapshot", "nonsense"):
        with refused("InvalidParameterValue"):
            ec2.create_volume(**place(Size=1), TagSpecifications=[{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]}])


# --- places


def test_regions(ec2):
    regions = {r["RegionName"]: r for r in ec2.describe_regions()["Regions"]}
    assert regions["us-east-1"]["Endpoint"] == "ec2.us-east-1.amazonaws.com"
    assert regions["us-east-1"]["OptInStatus"] == "opt-in-not-required"
    one = ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]
    assert [r["RegionName"] for r in one] == ["eu-west-1"]
    found = ec2.describe_regions(Filters=[{"Name": "region-name", "Values": ["eu-*"]}])["Regions"]
    assert found and all(r["RegionName"].startswith("eu-") for r in found)
    with refused("InvalidParameterValue"):
        ec2.describe_regions(RegionNames=["mars-1"])


def test_availability_zones(server, ec2):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    first = zones[0]
    assert (first["ZoneName"], first["ZoneId"], first["State"]) == ("us-east-1a", "use1-az1", "available")
    assert first["RegionName"] == "us-east-1" and first["ZoneType"] == "availability-zone"
    one = ec2.describe_availability_zones(ZoneNames=["us-east-1b"])["AvailabilityZones"]
    assert [z["ZoneName"] for z in one] == ["us-east-1b"]
    with pytest.raises(ec2.exceptions.ClientError):
        ec2.describe_availability_zones(ZoneNames=["eu-west-1a"])
    elsewhere = server.client("ec2", region="eu-west-1").describe_availability_zones()["AvailabilityZones"]
    assert {z["RegionName"] for z in elsewhere} == {"eu-west-1"}


# --- the protocol


def send(server, **parameters):
    return ec2_request(server, **parameters).sign().send()


def code_of(body):
    found = re.search(rb"<Code>([^<]*)</Code>", body)
    return found and found.group(1).decode()


def test_the_error_envelope_is_ec2s(server):
    status, headers, body = send(server, action="DescribeVolumes", **{"VolumeId.1": MISSING})
    text = body.decode()
    assert status == 400 and headers["content-type"].startswith("text/xml")
    assert re.search(
        r"<Response><Errors><Error><Code>InvalidVolume.NotFound</Code><Message>.*</Message></Error></Errors>"
        r"<RequestID>[0-9a-f-]{36}</RequestID></Response>",
        text,
    ), text
    assert "xmlns" not in text


def test_the_answer_envelope_is_ec2s(server):
    status, _, body = send(server, action="DescribeVolumes")
    text = body.decode()
    assert status == 200
    assert '<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' in text
    assert re.search(r"<DescribeVolumesResponse [^>]*><requestId>[0-9a-f-]{36}</requestId>", text), text
    _, _, body = send(server, action="DescribeVolumes", region="sa-east-1")
    assert b"<volumeSet/>" in body or b"<volumeSet></volumeSet>" in body
    made = volume(server.client("ec2"))
    _, _, body = send(server, action="DescribeVolumes", **{"VolumeId.1": made})
    assert b"<snapshotId/>" in body or b"<snapshotId></snapshotId>" in body
    assert re.search(rb"<createTime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z</createTime>", body)
    _, _, body = send(server, action="DeleteVolume", VolumeId=made)
    assert b"<return>true</return>" in body


@pytest.mark.parametrize(
    "parameters, code",
    [
        ({"Colour": "red"}, "UnknownParameter"),
        ({"Size": "ten"}, "InvalidParameterValue"),
        ({"Size": "1.5"}, "InvalidParameterValue"),
        ({"Size": "99999999999999999999"}, "InvalidParameterValue"),
        ({"Encrypted": "maybe"}, "InvalidParameterValue"),
        ({"TagSpecification.x.ResourceType": "volume"}, None),
        ({"TagSpecification.1.Colour": "red"}, "UnknownParameter"),
        ({"TagSpecification.99999999.ResourceType": "volume"}, None),
    ],
)
def test_parameters_that_are_none_are_refused(server, parameters, code):
    status, _, body = send(server, action="CreateVolume", **({"AvailabilityZone": ZONE, "Size": "1"} | parameters))
    assert status == 400, body
    assert code is None or code_of(body) == code, body


def test_booleans_are_read_as_clients_write_them(server):
    for text in ("True", "true"):
        status, _, body = send(server, action="CreateVolume", AvailabilityZone=ZONE, Size="1", Encrypted=text)
        assert status == 200 and b"<encrypted>true</encrypted>" in body, (text, body)


def test_unknown_actions_and_versions(server):
    status, _, body = send(server, action="LaunchRocket")
    assert (status, code_of(body)) == (400, "InvalidAction")
    request = ec2_request(server)
    request.body = b"Version=2016-11-15"
    status, _, body = request.sign().send()
    assert (status, code_of(body)) == (400, "MissingAction")


def test_markup_in_a_parameter_stays_text(server):
    nasty = "</Message><Code>Fine</Code>&\x01"
    status, _, body = send(server, action="DescribeVolumes", **{"VolumeId.1": nasty})
    assert status == 400 and b"<Code>Fine</Code>" not in body
    import xml.dom.minidom

    xml.dom.minidom.parseString(body)
