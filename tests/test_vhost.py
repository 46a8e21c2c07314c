"""Devices for virtual machines: where their sockets are, how long, and that what knocks there disturbs nobody."""

import os
import pathlib
import socket
import stat
import struct

import pytest
from support import nbd
from support.checks import until
from support.devices import Bench
from support.ec2 import attach, instance

GET_FEATURES = struct.pack("<III", 1, 1, 0)
SET_MEM_TABLE = 5
VIRTIO_F_VERSION_1 = 1 << 32


@pytest.fixture(scope="module")
def server(make_server):
    return make_server(arguments=["--vhost-user"])


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


def path_of(server, volume, *more):
    return pathlib.Path(server.sealvol("device", "--vhost-user", volume, *more).stdout.strip())


def knock(path, garbage=b"", timeout=20):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout)
        client.connect(str(path))
        if garbage:
            client.sendall(garbage)


def features(path):
    """What a front-end hears first."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(GET_FEATURES)
        request, flags, size, value = struct.unpack("<IIIQ", client.recv(20, socket.MSG_WAITALL))
        assert (request, flags & 4, size) == (1, 4, 8)
        return value


def test_the_socket_is_there_while_attached_and_the_owners_alone(server, bench):
    volume = bench.volume()
    uri = bench.attach(volume)
    path = path_of(server, volume)
    assert path == pathlib.Path(nbd.parse(uri)[0]).with_suffix(".vhost")
    shown = path.lstat()
    assert stat.S_ISSOCK(shown.st_mode) and stat.S_IMODE(shown.st_mode) == 0o600, oct(shown.st_mode)
    assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
    assert shown.st_uid == os.getuid()
    assert features(path) & VIRTIO_F_VERSION_1
    bench.detach(volume)
    assert not path.exists()
    refused = server.sealvol("device", "--vhost-user", volume, check=False)
    assert refused.returncode != 0 and "is not attached" in refused.stderr, refused.stderr


def test_each_attachment_has_its_own(server, bench):
    volume = bench.volume(size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True)
    other = instance(bench.ec2)
    bench.attach(volume)
    attach(bench.ec2, volume, other, "/dev/sdf")
    paths = [path_of(server, volume, "--instance-id", host) for host in (bench.host, other)]
    assert [path.name for path in paths] == [f"{volume}.{host}.vhost" for host in (bench.host, other)]
    assert all(features(path) for path in paths)
    bench.ec2.detach_volume(VolumeId=volume, InstanceId=other)
    until(lambda: not paths[1].exists())
    assert features(paths[0])


@pytest.mark.parametrize(
    "garbage",
    [b"\xff" * 5000, b"NBDMAGICIHAVEOPT", bytes(12), struct.pack("<III", 1, 1, 0xFFFFFFFF), GET_FEATURES[:7], GET_FEATURES],
)
def test_nonsense_disturbs_nobody(server, bench, garbage):
    with bench.device() as uri:
        path = pathlib.Path(nbd.parse(uri)[0]).with_suffix(".vhost")
        with nbd.Client(uri) as client:
            for n in range(20):
                try:
                    knock(path, garbage)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                client.write(n * 4096, bytes([n]) * 4096)
                client.flush()
                assert client.read(n * 4096, 4096) == bytes([n]) * 4096
        assert features(path)


def test_a_hundred_who_say_nothing(server, bench):
    with bench.device() as uri, nbd.Client(uri) as client:
        path = pathlib.Path(nbd.parse(uri)[0]).with_suffix(".vhost")
        for n in range(100):
            knock(path)
        waiting = []
        for n in range(100):
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            try:
                one.connect(str(path))
            except BlockingIOError:
                pass
            waiting.append(one)
            client.write(n * 4096, bytes([n]) * 4096)
            assert client.read(n * 4096, 4096) == bytes([n]) * 4096
        for one in waiting:
            one.close()
        assert features(path)


def test_after_a_kill_the_sockets_are_there_again(make_server):
    server = make_server(arguments=["--vhost-user"])
    bench = Bench(server)
    volume = bench.volume()
    bench.attach(volume)
    path = path_of(server, volume)
    note = path.with_name(path.name + ".stopped")
    server.kill()
    assert path.exists() and not note.exists()
    server.start()
    assert path_of(server, volume) == path and features(path)
    assert server.stop() == 0
    assert not path.exists() and note.exists()
    server.start()
    assert path_of(server, volume) == path and features(path) and not note.exists()


def test_a_server_that_was_not_told_to_offers_none(make_server):
    server = make_server()
    bench = Bench(server)
    volume = bench.volume()
    uri = bench.attach(volume)
    assert not pathlib.Path(nbd.parse(uri)[0]).with_suffix(".vhost").exists()
    refused = server.sealvol("device", "--vhost-user", volume, check=False)
    assert refused.returncode != 0 and "serve --vhost-user" in refused.stderr, refused.stderr


def test_memory_that_was_handed_over_cannot_be_taken_away(server, bench):
    memory = os.memfd_create("guest", os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, 1 << 20)
    with bench.device() as uri, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(pathlib.Path(nbd.parse(uri)[0]).with_suffix(".vhost")))
        region = struct.pack("<IIQQQQ", 1, 0, 0, 1 << 20, 0x7000_0000_0000, 0)
        table = struct.pack("<III", SET_MEM_TABLE, 1, len(region)) + region
        socket.send_fds(client, [table], [memory])
        client.sendall(GET_FEATURES)
        assert len(client.recv(20, socket.MSG_WAITALL)) == 20
        with pytest.raises(PermissionError):
            os.ftruncate(memory, 0)
    os.close(memory)
