#!/usr/bin/env python3
"""Our NBD server beside qemu-nbd (raw and LUKS) and nbdkit, by fio, in interleaved runs.

    bench/nbd.py target/release/examples/serve_volume [seconds per run] [rounds]

Everything lies on tmpfs, so that the servers are measured and not a disk; every server has the same 512 MiB of random
data, written through itself. Each round runs every job on every server in turn, so that what else the machine does hits
all of them alike; medians over the rounds are compared. Figures of one machine mean little, ratios of one run more. On a
busy machine look at the second table, the processor time that the server took per request: others' work hardly
changes it.
Needs fio with the nbd engine, qemu-utils, nbdkit.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SIZE_MIB = 512
# name, fio's rw, block size, depth
JOBS = [
    ("4k read d1", "randread", "4k", 1),
    ("4k write d1", "randwrite", "4k", 1),
    ("4k read d32", "randread", "4k", 32),
    ("4k write d32", "randwrite", "4k", 32),
    ("128k seq read", "read", "128k", 8),
    ("128k seq write", "write", "128k", 8),
]


def servers(binary, root):
    """Name → (preparing commands, server command, URI)."""
    path = lambda name: os.path.join(root, name)
    uri = lambda name: f"nbd+unix:///?socket={path(name)}"
    secret = "secret,id=key,data=0123456789abcdef"
    raw, luks, kit = path("raw.img"), path("luks.img"), path("kit.img")
    qemu = ["qemu-nbd", "--persistent", "--shared=16", "--cache=writeback", "--discard=unmap"]
    return {
        "ours plain": ([], [binary, path("plain"), "1", "plain", path("a")], uri("a")),
        "ours encrypted": ([], [binary, path("encrypted"), "1", "encrypted", path("b")], uri("b")),
        "qemu-nbd raw": (
            [["truncate", "-s", "1G", raw]],
            qemu + ["-f", "raw", "-k", path("c"), raw],
            uri("c"),
        ),
        "qemu-nbd luks": (
            [["qemu-img", "create", "-q", "--object", secret, "-f", "luks", "-o", "key-secret=key,iter-time=10", luks, "1G"]],
            qemu + ["--object", secret, "-k", path("d"), "--image-opts", f"driver=luks,key-secret=key,file.driver=file,file.filename={luks}"],
            uri("d"),
        ),
        "nbdkit file": ([["truncate", "-s", "1G", kit]], ["nbdkit", "-f", "-U", path("e"), "file", kit], uri("e")),
    }


def fio(uri, rw, block, depth, seconds=None):
    command = ["fio", "--name=job", "--ioengine=nbd", f"--uri={uri}", f"--rw={rw}", f"--bs={block}", f"--iodepth={depth}"]
    command += [f"--size={SIZE_MIB}m", "--randrepeat=0", "--norandommap", "--refill_buffers=0", "--output-format=json"]
    if seconds:
        command += ["--time_based", f"--runtime={seconds}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # fio may print warnings before the JSON.
    job = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
    return job["read" if "read" in rw else "write"]


def cpu_seconds(process):
    """Processor time of a server so far, all threads, user and system."""
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(uri, process, job):
    """IOPS or MB/s, and microseconds of the server's processor time per request."""
    _, rw, block, depth, seconds = job
    before = cpu_seconds(process)
    side = fio(uri, rw, block, depth, seconds)
    speed = side["iops"] if block == "4k" else side["bw_bytes"] / 1e6
    return speed, (cpu_seconds(process) - before) * 1e6 / max(side["total_ios"], 1)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    root, running = tempfile.mkdtemp(prefix="nbd-bench-", dir="/dev/shm"), []
    try:
        everyone = servers(binary, root)
        for name, (preparing, command, uri) in everyone.items():
            if not shutil.which(command[0]):
                print(f"skipped: {command[0]} is not installed")
                continue
            for step in preparing:
                subprocess.run(step, check=True)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            running.append((name, uri, process))
        time.sleep(1)
        for _, uri, _ in running:
            fio(uri, "write", "1m", 4)
        found = {(name, job[0]): [] for name, _, _ in running for job in JOBS}
        for _ in range(rounds):
            for job in JOBS:
                for server, uri, process in running:
                    found[server, job[0]].append(measure(uri, process, (*job, seconds)))
        report(found, [name for name, _, _ in running], seconds, rounds)
    finally:
        for _, _, process in running:
            process.kill()
            process.wait()
        shutil.rmtree(root, ignore_errors=True)


def report(found, names, seconds, rounds):
    print(f"{rounds} rounds of {seconds:g} s; medians")
    for column, title in enumerate(["IOPS for 4k, MB/s for 128k", "server's processor time per request, microseconds"]):
        median = {key: statistics.median(run[column] for run in runs) for key, runs in found.items()}
        print(f"\n{title}\n{'':16}" + "".join(f"{name:>20}" for name in names))
        for job, *_ in JOBS:
            print(f"{job:16}" + "".join(f"{median[name, job]:20.{column}f}" for name in names))
        pairs = [("encrypted", "plain"), ("plain", "raw"), ("plain", "file"), ("encrypted", "luks"), ("encrypted", "raw")]
        full = {name.split()[-1]: name for name in names}
        pairs = [(a, b) for a, b in pairs if a in full and b in full]
        print(f"{'':16}" + "".join(f"{a + ' / ' + b:>20}" for a, b in pairs))
        for job, *_ in JOBS:
            print(f"{job:16}" + "".join(f"{median[full[a], job] / median[full[b], job]:20.2f}" for a, b in pairs))


if __name__ == "__main__":
    main()
