#!/usr/bin/env python3
"""Our NBD server beside qemu-nbd (raw and LUKS) and nbdkit (file and LUKS), by fio, in interleaved runs, against the lines that
SPECIFICATION.md promises.

    bench/nbd.py target/release/examples/serve_volume [--seconds 2] [--rounds 5] [--disk DIR] [--json FILE]

Everything lies on tmpfs, so that the servers are measured and not a disk (but for the flush-heavy job, which lies in --disk, a
directory of a real file system); every server has 512 MiB of random data, written through itself. Each round runs
every job on every server in turn, so that what else the machine does hits all of them alike. Ratios are medians of the
ratios within a round. Figures of one machine mean little, ratios of one run more.
Needs fio with the nbd engine, qemu-utils, nbdkit.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SIZE_MIB = 512
GIB = 1 << 30
# name: fio's rw, block size, depth, extra arguments
JOBS = {
    "4k read d1": ("randread", "4k", 1, []),
    "4k write d1": ("randwrite", "4k", 1, []),
    "4k mixed d1": ("randrw", "4k", 1, []),
    "4k read d32": ("randread", "4k", 32, []),
    "4k write d32": ("randwrite", "4k", 32, []),
    "4k mixed d32": ("randrw", "4k", 32, []),
    "128k read d8": ("read", "128k", 8, []),
    "128k write d8": ("write", "128k", 8, []),
}
FLUSH = {"4k write + flush": ("randwrite", "4k", 1, ["--fsync=1"])}
SMALL = [name for name in JOBS if name.startswith("4k")]
LARGE = [name for name in JOBS if name.startswith("128k")]
DEEP = ["4k read d32", "4k write d32", "4k mixed d32"]


def servers(binary, root):
    """Name → (preparing commands, server command, URI)."""
    path = lambda name: os.path.join(root, name)
    uri = lambda name: f"nbd+unix:///?socket={path(name)}"
    secret = "secret,id=key,data=0123456789abcdef"
    raw, luks, kit = path("raw.img"), path("luks.img"), path("kit.img")
    qemu = ["qemu-nbd", "--persistent", "--shared=16", "--cache=writeback", "--discard=unmap"]
    sized = lambda file: ["truncate", "-s", "1G", file]
    new_luks = ["qemu-img", "create", "-q", "--object", secret, "-f", "luks", "-o", "key-secret=key", luks, "1G"]
    options = f"driver=luks,key-secret=key,file.driver=file,file.filename={luks}"
    return {
        "plain": ([], [binary, path("plain"), "1", "plain", path("a")], uri("a")),
        "encrypted": ([], [binary, path("encrypted"), "1", "encrypted", path("b")], uri("b")),
        "qemu raw": ([sized(raw)], [*qemu, "-f", "raw", "-k", path("c"), raw], uri("c")),
        "qemu luks": ([new_luks], [*qemu, "--object", secret, "-k", path("d"), "--image-opts", options], uri("d")),
        "nbdkit": ([sized(kit)], ["nbdkit", "-f", "-U", path("e"), "file", kit], uri("e")),
    }


def fio(uri, rw, block, depth, extra, seconds=None):
    """Requests, bytes, IOPS, MB/s and p99 of the latency in microseconds; both directions together."""
    command = ["fio", "--name=job", "--ioengine=nbd", f"--uri={uri}", f"--rw={rw}", f"--bs={block}", f"--iodepth={depth}"]
    command += [f"--size={SIZE_MIB}m", "--randrepeat=0", "--norandommap", "--refill_buffers=0", "--output-format=json", *extra]
    if seconds:
        command += ["--time_based", f"--runtime={seconds}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # fio may print warnings before the JSON.
    job = json.loads(done.stdout[done.stdout.index("{") :])["jobs"][0]
    sides = [job[side] for side in ("read", "write") if job[side]["total_ios"]]
    return {
        "ios": sum(side["total_ios"] for side in sides),
        "bytes": sum(side["io_bytes"] for side in sides),
        "iops": sum(side["iops"] for side in sides),
        "MB/s": sum(side["bw_bytes"] for side in sides) / 1e6,
        "p99 us": max(side["clat_ns"]["percentile"]["99.000000"] for side in sides) / 1e3,
    }


def cpu_seconds(process):
    """Processor time of a server so far, all threads, user and system."""
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(uri, process, job, seconds):
    before = cpu_seconds(process)
    run = fio(uri, *job, seconds)
    busy = cpu_seconds(process) - before
    return run | {"CPU-s/GiB": busy / max(run["bytes"] / GIB, 1e-9), "CPU us/request": busy * 1e6 / max(run["ios"], 1)}


def run_all(binary, root, jobs, wanted, seconds, rounds):
    """(server, job) → the runs, one for each round. Every round starts all servers anew, each time another one first: who fills its memory
    first gets the better pages, which made a difference of a third here."""
    found = {}
    everyone = [name for name in servers(binary, root) if name in wanted]
    for turn in range(rounds):
        order = everyone[turn % len(everyone) :] + everyone[: turn % len(everyone)]
        folder = tempfile.mkdtemp(dir=root)
        try:
            one_round(binary, folder, jobs, order, seconds, found)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return {(server, job): found[server, job] for server in everyone for job in jobs if (server, job) in found}


def prepare(step):
    """qemu-img now and then finds that its processor time ran backwards while it sets up a LUKS key; the next try works."""
    for _ in range(9):
        if subprocess.run(step).returncode == 0:
            return
    subprocess.run(step, check=True)


def one_round(binary, root, jobs, order, seconds, found):
    running, known = [], servers(binary, root)
    try:
        for name in order:
            preparing, command, uri = known[name]
            if not shutil.which(command[0]):
                print(f"left out: {command[0]} is not installed")
                continue
            for step in preparing:
                prepare(step)
            running.append((name, uri, subprocess.Popen(command, stdout=subprocess.DEVNULL)))
            time.sleep(0.5)
            fio(uri, "write", "1m", 4, [])
        for job, what in jobs.items():
            for server, uri, process in running:
                found.setdefault((server, job), []).append(measure(uri, process, what, seconds))
    finally:
        for _, _, process in running:
            process.kill()
            process.wait()


def median(found, server, job, figure):
    return statistics.median(run[figure] for run in found[server, job])


def ratio(found, over, under, job, figure="iops"):
    pairs = zip(found[over, job], found[under, job])
    return statistics.median(a[figure] / b[figure] for a, b in pairs if b[figure])


def table(found, figure, digits):
    names = list(dict.fromkeys(server for server, _ in found))
    print(f"\n{figure}, medians\n{'':18}" + "".join(f"{name:>12}" for name in names))
    for job in dict.fromkeys(job for _, job in found):
        print(f"{job:18}" + "".join(f"{median(found, name, job, figure):12.{digits}f}" for name in names))


def lines(found):
    """What is promised: text, value, bound, and whether the bound is the most or the least."""
    have = {server for server, _ in found}
    for job in [*SMALL, *LARGE]:
        yield f"encrypted / plain, {job}", ratio(found, "encrypted", "plain", job), 0.97 if job in SMALL else 0.92, "least"
    for job in ["4k read d1", "4k write d1", "4k mixed d1"]:
        yield f"p99 encrypted / plain, {job}", ratio(found, "encrypted", "plain", job, "p99 us"), 1.1, "most"
    if "nbdkit" in have:
        for job in [*DEEP, *LARGE]:
            yield f"encrypted / nbdkit unencrypted, {job}", ratio(found, "encrypted", "nbdkit", job), 1.5 if job in DEEP else 1.0, "least"
    if "qemu luks" in have:
        for job in [*SMALL, *LARGE]:
            yield f"encrypted / qemu-nbd LUKS, {job}", ratio(found, "encrypted", "qemu luks", job), 4.0, "least"
    for job in [*LARGE, *DEEP]:
        yield f"CPU-s/GiB encrypted, {job}", median(found, "encrypted", job, "CPU-s/GiB"), 0.30 if job in LARGE else 1.1, "most"
        yield f"CPU encrypted / plain, {job}", ratio(found, "encrypted", "plain", job, "CPU-s/GiB"), 1.1, "most"


def report(all_lines):
    print(f"\n{'line':46} {'measured':>9} {'bound':>10}")
    for what, value, bound, side in all_lines:
        reached = value >= bound if side == "least" else value <= bound
        print(f"{what:46} {value:9.2f} {'>=' if side == 'least' else '<='} {bound:6.2f}  {'reached' if reached else 'NOT reached'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--disk", help="where the flush-heavy job lies")
    parser.add_argument("--json")
    chosen = parser.parse_args()
    binary, everyone = os.path.abspath(chosen.binary), {"plain", "encrypted", "qemu raw", "qemu luks", "nbdkit"}
    root = tempfile.mkdtemp(prefix="nbd-bench-", dir="/dev/shm")
    disk = tempfile.mkdtemp(prefix="nbd-bench-", dir=chosen.disk)
    try:
        found = run_all(binary, root, JOBS, everyone, chosen.seconds, chosen.rounds)
        flushed = run_all(binary, disk, FLUSH, {"plain", "encrypted", "nbdkit"}, chosen.seconds, chosen.rounds)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(disk, ignore_errors=True)
    print(f"{chosen.rounds} rounds of {chosen.seconds} s")
    for figure, digits in [("iops", 0), ("MB/s", 0), ("p99 us", 0), ("CPU us/request", 1), ("CPU-s/GiB", 2)]:
        table(found, figure, digits)
    table(flushed, "iops", 0)
    [job] = FLUSH
    flush = [(f"encrypted / nbdkit, {job}", ratio(flushed, "encrypted", "nbdkit", job), 0.95, "least")] if ("nbdkit", job) in flushed else []
    report([*lines(found), *flush])
    if chosen.json:
        with open(chosen.json, "w") as out:
            json.dump({f"{server}: {job}": runs for (server, job), runs in (found | flushed).items()}, out, indent=1)


if __name__ == "__main__":
    main()
