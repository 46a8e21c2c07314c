"""`sealvol fsck`, and what a crash may leave."""

import json
import subprocess

from support.server import binary


def fsck(path, *arguments):
    """Exit status, findings, totals; of a status that says that it could not look, the reason instead of the totals."""
    command = [binary(), "fsck", str(path), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode == 8:
        return 8, lines, done.stderr
    return done.returncode, lines[:-1], lines[-1]


def assert_sound(server):
    """Ends the server and looks at all that it stored: after any number of crashes nothing is damaged or left over."""
    assert server.stop() == 0
    status, found, _ = fsck(server.data, *(["--no-catalog"] if server.catalog else []))
    assert status == 0 and all(f["Kind"] == "note" for f in found), found
