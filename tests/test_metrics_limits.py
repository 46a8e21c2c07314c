"""Metrics as a collector reads them, and volumes held to the IOPS and throughput of their type."""

import json
import struct
import subprocess
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support import nbd
from support.checks import refused, until
from support.devices import Bench, run
from support.ec2 import describe
from support.server import ACCOUNT, binary, free_port

MIB = 1 << 20
PORT = free_port()
URL = f"http://127.0.0.1:{PORT}/metrics"


@pytest.fixture(scope="module")
def server(make_server):
    return make_server(arguments=["--metrics", f"127.0.0.1:{PORT}", "--limits"])


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


def page():
    with urllib.request.urlopen(URL, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        return answer.read().decode()


def samples(name, **labels):
    """The samples of a name whose labels have these values. The parser checks the form: suffixes, order of buckets, the end."""
    found = []
    for family in text_string_to_metric_families(page()):
        found += [s for s in family.samples if s.name == name and labels.items() <= s.labels.items()]
    return found


def value(name, **labels):
    found = samples(name, **labels)
    assert len(found) == 1, (name, labels, found)
    return found[0].value


def test_what_was_done_with_a_volume(bench):
    volume = bench.volume()
    uri = bench.attach(volume)
    with nbd.Client(uri) as client:
        for n in range(3):
            client.write(n * 4096, b"x" * 4096)
        client.read(0, 8192)
        client.flush()
        client.trim(0, 4096)
        client.zeroes(4096, 4096)
        with pytest.raises(nbd.NbdError):
            client.read(1 << 30, 1)
        expected = {"read": (1, 8192), "write": (3, 12288), "flush": (1, 0), "trim": (1, 4096), "zero": (1, 4096)}
        for kind, (operations, moved) in expected.items():
            labels = {"volume": volume, "kind": kind}
            assert value("sealvol_volume_operations_total", **labels) == operations, kind
            assert value("sealvol_volume_bytes_total", **labels) == moved, kind
            assert value("sealvol_volume_errors_total", **labels) == 0, kind
            for times in ("queue", "service"):
                name = f"sealvol_volume_{times}_seconds"
                assert value(f"{name}_count", **labels) == operations, (kind, times)
                assert value(f"{name}_bucket", le="+Inf", **labels) == operations, (kind, times)
                assert len(samples(f"{name}_bucket", **labels)) == 25
            service = value("sealvol_volume_service_seconds_sum", **labels)
            assert 0 < service < 20, kind
    # They outlive the connection, and end with the attachment.
    assert value("sealvol_volume_operations_total", volume=volume, kind="write") == 3
    bench.detach(volume)
    assert samples("sealvol_volume_operations_total", volume=volume) == []


def test_calls_by_action_and_outcome(bench):
    labels = {"service": "ec2", "action": "DescribeVolumes"}

    def count(outcome):
        found = samples("sealvol_api_requests_total", outcome=outcome, **labels)
        return found[0].value if found else 0

    done, failed = count("done"), count("refused")
    bench.ec2.describe_volumes()
    with refused("InvalidVolume.NotFound"):
        bench.ec2.describe_volumes(VolumeIds=["vol-0123456789abcdef0"])
    assert (count("done"), count("refused")) == (done + 1, failed + 1)
    assert value("sealvol_api_request_seconds_count", **labels) == done + failed + 2


def test_callers_cannot_make_labels_up(bench):
    body = "Action=MadeUpByACaller&Version=2016-11-15"
    signed = bench.server.session().client("ec2", endpoint_url=bench.server.url)
    with pytest.raises(Exception):
        signed._make_api_call("MadeUpByACaller", {})
    request = urllib.request.Request(bench.server.url, data=body.encode(), method="POST")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10)
    assert "MadeUp" not in page()


def test_the_server_itself(bench):
    (info,) = samples("sealvol_build_info")
    assert info.labels["version"] in run(binary(), "--version").stdout
    assert {s.labels["state"] for s in samples("sealvol_jobs")} == {"ready", "running", "waiting"}
    assert MIB < value("process_resident_memory_bytes") < 8 << 30


def test_nothing_of_anybodys_is_told(bench):
    volume = bench.volume()
    bench.attach(volume)
    text = page()
    assert volume in text
    for secret in (ACCOUNT, "AKIA", "arn:", "test", bench.host, "nbd", str(bench.server.data)):
        assert secret not in text, secret
    bench.detach(volume)


def test_there_is_nothing_else_on_the_port_and_no_metrics_on_the_other(bench):
    for url, method, status in [
        (URL.replace("metrics", ""), "GET", 404),
        (URL + "/x", "GET", 404),
        (URL, "POST", 405),
        (URL, "DELETE", 405),
    ]:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10)
        assert caught.value.code == status, (url, method)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{bench.server.url}/metrics", timeout=10)
    assert caught.value.code in (400, 403, 404)


def test_metrics_stay_on_this_machine(tmp_path):
    command = [binary(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    done = subprocess.run([*command, "--metrics", "0.0.0.0:0"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "loopback" in done.stderr, done.stderr


def fio(uri, block, depth=8, jobs=1, kind="randwrite", seconds=3):
    """Operations per second of each job."""
    done = run(
        "fio", "--name=rate", "--ioengine=nbd", f"--uri={uri}", f"--rw={kind}", f"--bs={block}", f"--iodepth={depth}",
        f"--numjobs={jobs}", "--size=1g", "--time_based", f"--runtime={seconds}", "--output-format=json",
    )  # fmt: skip
    rates = [job["read"]["iops"] + job["write"]["iops"] for job in json.loads(done.stdout[done.stdout.index("{") :])["jobs"]]
    assert len(rates) == jobs
    return rates


def holds(expected, *arguments, **options):
    """The rate is what the volume may do within 10 %. It is never above; a busy machine may take another try not to be below."""
    for _ in range(3):
        rates = fio(*arguments, **options)
        assert sum(rates) <= expected * 1.1, rates
        if sum(rates) >= expected * 0.9:
            return rates
    raise AssertionError(f"{rates}, but the volume may do {expected}")


def test_a_volume_does_its_iops_and_no_more_and_a_modification_counts_at_once(bench):
    volume = bench.volume(size=4, VolumeType="io1", Iops=200)
    uri = bench.attach(volume)
    holds(200, uri, "4k")
    # Throughput: 256 KiB an I/O.
    holds(50, uri, "1m", kind="read", depth=2)
    assert value("sealvol_volume_queue_seconds_sum", volume=volume, kind="write") > 1
    bench.ec2.modify_volume(VolumeId=volume, VolumeType="io1", Iops=120)
    until(lambda: describe(bench.ec2, volume)["Iops"] == 120)
    until(lambda: finished(bench, volume))
    holds(120, uri, "4k")
    bench.detach(volume)


def finished(bench, volume):
    (newest,) = bench.ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
    return newest["ModificationState"] == "completed"


def test_connections_share_what_a_volume_may_do(bench):
    uri = bench.attach(bench.volume(size=4, VolumeType="io1", Iops=200))
    first, second = holds(200, uri, "4k", jobs=2)
    assert abs(first - second) < 40, (first, second)


def test_a_volume_that_is_detached_waits_for_no_tokens(bench):
    volume = bench.volume(size=4, VolumeType="io1", Iops=100)
    uri = bench.attach(volume)
    with nbd.Client(uri) as client:
        # Half a minute's worth, asked for at once; what has arrived is done when the export ends.
        asked = [(nbd.MAGIC_REQUEST, 0, nbd.CMD_TRIM, n, n * 4096, 4096) for n in range(3000)]
        client._give(b"".join(struct.pack(">IHHQQI", *request) for request in asked))
        bench.ec2.detach_volume(VolumeId=volume)
        answers = b""
        while piece := client.socket.recv(1 << 16):
            answers += piece
        assert len(answers) == 3000 * 16
    until(lambda: describe(bench.ec2, volume)["State"] == "available")
