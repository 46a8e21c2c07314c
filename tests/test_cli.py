"""Our own commands: device, explain, demo, serve."""

import os
import re
import subprocess

import pytest
from support.devices import run
from support.ec2 import attach, await_volume, detach, instance, volume
from support.server import binary


@pytest.fixture(scope="module")
def host(ec2):
    return instance(ec2)


def test_device_prints_the_uri_and_nothing_else(server, ec2, host):
    made = volume(ec2, Encrypted=True)
    refusal = server.sealvol("device", made, check=False)
    assert refusal.returncode != 0 and refusal.stdout == "" and "not attached" in refusal.stderr
    attach(ec2, made, host, "/dev/sdf")
    printed = server.sealvol("device", made).stdout
    assert re.fullmatch(rf"nbd\+unix:///{made}\?socket=\S+\n", printed), printed
    run("nbdinfo", "--size", printed.strip())
    detach(ec2, made)


def test_device_of_what_is_not_there(server):
    for wrong in ("vol-0123456789abcdef0", "vol-x", "i-0123456789abcdef0", "", "../../etc/passwd"):
        refusal = server.sealvol("device", wrong, check=False)
        assert refusal.returncode not in (0, 101) and refusal.stdout == "" and refusal.stderr.strip(), wrong
        assert "panicked" not in refusal.stderr


def test_commands_find_credentials_as_the_aws_cli_does(server, tmp_path, ec2, host):
    made = volume(ec2)
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = wrong\n[good]\naws_access_key_id=test\naws_secret_access_key=test\n")
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = us-east-1\n[profile good]\nregion = us-east-1\nendpoint_url = {server.url}\n")
    base = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    files = base | {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_CONFIG_FILE": str(config)}

    def explain(environment):
        return subprocess.run([binary(), "explain", made], env=environment, capture_output=True, text=True, timeout=30)

    assert explain(files | {"AWS_PROFILE": "good"}).returncode == 0
    wrong = explain(files | {"AWS_ENDPOINT_URL": server.url})
    assert wrong.returncode != 0 and "signature" in wrong.stderr.lower()
    nothing = explain(base | {"AWS_ENDPOINT_URL": server.url, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null", "HOME": str(tmp_path)})
    assert nothing.returncode != 0 and "credential" in nothing.stderr.lower()
    nobody = explain(server.environment() | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert nobody.returncode != 0 and "127.0.0.1:1" in nobody.stderr


def test_explain_tells_the_story_of_a_volume(server, ec2, kms, host):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    made = volume(ec2, Encrypted=True, KmsKeyId=key)
    told = server.sealvol("explain", made).stdout
    assert made in told and key in told and "available" in told and "GenerateDataKeyWithoutPlaintext" in told
    attach(ec2, made, host, "/dev/sdg")
    told = server.sealvol("explain", made).stdout
    assert host in told and "/dev/sdg" in told
    detach(ec2, made)
    ec2.delete_volume(VolumeId=made)
    await_volume(ec2, made, None)
    assert "deleted" in server.sealvol("explain", made).stdout


def test_explain_tells_why_a_request_was_refused(server, ec2):
    try:
        ec2.delete_volume(VolumeId="vol-0123456789abcdef0")
    except ec2.exceptions.ClientError as error:
        request_id = error.response["ResponseMetadata"]["RequestId"]
    told = server.sealvol("explain", request_id).stdout
    assert "DeleteVolume" in told and "InvalidVolume.NotFound" in told


def test_explain_of_what_is_not_there(server):
    for wrong in ("vol-0123456789abcdef0", "00000000-0000-0000-0000-000000000000", "nonsense", "x" * 300):
        refusal = server.sealvol("explain", wrong, check=False)
        assert refusal.returncode != 0 and refusal.stdout == "" and refusal.stderr.strip()


def test_help_and_version():
    for arguments in (["--help"], ["--version"], ["serve", "--help"]):
        done = run(binary(), *arguments)
        assert "sealvol" in done.stdout.lower()
    for arguments in ([], ["nonsense"], ["serve", "--nonsense"]):
        done = run(binary(), *arguments, check=False)
        assert done.returncode == 2 and "panicked" not in done.stderr


def fails_to_start(server):
    """The program must end by itself, with a status and a message."""
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and done.stderr.strip() and "panicked" not in done.stderr, done
    return done.stderr


def test_the_port_of_another_server_is_refused(server, make_server):
    second = make_server(start=False)
    second.port = server.port
    assert f"127.0.0.1:{server.port}" in fails_to_start(second)
    assert server.healthy()


def test_one_data_directory_serves_one_server(server, make_server):
    second = make_server(start=False)
    second.data = server.data
    fails_to_start(second)
    assert server.healthy()


@pytest.mark.parametrize("catalog", ["mysql://x", "sqlite:/nonexistent/dir/x.db", "postgres://127.0.0.1:1/none", "nonsense"])
def test_a_catalog_that_cannot_be_opened_is_named(make_server, catalog):
    fails_to_start(make_server(start=False, catalog=catalog))


def test_demo_tells_the_story_and_cleans_up(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = run(binary(), "demo", "--size-mb", "48", env=environment, timeout=300)
    text = done.stdout + done.stderr
    for expected in ("GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"):
        assert expected in text, text
    assert list(tmp_path.iterdir()) == [], "the temporary directory is gone"
