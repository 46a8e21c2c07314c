"""A guest's SQLite on ext4 on an encrypted volume, while the server is killed with -9. After the restart the journal is replayed, the
database is sound, every transaction that SQLite called committed is there, whole, and the file system has no fault. The guest is this
machine's kernel: nbdfuse and a loop device. SEALVOL_TEST_CRASHES says how often (3), SEALVOL_TEST_SEED which run."""

import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

import pytest
from support import guest
from support.devices import Bench, device_of
from support.fsck import assert_sound
from support.guest import Guest
from support.sqlite_writer import blob

pytestmark = [
    pytest.mark.crash,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(guest.missing()), reason=f"no guest here: {guest.missing()}"),
]

CRASHES = int(os.environ.get("SEALVOL_TEST_CRASHES", "3"))
SEED = int(os.environ.get("SEALVOL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
WRITER = pathlib.Path(guest.__file__).with_name("sqlite_writer.py")
MODES = ("WAL", "DELETE", "TRUNCATE")


def write_until_killed(server, file, mode, rng):
    """The number of the last transaction that was said to be committed."""
    command = [sys.executable, str(WRITER), str(file), mode]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        first = writer.stdout.readline()
        assert first, "the writer ended before its first commit"
        time.sleep(rng.random() * 0.6)
        server.kill()
        # A disk that is gone must end the writer, not hang it.
        rest = writer.communicate(timeout=60)[0].splitlines()
    finally:
        writer.kill()
    assert writer.returncode != 0, "the writer did not notice"
    return int((rest or [first])[-1])


def look(file, committed):
    """The database is sound and holds all that was committed, and at most the one transaction that was under way."""
    database = sqlite3.connect(file)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT number, content FROM rows ORDER BY number").fetchall()
        last = database.execute("SELECT number FROM last").fetchone()[0]
    finally:
        database.close()
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    assert committed <= len(rows) == last <= committed + 1, f"{committed} were committed, {len(rows)} rows are there"
    assert all(content == blob(number) for number, content in rows)
    return len(rows)


def test_a_database_in_a_guest_survives_kill_9(make_server, tmp_path):
    print(f"SEALVOL_TEST_SEED={SEED} SEALVOL_TEST_CRASHES={CRASHES}")
    rng = random.Random(SEED)
    server = make_server()
    bench = Bench(server)
    disk = bench.volume(encrypted=True)
    uri = bench.attach(disk)
    with Guest(uri, tmp_path) as machine:
        machine.format()
    rows = 0
    try:
        for crash in range(CRASHES):
            with Guest(device_of(server, disk), tmp_path) as machine:
                machine.mount()
                file = machine.root / f"{MODES[crash % len(MODES)]}.sqlite"
                committed = write_until_killed(server, file, MODES[crash % len(MODES)], rng)
            server.start()
            with Guest(device_of(server, disk), tmp_path) as machine:
                machine.mount()
                rows += look(file, committed)
                machine.unmount()
                machine.check()
    except BaseException:
        print(f"at crash {crash + 1} of seed {SEED}\n{server.log_tail()}")
        raise
    finally:
        assert guest.left_over(tmp_path) == []
    print(f"{CRASHES} crashes, {rows} rows looked at")
    assert_sound(server)
