"""1 GiB up and down, on a folder and on a real S3 store, against the least that any program has to do.

Two floors: AES-256-GCM and the store's own put and get, behind the same HTTP server; and the same without
any transport, in this process. Neither hashes. Memory is what the answering process grew by at most.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import files
import http_client
import objects
import portal
import servers
from files import growing
from http_client import ask, drain
from servers import Server
from sizes import size
from table import AtLeast, AtMost, Row, in_turns, ratio, typical

from docvault.settings import Settings

TESTS = Path(__file__).parents[1] / "tests"
SIZE = size(1024 * 1024 * 1024, small=64 * 1024 * 1024)  # bytes
ROUNDS = 3
SEGMENT = files.BLOCK * (objects.SEGMENT // len(files.BLOCK))
SEGMENTS = SIZE // objects.SEGMENT
MIB = 2**20
_numbers = count()


def rows(folder: Path) -> Iterator[Row]:
    for name in ("folder", "S3"):
        with ExitStack() as lent:
            environment = _bucket(lent) if name == "S3" else {}
            for row in _on(folder / name, environment, lent):
                yield Row(f"{row.name}, {name}", row.ours, row.floor, row.value, row.aim, row.unit)


def _bucket(lent: ExitStack) -> dict[str, str]:
    """Start a SeaweedFS, as the tests do, and return the settings that name its bucket."""
    sys.path.insert(0, str(TESTS))
    import seaweed

    server = seaweed.Server()
    lent.callback(server.stop)
    return {
        "DOCVAULT_BLOBS": f"s3://{server.root.name}/bench?endpoint={server.root.endpoint}",
        "DOCVAULT_S3_ACCESS_KEY": server.root.access_key,
        "DOCVAULT_S3_SECRET_KEY": server.root.secret_key,
    }


def _on(folder: Path, environment: dict[str, str], lent: ExitStack) -> Iterator[Row]:
    chosen = {name.removeprefix("DOCVAULT_").lower(): value for name, value in environment.items()}
    settings = Settings(data=folder, **chosen)
    stand = portal.prepare(settings)
    raw = objects.InBucket(settings.bucket) if settings.bucket else objects.Files(folder / "raw")
    floor = lent.enter_context(servers.serving("floor_objects:application", folder, "/hello", environment))
    ours = lent.enter_context(
        servers.serving("docvault.web.main:application", folder, "/health/ready", environment)
    )
    files.download(ours, stand, files.upload(ours, stand, files.WARMING), files.WARMING)
    put(floor, "warm", files.WARMING)
    pull(floor, "warm", files.WARMING)
    yield from _measured(ours, floor, raw, stand)


def _measured(ours: Server, floor: Server, raw: objects.Objects, stand: portal.Stand) -> Iterator[Row]:
    documents: list[str] = []
    grown: list[list[int]] = [[], []]
    up = in_turns(
        ROUNDS,
        lambda: growing(ours, grown[0], lambda: documents.append(files.upload(ours, stand, SIZE))),
        lambda: growing(floor, grown[1], lambda: put(floor, f"served{next(_numbers)}", SIZE)),
        lambda: seal_all(raw, f"raw{next(_numbers)}"),
    )
    yield from _rows_of("up", up, grown, AtLeast(0.7))
    put(floor, "served", SIZE)
    seal_all(raw, "raw")
    grown = [[], []]
    down = in_turns(
        ROUNDS,
        lambda: growing(ours, grown[0], lambda: files.download(ours, stand, documents[-1], SIZE)),
        lambda: growing(floor, grown[1], lambda: pull(floor, "served", SIZE)),
        lambda: open_all(raw, "raw"),
    )
    yield from _rows_of("down", down, grown, AtLeast(0.8))


def _rows_of(way: str, taken: list[list[float]], grown: list[list[int]], aim: AtLeast) -> Iterator[Row]:
    ours, served, raw = taken
    name = f"{SIZE // MIB} MiB {way}, speed"
    yield Row(f"{name} / AES and store by HTTP", typical(ours), typical(served), 1 / ratio(ours, served), aim)
    yield Row("   / AES and store alone", typical(ours), typical(raw), 1 / ratio(ours, raw), aim)
    yield Row("   AES and store by HTTP / alone", typical(served), typical(raw), 1 / ratio(served, raw))
    most, least = (max(growths) / MIB for growths in grown)
    yield Row("   peak memory growth", f"{most:.0f} MiB", f"{least:.0f} MiB", most, AtMost(64), unit=" MiB")


def put(floor: Server, name: str, size: int) -> None:
    head = f"PUT /files/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n"
    ask(floor, head.encode(), lambda connection: files.send(connection, size))


def pull(floor: Server, name: str, size: int) -> None:
    path = f"/files/{name}/{size // objects.SEGMENT}"
    drain(floor, http_client.get(path, "Connection: close\r\n"), size)


def seal_all(store: objects.Objects, name: str) -> None:
    for index in range(SEGMENTS):
        objects.put_sealed(store, name, index, SEGMENT)


def open_all(store: objects.Objects, name: str) -> None:
    for index in range(SEGMENTS):
        objects.get_opened(store, name, index)
