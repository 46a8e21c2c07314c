"""The NBD server against clients that say wrong things: each gets the protocol's error, and the session goes on where the protocol
says it does."""

import os
import random
import socket
import struct

import pytest
from support import nbd
from support.devices import Bench
from support.nbd import Client, NbdError, fails

GIB = 1 << 30


@pytest.fixture(scope="module")
def bench(server):
    return Bench(server)


@pytest.fixture(scope="module")
def uri(bench):
    return bench.attach(bench.volume())


@pytest.fixture(scope="module")
def plain(bench):
    return bench.attach(bench.volume(encrypted=False))


def test_the_export_says_what_it_can(uri):
    with Client(uri) as device:
        assert device.handshake_flags & 3 == 3, "fixed newstyle, no zeroes"
        assert device.size == GIB
        flags = device.flags
        for bit, name in ((0, "has flags"), (2, "flush"), (3, "fua"), (5, "trim"), (6, "zeroes"), (7, "df"), (8, "multi-conn"), (10, "cache")):
            assert flags & 1 << bit, name
        assert not flags & 2, "not read-only"
        minimum, preferred, maximum = device.blocks
        assert minimum in (1, 512) and preferred == 4096 and maximum >= 1 << 20


# --- the option phase


def test_unknown_options_and_exports_do_not_end_the_session(uri):
    with Client(uri, go=False) as device:
        assert device.option(4711)[-1][0] == nbd.REP_ERR_UNSUP
        assert device.option(nbd.OPT_STARTTLS)[-1][0] & 0x80000000
        assert device.option(0xFFFFFFFF, b"x" * 100)[-1][0] == nbd.REP_ERR_UNSUP
        assert device.go("nobody") == nbd.REP_ERR_UNKNOWN
        assert device.go(device.name, nbd.OPT_INFO) == nbd.REP_ACK
        assert device.go(device.name) == nbd.REP_ACK
        assert device.read(0, 512) == bytes(512)


@pytest.mark.parametrize(
    "option, data",
    [
        (nbd.OPT_GO, b""),
        (nbd.OPT_GO, b"\0\0"),
        (nbd.OPT_GO, struct.pack(">I", 0xFFFFFFFF)),
        (nbd.OPT_GO, struct.pack(">I", 3) + b"abc"),
        (nbd.OPT_GO, struct.pack(">I", 3) + b"abc" + struct.pack(">H", 9)),
        (nbd.OPT_INFO, struct.pack(">I", 2) + b"\xff\xfe" + b"\0\0"),
        (nbd.OPT_SET_META, b"\0"),
        (nbd.OPT_SET_META, struct.pack(">II", 0, 0xFFFFFFFF)),
        (nbd.OPT_LIST_META, struct.pack(">III", 0, 1, 0xFFFFFFF0)),
        (nbd.OPT_LIST, b"surprise"),
        (nbd.OPT_STRUCTURED_REPLY, b"surprise"),
    ],
)
def test_malformed_options_are_refused_and_the_session_goes_on(uri, option, data):
    with Client(uri, structured=False, go=False) as device:
        assert device.option(option, data)[-1][0] & 0x80000000
        assert device.go(device.name) == nbd.REP_ACK
        device.flush()


def test_a_huge_option_takes_no_memory(uri):
    """The length is announced and never sent: the server must not wait for it with a buffer in hand."""
    with Client(uri, go=False) as device:
        device._give(struct.pack(">QII", nbd.MAGIC_OPT, nbd.OPT_GO, 0xFFFFFFFF))
        device.socket.settimeout(5)
        try:
            answer = device._take(20)
            assert struct.unpack(">QIII", answer)[2] & 0x80000000
        except (ConnectionError, TimeoutError):
            pass


def test_list_shows_this_volume_only(uri):
    with Client(uri, go=False) as device:
        replies = device.option(nbd.OPT_LIST)
        names = [data[4 : 4 + struct.unpack(">I", data[:4])[0]].decode() for kind, data in replies if kind == nbd.REP_SERVER]
        assert names == [device.name]


def test_abort_is_polite(uri):
    device = Client(uri, go=False)
    assert device.option(nbd.OPT_ABORT)[-1][0] == nbd.REP_ACK
    with pytest.raises(ConnectionError):
        device._take(1)


def test_the_oldest_way_in_works(uri):
    device = Client(uri, structured=False, go=False)
    name = device.name.encode()
    device._give(struct.pack(">QII", nbd.MAGIC_OPT, nbd.OPT_EXPORT_NAME, len(name)) + name)
    size, flags = struct.unpack(">QH", device._take(10))
    assert size == GIB and flags & 1
    assert device.read(0, 512) == bytes(512)
    device.close()


def test_the_oldest_way_in_with_a_wrong_name_is_cut_off(uri):
    device = Client(uri, structured=False, go=False)
    device._give(struct.pack(">QII", nbd.MAGIC_OPT, nbd.OPT_EXPORT_NAME, 6) + b"nobody")
    with pytest.raises(ConnectionError):
        device._take(10)


@pytest.mark.parametrize("first", [b"\0" * 4, struct.pack(">I", 0xFFFFFFFF), b"GET / HTTP/1.1\r\n\r\n"])
def test_clients_that_are_none_are_cut_off(uri, first):
    path, _ = nbd.parse(uri)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(15)
        raw.connect(path)
        raw.recv(18)
        raw.sendall(first + b"\xff" * 64)
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass


# --- requests


def test_ranges_beyond_the_end(uri):
    with Client(uri) as device:
        for call in (lambda: device.write(GIB, b"x"), lambda: device.write(GIB - 4, b"12345"), lambda: device.zeroes(GIB - 1, 2)):
            fails(nbd.ENOSPC, call)
        for call in (
            lambda: device.read(GIB, 1),
            lambda: device.read(GIB - 1, 2),
            lambda: device.read(2**64 - 1, 1),
            lambda: device.read(2**64 - 512, 1024),
            lambda: device.trim(GIB, 4096),
            lambda: device.block_status(GIB, 1) if device.context else device.read(GIB, 1),
        ):
            fails(nbd.EINVAL, call)
        for call in (lambda: device.write(2**64 - 2, b"1234"), lambda: device.zeroes(2**64 - 1, 4096)):
            with pytest.raises(NbdError) as caught:
                call()
            assert caught.value.number in (nbd.ENOSPC, nbd.EINVAL)
        assert device.read(GIB - 512, 512) == bytes(512)


def test_unknown_commands_and_flags(uri):
    with Client(uri) as device:
        for command in (8, 77, 0xFFFF):
            device.request(command, 0, 512)
            fails(nbd.EINVAL, device.reply)
        device.request(nbd.CMD_READ, 0, 512, flags=0x4000)
        fails(nbd.EINVAL, device.reply, 512)
        device.request(nbd.CMD_WRITE, 0, 512, flags=0x4000, data=b"x" * 512)
        fails(nbd.EINVAL, device.reply)
        device.request(nbd.CMD_STATUS, 0, 4096)
        fails(nbd.EINVAL, device.reply)
        assert device.read(0, 512) == bytes(512)


def test_too_long_requests_are_refused_and_take_no_memory(uri, server):
    def resident():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    before = resident()
    with Client(uri) as device:
        for length in (0xFFFFFFFF, 1 << 30):
            device.request(nbd.CMD_READ, 0, length)
            fails(nbd.EINVAL, device.reply, 0)
        assert device.read(0, 512) == bytes(512)
    devices = []
    for _ in range(20):
        device = Client(uri)
        device.request(nbd.CMD_WRITE, 0, 0xFFFFFFFF, data=b"x" * 1000)
        devices.append(device)
    assert resident() - before < 200_000, "announced bytes are not memory"
    for device in devices:
        device.socket.close()
    with Client(uri) as device:
        assert device.read(0, 1000) == bytes(1000), "a write that was cut off changes nothing, or whole units"


def test_a_wrong_magic_ends_the_session(uri):
    device = Client(uri)
    device.request(nbd.CMD_READ, 0, 512, magic=0xDEADBEEF)
    with pytest.raises((ConnectionError, OSError)):
        device._take(1)


def test_do_not_fragment_means_one_chunk(plain):
    with Client(plain) as device:
        device.write(1 << 20, b"data" * 1024)
        data = device.read((1 << 20) - 65536, 262144, flags=nbd.DF)
        assert device.chunks == 1
        assert data[65536 : 65536 + 4096] == b"data" * 1024 and not any(data[:65536])


def test_simple_replies_for_clients_that_want_nothing_else(uri):
    with Client(uri, structured=False) as device:
        device.write(123456, b"simple")
        assert device.read(123450, 18) == bytes(6) + b"simple" + bytes(6)
        fails(nbd.EINVAL, device.read, GIB, 1)


@pytest.mark.parametrize("which", ["uri", "plain"])
def test_odd_places_and_sizes(request, which):
    with Client(request.getfixturevalue(which)) as device:
        base, size = 64 << 20, 1 << 20
        mirror = bytearray(size)
        rng = random.Random(7)
        for step in range(600):
            offset = rng.randrange(size)
            length = min(rng.choice([1, 2, 511, 512, 513, 4095, 4096, 4097, 20000, 70001]), size - offset)
            kind = rng.randrange(10)
            if kind < 6:
                data = rng.randbytes(length)
                device.write(base + offset, data, flags=rng.choice([0, 0, nbd.FUA]))
                mirror[offset : offset + length] = data
            elif kind < 8:
                flags = rng.choice([0, nbd.NO_HOLE, nbd.FUA])
                device.zeroes(base + offset, length, flags)
                mirror[offset : offset + length] = bytes(length)
            else:
                assert device.read(base + offset, length) == mirror[offset : offset + length], step
        device.flush()
        assert device.read(base, size) == bytes(mirror)


def test_trimmed_whole_units_read_zero_and_neighbours_stay(uri):
    with Client(uri) as device:
        base = 100 << 20
        device.write(base, b"\xaa" * 65536)
        device.trim(base + 100, 20000)
        back = device.read(base, 65536)
        assert back[:100] == b"\xaa" * 100 and back[20100:] == b"\xaa" * (65536 - 20100)
        assert set(back[100:20100]) <= {0, 0xAA}, "a trimmed byte is old or zero, never noise"
        device.trim(base, 65536)
        assert device.read(base, 65536) == bytes(65536)


def test_block_status_tells_data_from_holes(uri):
    with Client(uri, status=True) as device:
        base = 200 << 20
        device.write(base + 8192, b"x" * 4096)
        found = device.block_status(base, 1 << 20)
        assert sum(length for length, _ in found) <= 1 << 20
        assert found[0] == (8192, 3) and found[1] == (4096, 0) and found[2][1] == 3
        assert len(device.block_status(base, 1 << 20, flags=nbd.REQ_ONE)) == 1
        device.zeroes(base + 8192, 4096)
        assert device.block_status(base, 65536)[0][1] == 3
        assert device.block_status(GIB - 4096, 4096) == [(4096, 3)]
        fails(nbd.EINVAL, device.block_status, GIB - 4096, 8192)


def test_cache_is_accepted(uri):
    with Client(uri) as device:
        device.request(nbd.CMD_CACHE, 0, 1 << 20)
        device.reply()
        device.request(nbd.CMD_CACHE, GIB, 1)
        fails(nbd.EINVAL, device.reply)


def test_what_one_connection_wrote_another_reads(uri):
    with Client(uri) as first, Client(uri) as second:
        first.write(300 << 20, b"hello")
        assert second.read(300 << 20, 5) == b"hello"
        second.flush()
        second.zeroes(300 << 20, 5)
        assert first.read(300 << 20, 5) == bytes(5)


def test_requests_may_be_sent_before_answers_are_read(uri):
    with Client(uri) as device:
        cookies = {}
        for n in range(64):
            cookies[device.request(nbd.CMD_WRITE, n * 4096, 4096, data=bytes([n + 1]) * 4096)] = n
        seen = set()
        while len(seen) < 64:
            # Writes may be answered by simple replies, whatever was negotiated.
            (magic,) = struct.unpack(">I", device._take(4))
            if magic == nbd.MAGIC_SIMPLE:
                error, cookie = struct.unpack(">IQ", device._take(12))
                assert error == 0
            else:
                flags, kind, cookie, size = struct.unpack(">HHQI", device._take(20 - 4))
                assert (kind, flags & 1, size) == (0, 1, 0)
            seen.add(cookies[cookie])
        for n in range(64):
            assert device.read(n * 4096, 4096) == bytes([n + 1]) * 4096


def test_noise_after_the_handshake_never_hurts(bench):
    """Random requests, half of them nearly right; then the server and the volume are as well as before."""
    uri = bench.attach(bench.volume())
    with Client(uri) as device:
        device.write(0, b"anchor")
        device.flush()
    rng = random.Random(99)
    for _ in range(int(os.environ.get("SEALVOL_TEST_NOISE", "300"))):
        device = Client(uri, structured=rng.random() < 0.5, go=rng.random() < 0.9)
        device.socket.settimeout(0.2)
        try:
            for _ in range(rng.randrange(1, 6)):
                magic = rng.choice([nbd.MAGIC_REQUEST, nbd.MAGIC_REQUEST, rng.getrandbits(32)])
                # Reads only below 1 MiB, no writes: the anchor must survive what is well-formed.
                command = rng.choice([nbd.CMD_READ, nbd.CMD_CACHE, nbd.CMD_STATUS, rng.randrange(8, 65536)])
                offset = rng.choice([0, rng.getrandbits(64), GIB - rng.randrange(8192)])
                length = rng.choice([0, 1, rng.getrandbits(32), rng.randrange(65536)])
                device._give(struct.pack(">IHHQQI", magic, rng.getrandbits(16), command, rng.getrandbits(64), offset, length))
            device.socket.recv(65536)
        except OSError:
            pass
        device.socket.close()
    with Client(uri) as device:
        assert device.read(0, 6) == b"anchor"
