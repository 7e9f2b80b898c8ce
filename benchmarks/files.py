"""256 MiB up and down through the HTTP server, against one that only takes, hashes, seals and keeps them.

Memory is what the answering process grew by at most, from before the transfer, after a small one warmed it.
"""

import base64
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import http_client
import portal
import servers
from http_client import ask, drain
from servers import Server
from table import AtLeast, AtMost, Row, in_turns, ratio, typical

SIZE = 256 * 1024 * 1024  # bytes
WARMING = 24 * 1024 * 1024  # bytes
ROUNDS = 5
BLOCK = os.urandom(1024 * 1024)
TUS = "Tus-Resumable: 1.0.0\r\n"


def rows(folder: Path) -> Iterator[Row]:
    stand = portal.prepare(folder / "data")
    target = "docvault.web.main:application"
    with (
        servers.serving("floor:application", folder, "/hello") as floor,
        servers.serving(target, stand.folder, "/health/ready") as server,
    ):
        document = upload(server, stand, WARMING)
        download(server, stand, document, WARMING)
        put(floor, WARMING)
        pull(floor, WARMING)
        documents: list[str] = []
        growths: dict[str, list[int]] = {"up": [], "down": [], "floor up": [], "floor down": []}
        taken = in_turns(
            ROUNDS,
            lambda: growing(server, growths["up"], lambda: documents.append(upload(server, stand, SIZE))),
            lambda: growing(floor, growths["floor up"], lambda: put(floor, SIZE)),
            lambda: growing(server, growths["down"], lambda: download(server, stand, documents[-1], SIZE)),
            lambda: growing(floor, growths["floor down"], lambda: pull(floor, SIZE)),
        )
    yield from _rows_of("upload", taken[:2], growths["up"], growths["floor up"], AtLeast(0.7))
    yield from _rows_of("download", taken[2:], growths["down"], growths["floor down"])


def _rows_of(
    name: str,
    taken: list[list[float]],
    growth: list[int],
    floor_growth: list[int],
    aim: AtLeast | None = None,
) -> Iterator[Row]:
    ours, floor = taken
    yield Row(f"{name}, speed / its floor's", typical(ours), typical(floor), 1 / ratio(ours, floor), aim)
    most = max(growth) / 2**20
    shown = f"{most:.0f} MiB", f"{max(floor_growth) / 2**20:.0f} MiB"
    yield Row(f"   peak memory growth, {name}", *shown, most, AtMost(64), unit=" MiB")


def growing(server: Server, growths: list[int], transfer: Callable[[], object]) -> None:
    server.forget_peak()
    before = server.resident()
    transfer()
    growths.append(server.peak() - before)


def upload(server: Server, stand: portal.Stand, size: int) -> str:
    """Send a file by tus, in one PATCH; return the document's id."""
    metadata = f"folder {_encoded(stand.shared_folder)},filename {_encoded('recording.bin')}"
    host = f"Host: 127.0.0.1:{server.port}\r\n{stand.headers}{TUS}"
    begun = ask(
        server,
        f"POST /api/v1/uploads HTTP/1.1\r\n{host}Upload-Length: {size}\r\nUpload-Metadata: {metadata}\r\n"
        "Content-Length: 0\r\n\r\n".encode(),
    )
    place = _field(begun, "location")
    done = ask(
        server,
        f"PATCH {place} HTTP/1.1\r\n{host}Upload-Offset: 0\r\nContent-Length: {size}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n".encode(),
        lambda connection: send(connection, size),
    )
    return _field(done, "x-document-id")


def download(server: Server, stand: portal.Stand, document: str, size: int) -> None:
    drain(server, http_client.get(f"/api/v1/documents/{document}/versions/1/content", stand.headers), size)


def put(floor: Server, size: int) -> None:
    head = f"PUT /file HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n"
    ask(floor, head.encode(), lambda connection: send(connection, size))


def pull(floor: Server, size: int) -> None:
    drain(floor, http_client.get("/file", "Connection: close\r\n"), size)


def send(connection: socket.socket, size: int) -> None:
    for _ in range(size // len(BLOCK)):
        connection.sendall(BLOCK)


def _field(answer: bytes, name: str) -> str:
    found = re.search(rf"(?im)^{name}: *(\S+)", answer.decode())
    assert found, answer
    return found[1]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
