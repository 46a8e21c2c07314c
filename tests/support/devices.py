"""Attached volumes as devices, for the NBD suites."""

import contextlib
import subprocess

from support.checks import until
from support.ec2 import attach, detach, instance, volume


def run(*command, check=True, timeout=120, **options):
    """Runs a client program; its output comes back as text."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, **options)
    if check:
        assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def device_of(server, volume_id):
    """The device, once the restarted server has it again."""

    def there():
        answer = server.sealvol("device", volume_id, check=False)
        return answer.returncode == 0 and answer.stdout.strip()

    return until(there, seconds=60)


class Bench:
    """A server with one instance to attach volumes to."""

    def __init__(self, server):
        self.server = server
        self.ec2 = server.client("ec2")
        self.host = instance(self.ec2)
        self._letters = iter([f"/dev/xvd{a}{b}" for a in "bcdefgh" for b in "abcdefghijklmnopqrstuvwxyz"])

    def volume(self, encrypted=True, size=1, **request):
        return volume(self.ec2, Encrypted=encrypted, Size=size, **request)

    def attach(self, volume_id):
        """Attaches and answers the NBD URI."""
        attach(self.ec2, volume_id, self.host, next(self._letters))
        return self.server.sealvol("device", volume_id).stdout.strip()

    def detach(self, volume_id):
        detach(self.ec2, volume_id)

    @contextlib.contextmanager
    def device(self, encrypted=True, size=1):
        """A fresh attached volume, deleted afterwards."""
        made = self.volume(encrypted, size)
        uri = self.attach(made)
        try:
            yield uri
        finally:
            self.detach(made)
            self.ec2.delete_volume(VolumeId=made)
