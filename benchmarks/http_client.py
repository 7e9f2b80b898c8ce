"""The lightest HTTP/1.1 client that can measure: prebuilt requests, kept-alive sockets, whole answers."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from servers import Server

CHUNK = 1024 * 1024  # bytes read at once from a long answer


def get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


class Reader:
    """Reads one answer after the other from a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = bytearray()
        self._whole = 0  # bytes of the answer, once its header is here

    def feed(self) -> bool:
        """Read what is there; True when an answer has ended. Raises AssertionError unless it says 2xx."""
        piece = self.connection.recv(CHUNK)
        assert piece, "the server hung up"
        self._buffer += piece
        if not self._whole:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._whole = end + 4 + length_of(bytes(self._buffer[:end]))
        if len(self._buffer) < self._whole:
            return False
        self._buffer.clear()
        self._whole = 0
        return True


def length_of(head: bytes) -> int:
    """Return the Content-Length of a good answer's header."""
    assert head.startswith(b"HTTP/1.1 2"), head
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    return int(fields.get(b"content-length", 0))


@dataclass
class Load:
    """What a server did with some requests."""

    answers: int = 0
    seconds: float = 0
    processor: float = 0  # seconds of the server's own

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def load(server: Server, request: bytes, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for `seconds`, each with one request at a time."""
    chosen = selectors.DefaultSelector()
    readers = [Reader(server.connect()) for _ in range(connections)]
    computed = server.processor_time()
    for reader in readers:
        chosen.register(reader.connection, selectors.EVENT_READ, reader)
        reader.connection.sendall(request)
    answers, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for key, _ in chosen.select(1):
            if key.data.feed():
                answers += 1
                key.data.connection.sendall(request)
    found = Load(answers, now - start, server.processor_time() - computed)
    for reader in readers:
        reader.connection.close()
    return found


def ask(server: Server, head: bytes, send: Callable[[socket.socket], None] = lambda _: None) -> bytes:
    """Send a request, with a body by `send`, and return the header of its answer, which has no body."""
    with server.connect() as connection:
        connection.sendall(head)
        send(connection)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(CHUNK)
            assert piece, "the server hung up"
            answer += piece
        assert answer.startswith(b"HTTP/1.1 2"), answer
        return answer


def drain(server: Server, head: bytes, size: int) -> None:
    """Send a request and read an answer of at least `size` bytes, forgetting them."""
    buffer = bytearray(CHUNK)
    with server.connect() as connection:
        connection.sendall(head)
        assert connection.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL).startswith(b"HTTP/1.1 2")
        read = 0
        while read < size:
            got = connection.recv_into(buffer)
            assert got, "the server hung up"
            read += got
