"""A relay in front of a server, to make it slow, silent or unreachable while somebody works with it."""

import contextlib
import socket
import threading
import time


class Gate:
    """Relays TCP connections to a port of loopback. `delay` and `hold` meet each HTTP request as it begins."""

    def __init__(self, to):
        self.to = to
        self.delay = 0.0
        # Requests of these methods wait as long as they are named here.
        self.hold = ()
        self.requests = 0
        self.closed = False
        self._ends = set()
        self._listener = None
        self.port = 0
        self.open()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def open(self):
        """Takes connections (again, on the same port)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self.closed = False
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self):
        """Refuses connections and breaks those that are there."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                if self.closed or listener is not self._listener:
                    return
                continue
            self._ends |= {near, far}
            threading.Thread(target=self._relay, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(far, near, False), daemon=True).start()

    def _relay(self, source, sink, asking):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 18):
                if asking and piece[:4] in (b"PUT ", b"GET ", b"DELE", b"HEAD"):
                    self._let_wait(piece.split(b" ", 1)[0].decode())
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            self._ends.discard(end)

    def _let_wait(self, method):
        self.requests += 1
        time.sleep(self.delay)
        while method in self.hold and not self.closed:
            time.sleep(0.02)
