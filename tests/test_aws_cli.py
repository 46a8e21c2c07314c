"""The README's tour as a user types it, with the aws CLI, in bash. What stands in README.md is what runs here."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from support.server import ROOT, binary

# Every command starts an interpreter; there are many.
pytestmark = pytest.mark.timeout(600)
README = (ROOT / "README.md").read_text()
MARK = "=== of step"


def tour():
    """The tour's steps: each command line with the lines that README.md says it prints."""
    section = README.split("## Five minutes with the aws CLI")[1].split("\n## ")[0]
    steps = []
    for block in re.findall(r"```console\n(.*?)```", section, re.S):
        lines = iter(block.splitlines())
        for line in lines:
            if line.startswith("$ "):
                command = line[2:]
                while command.endswith("\\"):
                    command = command[:-1] + next(lines).strip()
                steps.append((command, []))
            else:
                steps[-1][1].append(line)
    # The service is started by the test, on a port of its own.
    return [s for s in steps if "sealvol serve" not in s[0] and not s[0].startswith("cargo build")]


def plain(lines):
    """Printed lines without what differs from run to run."""
    differing = [
        (r"\b(vol|i)-[0-9a-f]{17}\b", r"\1-X"),
        (r"\b\d{12}\b", "ACCOUNT"),
        (r"key/[0-9a-f]{8}-(?:…|[0-9a-f-]{27})", "key/KEY"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\s+", " "),
    ]
    clean = []
    for line in lines:
        for pattern, by in differing:
            line = re.sub(pattern, by, line)
        clean.append(line.strip())
    return sorted(line for line in clean if line)


def test_the_tour_prints_what_the_readme_says(tmp_path, make_server):
    server = make_server(dev=False)
    own = [
        ("http://127.0.0.1:4566", server.url),
        ("/tmp/sealvol-tour", str(server.data)),
        ("/tmp/plain", str(tmp_path / "plain")),
        ("./target/release/sealvol", binary()),
    ]
    script = []
    for number, (command, _) in enumerate(tour()):
        for theirs, ours in own:
            command = command.replace(theirs, ours)
        script += [f"echo '{MARK} {number}'", command]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
    environment["AWS_PAGER"] = ""
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=580,
    )
    printed = re.split(rf"{MARK} \d+\n", done.stdout)[1:]
    assert len(printed) == len(tour()) > 20
    for (command, expected), found in zip(tour(), printed):
        for theirs, ours in own:
            found = found.replace(ours, theirs)
        assert plain(found.splitlines()) == plain(expected), f"{command}\n{done.stdout}"


@pytest.fixture(scope="module")
def aws(server):
    program = pathlib.Path(sys.executable).parent / "aws"

    def call(*arguments, check=True):
        done = subprocess.run([program, *arguments], env=server.environment(), capture_output=True, text=True, timeout=60)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return call


def test_errors_read_as_in_aws(aws):
    done = aws("ec2", "delete-volume", "--volume-id", "vol-0123456789abcdef0", check=False)
    expected = "An error occurred (InvalidVolume.NotFound) when calling the DeleteVolume operation: The volume 'vol-0123456789abcdef0' does not exist."
    assert done.returncode in (254, 255) and expected in done.stderr
    done = aws("kms", "describe-key", "--key-id", "alias/nobody", check=False)
    expected = "An error occurred (NotFoundException) when calling the DescribeKey operation: Alias arn:aws:kms:us-east-1:000000000000:alias/nobody is not found."
    assert done.returncode in (254, 255) and expected in done.stderr


def test_the_cli_writes_what_it_reads(aws, tmp_path):
    key = aws("kms", "create-key", "--query", "KeyMetadata.KeyId", "--output", "text").stdout.strip()
    secret = tmp_path / "secret"
    secret.write_bytes(b"binary\x00\xff secret")
    blob = aws("kms", "encrypt", "--key-id", key, "--plaintext", f"fileb://{secret}", "--encryption-context", "a=1,b=2", "--query", "CiphertextBlob", "--output", "text").stdout
    import base64

    sealed = tmp_path / "sealed"
    sealed.write_bytes(base64.b64decode(blob))
    back = aws("kms", "decrypt", "--ciphertext-blob", f"fileb://{sealed}", "--encryption-context", "b=2,a=1", "--query", "Plaintext", "--output", "text").stdout
    assert base64.b64decode(back) == secret.read_bytes()


def test_dry_run_of_the_cli(aws):
    done = aws("ec2", "create-volume", "--availability-zone", "us-east-1a", "--size", "1", "--dry-run", check=False)
    assert "DryRunOperation" in done.stderr


def test_the_cli_pages_by_itself(aws):
    for _ in range(7):
        aws("ec2", "create-volume", "--availability-zone", "us-east-1a", "--size", "1", "--output", "text")
    out = aws("ec2", "describe-volumes", "--page-size", "5", "--query", "length(Volumes)", "--output", "text").stdout
    assert sum(int(line) for line in out.split()) == 7
