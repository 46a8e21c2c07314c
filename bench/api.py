#!/usr/bin/env python3
"""API calls per second with 1, 8 and 64 clients: a KMS call that computes, an EC2 call that reads, one that writes.

    apt-get install wrk
    .work/venv/bin/python bench/api.py [--seconds 5] [--json FILE] [--moto] [--catalog sqlite postgres]

The load comes from wrk, which replays one signed request over keep-alive connections: signing costs the client nothing and the server
checks every signature anew. Client and server share the machine, so the server's own CPU time per call is printed beside the rate. With
--moto the same calls go to moto's server (pip install 'moto[server]'), which checks no signature, encrypts nothing and keeps everything in
memory; the line of SPECIFICATION.md is told as reached or not, for the first catalog. With --catalog postgres the control state is in a
PostgreSQL of its own, which syncs its commits too and whose processor time is not the server's; with both names one is measured after the other.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from nbd import report  # noqa: E402
from support.postgres import Cluster  # noqa: E402
from support.server import Server, free_port  # noqa: E402
from support.sign import ec2_request, json_request  # noqa: E402

CLIENTS = (1, 8, 64)
# What is promised: this call with so many clients, at least so many times moto's rate.
LINE = ("KMS GenerateDataKey", 64, 30.0)
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def calls(server, key):
    """The three calls, signed."""
    data_key = {"KeyId": key, "KeySpec": "AES_256"}
    new = {"AvailabilityZone": "us-east-1a", "Size": "1", "Encrypted": "true", "KmsKeyId": key}
    return {
        "KMS GenerateDataKey": json_request(server, "kms", "TrentService.GenerateDataKey", data_key).sign(),
        "EC2 DescribeVolumes": ec2_request(server, "DescribeVolumes", MaxResults="5").sign(),
        "EC2 CreateVolume": ec2_request(server, "CreateVolume", **new).sign(),
    }


def drive(server, request, clients, seconds, folder):
    """Calls per second, latencies in milliseconds, and the server's CPU time per call."""
    lua = [f'wrk.method = "{request.method}"', f"wrk.body = {json.dumps(request.body.decode())}"]
    lua += [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in request.headers.items()]
    # wrk prints no percentile between 99 and the longest.
    lua += ["done = function(_, latency) io.write(string.format('99.9 percentile: %d us\\n', latency:percentile(99.9))) end"]
    script = folder / "request.lua"
    script.write_text("\n".join(lua))
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "--latency", "-s", script, f"{server.url}/"]
    before, start = cpu_seconds(server.process.pid), time.monotonic()
    out = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout
    busy, took = cpu_seconds(server.process.pid) - before, time.monotonic() - start
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    latency = {p: float(n) * UNITS[u] for p, n, u in re.findall(r"(\d\d)%\s+([\d.]+)(us|ms|s)", out)}
    p999 = int(re.search(r"99\.9 percentile: (\d+) us", out).group(1)) / 1000
    return {
        "per_second": rate,
        "median_ms": latency["50"],
        "p99_ms": latency["99"],
        "p999_ms": p999,
        "server_cpu_us": busy / (rate * took) * 1e6,
    }


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def sealvol(root, catalog):
    with contextlib.ExitStack() as stack:
        place = root / catalog
        place.mkdir()
        database = None
        if catalog == "postgres":
            place.chmod(0o755)
            cluster = Cluster(place / "cluster").start()
            stack.callback(cluster.stop)
            database = cluster.database()
        server = Server(place, catalog=database).start()
        stack.callback(server.stop)
        yield server


@contextlib.contextmanager
def moto(root):
    server = Server(root)
    server.port = free_port()
    program = pathlib.Path(sys.executable).parent / "moto_server"
    with open(root / "log", "w") as log:
        server.process = subprocess.Popen([program, "-p", str(server.port)], stdout=log, stderr=log)
    try:
        for _ in range(300):
            with contextlib.suppress(Exception):
                server.client("kms").list_keys()
                break
            time.sleep(0.1)
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def measure(name, server, seconds, folder):
    rows = []
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    server.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)
    for call, request in calls(server, key).items():
        for clients in CLIENTS:
            drive(server, request, clients, 1, folder)
            row = drive(server, request, clients, seconds, folder)
            rows.append({"server": name, "call": call, "clients": clients} | row)
            print(
                f"{name:8} {call:20} {clients:3} clients {row['per_second']:8.0f}/s  median {row['median_ms']:8.2f} ms"
                f"  p99 {row['p99_ms']:8.2f} ms  p99.9 {row['p999_ms']:8.2f} ms  server CPU {row['server_cpu_us']:6.0f} us/call",
                flush=True,
            )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--json")
    parser.add_argument("--moto", action="store_true")
    parser.add_argument("--catalog", nargs="+", choices=("sqlite", "postgres"), default=["sqlite"])
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        # PostgreSQL's user enters, too.
        root.chmod(0o755)
        for catalog in chosen.catalog:
            with sealvol(root, catalog) as server:
                rows += measure(catalog, server, chosen.seconds, root)
        if chosen.moto:
            (root / "moto").mkdir()
            with moto(root / "moto") as other:
                rows += measure("moto", other, chosen.seconds, root)
            by = {(r["server"], r["call"], r["clients"]): r["per_second"] for r in rows}
            for (name, call, clients), rate in by.items():
                if name != "moto":
                    print(f"{name:8} : moto  {call:20} {clients:3} clients  {rate / by['moto', call, clients]:6.1f}")
            call, clients, bound = LINE
            ratio = by[chosen.catalog[0], call, clients] / by["moto", call, clients]
            report([(f"{call}, {clients} clients, / moto", ratio, bound, "least")])
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
