#!/usr/bin/env python3
"""API calls per second with 1, 8 and 64 clients: one KMS call that computes, one EC2 call that reads, one that writes.

    .work/venv/bin/python bench/api.py [--seconds 5] [--json FILE] [--moto]

Clients are threads of one process on keep-alive connections that send requests signed beforehand or on the fly with nothing but
hashlib; Python's own cost per call is measured against a server that answers a constant (the row "floor") and printed beside the
figures, because on two cores client and server share the machine. With --moto the same calls go to moto's server (if it is
installed), which encrypts nothing and keeps everything in memory: an upper bound of what an emulator does, not a rival.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from support.server import Server, free_port  # noqa: E402
from support.sign import ec2_request, json_request  # noqa: E402

CLIENTS = (1, 8, 64)


class Floor(http.server.BaseHTTPRequestHandler):
    """Answers a constant: what a call costs in Python alone."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def calls(server, key):
    """The three calls, each a function that makes a fresh signed request."""
    return {
        "KMS GenerateDataKey": lambda: json_request(
            server, "kms", "TrentService.GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"}
        ).sign(),
        "EC2 DescribeVolumes": lambda: ec2_request(server, "DescribeVolumes", MaxResults="5").sign(),
        "EC2 CreateVolume": lambda: ec2_request(
            server, "CreateVolume", AvailabilityZone="us-east-1a", Size="1", Encrypted="true"
        ).sign(),
    }


def drive(port, make, clients, seconds):
    """Calls per second, and the latencies' median and 99th percentile in milliseconds."""
    stop = time.monotonic() + seconds
    latencies, failures = [[] for _ in range(clients)], []

    def one(mine):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < stop:
            request = make()
            start = time.perf_counter()
            connection.request(request.method, "/", body=request.body, headers=request.headers)
            answer = connection.getresponse()
            body = answer.read()
            mine.append(time.perf_counter() - start)
            if answer.status != 200:
                failures.append((answer.status, body[:200]))
                return
        connection.close()

    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, latencies))
    took = time.monotonic() - start
    assert not failures, failures[:3]
    every = sorted(x for mine in latencies for x in mine)
    return {
        "per_second": len(every) / took,
        "median_ms": statistics.median(every) * 1000,
        "p99_ms": every[int(len(every) * 0.99)] * 1000,
    }


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def moto(root):
    port = free_port()
    program = pathlib.Path(sys.executable).parent / "moto_server"
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(root)
    server.port, server.process = port, process
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as c:
                c.connect()
                break
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait()


def measure(name, server, seconds):
    rows = []
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    server.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)
    for call, make in calls(server, key).items():
        for clients in CLIENTS:
            drive(server.port, make, clients, 0.5)
            before = cpu_seconds(server.process.pid)
            row = drive(server.port, make, clients, seconds)
            busy = cpu_seconds(server.process.pid) - before
            row["server_cpu_us"] = busy / (row["per_second"] * seconds) * 1e6
            rows.append({"server": name, "call": call, "clients": clients} | row)
            print(
                f"{name:8} {call:22} {clients:3} clients {row['per_second']:8.0f}/s  median {row['median_ms']:7.2f} ms"
                f"  p99 {row['p99_ms']:8.2f} ms  server CPU {row['server_cpu_us']:6.0f} us/call"
            )
    return rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--json")
    arguments.add_argument("--moto", action="store_true")
    arguments = arguments.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as root:
        floor = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Floor)
        threading.Thread(target=floor.serve_forever, daemon=True).start()
        server = Server(pathlib.Path(root) / "sealvol")
        server.root.mkdir()
        for clients in CLIENTS:
            row = drive(floor.server_port, lambda: ec2_request(server, "DescribeVolumes").sign(), clients, arguments.seconds)
            rows.append({"server": "floor", "call": "nothing", "clients": clients} | row)
            print(f"floor    nothing                {clients:3} clients {row['per_second']:8.0f}/s (Python on both sides)")
        floor.shutdown()
        server.start()
        try:
            rows += measure("sealvol", server, arguments.seconds)
        finally:
            server.stop()
        if arguments.moto:
            other = pathlib.Path(root) / "moto"
            other.mkdir()
            with moto(other) as rival:
                rows += measure("moto", rival, arguments.seconds)
                for row in rows:
                    if row["server"] == "sealvol":
                        same = next(r for r in rows if r["server"] == "moto" and (r["call"], r["clients"]) == (row["call"], row["clients"]))
                        ratio = row["per_second"] / same["per_second"]
                        print(f"sealvol / moto: {row['call']:22} {row['clients']:3} clients {ratio:6.1f}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
