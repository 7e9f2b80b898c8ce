"""A page of 50 folders, as JSON and as HTML, with few and with many folders, against a hello.

The person looks after a quarter of the clients; every folder holds a document. What is compared is the
server's processor time for one answer, on one kept-alive connection and on several.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import http_client
import portal
import servers
from http_client import Load
from sqlalchemy import insert
from table import AtMost, Row, duration

from docvault.database import tables
from docvault.database.engine import Database
from docvault.policy.engine import Policy, default_folder

SIZES = {"1 k": 1_000, "200 k": 200_000}  # folders
AT_ONCE = (1, 8)  # connections
ROUNDS = 7
SECONDS = 0.35  # of one block; ours and the floor take turns
PATHS = {"JSON": "/api/v1/folders", "HTML": "/folders"}
BATCH = 20_000  # rows of one statement


def rows(folder: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        hello = stack.enter_context(servers.serving("floor:application", folder, "/hello"))
        subjects = {"hello": (hello, http_client.get("/hello"))}
        for size, count in SIZES.items():
            stand = portal.prepare(folder / size.replace(" ", ""))
            fill(stand, count)
            target = "docvault.web.main:application"
            server = stack.enter_context(servers.serving(target, stand.folder, "/health/ready"))
            for kind, path in PATHS.items():
                subjects[f"{kind} {size}"] = (server, http_client.get(path, stand.headers))
        for connections in AT_ONCE:
            yield from compared(measure(subjects, connections), connections)


def measure(subjects, connections: int) -> dict[str, list[Load]]:
    """Return what each subject did, round by round; the first round only warms."""
    found: dict[str, list[Load]] = {name: [] for name in subjects}
    for _ in range(ROUNDS + 1):
        for name, (server, request) in subjects.items():
            found[name].append(http_client.load(server, request, connections, SECONDS))
    return {name: loads[1:] for name, loads in found.items()}


def compared(found: dict[str, list[Load]], connections: int) -> Iterator[Row]:
    """Costs are sums over all rounds; rates are the best round's: a neighbour may have had the others."""
    told = f"{connections} connection{'s' * (connections > 1)}"
    few, many = SIZES
    for kind in PATHS:
        for size in SIZES:
            yield _costs(
                f"{kind}, {size} rows, {told} / hello", found[f"{kind} {size}"], found["hello"], AtMost(10)
            )
        yield _costs(f"   {many} / {few}", found[f"{kind} {many}"], found[f"{kind} {few}"], AtMost(1.2))
        ours, hello = (max(one.rate for one in found[name]) for name in (f"{kind} {many}", "hello"))
        yield Row(f"   answers a second, {many}", f"{ours:,.0f}/s", f"{hello:,.0f}/s", hello / ours)


def _costs(name: str, ours: list[Load], floor: list[Load], aim: AtMost) -> Row:
    mine, other = (
        sum(one.processor for one in loads) / sum(one.answers for one in loads) for loads in (ours, floor)
    )
    return Row(name, duration(mine), duration(other), mine / other, aim)


def fill(stand: portal.Stand, count: int) -> None:
    """Add folders, each with a document, in bulk; a minute apart, over all clients in turn."""
    db = Database(f"sqlite:///{stand.folder / 'docvault.sqlite'}", Policy.load(default_folder()))
    for start in range(0, count, BATCH):
        made = [portal.folder_row(stand, number, count) for number in range(start, min(count, start + BATCH))]
        documents = [
            {key: row[key] for key in ("created_by", "created_at")}
            | {"id": secrets.token_hex(13), "folder_id": row["id"], "name": "Agreement.pdf", "latest": 1}
            for row in made
        ]
        with db.transaction() as tx:
            tx.connection.execute(insert(tables.folders), made)
            tx.connection.execute(insert(tables.folder_paths), [_path(row) for row in made])
            tx.connection.execute(insert(tables.documents), documents)
    db.close()


def _path(row: dict) -> dict:
    return {"folder_id": row["id"], "ancestor_id": row["id"]}
