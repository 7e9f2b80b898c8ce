"""A wire between the portal and a server, that a test can cut, hold and mend."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

PIECE = 65536


class Wire:
    """Passes bytes from a port of this machine to a Unix socket and back. `cut`: nobody is there any more;
    `hold`: everybody waits; `mend`: as before.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        self._door = self._listen(0)
        self.port = self._door.getsockname()[1]

    def _listen(self, port: int) -> socket.socket:
        door = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, args=(door,), daemon=True).start()
        return door

    def _serve(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return  # the door was closed
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._target))
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                self._flowing.wait()
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._flowing.set()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def hold(self) -> None:
        self._flowing.clear()

    def mend(self) -> None:
        self._flowing.set()
        if self._door.fileno() < 0:
            self._door = self._listen(self.port)
