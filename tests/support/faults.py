"""A server whose disk fails on demand: `faults.c`, compiled here and loaded in front of the C library."""

import errno
import pathlib
import subprocess

# A write that is acknowledged and never done.
LOST = -2

SOURCE = pathlib.Path(__file__).with_name("faults.c")


class Faults:
    """`variables` go into the server's environment; `next` says what fails next."""

    def __init__(self, place):
        self.plan, library = place / "faults", place / "faults.so"
        command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl", "-lpthread"]
        subprocess.run(command, check=True, timeout=60)
        self.plan.write_text("")
        self.variables = {"LD_PRELOAD": str(library), "SEALVOL_TEST_FAULTS": str(self.plan)}

    def next(self, call, path, number=errno.EIO, times=1):
        self.plan.write_text(f"{call} {path} {number} {times}\n")

    def left(self):
        """How many of the calls did not come yet."""
        return int(self.plan.read_text().split()[3])
