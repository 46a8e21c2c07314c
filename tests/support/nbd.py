"""A small NBD client on plain sockets (NBD protocol, fixed newstyle). It can say wrong things on purpose, which libnbd cannot."""

import contextlib
import socket
import struct
import urllib.parse

import pytest

OPT_EXPORT_NAME, OPT_ABORT, OPT_LIST, OPT_STARTTLS, OPT_INFO, OPT_GO = 1, 2, 3, 5, 6, 7
OPT_STRUCTURED_REPLY, OPT_LIST_META, OPT_SET_META, OPT_EXTENDED_HEADERS = 8, 9, 10, 11
REP_ACK, REP_SERVER, REP_INFO, REP_META = 1, 2, 3, 4
REP_ERR_UNSUP, REP_ERR_INVALID, REP_ERR_UNKNOWN, REP_ERR_TOO_BIG = 0x80000001, 0x80000003, 0x80000006, 0x80000009
CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH, CMD_TRIM, CMD_CACHE, CMD_ZEROES, CMD_STATUS = range(8)
FUA, NO_HOLE, DF, REQ_ONE, FAST_ZERO = 1, 2, 4, 8, 16
EPERM, EIO, EINVAL, ENOSPC, EOVERFLOW, ENOTSUP, ESHUTDOWN = 1, 5, 22, 28, 75, 95, 108
MAGIC_OPT, MAGIC_REPLY = 0x49484156454F5054, 0x3E889045565A9
MAGIC_REQUEST, MAGIC_SIMPLE, MAGIC_CHUNK = 0x25609513, 0x67446698, 0x668E33EF


class NbdError(Exception):
    """The server answered a request with this error number."""

    def __init__(self, number, text=""):
        super().__init__(f"error {number} {text}")
        self.number = number


def fails(number, call, *arguments, **options):
    """The server answers this request with this error number."""
    with pytest.raises(NbdError) as caught:
        call(*arguments, **options)
    assert caught.value.number == number, caught.value


def parse(uri):
    """The socket path and the export name of `nbd+unix:///NAME?socket=PATH`."""
    parts = urllib.parse.urlsplit(uri)
    assert parts.scheme == "nbd+unix", uri
    path = urllib.parse.parse_qs(parts.query)["socket"][0]
    return path, urllib.parse.unquote(parts.path.lstrip("/"))


class Client:
    """A connection; `structured` asks for structured replies, `go=False` stays in the option phase."""

    def __init__(self, uri, structured=True, status=False, go=True, timeout=30):
        self.path, self.name = parse(uri)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(self.path)
        self.structured = False
        self.cookie = 0
        self.context = None
        self.blocks = None
        magic, options, self.handshake_flags = struct.unpack(">QQH", self._take(18))
        assert (magic, options) == (0x4E42444D41474943, MAGIC_OPT)
        self._give(struct.pack(">I", self.handshake_flags & 3))
        if structured:
            assert self.option(OPT_STRUCTURED_REPLY)[-1][0] == REP_ACK
            self.structured = True
        if status:
            self.set_meta("base:allocation")
        if go:
            self.go(self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._give(struct.pack(">IHHQQI", MAGIC_REQUEST, 0, CMD_DISC, 0, 0, 0))
        self.socket.close()

    def _give(self, data):
        self.socket.sendall(data)

    def _take(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("the server closed the connection")
            data += piece
        return bytes(data)

    # --- options

    def option(self, number, data=b""):
        """Sends an option; answers its replies (type, data) up to the last one."""
        self._give(struct.pack(">QII", MAGIC_OPT, number, len(data)) + data)
        replies = []
        while True:
            magic, asked, kind, length = struct.unpack(">QIII", self._take(20))
            assert (magic, asked) == (MAGIC_REPLY, number)
            replies.append((kind, self._take(length)))
            if kind == REP_ACK or kind & 0x80000000:
                return replies

    @staticmethod
    def info_request(name, *wanted):
        encoded = name.encode()
        return struct.pack(">I", len(encoded)) + encoded + struct.pack(f">H{len(wanted)}H", len(wanted), *wanted)

    def go(self, name, option=OPT_GO):
        """Chooses the export; answers the last reply's type."""
        replies = self.option(option, self.info_request(name, 3))
        for kind, data in replies:
            if kind == REP_INFO and data[:2] == b"\0\0":
                self.size, self.flags = struct.unpack(">QH", data[2:])
            if kind == REP_INFO and data[:2] == b"\0\3":
                self.blocks = struct.unpack(">III", data[2:])
        return replies[-1][0]

    def meta_request(self, *queries, name=None):
        encoded = (self.name if name is None else name).encode()
        data = struct.pack(">I", len(encoded)) + encoded + struct.pack(">I", len(queries))
        for query in queries:
            data += struct.pack(">I", len(query)) + query.encode()
        return data

    def set_meta(self, *queries):
        for kind, data in self.option(OPT_SET_META, self.meta_request(*queries)):
            if kind == REP_META:
                self.context = struct.unpack(">I", data[:4])[0]

    # --- requests

    def request(self, command, offset=0, length=0, flags=0, data=b"", magic=MAGIC_REQUEST):
        self.cookie += 1
        self._give(struct.pack(">IHHQQI", magic, flags, command, self.cookie, offset, length) + data)
        return self.cookie

    def reply(self, length=0):
        """The answer to one request: the data of a read, or the descriptors of a block status."""
        error, data, descriptors = None, bytearray(length), []
        chunks = 0
        while True:
            (magic,) = struct.unpack(">I", self._take(4))
            if magic == MAGIC_SIMPLE:
                number, cookie = struct.unpack(">IQ", self._take(12))
                assert cookie == self.cookie
                if number:
                    raise NbdError(number)
                return self._take(length) if length else b""
            assert magic == MAGIC_CHUNK, hex(magic)
            flags, kind, cookie, size = struct.unpack(">HHQI", self._take(16))
            assert cookie == self.cookie
            body = self._take(size)
            chunks += 1
            if kind == 1:
                (offset,) = struct.unpack(">Q", body[:8])
                start = offset - self._read_offset
                data[start : start + size - 8] = body[8:]
            elif kind == 2:
                offset, hole = struct.unpack(">QI", body)
                start = offset - self._read_offset
                data[start : start + hole] = bytes(hole)
            elif kind == 5:
                descriptors += [struct.unpack(">II", body[p : p + 8]) for p in range(4, len(body), 8)]
            elif kind & 0x8000:
                number, length_ = struct.unpack(">IH", body[:6])
                error = error or NbdError(number, body[6 : 6 + length_].decode())
            if flags & 1:
                self.chunks = chunks
                if error:
                    raise error
                return descriptors or bytes(data)

    _read_offset = 0

    def read(self, offset, length, flags=0):
        self._read_offset = offset
        self.request(CMD_READ, offset, length, flags)
        return self.reply(length)

    def write(self, offset, data, flags=0):
        self.request(CMD_WRITE, offset, len(data), flags, data)
        self.reply()

    def flush(self):
        self.request(CMD_FLUSH)
        self.reply()

    def trim(self, offset, length, flags=0):
        self.request(CMD_TRIM, offset, length, flags)
        self.reply()

    def zeroes(self, offset, length, flags=0):
        self.request(CMD_ZEROES, offset, length, flags)
        self.reply()

    def block_status(self, offset, length, flags=0):
        self.request(CMD_STATUS, offset, length, flags)
        return self.reply()
