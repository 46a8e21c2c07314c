#!/usr/bin/env python3
"""vhost-user-blk beside NBD: our two exporters of the same encrypted volume, in interleaved runs.

    bench/vhost.py target/release/examples/serve_volume target/release/examples/vhost_load [seconds per run] [rounds]

NBD is driven by fio, vhost-user by `vhost_load`, which plays the guest's part in memory that it shares with the server.
Everything lies on tmpfs. What counts is the processor time that the server takes per GiB: the line is 0.6 of NBD's. Speeds
of the two drivers are printed too, but say as much about the drivers as about the servers.
Needs fio with the nbd engine.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from nbd import cpu_seconds, fio

LINE = 0.6
# name, fio's rw, ours, block size, depth
JOBS = [
    ("4k read d1", "randread", "read", 4096, 1),
    ("4k read d32", "randread", "read", 4096, 32),
    ("4k write d32", "randwrite", "write", 4096, 32),
    ("128k read d8", "read", "read", 131072, 8),
    ("128k write d8", "write", "write", 131072, 8),
]
WAYS = ["nbd", "vhost, sleeping driver", "vhost, spinning driver"]


def run_nbd(job, socket, seconds):
    side = fio(f"nbd+unix:///?socket={socket}", job[1], str(job[3]), job[4], [], seconds)
    return side["ios"], side["iops"]


def run_vhost(load, job, socket, seconds, how):
    command = [load, socket, job[2], str(job[3]), str(job[4]), str(seconds), "1", how]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told["requests"], told["iops"]


def measure(way, job, servers, load, seconds):
    """Processor seconds of the server per GiB, and requests per second."""
    process, socket = servers[way.split(",")[0]]
    before = cpu_seconds(process)
    if way == "nbd":
        requests, iops = run_nbd(job, socket, seconds)
    else:
        requests, iops = run_vhost(load, job, socket, seconds, "spin" if "spin" in way else "wait")
    return (cpu_seconds(process) - before) / max(requests * job[3], 1) * 2**30, iops


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    binary, load = (os.path.abspath(path) for path in sys.argv[1:3])
    seconds, rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3, int(sys.argv[4]) if len(sys.argv) > 4 else 5
    root, servers = tempfile.mkdtemp(prefix="vhost-bench-", dir="/dev/shm"), {}
    try:
        directory, socket = os.path.join(root, "volume"), os.path.join(root, "socket")
        for way in ("nbd", "vhost"):
            place = (directory + way, socket + way)
            command = [binary, place[0], "1", "encrypted", place[1], "nbd"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            wait_for(place[1])
            fill(place[1])
            if way == "vhost":
                process.kill()
                process.wait()
                os.unlink(place[1])
                process = subprocess.Popen(command[:-1] + ["vhost"], stdout=subprocess.DEVNULL)
                wait_for(place[1])
            servers[way] = (process, place[1])
        found = {(way, job[0]): [] for way in WAYS for job in JOBS}
        for _ in range(rounds):
            for job in JOBS:
                for way in WAYS:
                    found[way, job[0]].append(measure(way, job, servers, load, seconds))
        report(found, seconds, rounds)
    finally:
        for process, _ in servers.values():
            process.kill()
            process.wait()
        shutil.rmtree(root, ignore_errors=True)


def fill(socket):
    """Also flushes: what is killed unflushed reads as zeros afterwards, which costs next to nothing."""
    command = ["fio", "--name=fill", "--ioengine=nbd", f"--uri=nbd+unix:///?socket={socket}", "--rw=write", "--bs=1m"]
    subprocess.run(command + ["--size=512m", "--refill_buffers", "--end_fsync=1"], capture_output=True, check=True)


def wait_for(path):
    for _ in range(200):
        if os.path.exists(path):
            return
        time.sleep(0.05)
    sys.exit("the server did not start")


def report(found, seconds, rounds):
    print(f"{rounds} rounds of {seconds} s; medians")
    for column, title in enumerate(["server's processor seconds per GiB", "requests per second"]):
        print(f"\n{title}\n{'':16}" + "".join(f"{way:>26}" for way in WAYS) + (f"{'ratios':>16}" if column == 0 else ""))
        for job, *_ in JOBS:
            values = [statistics.median(run[column] for run in found[way, job]) for way in WAYS]
            line = f"{job:16}" + "".join(f"{value:26.{3 - 3 * column}f}" for value in values)
            if column == 0:
                ratios = [value / values[0] for value in values[1:]]
                line += "".join(f"{ratio:8.2f}" for ratio in ratios)
                line += "" if max(ratios) <= LINE else f"  above the line of {LINE}"
            print(line)


if __name__ == "__main__":
    main()
