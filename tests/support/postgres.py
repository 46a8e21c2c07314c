"""A PostgreSQL cluster of our own: Debian's programs, a directory of our own, a unix socket and a free port on loopback."""

import glob
import os
import pathlib
import shutil
import subprocess
import uuid

from support.server import free_port


class Cluster:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.port = free_port()
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        assert programs, "PostgreSQL is not installed: run `cargo xtask test install`"
        self.bin = programs[-1]

    def _run(self, *command):
        # PostgreSQL refuses to run as root.
        if os.geteuid() == 0:
            command = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        self.root.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.root, "postgres", "postgres")
        data = str(self.root / "cluster")
        self._run(f"{self.bin}/initdb", "-D", data, "-U", "sealvol", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.root} "
        options += "-c max_connections=200 -c shared_buffers=64MB"
        log = str(self.root / "postgres.log")
        self._run(f"{self.bin}/pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        return self

    def stop(self):
        self._run(f"{self.bin}/pg_ctl", "-D", str(self.root / "cluster"), "-m", "immediate", "stop")

    def database(self):
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self._run(f"{self.bin}/createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sealvol", name)
        return f"postgres://sealvol@127.0.0.1:{self.port}/{name}"
