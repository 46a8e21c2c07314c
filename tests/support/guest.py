"""A volume as a guest's disk: nbdfuse shows the export as a file, a loop device stands on it, and ext4 is mounted on that. Everything
ends with the context, also when the server has been killed under it."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

from support.checks import until
from support.devices import run


def missing():
    """Why no guest can be played here, or None."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    for program in ("nbdfuse", "losetup", "mkfs.ext4", "e2fsck", "mount"):
        if not shutil.which(program):
            return f"{program} is not installed"
    done = subprocess.run(["losetup", "-f"], capture_output=True, text=True, timeout=20)
    return f"no loop device is free: {done.stderr.strip()}" if done.returncode else None


def _try(*command):
    """Ends something that may be gone already, or be stuck."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    return False


class Guest:
    """The device `uri`, below `place`: `disk` is the loop device, `root` where its file system is mounted by `mount`."""

    def __init__(self, uri, place):
        self.uri = uri
        self.fuse, self.root = pathlib.Path(place) / "fuse", pathlib.Path(place) / "root"
        self.disk = self.process = None

    def __enter__(self):
        self.fuse.mkdir(parents=True, exist_ok=True)
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            self.process = subprocess.Popen(["nbdfuse", str(self.fuse), self.uri], stderr=subprocess.DEVNULL)
            until(lambda: os.path.ismount(self.fuse), seconds=20)
            self.disk = run("losetup", "-f", "--show", self.fuse / "nbd", timeout=20).stdout.strip()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """From the top down; what does not go by itself is let go lazily, and goes when what is below it has failed."""
        if os.path.ismount(self.root):
            _try("umount", str(self.root)) or _try("umount", "-l", str(self.root))
        if self.disk:
            _try("losetup", "-d", self.disk)
        # While the loop device is being let go, its file is busy.
        for _ in range(50):
            if not self._is_fuse_mounted() or _try("umount", str(self.fuse)):
                break
            time.sleep(0.1)
        else:
            _try("umount", "-l", str(self.fuse))
        if self.process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.process.kill()
            self.process.wait()

    def _is_fuse_mounted(self):
        # A file system whose process died cannot be looked at; the table of mounts can.
        return f" {self.fuse} " in pathlib.Path("/proc/mounts").read_text()

    def format(self):
        run("mkfs.ext4", "-q", self.disk, timeout=60)

    def mount(self):
        """Replays the journal."""
        run("mount", "-t", "ext4", self.disk, self.root, timeout=60)

    def unmount(self):
        run("umount", self.root, timeout=60)

    def check(self):
        """The file system, unmounted, is sound to the last bit; nothing is repaired."""
        run("e2fsck", "-fn", self.disk, timeout=60)


def left_over(place):
    """Mounts and loop devices below `place` that are still there."""
    mounts = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f" {place}/" in line]
    loops = run("losetup", "-l", "-n", "-O", "BACK-FILE").stdout.splitlines()
    return mounts + [line for line in loops if str(place) in line]
