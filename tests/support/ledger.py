"""What was written to a volume by several connections at once, what was acknowledged, and what a flush covered: after a crash each
data unit holds what it held at its last flush, or a write that was sent since, whole, and in its own place."""

import itertools
import random
import threading

from support import nbd
from support.model import UNIT, number_of, unit_bytes
from support.nbd import Client

BLOCK = 1 << 20


class Ledger:
    """Units from `first` on, `per_lane` for each lane. A lane is a thread with a connection of its own and writes to its units only,
    so the order of writes of a unit is known; a flush covers what every lane was told before it was sent."""

    def __init__(self, first, lanes, per_lane, seed):
        self.first, self.per_lane = first, per_lane
        self.units = range(first, first + lanes * per_lane)
        self.rngs = [random.Random(f"{seed}/{lane}") for lane in range(lanes)]
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.writes = self.flushes = 0
        self._settle(dict.fromkeys(self.units, 0))

    def _settle(self, found):
        # Of each unit the writes in the order in which they were sent, and how far it was acknowledged and flushed.
        self.versions = {unit: [number] for unit, number in found.items()}
        self.acked = dict.fromkeys(self.units, 0)
        self.flushed = dict.fromkeys(self.units, 0)

    def work(self, lane, uri):
        """Until the connection ends."""
        with Client(uri, timeout=20) as device:
            while True:
                self.step(lane, device)

    def step(self, lane, device):
        """One request, chosen by chance."""
        rng = self.rngs[lane]
        kind = rng.randrange(12)
        if kind == 0:
            with self.lock:
                acked = dict(self.acked)
            device.flush()
            with self.lock:
                self.flushes += 1
                for unit, at in acked.items():
                    self.flushed[unit] = max(self.flushed[unit], at)
            return
        count = rng.choice((1, 1, 1, 2, 8))
        start = self.first + lane * self.per_lane + rng.randrange(self.per_lane - count + 1)
        run = range(start, start + count)
        number = 0 if kind in (2, 3) else next(self.numbers)
        with self.lock:
            for unit in run:
                self.versions[unit].append(number)
        if kind == 2:
            device.trim(start * UNIT, count * UNIT)
        elif kind == 3:
            device.zeroes(start * UNIT, count * UNIT)
        else:
            data = b"".join(unit_bytes(number, unit) for unit in run)
            device.write(start * UNIT, data, flags=nbd.FUA if kind == 1 else 0)
        with self.lock:
            self.writes += 1
            for unit in run:
                self.acked[unit] = len(self.versions[unit]) - 1
                if kind == 1:
                    self.flushed[unit] = self.acked[unit]

    def check(self, uri):
        """Reads everything back. What is found is what the volume holds from now on, so it is flushed."""
        with Client(uri) as device:
            offset, size = self.first * UNIT, len(self.units) * UNIT
            data = b"".join(device.read(offset + n, min(BLOCK, size - n)) for n in range(0, size, BLOCK))
            device.flush()
        found = {unit: number_of(data[n * UNIT : (n + 1) * UNIT], unit) for n, unit in enumerate(self.units)}
        for unit, number in found.items():
            allowed = self.versions[unit][self.flushed[unit] :]
            assert number in allowed, f"unit {unit} holds write {number}; flushed was {allowed[0]}, sent since {allowed[1:20]}"
        self._settle(found)
