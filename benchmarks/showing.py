"""A page of a document as a picture: the first time anybody asks for it, and again.

Through the real server: opened, decrypted, drawn in the confined process, answered; the second time from the
cache. The floor is a hello on the same stack.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import http_client
import portal
import servers
from sizes import size
from table import AtMost, Row, duration

import signing
from docvault import wiring
from docvault.actions import uploads
from docvault.settings import Settings
from docvault.vault.files import SEGMENT

DOCUMENTS = size(20, small=3)
PAGES = 20


def rows(folder: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        hello = stack.enter_context(servers.serving("floor:application", folder, "/hello"))
        stand = portal.prepare(folder / "stand")
        paths = [f"/api/v1/documents/{each}/versions/1/pages/1" for each in uploaded(stand)]
        target = "docvault.web.main:application"
        server = stack.enter_context(servers.serving(target, stand.folder, "/health/ready"))
        first = [asked(server, path, stand.headers) for path in paths]
        again = [asked(server, path, stand.headers) for path in paths]
        floor = [asked(hello, "/hello", "") for _ in paths]
    for name, taken, most in (("first page shown", first[1:], 150), ("   again, cached", again, 20)):
        middle, least = statistics.median(taken), statistics.median(floor)
        yield Row(name, duration(middle), duration(least), middle * 1000, AtMost(most), " ms")


def asked(server: servers.Server, path: str, headers: str) -> float:
    with server.connect() as connection:
        reader = http_client.Reader(connection)
        start = time.perf_counter()
        connection.sendall(http_client.get(path, headers))
        while not reader.feed():
            pass
        return time.perf_counter() - start


def uploaded(stand: portal.Stand) -> list[str]:
    """Upload documents that differ, so that none is drawn for another."""
    made = []
    with closing(wiring.build(Settings(data=stand.folder))) as opened:
        for number in range(DOCUMENTS):
            content = signing.document(PAGES) + b"\n" * number
            given = {"acting": stand.manager, "now": datetime.now(UTC)}
            begun = uploads.begin_upload(
                opened.db,
                opened.vault,
                folder_id=stand.shared_folder,
                filename=f"Contract {number}.pdf",
                size=len(content),
                **given,
            )
            for start in range(0, len(content), SEGMENT):
                part = content[start : start + SEGMENT]
                uploads.store_segment(
                    opened.db, opened.vault, upload_id=begun.id, offset=start, plaintext=part, **given
                )
            kept = uploads.finish_upload(opened.db, opened.vault, opened.pdf, upload_id=begun.id, **given)
            made.append(str(kept.id))
    return made
