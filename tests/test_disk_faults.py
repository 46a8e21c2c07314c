"""A disk that fails under the running server. A failed sync is never swallowed: the guest's flush and every later write fail, reads go on,
and DescribeVolumeStatus, the volume's story and the log say why, until the volume is opened anew. A failed or short write, and a full
disk, cost the request at most."""

import errno
import json

import pytest
from support import nbd
from support.checks import refused, until
from support.devices import Bench
from support.faults import Faults
from support.nbd import Client, fails

UNIT = 4096


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def bench(make_server, faults):
    return Bench(make_server(variables=faults.variables))


@pytest.fixture
def disk(bench):
    """An attached encrypted volume of which the first unit is flushed: its id and its device."""
    made = bench.volume(encrypted=True)
    uri = bench.attach(made)
    with Client(uri) as device:
        device.write(0, b"f" * UNIT)
        device.flush()
    return made, uri


def status(bench, volume_id):
    return bench.ec2.describe_volume_status(VolumeIds=[volume_id])["VolumeStatuses"][0]


def impaired(bench, volume_id):
    return until(lambda: (s := status(bench, volume_id))["VolumeStatus"]["Status"] == "impaired" and s)


def story(bench, volume_id):
    return json.loads(bench.server.sealvol("explain", volume_id, "--json").stdout)


def fail_a_flush(faults, uri, volume_id, file, call="sync"):
    """The flush that meets the failure, and all that comes after it."""
    with Client(uri) as device:
        device.write(UNIT, b"n" * UNIT)
        faults.next(call, f"/{volume_id}/{file}")
        fails(errno.EIO, device.flush)
        assert faults.left() == 0
        for _ in range(3):
            # The disk would take them now; what it dropped before would be forgotten.
            fails(errno.EIO, device.flush)
            fails(errno.EIO, device.write, 0, b"x" * UNIT)
            fails(errno.EIO, device.write, 0, b"x" * UNIT, flags=nbd.FUA)
            fails(errno.EIO, device.write, 1, b"x")
            fails(errno.EIO, device.trim, 0, UNIT)
            fails(errno.EIO, device.zeroes, 0, UNIT)
        assert device.read(0, 2 * UNIT) == b"f" * UNIT + b"n" * UNIT, "reads go on"
    with Client(uri) as device:
        fails(errno.EIO, device.write, 0, b"x" * UNIT)
        assert device.read(0, UNIT) == b"f" * UNIT


def works_again(bench, volume_id, uri):
    with Client(uri) as device:
        assert device.read(0, UNIT) == b"f" * UNIT, "flushed"
        assert device.read(UNIT, UNIT) in (b"n" * UNIT, bytes(UNIT)), "old or new"
        device.write(UNIT, b"a" * UNIT)
        device.flush()
        assert device.read(0, 2 * UNIT) == b"f" * UNIT + b"a" * UNIT
    shown = status(bench, volume_id)
    assert shown["VolumeStatus"]["Status"] == "ok" and not shown["Events"] and not shown["Actions"]


FAILURES = [
    ("data.", "sync", "syncing data failed"),
    ("map", "sync", "syncing the map failed"),
    ("map", "write", "writing the map failed"),
]


@pytest.mark.parametrize(("file", "call", "why"), FAILURES)
def test_a_failed_sync_makes_the_volume_read_only_until_it_is_attached_again(bench, faults, disk, file, call, why):
    volume_id, uri = disk
    fail_a_flush(faults, uri, volume_id, file, call)
    shown = impaired(bench, volume_id)
    details = {d["Name"]: d["Status"] for d in shown["VolumeStatus"]["Details"]}
    assert details["io-enabled"] == "failed"
    [event] = shown["Events"]
    assert event["EventType"] == "potential-data-inconsistency"
    assert event["Description"].startswith(f"the volume is read-only because {why}: Input/output error"), event
    assert [a["Code"] for a in shown["Actions"]] == ["enable-volume-io"]
    told = story(bench, volume_id)
    assert told["Reason"] == event["Description"]
    assert told["Summary"] == f"Volume {volume_id} is in-use, but takes no writes: {event['Description']}"
    events = [json.loads(e)["detail"] for e in told["Events"]]
    assert [e["cause"] for e in events if e["event"] == "volumeImpaired"] == [event["Description"]], "told once"
    assert "a volume is read-only" in bench.server.log_text()
    bench.detach(volume_id)
    works_again(bench, volume_id, bench.attach(volume_id))
    assert "Reason" not in story(bench, volume_id)


def test_enable_volume_io_opens_it_anew(bench, faults, disk):
    volume_id, uri = disk
    fail_a_flush(faults, uri, volume_id, "data.")
    impaired(bench, volume_id)
    with Client(uri) as device:
        bench.ec2.enable_volume_io(VolumeId=volume_id)
        until(lambda: status(bench, volume_id)["VolumeStatus"]["Status"] == "ok")
        with pytest.raises((ConnectionError, OSError)):
            device.read(0, UNIT)
    uri = bench.server.sealvol("device", volume_id).stdout.strip()
    until(lambda: _connects(uri))
    works_again(bench, volume_id, uri)
    with refused("IncorrectState", f"Volume {volume_id} already has IO enabled"):
        bench.ec2.enable_volume_io(VolumeId=volume_id)


def _connects(uri):
    try:
        Client(uri).close()
        return True
    except OSError:
        return False


def test_a_restart_opens_it_anew(make_server, faults):
    bench = Bench(make_server(variables=faults.variables))
    volume_id = bench.volume(encrypted=True)
    uri = bench.attach(volume_id)
    with Client(uri) as device:
        device.write(0, b"f" * UNIT)
        device.flush()
    fail_a_flush(faults, uri, volume_id, "data.")
    impaired(bench, volume_id)
    assert bench.server.stop() == 0
    bench.server.start()
    works_again(bench, volume_id, bench.server.sealvol("device", volume_id).stdout.strip())


def test_another_volume_on_the_same_server_is_not_touched(bench, faults, disk):
    volume_id, uri = disk
    with bench.device() as other:
        fail_a_flush(faults, uri, volume_id, "data.")
        with Client(other) as device:
            device.write(0, b"o" * UNIT)
            device.flush()
            assert device.read(0, UNIT) == b"o" * UNIT
        # A snapshot of what cannot be made durable is refused, not stored from what happens to be there.
        impaired(bench, volume_id)


@pytest.mark.parametrize(("number", "told"), [(errno.EIO, errno.EIO), (errno.ENOSPC, errno.ENOSPC)])
def test_a_failed_write_costs_that_write(bench, faults, disk, number, told):
    volume_id, uri = disk
    with Client(uri) as device:
        faults.next("write", f"/{volume_id}/data.", number)
        fails(told, device.write, UNIT, b"n" * UNIT)
        device.flush()
        assert device.read(0, UNIT) == b"f" * UNIT
        assert device.read(UNIT, UNIT) in (b"n" * UNIT, bytes(UNIT))
        device.write(UNIT, b"a" * UNIT)
        device.flush()
        assert device.read(UNIT, UNIT) == b"a" * UNIT
    assert status(bench, volume_id)["VolumeStatus"]["Status"] == "ok"


def test_a_full_disk_under_the_map_costs_that_flush(bench, faults, disk):
    volume_id, uri = disk
    with Client(uri) as device:
        device.write(UNIT, b"n" * UNIT)
        faults.next("write", f"/{volume_id}/map", errno.ENOSPC)
        fails(errno.ENOSPC, device.flush)
        assert faults.left() == 0
        device.flush()
    bench.server.kill()
    bench.server.start()
    with Client(bench.server.sealvol("device", volume_id).stdout.strip()) as device:
        assert device.read(0, 2 * UNIT) == b"f" * UNIT + b"n" * UNIT


def test_short_writes_are_finished(bench, faults, disk):
    volume_id, uri = disk
    data = bytes(range(256)) * (1 << 12)
    with Client(uri) as device:
        faults.next("write", f"/{volume_id}/", 0, times=60)
        device.write(0, data)
        device.write(len(data) + 100, b"part")
        device.flush()
        assert faults.left() < 55
        faults.next("write", "nowhere", 0, times=0)
    bench.server.kill()
    bench.server.start()
    with Client(bench.server.sealvol("device", volume_id).stdout.strip()) as device:
        assert device.read(0, len(data)) == data
        assert device.read(len(data) + 99, 6) == b"\0part\0"
    assert status(bench, volume_id)["VolumeStatus"]["Status"] == "ok"
