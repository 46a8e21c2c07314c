"""A real S3-speaking server for tests: moto's, as a process of its own on a free port of loopback, with a bucket made by boto3.

A test file takes the fixture by `from s3 import s3  # noqa: F401`; the server lives as long as the file's tests. As a program,
`python tests/s3.py COMMAND...` runs a command beside a server, its URL in SEALVOL_TEST_S3, and ends with the command's status.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config
from support.server import REGION, free_port

BUCKET = "sealvol"
# moto takes any; the crates' own suite gives the same.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class S3Server:
    """One moto server. It keeps objects in memory: ending it empties it."""

    def __init__(self, root):
        self.log = pathlib.Path(root) / "s3.log"
        self.port = free_port()
        self.process = None
        self._client = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def chunks(self, prefix=""):
        """What `--chunks` takes to keep chunks here, below a prefix."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.url}&region={REGION}"

    @property
    def client(self):
        """boto3's client, to look at the bucket from outside."""
        if self._client is None:
            self._client = boto3.client(
                "s3",
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                config=Config(
                    # This server answers 500 to a listing while objects are being deleted; a test asks again.
                    retries={"max_attempts": 5}, s3={"addressing_style": "path"}, proxies={}),
            )
        return self._client

    def keys(self, prefix=""):
        """The names of all objects below a prefix, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", []))

    def start(self, seconds=30):
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + seconds
        while not self._answers():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the S3 server does not answer:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        self.client.create_bucket(Bucket=BUCKET)
        return self

    def _answers(self):
        # Not through a proxy of the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A running S3 server with an empty bucket."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server.start()
    server.stop()


def main(command):
    with tempfile.TemporaryDirectory() as root:
        server = S3Server(root).start()
        try:
            environment = dict(os.environ, SEALVOL_TEST_S3=server.url)
            return subprocess.run(command, env=environment).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
