"""A folder of 1 000 files taken away as one ZIP: when its first byte comes, how long it all takes.

The floor reads the same stored objects, opens as many bytes with AES-256-GCM and writes a ZIP of them with
the standard library, without transport, rights or the log.
"""

import secrets
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import http_client
import objects
import portal
import servers
from files import growing
from servers import Server
from sizes import size
from sqlalchemy import insert
from table import AtMost, Row, duration, in_turns, ratio, typical

from docvault import wiring
from docvault.actions import folders
from docvault.database import tables
from docvault.settings import Settings

FEW, MANY = 100, size(1_000, small=200)  # files of a folder
EACH = 256 * 1024  # bytes
ROUNDS = 5
MIB = 2**20


def rows(folder: Path) -> Iterator[Row]:
    settings = Settings(data=folder / "data")
    stand = portal.prepare(settings)
    with closing(wiring.build(settings)) as opened:
        places = {count: filled(opened, stand, count) for count in (FEW, MANY)}
    sealed = sorted(path for path in settings.blob_folder.rglob("*") if path.is_file())[:MANY]
    with servers.serving("docvault.web.main:application", stand.folder, "/health/ready") as server:
        taken(server, stand, places[FEW])
        grown: list[int] = []
        firsts: dict[int, list[float]] = {FEW: [], MANY: []}
        whole, floor, _ = in_turns(
            ROUNDS,
            lambda: growing(server, grown, lambda: firsts[MANY].append(taken(server, stand, places[MANY]))),
            lambda: zipped(sealed, folder / "floor.zip"),
            lambda: firsts[FEW].append(taken(server, stand, places[FEW])),
        )
    name = f"ZIP of {MANY:,} files of {EACH // 1024} KiB"
    yield Row(f"{name} / read, AES, zipfile", typical(whole), typical(floor), ratio(whole, floor))
    first = min(firsts[MANY])
    yield Row("   its first byte", duration(first), "", first * 1000, AtMost(1000), " ms")
    yield Row(
        f"   first byte, {MANY:,} / {FEW} files",
        duration(first),
        duration(min(firsts[FEW])),
        first / min(firsts[FEW]),
    )
    most = max(grown) / MIB
    yield Row("   peak memory growth", f"{most:.0f} MiB", "", most, AtMost(64), " MiB")


def filled(opened: wiring.Portal, stand: portal.Stand, count: int, each: int = EACH) -> str:
    """Return a new folder with `count` documents, stored as uploads are."""
    about = {"organisation_id": stand.clients[0], "name": f"Minutes {count}", "kind": "general"}
    now = datetime.now(UTC)
    made = folders.create_folder(opened.db, opened.vault, acting=stand.manager, now=now, **about)
    brought = {"created_by": stand.manager.person_id, "created_at": now}
    documents = [
        {"id": secrets.token_hex(13), "folder_id": made, "name": f"Minutes {number}.pdf", "latest": 1}
        | brought
        for number in range(count)
    ]
    about = {"purpose": "original", "size": each, "created_by": stand.manager.person_id, "now": now}
    with opened.db.transaction() as tx:
        tx.connection.execute(insert(tables.documents), documents)
        reserved = [opened.vault.reserve(tx, document_id=one["id"], **about) for one in documents]
    with ThreadPoolExecutor(8) as writers:  # they wait for the disk more than they work
        list(writers.map(lambda one: opened.vault.store_segment(one, 0, secrets.token_bytes(each)), reserved))
    with opened.db.transaction() as tx:
        for one in reserved:
            opened.vault.keep(tx, opened.vault.whole(one, media_type="application/pdf"), now=now)
    return made


def taken(server: Server, stand: portal.Stand, folder_id: str) -> float:
    """Take the archive away; return the seconds until its first byte."""
    request = http_client.get(f"/api/v1/folders/{folder_id}/archive", stand.headers + "Connection: close\r\n")
    with server.connect() as connection:
        began = time.perf_counter()
        connection.sendall(request)
        got = connection.recv(http_client.CHUNK)
        assert got.startswith(b"HTTP/1.1 200"), got
        while got.endswith(b"\r\n\r\n") and b"PK\x03\x04" not in got:
            got = connection.recv(http_client.CHUNK)
        first = time.perf_counter() - began
        last = b""
        while got:
            last = (last + got)[-64:]
            got = connection.recv(http_client.CHUNK)
    assert b"PK\x05\x06" in last, "the archive broke off"
    return first


def zipped(sealed: list[Path], target: Path) -> None:
    content = objects.CIPHER.encrypt(bytes(12), secrets.token_bytes(EACH), None)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, path in enumerate(sealed):
            path.read_bytes()
            archive.writestr(f"Minutes {number}.pdf", objects.CIPHER.decrypt(bytes(12), content, None))
