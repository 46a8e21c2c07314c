"""The JavaScript SDK, where Node.js is installed: it parses XML and errors with code of its own."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support.server import ROOT

HERE = pathlib.Path(__file__).parent / "javascript"


def node_version():
    if not shutil.which("npm"):
        return 0
    printed = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.match(r"v(\d+)", printed).group(1))


pytestmark = pytest.mark.skipif(node_version() < 20, reason="Node.js 20 or newer is not installed")


@pytest.fixture(scope="module")
def program():
    """The program beside its dependencies, installed once under .work."""
    place = ROOT / ".work" / "javascript"
    place.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    stamp = place / "installed.json"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.copy(HERE / "package.json", place)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=place, check=True, timeout=280)
        stamp.write_text(wanted)
    return shutil.copy(HERE / "clients.mjs", place)


def test_the_javascript_sdk_understands_every_answer(server, program):
    environment = os.environ | {"SEALVOL_URL": server.url}
    done = subprocess.run(["node", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["account"] == "000000000000"
    assert seen["key"] == {"description": "für <JavaScript> & Co", "state": "Enabled", "created": True}
    assert seen["opened"] == "hello"
    assert seen["volume"] == {
        "tags": [{"Key": "a&", "Value": " <ü> "}],
        "attachments": [],
        "snapshot": "",
        "encrypted": True,
        "key": True,
        "created": True,
    }
    assert seen["pages"] == [5, 3]
    assert seen["instance"] == {"Code": 0, "Name": "pending"}
    assert seen["errors"] == [
        ["InvalidVolume.NotFound", 400, True],
        ["NotFoundException", 400, True],
        ["InvalidCiphertextException", 400, True],
    ]
    assert seen["trail"] == "1.11"
