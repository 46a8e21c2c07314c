"""What a volume may hold after a crash: for each data unit the last flushed bytes, or anything written since."""

import random

from support import nbd
from support.nbd import Client

UNIT = 4096
UNITS = 2048


class Shadow:
    """Writes to the first 8 MiB of a volume and knows what may be read back."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.flushed = {}
        self.since = {}
        self.writes = self.flushes = 0

    def latest(self, unit):
        return self.since[unit][-1] if self.since.get(unit) else self.flushed.get(unit, bytes(UNIT))

    def _note(self, first, data):
        """Before it is sent: from now on the new bytes may be read."""
        for n in range(len(data) // UNIT):
            self.since.setdefault(first + n, []).append(data[n * UNIT : (n + 1) * UNIT])

    def step(self, device):
        """One request, chosen by chance."""
        unit = self.rng.randrange(UNITS - 64)
        kind = self.rng.randrange(20)
        if kind < 10:
            data = self.rng.randbytes(UNIT * self.rng.choice([1, 1, 1, 2, 8, 64]))
            self._note(unit, data)
            device.write(unit * UNIT, data)
        elif kind < 13:
            # Inside a unit: the rest of it must stay.
            piece, at = self.rng.randbytes(512), self.rng.randrange(0, UNIT - 512)
            old = self.latest(unit)
            self._note(unit, old[:at] + piece + old[at + 512 :])
            device.write(unit * UNIT + at, piece)
        elif kind < 15:
            count = self.rng.choice([1, 16, 64])
            self._note(unit, bytes(UNIT * count))
            (device.zeroes if kind == 13 else device.trim)(unit * UNIT, count * UNIT)
        elif kind < 17:
            data = self.rng.randbytes(UNIT)
            self._note(unit, data)
            device.write(unit * UNIT, data, flags=nbd.FUA)
            # FUA makes this one durable, whatever else is still on its way.
            self.flushed[unit] = data
            self.since.pop(unit, None)
        else:
            device.flush()
            self.flushes += 1
            for changed, versions in self.since.items():
                self.flushed[changed] = versions[-1]
            self.since.clear()
        self.writes += 1

    def check(self, uri):
        """Reads everything back; what is read now is what the volume holds from now on."""
        with Client(uri) as device:
            data = b"".join(device.read(n, 1 << 20) for n in range(0, UNITS * UNIT, 1 << 20))
            for unit in range(UNITS):
                found = data[unit * UNIT : (unit + 1) * UNIT]
                allowed = [self.flushed.get(unit, bytes(UNIT)), *self.since.get(unit, [])]
                assert found in allowed, (
                    f"unit {unit} holds neither what was flushed nor anything written since "
                    f"({len(allowed)} versions allowed, {'zeros' if not any(found) else found[:16].hex()} found)"
                )
                self.flushed[unit] = found
            self.since.clear()
            device.flush()
