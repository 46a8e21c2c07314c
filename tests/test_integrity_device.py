"""`serve --integrity`: what somebody changed on the disk is refused when a guest reads it, and told; without it AES-XTS gives noise and
nobody notices."""

import errno
import json

import pytest
from support.checks import until
from support.devices import Bench
from support.nbd import Client, fails

UNIT = 4096
UNITS = 8


@pytest.fixture(scope="module")
def guarded(make_server):
    return Bench(make_server(arguments=["--integrity"]))


@pytest.fixture(scope="module")
def plain(server):
    return Bench(server)


def content(unit):
    return bytes([65 + unit]) * UNIT


def written(bench):
    """A detached volume of a few units, and its data file."""
    made = bench.volume(encrypted=True)
    with Client(bench.attach(made)) as device:
        for unit in range(UNITS):
            device.write(unit * UNIT, content(unit))
        device.flush()
    bench.detach(made)
    [data] = bench.server.data.rglob(f"{made}/data.0000")
    return made, data


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def swap(path, one, other):
    with open(path, "r+b") as file:
        units = []
        for unit in (one, other):
            file.seek(unit * UNIT)
            units.append(file.read(UNIT))
        for unit, held in zip((other, one), units):
            file.seek(unit * UNIT)
            file.write(held)


def test_flipped_swapped_and_stale_units_are_refused_and_the_others_are_read(guarded):
    made, data = written(guarded)
    with open(data, "rb") as file:
        file.seek(6 * UNIT)
        stale = file.read(UNIT)
    with Client(guarded.attach(made)) as device:
        device.write(6 * UNIT, b"n" * UNIT)
        device.flush()
    guarded.detach(made)
    flip(data, UNIT + 77)
    swap(data, 3, 4)
    with open(data, "r+b") as file:
        file.seek(6 * UNIT)
        file.write(stale)
    with Client(guarded.attach(made)) as device:
        for unit in (1, 3, 4, 6):
            fails(errno.EIO, device.read, unit * UNIT, UNIT)
        for unit in (0, 2, 5, 7):
            assert device.read(unit * UNIT, UNIT) == content(unit)
        # A read that touches one gives nothing of it.
        fails(errno.EIO, device.read, 0, UNITS * UNIT)
        # What is written anew is good again.
        device.write(UNIT, b"g" * UNIT)
        device.flush()
        assert device.read(UNIT, UNIT) == b"g" * UNIT
        fails(errno.EIO, device.read, 3 * UNIT, UNIT)

    def told():
        story = json.loads(guarded.server.sealvol("explain", made, "--json").stdout)
        return "tag" in json.dumps(story) and story

    assert until(told)
    guarded.detach(made)


def test_without_integrity_the_same_is_noise_that_nobody_notices(plain):
    made, data = written(plain)
    flip(data, UNIT + 77)
    with Client(plain.attach(made)) as device:
        noise = device.read(UNIT, UNIT)
        assert noise != content(1) and device.read(0, UNIT) == content(0)
    plain.detach(made)
