#!/usr/bin/env python3
"""Whether a page costs more when there is more behind it: DescribeVolumes with MaxResults=100 among 1,000 and among 100,000 volumes.

    apt-get install wrk
    cargo build --release -p sealvol -p sealvol-ec2 --bins --example fill_volumes
    .work/venv/bin/python bench/pages.py [--seconds 2] [--rounds 5] [--large 100000] [--json FILE]

Two servers, started one after the other on catalogs that `fill_volumes` filled with copies of a volume made by the API, and asked in turns,
so that what else the machine does hits both alike. One client replays one signed request (wrk): the first page, one from the middle
and the last one of the list, for which the line is, and a filter that no volume passes, which reads the whole list. Latencies are wrk's
medians, ratios medians of the rounds' ratios.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from api import drive  # noqa: E402
from nbd import report  # noqa: E402
from support.server import Server, binary  # noqa: E402
from support.sign import ec2_request  # noqa: E402

PAGE = 100
BOUND = 1.3


def filled(root, volumes):
    """A server among so many volumes."""
    root.mkdir()
    server = Server(root).start()
    server.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)
    server.stop()
    fill = pathlib.Path(binary()).parent / "examples" / "fill_volumes"
    subprocess.run([fill, server.data / "catalog.sqlite", str(volumes)], check=True, stdout=subprocess.DEVNULL)
    return Server(root).start()


def requests(server, volumes):
    """The signed requests of one server, by what they ask for."""
    page = {"MaxResults": str(PAGE)}
    tokens = walk(server)
    assert len(tokens) == volumes // PAGE - 1, f"{len(tokens)} tokens for {volumes} volumes"
    asked = {
        "first page": page,
        "page in the middle": page | {"NextToken": tokens[len(tokens) // 2]},
        "last page": page | {"NextToken": tokens[-1]},
        "filter that nothing passes": page | {"Filter.1.Name": "size", "Filter.1.Value.1": "7"},
    }
    return {what: ec2_request(server, "DescribeVolumes", **parameters).sign() for what, parameters in asked.items()}


def walk(server):
    """Every NextToken, from the first page to the last; the pages together are the list."""
    ec2, tokens, seen = server.client("ec2"), [], set()
    more = {}
    while True:
        answer = ec2.describe_volumes(MaxResults=PAGE, **more)
        ids = [volume["VolumeId"] for volume in answer["Volumes"]]
        assert len(ids) == PAGE and not seen & set(ids)
        seen |= set(ids)
        if "NextToken" not in answer:
            return tokens
        tokens.append(answer["NextToken"])
        more = {"NextToken": tokens[-1]}


def measure(servers, seconds, rounds, folder):
    """(server, what) → rows, the servers in turn within each round, in another order each round."""
    asked = {name: requests(server, name) for name, server in servers.items()}
    found = {}
    for turn in range(rounds):
        names = list(servers) if turn % 2 == 0 else list(servers)[::-1]
        for what in asked[names[0]]:
            for name in names:
                row = drive(servers[name], asked[name][what], 1, seconds, folder)
                found.setdefault((name, what), []).append(row)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--json")
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    small, large = 1000, chosen.large
    servers = {}
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        try:
            for volumes in (small, large):
                servers[volumes] = filled(root / str(volumes), volumes)
            found = measure(servers, chosen.seconds, chosen.rounds, root)
        finally:
            for server in servers.values():
                server.stop()
    lines = []
    for what in dict.fromkeys(what for _, what in found):
        rows = {name: found[name, what] for name in servers}
        median = {name: statistics.median(row["median_ms"] for row in rows[name]) for name in servers}
        ratios = [b["median_ms"] / a["median_ms"] for a, b in zip(rows[small], rows[large])]
        cpu = [b["server_cpu_us"] / a["server_cpu_us"] for a, b in zip(rows[small], rows[large])]
        print(f"{what:28} {median[small]:8.2f} ms among {small}, {median[large]:8.2f} ms among {large}; server CPU x {statistics.median(cpu):.2f}")
        if "page" in what:
            lines.append((f"{what} of {PAGE}, {large} / {small} volumes", statistics.median(ratios), BOUND, "most"))
    report(lines)
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps({f"{n}: {w}": rows for (n, w), rows in found.items()}, indent=1))


if __name__ == "__main__":
    main()
