"""What volumes and snapshots may hold: every data unit that a test writes names itself (a sequence number, its place, and bytes that follow
from both), so that whatever is read back says which write it comes from, and torn, misplaced or undecrypted units are seen at once."""

import hashlib
import itertools
import struct
import threading

from support import nbd
from support.snapshots import BLOCK, download

UNIT = 4096
PER_CHUNK = BLOCK // UNIT
# Chunks of both manifest pages of a 1 GiB volume, and units at the edges of chunks; neighbours, so that a write may span chunks.
CHUNKS = (0, 1, 2, 700, 1023, 1024, 2047)
UNITS = tuple(chunk * PER_CHUNK + n for chunk in CHUNKS for n in (0, 1, 2, 3, 64, 126, 127))
ZEROS = bytes(UNIT)

_numbers = itertools.count(1)


def unit_bytes(number, unit):
    """The content that write `number` puts into a unit; number 0 is zeros."""
    if not number:
        return ZEROS
    head = struct.pack(">QQ", number, unit)
    return head + hashlib.shake_256(head).digest(UNIT - 16)


def number_of(data, unit):
    """Which write this is."""
    if data == ZEROS:
        return 0
    number, place = struct.unpack(">QQ", data[:16])
    assert place == unit and data == unit_bytes(number, unit), f"unit {unit} holds what nobody wrote: {data[:32].hex()}"
    return number


def decode(chunks):
    """Unit to number, from chunk index to its 512 KiB. Whatever is not one of our units must be zeros."""
    found = dict.fromkeys(UNITS, 0)
    for index, data in chunks.items():
        for n in range(PER_CHUNK):
            unit, piece = index * PER_CHUNK + n, data[n * UNIT : (n + 1) * UNIT]
            if unit in found:
                found[unit] = number_of(piece, unit)
            else:
                assert not any(piece), f"unit {unit} was never written: {piece[:32].hex()}"
    return found


def encode(index, numbers):
    """The 512 KiB of a chunk."""
    first = index * PER_CHUNK
    return b"".join(unit_bytes(numbers.get(first + n, 0), first + n) for n in range(PER_CHUNK))


def read_device(device):
    return decode({index: device.read(index * BLOCK, BLOCK) for index in CHUNKS})


def read_snapshot(ebs, snapshot_id):
    return decode(download(ebs, snapshot_id, workers=4))


class Content:
    """What something may hold: for each unit, the writes it may come from. Whatever shares a Content must be equal: looking at one
    settles the others."""

    def __init__(self, allowed):
        self.allowed = {unit: set(allowed.get(unit, {0})) for unit in UNITS}

    def settle(self, found, what):
        for unit, number in found.items():
            allowed = self.allowed[unit]
            assert number in allowed, f"{what}: unit {unit} holds write {number}, allowed are {sorted(allowed)[:20]}"
            self.allowed[unit] = {number}

    def exact(self):
        assert all(len(allowed) == 1 for allowed in self.allowed.values())
        return {unit: next(iter(allowed)) for unit, allowed in self.allowed.items()}


class Disk:
    """A volume that one client writes to: all versions of each unit since it was last looked at, how far they are acknowledged and how
    far they are flushed."""

    def __init__(self, volume_id, content, key, size=1):
        self.id = volume_id
        self.content = content
        self.key = key
        self.size = self.wanted = size
        self.uri = self.name = None
        self.looked_at = self.deleting = self.deleted = False
        self.writes = self.flushes = 0
        self.lock = threading.Lock()
        self._versions = {}

    def looked(self, found):
        """After a crash: what is found is what it holds from now on."""
        with self.lock:
            if self._versions:
                self.content = Content({unit: self._from(unit, self._flushed) for unit in UNITS})
            self.content.settle(found, self.id)
            self._versions = {unit: [number] for unit, number in found.items()}
            self._acked = dict.fromkeys(UNITS, 0)
            self._flushed = dict.fromkeys(UNITS, 0)
            self.looked_at = True

    def _from(self, unit, positions):
        return self._versions[unit][positions[unit] :]

    # --- instants

    def mark(self):
        with self.lock:
            return dict(self._acked), dict(self._flushed)

    def between(self, mark):
        """What a snapshot holds that was asked for at the mark and has just been answered. Its instant is durable, and so is what the
        volume held then."""
        acked, _ = mark
        with self.lock:
            self._flushed = {unit: max(at, acked[unit]) for unit, at in self._flushed.items()}
            return Content({unit: self._from(unit, acked) for unit in UNITS})

    def since(self, mark):
        """What a snapshot holds that was asked for at the mark and never answered: its instant may be that after the crash."""
        _, flushed = mark
        with self.lock:
            return Content({unit: self._from(unit, flushed) for unit in UNITS})

    # --- I/O

    def step(self, device, rng):
        """One request, chosen by chance."""
        kind = rng.randrange(10)
        at = rng.randrange(len(UNITS))
        run = [UNITS[at]]
        while kind != 1 and len(run) < rng.choice((1, 2, 4, 8)) and run[-1] + 1 in self._versions:
            run.append(run[-1] + 1)
        if kind == 0:
            with self.lock:
                # What is acknowledged when the flush is sent.
                acked = dict(self._acked)
            device.flush()
            self.flushes += 1
            self._note(flushed=acked)
        elif kind in (2, 3):
            self._issue(run, 0)
            (device.zeroes if kind == 2 else device.trim)(run[0] * UNIT, len(run) * UNIT)
            self._note(run)
        else:
            number = next(_numbers)
            self._issue(run, number)
            data = b"".join(unit_bytes(number, unit) for unit in run)
            device.write(run[0] * UNIT, data, flags=nbd.FUA if kind == 1 else 0)
            self._note(run, durable=kind == 1)
        self.writes += 1

    def _issue(self, run, number):
        with self.lock:
            for unit in run:
                self._versions[unit].append(number)

    def _note(self, run=(), flushed=None, durable=False):
        with self.lock:
            for unit in run:
                self._acked[unit] = len(self._versions[unit]) - 1
                if durable:
                    self._flushed[unit] = self._acked[unit]
            for unit, at in (flushed or {}).items():
                self._flushed[unit] = max(self._flushed[unit], at)
