"""A TCP proxy that gets in the way: it resets, stays silent, cuts off, or changes what passes through it."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PIECE = 64 * 1024
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Proxy:
    """Faults can be changed while it runs; each connection counts.

    mode: pass, reset (hang up at once) or silent (take everything, answer nothing).
    cut_after: bytes of an answer after which the connection is reset; 0 for never.
    change: what becomes of each piece of an answer.
    lost: how many more answers are swallowed, and their connections reset, after the request went through.
    """

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.mode = "pass"
        self.cut_after = 0
        self.lost = 0
        self.change: Callable[[bytes], bytes] = bytes
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def trouble(self, mode: str) -> None:
        """Change the mode, for what is open as well."""
        self.mode = mode
        if mode == "reset":
            self.hang_up()

    def hang_up(self) -> None:
        """Reset every connection; the next request opens another one."""
        for one in list(self._open):
            self._reset(one)

    def stop(self) -> None:
        self._stopping.set()
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.mode == "reset":
            self._reset(client)
            return
        try:
            server = socket.create_connection(self._to, timeout=5)
        except OSError:
            self._reset(client)
            return
        server.settimeout(None)
        self._open.add(server)
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        self._pump(server, client, True)

    def _pump(self, source: socket.socket, target: socket.socket, answering: bool) -> None:
        passed = 0
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if self.mode == "silent":
                    continue
                if answering and self.lost and b"100 Continue" not in piece[:40]:
                    self.lost -= 1
                    break
                passed += len(piece)
                if answering and self.cut_after and passed > self.cut_after:
                    break
                target.sendall(self.change(piece) if answering else piece)
        self._reset(source)
        self._reset(target)

    def _reset(self, one: socket.socket) -> None:
        self._open.discard(one)
        with suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    made = Proxy(port)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """Serve one S3 error to every request; yields the address."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(5)
                client.recv(PIECE)
                client.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
