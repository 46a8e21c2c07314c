"""kill -9 while fio and a ledger of our own write to an encrypted volume. fio verifies its blocks by CRC while it writes, and all of
them after the restart: a block is whole, of its own place, and never lost once fio had flushed it. fio cannot tell which of its
unflushed writes a killed server owes it, so the ledger does that, on other units of the same volume: what was flushed is there, what
was not is old or new, nothing is foreign. SEALVOL_TEST_CRASHES says how often (10), SEALVOL_TEST_SEED which run."""

import os
import random
import subprocess
import threading
import time

import pytest
from support.devices import Bench, device_of, run
from support.faults import LOST, Faults
from support.fsck import assert_sound
from support.ledger import Ledger
from support.model import UNIT
from support.nbd import Client

pytestmark = [pytest.mark.crash, pytest.mark.timeout(7200)]

CRASHES = int(os.environ.get("SEALVOL_TEST_CRASHES", "10"))
SEED = int(os.environ.get("SEALVOL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
MIB = 1 << 20
# fio's part of the volume, and the ledger's: across the border of a map page (32 MiB), beside fio's last units.
FIO_AT, FIO_SIZE = 8 * MIB, 16 * MIB
LEDGER_AT, LANES, PER_LANE = 31 * MIB, 3, 256


def fio(uri, seed, *arguments):
    command = ["fio", "--name=load", "--ioengine=nbd", f"--uri={uri}", "--bs=4k", "--iodepth=16", f"--randseed={seed}"]
    return [*command, f"--offset={FIO_AT}", f"--size={FIO_SIZE}", "--verify=crc32c", "--verify_fatal=1", *arguments]


class Crash:
    """One round: fresh or old ground, load, kill, look."""

    def __init__(self, server, volume_id, ledger, rng, place):
        self.server, self.volume_id, self.ledger, self.rng, self.place = server, volume_id, ledger, rng, place
        self.failures = []

    def prepare(self, uri, fresh):
        """`fresh`: fio's blocks are units that the map must learn anew. Every block is written and flushed before the load begins."""
        if not fresh:
            return
        with Client(uri) as device:
            device.trim(FIO_AT, FIO_SIZE)
        run(*fio(uri, self.rng.randrange(1 << 30), "--rw=write", "--do_verify=0", "--end_fsync=1"), cwd=self.place)

    def load(self, uri):
        """Until the server is dead."""
        # `--fsync`: of the engine's requests only FLUSH makes things durable.
        busy = ("--rw=randwrite", "--verify_backlog=64", "--time_based", "--runtime=60", "--fsync=32")
        command = fio(uri, self.rng.randrange(1 << 30), *busy)
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.place)
        try:
            assert any("connected to NBD server" in line for line in writer.stdout), "fio ended by itself"
            lanes = [threading.Thread(target=self._lane, args=(n, uri)) for n in range(LANES)]
            for lane in lanes:
                lane.start()
            time.sleep(self.rng.choice([0.01, 0.1, 0.3]) + self.rng.random() * 0.2)
            self.server.kill()
            said = writer.communicate(timeout=30)[0]
        finally:
            writer.kill()
        for lane in lanes:
            lane.join(30)
            assert not lane.is_alive(), "a client hangs although the server is dead"
        assert not self.failures, self.failures
        assert writer.returncode != 0 and "err=" in said, f"fio did not notice the crash:\n{said}"
        assert "verify:" not in said, said

    def _lane(self, n, uri):
        try:
            self.ledger.work(n, uri)
        except OSError:
            pass
        except Exception as error:  # noqa: BLE001
            self.failures.append(error)

    def look(self):
        uri = device_of(self.server, self.volume_id)
        self.ledger.check(uri)
        done = run(*fio(uri, 1, "--rw=read", "--verify_only=1"), cwd=self.place, check=False)
        assert done.returncode == 0 and "verify:" not in done.stderr + done.stdout, f"{done.stdout}\n{done.stderr}"
        return uri


def test_fio_finds_every_block_after_kill_9(make_server, tmp_path):
    print(f"SEALVOL_TEST_SEED={SEED} SEALVOL_TEST_CRASHES={CRASHES}")
    rng = random.Random(SEED)
    server = make_server()
    bench = Bench(server)
    disk = bench.volume(encrypted=True)
    uri = bench.attach(disk)
    ledger = Ledger(LEDGER_AT // UNIT, LANES, PER_LANE, SEED)
    crash = Crash(server, disk, ledger, rng, tmp_path)
    for n in range(CRASHES):
        try:
            crash.prepare(uri, fresh=n % 2 == 0)
            crash.load(uri)
            server.start()
            uri = crash.look()
        except BaseException:
            print(f"at crash {n + 1} of seed {SEED}\n{server.log_tail()}")
            raise
    print(f"{CRASHES} crashes, {ledger.writes} writes and {ledger.flushes} flushes in the ledger")
    assert ledger.writes > CRASHES and ledger.flushes > 0
    assert_sound(server)


def test_the_ledger_sees_a_flush_that_lied(make_server, tmp_path):
    """The check can fail: a map that was never written, though the flush said so, is found after the crash."""
    faults = Faults(tmp_path)
    server = make_server(variables=faults.variables)
    bench = Bench(server)
    disk = bench.volume(encrypted=True)
    uri = bench.attach(disk)
    ledger = Ledger(LEDGER_AT // UNIT, 1, PER_LANE, SEED)
    faults.next("write", f"/{disk}/map", LOST, times=1 << 30)
    with Client(uri) as device:
        while ledger.flushes < 3 or ledger.writes < 30:
            ledger.step(0, device)
    server.kill()
    faults.next("write", "nowhere", LOST, times=0)
    server.start()
    with pytest.raises(AssertionError, match="holds write 0; flushed was"):
        ledger.check(device_of(server, disk))


def test_fio_sees_a_block_that_is_not_its_own(make_server, tmp_path):
    """The check can fail: a lost block, a block in another's place, and a flipped bit are each found."""
    bench = Bench(make_server())
    with bench.device() as uri:
        run(*fio(uri, 1, "--rw=write", "--do_verify=0", "--end_fsync=1"), cwd=tmp_path)
        look = fio(uri, 1, "--rw=read", "--verify_only=1")
        run(*look, cwd=tmp_path)
        with Client(uri) as device:
            good, other = device.read(FIO_AT, UNIT), device.read(FIO_AT + UNIT, UNIT)
            for bad in (bytes(UNIT), other, good[:2000] + bytes([good[2000] ^ 1]) + good[2001:]):
                device.write(FIO_AT, bad)
                assert run(*look, cwd=tmp_path, check=False).returncode != 0
