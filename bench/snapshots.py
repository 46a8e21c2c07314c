#!/usr/bin/env python3
"""Snapshots of an encrypted volume, measured through the front door of the built binary.

    .work/venv/bin/python bench/snapshots.py [--gib 10] [--json FILE]

Prints: what a second snapshot stores after 1 % of the volume changed; the longest request that a guest sees while snapshots are taken under load,
beside the longest in the seconds before; the first read of chunks after a restore beside warm reads; re-encryption (a copy under another key) in
MiB/s and in server CPU per GiB beside the bare cipher's (decrypt + encrypt, openssl speed); and the resident memory for a 16 TiB volume that
holds little. Server, client and disk share one machine: read the ratios, not the seconds.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from support.devices import Bench  # noqa: E402
from support.ec2 import ZONE, await_volume  # noqa: E402
from support.nbd import Client  # noqa: E402
from support.server import Server  # noqa: E402
from support.snapshots import BLOCK, await_snapshot, describe_snapshot  # noqa: E402

RATE_LIMIT_SECONDS = 16


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def stored(server, snapshot_id):
    """Chunks and bytes in the chunk store that this snapshot wrote."""
    folder = server.data / "chunks" / "us-east-1" / snapshot_id
    files = [p for p in folder.rglob("*") if p.is_file()]
    return len([p for p in files if p.name.startswith("c-")]), sum(p.stat().st_size for p in files)


def fill(uri, gib):
    with Client(uri) as device:
        for at in range(0, gib << 30, 8 << 20):
            device.write(at, os.urandom(8 << 20))
        device.flush()


def take(bench, volume):
    began = time.monotonic()
    made = bench.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    answered = time.monotonic() - began
    await_snapshot(bench.ec2, made, seconds=3600)
    return made, answered, time.monotonic() - began


def increments(bench, volume, uri, gib, seed):
    first, _, full_seconds = take(bench, volume)
    rng = random.Random(seed)
    changed = rng.sample(range((gib << 30) // BLOCK), (gib << 30) // BLOCK // 100)
    with Client(uri) as device:
        for index in changed:
            device.write(index * BLOCK + rng.randrange(0, BLOCK - 4096, 4096), os.urandom(4096))
        device.flush()
    time.sleep(RATE_LIMIT_SECONDS)
    second, _, seconds = take(bench, volume)
    (chunks, size), (more_chunks, more) = stored(bench.server, first), stored(bench.server, second)
    return first, {
        "full_chunks": chunks,
        "full_bytes": size,
        "full_seconds": full_seconds,
        "changed_chunks": len(changed),
        "second_chunks": more_chunks,
        "second_bytes": more,
        "second_seconds": seconds,
        "second_over_full": more / size,
    }


def pauses(bench, volume, uri, gib, rounds=3):
    """A guest that writes 4 KiB at depth 1, and the longest it waited."""
    stop, waits = threading.Event(), []

    def guest():
        rng = random.Random(1)
        with Client(uri) as device:
            while not stop.is_set():
                at = rng.randrange(0, gib << 30, 4096)
                began = time.perf_counter()
                device.write(at, b"g" * 4096)
                waits.append((time.monotonic(), time.perf_counter() - began))

    thread = threading.Thread(target=guest)
    thread.start()
    time.sleep(RATE_LIMIT_SECONDS)
    alone = [w for _, w in waits]
    found = []
    for _ in range(rounds):
        began = time.monotonic()
        _, answered, took = take(bench, volume)
        around = [w for t, w in waits if began - 0.05 <= t <= began + answered + 0.05]
        during = [w for t, w in waits if began <= t <= began + took]
        found.append((max(around), answered, len(during) / took))
        time.sleep(RATE_LIMIT_SECONDS)
    stop.set()
    thread.join()
    return {
        "longest_write_ms_before": max(alone) * 1000,
        "writes_per_second_before": len(alone) / RATE_LIMIT_SECONDS,
        "longest_write_ms_at_the_instant": statistics.median(f[0] for f in found) * 1000,
        "call_ms": statistics.median(f[1] for f in found) * 1000,
        "writes_per_second_while_storing": statistics.median(f[2] for f in found),
    }


def first_reads(bench, snapshot_id, gib):
    """The first read of chunks, far apart and before the background comes to them, beside the second read of the same."""
    made = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot_id, VolumeType="gp3")["VolumeId"]
    await_volume(bench.ec2, made, "available")
    uri = bench.attach(made)
    places = random.Random(3).sample(range((gib << 30) // BLOCK // 2, (gib << 30) // BLOCK), 64)
    with Client(uri) as device:
        timed = lambda at: (lambda b: (device.read(at, BLOCK), time.perf_counter() - b)[1])(time.perf_counter())  # noqa: E731
        first = [timed(n * BLOCK) for n in places]
        warm = [timed(n * BLOCK) for n in places]
    bench.detach(made)
    bench.ec2.delete_volume(VolumeId=made)
    return {
        "first_read_ms": statistics.median(first) * 1000,
        "warm_read_ms": statistics.median(warm) * 1000,
        "first_over_warm": statistics.median(first) / statistics.median(warm),
    }


def re_encryption(bench, snapshot_id):
    key = bench.server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    before, began = cpu_seconds(bench.server.process.pid), time.monotonic()
    made = bench.ec2.copy_snapshot(
        SourceRegion="us-east-1", SourceSnapshotId=snapshot_id, Encrypted=True, KmsKeyId=key
    )["SnapshotId"]
    await_snapshot(bench.ec2, made, seconds=3600)
    took, cpu = time.monotonic() - began, cpu_seconds(bench.server.process.pid) - before
    mib = describe_snapshot(bench.ec2, made)["FullSnapshotSizeInBytes"] / (1 << 20)
    speed = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "-bytes", "4096", "-evp", "aes-256-xts"], capture_output=True, text=True
    ).stdout
    bare = float(speed.split()[-1].rstrip("k")) * 1000 / (1 << 20)
    return {
        "mib_per_second": mib / took,
        "server_cpu_seconds_per_gib": cpu / (mib / 1024),
        "bare_cipher_cpu_seconds_per_gib": 2 * 1024 / bare,
    }


def sparse_memory(bench):
    made = bench.volume(True, size=16384, VolumeType="gp2")
    before = resident_kib(bench.server.process.pid)
    with Client(bench.attach(made)) as device:
        attached = resident_kib(bench.server.process.pid)
        for n in range(1024):
            device.write(n * (16 << 30) + 4096, b"s" * 4096)
        device.flush()
        after = resident_kib(bench.server.process.pid)
    bench.detach(made)
    return {"attached_kib": attached - before, "after_1024_writes_16_gib_apart_kib": after - before}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gib", type=int, default=10)
    arguments.add_argument("--json")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="snapshot-bench-") as root:
        server = Server(root).start()
        try:
            bench = Bench(server)
            volume = bench.volume(True, size=asked.gib)
            uri = bench.attach(volume)
            fill(uri, asked.gib)
            first, found = increments(bench, volume, uri, asked.gib, 42)
            results = {"increments": found}
            results["pauses"] = pauses(bench, volume, uri, asked.gib)
            results["first reads"] = first_reads(bench, first, asked.gib)
            results["re-encryption"] = re_encryption(bench, first)
            results["16 TiB"] = sparse_memory(bench)
        finally:
            server.stop(60)
    for title, figures in results.items():
        print(title)
        for name, figure in figures.items():
            print(f"  {name:<36} {figure:>16,.3f}" if isinstance(figure, float) else f"  {name:<36} {figure:>16,}")
    if asked.json:
        pathlib.Path(asked.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
