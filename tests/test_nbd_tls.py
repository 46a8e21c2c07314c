"""Devices over TCP with TLS: libnbd's and qemu's clients get in with a certificate, and everybody else stays outside."""

import json
import shutil
import socket
import ssl
import struct
import subprocess
import urllib.parse

import pytest
from support.certificates import Authority
from support.devices import Bench, run
from support.server import binary, free_port

REP_TLS_REQUIRED = 0x80000005
HELLO = b"NBDMAGICIHAVEOPT"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def server(make_server, authority, folder):
    directory = authority.directory(folder / "server", "server")
    return make_server(arguments=["--nbd-listen", f"127.0.0.1:{free_port()}", "--nbd-tls", str(directory)])


@pytest.fixture(scope="module")
def good(authority, folder):
    return authority.directory(folder / "good", "client")


@pytest.fixture(scope="module")
def attached(server):
    """Its URI over TCP and its id."""
    bench = Bench(server)
    volume = bench.volume()
    bench.attach(volume)
    return server.sealvol("device", "--network", volume).stdout.strip(), volume


def with_tls(uri, directory):
    return f"{uri}?tls-certificates={urllib.parse.quote(str(directory))}"


def refused(uri, directory):
    done = run("nbdinfo", with_tls(uri, directory), check=False, timeout=30)
    assert done.returncode != 0, done.stdout
    assert "vol-" not in done.stdout
    return done.stderr


def address(uri):
    parts = urllib.parse.urlsplit(uri)
    return parts.hostname, parts.port


def test_the_owner_is_told_where_the_device_is(server, attached):
    uri, volume = attached
    assert uri.startswith("nbds://127.0.0.1:"), uri
    assert uri.split("/")[-1].startswith(f"{volume}.i-"), uri
    # The unix socket is where it was.
    assert server.sealvol("device", volume).stdout.startswith("nbd+unix:///")


def test_nbdinfo_and_nbdcopy(attached, good, tmp_path):
    uri = with_tls(attached[0], good)
    shown = json.loads(run("nbdinfo", "--json", uri).stdout)
    assert shown["TLS"] is True, shown
    assert shown["exports"][0]["export-size"] == 1 << 30
    data = tmp_path / "data"
    data.write_bytes(bytes(range(256)) * 4096 * 24)
    run("nbdcopy", "--flush", data, uri)
    run("nbdcopy", uri, tmp_path / "back")
    with open(tmp_path / "back", "rb") as back:
        assert back.read(len(data.read_bytes())) == data.read_bytes()
    listed = run("nbdinfo", "--list", "--json", with_tls(attached[0].rsplit("/", 1)[0] + "/", good)).stdout
    assert [e["export-name"] for e in json.loads(listed)["exports"]] == [attached[0].rsplit("/", 1)[1]]


def test_what_comes_in_over_tls_is_seen_on_the_unix_socket(server, attached, good, tmp_path):
    uri, volume = attached
    (tmp_path / "word").write_bytes(b"over TLS" * 512)
    run("nbdcopy", "--flush", tmp_path / "word", with_tls(uri, good))
    run("nbdcopy", server.sealvol("device", volume).stdout.strip(), tmp_path / "back")
    with open(tmp_path / "back", "rb") as back:
        assert back.read(4096) == b"over TLS" * 512


@pytest.mark.skipif(not shutil.which("qemu-img"), reason="no qemu-img")
def test_qemu_img(attached, good, tmp_path):
    host, port = address(attached[0])
    credentials = f"tls-creds-x509,id=tls0,endpoint=client,dir={good}"
    name = attached[0].rsplit("/", 1)[1]
    device = f"driver=nbd,server.type=inet,server.host={host},server.port={port},export={name},tls-creds=tls0"
    done = run("qemu-img", "info", "--output=json", "--object", credentials, "--image-opts", device)
    assert json.loads(done.stdout)["virtual-size"] == 1 << 30


def test_who_has_no_good_certificate_stays_outside(attached, authority, folder):
    stranger = Authority("stranger")
    refused(attached[0], authority.directory(folder / "none", None))
    refused(attached[0], stranger.directory(folder / "stranger", "client", trusted=authority))
    refused(attached[0], authority.directory(folder / "expired", "client", days=-1))


def test_a_client_does_not_take_a_server_that_it_does_not_trust(attached, folder):
    refused(attached[0], Authority("other").directory(folder / "other", "client"))


@pytest.mark.parametrize("name", ["", "vol-0123456789abcdef0.i-0123456789abcdef0", "vol"])
def test_other_names_are_not_there(attached, good, name):
    base = attached[0].rsplit("/", 1)[0]
    refused(f"{base}/{name}", good)


def test_without_tls_there_is_nothing(attached):
    done = run("nbdinfo", attached[0].replace("nbds:", "nbd:"), check=False, timeout=30)
    assert done.returncode != 0 and "export-size" not in done.stdout


class Raw:
    """A client that says what it is told to."""

    def __init__(self, uri):
        self.socket = socket.create_connection(address(uri), timeout=20)
        assert self.take(18)[:16] == HELLO
        self.socket.sendall(struct.pack(">I", 3))

    def take(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError(f"closed after {data!r}")
            data += piece
        return data

    def option(self, number, data=b""):
        self.socket.sendall(b"IHAVEOPT" + struct.pack(">II", number, len(data)) + data)

    def answer(self):
        _, _, kind, length = struct.unpack(">QIII", self.take(20))
        return kind, self.take(length)

    def start_tls(self, version):
        self.option(5)
        assert self.answer() == (1, b"")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        self.socket = context.wrap_socket(self.socket)


def test_options_in_the_open_are_answered_with_tls_required(attached):
    raw = Raw(attached[0])
    for number in (3, 6, 7, 8, 9, 10, 11, 99):
        raw.option(number, bytes(6) if number in (6, 7) else b"")
        assert raw.answer() == (REP_TLS_REQUIRED, b""), number
    raw.option(1, b"anything")
    with pytest.raises(OSError):
        raw.take(1)


def test_tls_1_2_is_refused(attached):
    with pytest.raises(OSError, match="(?i)protocol|version|alert|handshake"):
        Raw(attached[0]).start_tls(ssl.TLSVersion.TLSv1_2)


def test_tls_1_3_without_a_certificate_is_told_nothing(attached):
    raw = Raw(attached[0])
    raw.start_tls(ssl.TLSVersion.TLSv1_3)
    with pytest.raises(OSError):
        raw.option(3)
        raw.answer()


def test_words_slipped_in_before_tls_end_the_connection(attached):
    raw = Raw(attached[0])
    option = b"IHAVEOPT" + struct.pack(">II", 5, 0)
    raw.socket.sendall(option + b"IHAVEOPT" + struct.pack(">II", 3, 0))
    with pytest.raises(OSError):
        raw.take(1)


def test_a_detached_volume_is_gone_from_the_port(server, good):
    bench = Bench(server)
    volume = bench.volume()
    bench.attach(volume)
    uri = server.sealvol("device", "--network", volume).stdout.strip()
    assert run("nbdinfo", "--size", with_tls(uri, good)).stdout.strip() == str(1 << 30)
    bench.detach(volume)
    refused(uri, good)


def serve_refused(tmp_path, *arguments):
    command = [binary(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    return done.stderr


def test_a_server_that_cannot_keep_strangers_out_does_not_start(tmp_path, authority):
    assert "loopback" in serve_refused(tmp_path, "--nbd-listen", "0.0.0.0:0")
    missing = str(tmp_path / "nothing")
    assert "ca-cert.pem" in serve_refused(tmp_path, "--nbd-listen", "0.0.0.0:0", "--nbd-tls", missing)
    client = authority.directory(tmp_path / "client", "client")
    assert "server-cert.pem" in serve_refused(tmp_path, "--nbd-listen", "0.0.0.0:0", "--nbd-tls", str(client))
    assert "--nbd-listen" in serve_refused(tmp_path, "--nbd-tls", str(client))
