"""Fixtures of all test files. One server per file: files run side by side, tests of a file one after another."""

import os

import pytest
from support.postgres import Cluster
from support.server import Server, binary

KIND = os.environ.get("SEALVOL_TEST_CATALOG", "sqlite")


def pytest_report_header():
    return f"binary {binary()}, catalog {KIND}"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """This worker's PostgreSQL, if that is the catalog under test."""
    if KIND != "postgres":
        yield None
        return
    place = tmp_path_factory.mktemp("postgres")
    # PostgreSQL's user must reach its directory below ours.
    for folder in (place, *place.parents):
        if str(folder) != "/tmp" and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    running = Cluster(place / "run").start()
    yield running
    running.stop()


def _end(server):
    """Every test file also proves that its server neither panicked nor met a fault of its own, and that SIGTERM drains it."""
    if server.process and server.process.poll() is None:
        status = server.stop()
        assert status == 0, f"SIGTERM: status {status}\n{server.log_tail()}"
    log = server.log_text()
    assert "panicked" not in log, log[-8000:]


@pytest.fixture(scope="module")
def make_server(tmp_path_factory, cluster):
    """Makes servers that end with the test file: make_server(dev=False)."""
    made = []

    def make(start=True, **options):
        if cluster is not None:
            options.setdefault("catalog", cluster.database())
        server = Server(tmp_path_factory.mktemp("sealvol"), **options)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        _end(server)


@pytest.fixture(scope="module")
def server(make_server):
    return make_server()


@pytest.fixture(scope="module")
def ec2(server):
    return server.client("ec2")


@pytest.fixture(scope="module")
def kms(server):
    return server.client("kms")
