#!/usr/bin/env python3
"""Snapshots of an encrypted volume, measured through the front door of the built binary.

    .work/venv/bin/python bench/snapshots.py [--gib 10] [--rounds 2] [--parts increments,1,32,reads,keys,memory] [--json FILE]

Prints: what a second snapshot stores after 1 % of the volume changed; the longest write of a guest (fio, depth 1 and 32) around CreateSnapshot, and
its rate until the snapshot is stored, beside the seconds before in the same run, and beside an empty volume of its own, where every unit is written for
the first time as it is above a frozen layer, and nothing is stored; the first read of chunks after a restore beside warm reads;
re-encryption (a copy under another key) in server CPU per GiB beside its parts alone (the cipher twice by openssl speed, reading and writing files by
this process); the resident memory for a 16 TiB volume that holds little; and each of these against its target. Server, client and disk share one
machine: read the ratios, not the seconds.
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


def increments(bench, volume, uri, gib, seed, first, full_seconds):
    rng = random.Random(seed)
    changed = rng.sample(range((gib << 30) // BLOCK), (gib << 30) // BLOCK // 100)
    with Client(uri) as device:
        for index in changed:
            device.write(index * BLOCK + rng.randrange(0, BLOCK - 4096, 4096), os.urandom(4096))
        device.flush()
    time.sleep(RATE_LIMIT_SECONDS)
    second, _, seconds = take(bench, volume)
    (chunks, size), (more_chunks, more) = stored(bench.server, first), stored(bench.server, second)
    return {
        "full_chunks": chunks,
        "full_bytes": size,
        "full_seconds": full_seconds,
        "changed_chunks": len(changed),
        "second_chunks": more_chunks,
        "second_bytes": more,
        "second_seconds": seconds,
        "second_over_full": more / size,
    }


def writing(uri, depth, seconds, folder):
    """A guest that writes 4 KiB at random places; fio notes each write. Returns the process."""
    job = ["fio", "--name=guest", "--ioengine=nbd", f"--uri={uri}", "--rw=randwrite", "--bs=4k", f"--iodepth={depth}"]
    job += ["--time_based", f"--runtime={seconds}", f"--write_lat_log={folder}/guest", "--log_unix_epoch=1"]
    return subprocess.Popen(job, stdout=subprocess.DEVNULL)


def noted(folder):
    """(when it ended in seconds since 1970, how long it took in ms) of every write."""
    with open(next(pathlib.Path(folder).glob("guest_lat*.log"))) as log:
        fields = (line.split(",") for line in log)
        return [(int(f[0]) / 1000, int(f[1]) / 1e6) for f in fields]


def rate_of_first_writes(bench, gib, depth, seconds):
    """Writes per second to a new layer while nothing is stored: the first seconds of an empty volume."""
    made = bench.volume(True, size=gib)
    with tempfile.TemporaryDirectory() as folder:
        writing(bench.attach(made), depth, seconds + 1, folder).wait()
        ended = [t for t, _ in noted(folder)]
    bench.detach(made)
    bench.ec2.delete_volume(VolumeId=made)
    return len([t for t in ended if t < ended[0] + seconds]) / seconds


def pauses(bench, volume, uri, gib, depth, rounds):
    """What a guest waits for around the calls, and what it writes until the snapshots are stored, beside the seconds before in the same run."""
    # Also the time that must pass since the snapshot before.
    alone = rest = RATE_LIMIT_SECONDS + 1
    with tempfile.TemporaryDirectory() as folder:
        guest = writing(uri, depth, alone + rounds * (rest + 15), folder)
        calls = []
        for _ in range(rounds):
            time.sleep(alone if not calls else rest)
            began = time.time()
            _, answered, took = take(bench, volume)
            calls.append((began, began + answered, began + took))
        guest.send_signal(2)
        guest.wait()
        writes = noted(folder)
    first = calls[0][0]
    before = [w for t, w in writes if first - alone + 1 <= t < first - 0.1]
    around = [[w for t, w in writes if a - 0.01 <= t <= b + 0.05] for a, b, _ in calls]
    stored = sum(len([0 for t, _ in writes if a <= t <= c]) / (c - a) for a, _, c in calls) / rounds
    # Windows as long as a call, in which nothing was asked: what this machine does to a guest anyway.
    call = statistics.median(b - a for a, b, _ in calls)
    rate_before, until_stored = len(before) / (alone - 1.1), statistics.median(c - a for a, _, c in calls)
    rate_new = rate_of_first_writes(bench, gib, depth, until_stored)
    windows = {}
    for t, w in writes:
        if t < first - 0.1:
            windows.setdefault(int((t - first) / call), []).append(w)
    return {
        "longest_write_ms": statistics.median(max(w) for w in around if w),
        "longest_write_ms_in_windows_before": statistics.median(max(w) for w in windows.values()),
        "p99_ms": statistics.median(sorted(w)[len(w) * 99 // 100] for w in around if w),
        "p99_ms_before": sorted(before)[len(before) * 99 // 100],
        "call_ms": call * 1000,
        "seconds_until_stored": until_stored,
        "writes_per_second_before": rate_before,
        "first_writes_per_second": rate_new,
        "writes_while_storing_over_before": stored / rate_before,
        "first_writes_over_before": rate_new / rate_before,
        "writes_while_storing_over_first_writes": stored / rate_new,
    }


def first_reads(bench, snapshot_id, gib, restores=6):
    """First reads of chunks, far apart and before the background comes to them, each beside a read of a chunk that is in the layer already: in turns,
    because loading in the background costs both. Medians of each restore, and of these."""
    rounds = [restored(bench, snapshot_id, gib) for _ in range(restores)]
    first, warm = ([statistics.median(times) for times in kind] for kind in zip(*rounds, strict=True))
    every = sorted(time for times, _ in rounds for time in times)
    return {
        "first_read_ms": statistics.median(first) * 1000,
        "warm_read_ms": statistics.median(warm) * 1000,
        "first_read_p90_ms": every[len(every) * 9 // 10] * 1000,
        "first_read_longest_ms": every[-1] * 1000,
        "first_over_warm": statistics.median(f / w for f, w in zip(first, warm, strict=True)),
        "first_over_warm_least": min(f / w for f, w in zip(first, warm, strict=True)),
        "first_over_warm_most": max(f / w for f, w in zip(first, warm, strict=True)),
    }


def restored(bench, snapshot_id, gib, reads=64):
    """The times of first reads and of warm reads of one restore."""
    made = bench.ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot_id, VolumeType="gp3")["VolumeId"]
    await_volume(bench.ec2, made, "available")
    uri = bench.attach(made)
    folder = bench.server.data / "volumes" / made
    # The background goes from the front. Twice as much, because it does so with several threads.
    while sum(path.stat().st_blocks * 512 for path in folder.glob("data.*")) < 2 * reads * BLOCK:
        time.sleep(0.01)
    places = random.Random(3).sample(range((gib << 30) // BLOCK // 2, (gib << 30) // BLOCK), reads)
    with Client(uri) as device:
        timed = lambda at: (lambda b: (device.read(at, BLOCK), time.perf_counter() - b)[1])(time.perf_counter())  # noqa: E731
        times = [(timed(place * BLOCK), timed(n * BLOCK)) for n, place in enumerate(places)]
    bench.detach(made)
    bench.ec2.delete_volume(VolumeId=made)
    return tuple(zip(*times, strict=True))


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
    moved = move_alone(bench.server.data)
    parts = 2 * 1024 / bare + moved
    return {
        "mib_per_second": mib / took,
        "server_cpu_seconds_per_gib": cpu / (mib / 1024),
        "cipher_twice_cpu_seconds_per_gib": 2 * 1024 / bare,
        "read_and_write_cpu_seconds_per_gib": moved,
        "parts_over_server": parts / (cpu / (mib / 1024)),
    }


def move_alone(data, chunks=512):
    """CPU seconds per GiB of reading files of a chunk's size and writing them durably, by this process."""
    spent = lambda: sum(os.times()[:2])  # noqa: E731
    with tempfile.TemporaryDirectory(dir=data) as folder:
        paths = [pathlib.Path(folder) / str(n) for n in range(chunks)]
        block, began = os.urandom(BLOCK), spent()
        for path in paths:
            with open(path, "wb", buffering=0) as file:
                file.write(block)
                os.fdatasync(file.fileno())
        for path in paths:
            with open(path, "rb", buffering=0) as file:
                file.read(BLOCK)
        return (spent() - began) * (1 << 30) / (chunks * BLOCK)


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


def lines(results):
    """Each target with what was measured."""
    print("targets")
    for depth in (1, 32):
        if not (guest := results.get(f"guest at depth {depth}")):
            continue
        line(f"(a) longest write around CreateSnapshot, depth {depth}, ms", guest["longest_write_ms"], 10, least=False)
        line("    the same in windows without", guest["longest_write_ms_in_windows_before"])
        line(f"(b) writes while storing / before, depth {depth}", guest["writes_while_storing_over_before"], 0.9)
        line("    first writes without storing / before", guest["first_writes_over_before"])
        line("    writes while storing / first writes", guest["writes_while_storing_over_first_writes"])
    if found := results.get("first reads"):
        line("(c) first read / warm read", found["first_over_warm"], 1.5, least=False)
    if found := results.get("re-encryption"):
        line("(d) parts alone / re-encryption, CPU", found["parts_over_server"], 0.6)
    if found := results.get("16 TiB"):
        line("(e) idle 16 TiB volume, KiB", found["attached_kib"], 4096, least=False)


def line(title, found, target=None, least=True):
    if target is None:
        print(f"  {title:<58} {found:>10.2f}")
        return
    met = found >= target if least else found <= target
    print(f"  {title:<58} {found:>10.2f}  {'≥' if least else '≤'} {target:<6} {'met' if met else 'MISSED'}")


def measure(bench, gib, rounds, parts):
    volume = bench.volume(True, size=gib)
    uri = bench.attach(volume)
    fill(uri, gib)
    first, _, full_seconds = take(bench, volume)
    results = {}
    if "increments" in parts:
        results["increments"] = increments(bench, volume, uri, gib, 42, first, full_seconds)
    for depth in (1, 32):
        if str(depth) in parts:
            results[f"guest at depth {depth}"] = pauses(bench, volume, uri, gib, depth, rounds)
            time.sleep(RATE_LIMIT_SECONDS)
    if "reads" in parts:
        results["first reads"] = first_reads(bench, first, gib)
    if "keys" in parts:
        results["re-encryption"] = re_encryption(bench, first)
    if "memory" in parts:
        results["16 TiB"] = sparse_memory(bench)
    return results


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gib", type=int, default=10)
    arguments.add_argument("--rounds", type=int, default=2, help="snapshots taken at each depth")
    arguments.add_argument("--parts", default="increments,1,32,reads,keys,memory", help="what to measure, between commas")
    arguments.add_argument("--json")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="snapshot-bench-") as root:
        server = Server(root).start()
        try:
            results = measure(Bench(server), asked.gib, asked.rounds, asked.parts.split(","))
        finally:
            server.stop(60)
    for title, figures in results.items():
        print(title)
        for name, figure in figures.items():
            print(f"  {name:<36} {figure:>16,.3f}" if isinstance(figure, float) else f"  {name:<36} {figure:>16,}")
    lines(results)
    if asked.json:
        pathlib.Path(asked.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
