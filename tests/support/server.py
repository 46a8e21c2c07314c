"""Starts the built binary on a directory of its own, as a user would, and ends it politely or not."""

import configparser
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "000000000000"


def binary():
    """The binary under test: SEALVOL_BIN, else the workspace's release build."""
    chosen = os.environ.get("SEALVOL_BIN")
    return chosen or str(ROOT / "target" / "release" / "sealvol")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """One `sealvol serve`. Its log lies beside the data directory, never in it: the data directory is searched for plaintext."""

    def __init__(self, root, dev=True, catalog=None, arguments=(), variables=None):
        self.root = pathlib.Path(root)
        self.data = self.root / "data"
        self.log = self.root / "server.log"
        self.dev = dev
        self.catalog = catalog
        self.arguments = list(arguments)
        # Of the server's environment, beside what is not AWS's: the credentials of an S3 store.
        self.variables = dict(variables or {})
        self.port = free_port()
        self.process = None
        self._clients = {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        command = [binary(), "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        command += ["--dev"] if self.dev else []
        command += ["--catalog", self.catalog] if self.catalog else []
        return command + self.arguments

    def start(self, seconds=30):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | self.variables
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
            if self.healthy():
                return self
            time.sleep(0.02)
        raise AssertionError(f"the server is not ready after {seconds} s:\n{self.log_tail()}")

    def healthy(self):
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self, seconds=20):
        """SIGTERM, and it must end by itself with status 0."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end the server in {seconds} s:\n{self.log_tail()}") from None

    def kill(self):
        """kill -9: nothing in the process gets a word in."""
        self.process.kill()
        self.process.wait()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self):
        return self.log_text()[-4000:]

    def keys(self, account=None):
        """An access key id and its secret: well-known in --dev, else those of the credentials file."""
        if self.dev:
            return (account or "test"), "test"
        file = configparser.ConfigParser()
        file.read(self.data / "credentials")
        default = file["default"]
        return default["aws_access_key_id"], default["aws_secret_access_key"]

    def session(self, account=None, region=REGION):
        key, secret = self.keys(account)
        return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)

    def client(self, service, account=None, region=REGION, validate=False):
        """A boto3 client that sends what it is given and never retries, so that the server judges and a test sees each answer."""
        wanted = (service, account, region, validate)
        if wanted not in self._clients:
            config = Config(
                retries={"total_max_attempts": 1},
                parameter_validation=validate,
                read_timeout=60,
                max_pool_connections=80,
            )
            session = self.session(account, region)
            self._clients[wanted] = session.client(service, endpoint_url=self.url, config=config)
        return self._clients[wanted]

    def environment(self, account=None, region=REGION):
        """The environment in which the aws CLI and sealvol find endpoint and credentials."""
        key, secret = self.keys(account)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": region,
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def sealvol(self, *arguments, account=None, region=REGION, check=True, timeout=60):
        """Runs a command of our own, as the user of an account."""
        done = subprocess.run(
            [binary(), *arguments],
            env=self.environment(account, region),
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check:
            assert done.returncode == 0, f"sealvol {arguments} ended with {done.returncode}: {done.stderr}"
        return done
