"""A page of 50 folders, as JSON and as HTML, with few and with many folders, against a hello.

The person looks after a quarter of the clients; every folder holds a document. What is compared are requests
a second, on one kept-alive connection and on several.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import http_client
import portal
import servers
from sqlalchemy import insert
from table import AtMost, Row

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


def measure(subjects, connections: int) -> dict[str, list[float]]:
    """Return the requests a second of each subject, round by round; the first round only warms."""
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS + 1):
        for name, (server, request) in subjects.items():
            rates[name].append(http_client.requests_a_second(server, request, connections, SECONDS))
    return {name: found[1:] for name, found in rates.items()}


def compared(rates: dict[str, list[float]], connections: int) -> Iterator[Row]:
    told = f"{connections} connection{'s' * (connections > 1)}"
    few, many = SIZES
    for kind in PATHS:
        for size in SIZES:
            found, floor = rates[f"{kind} {size}"], rates["hello"]
            name = f"{kind}, {size} rows, {told} / hello"
            yield Row(name, _rate(found), _rate(floor), _times(floor, found), AtMost(10))
        slow, fast = rates[f"{kind} {many}"], rates[f"{kind} {few}"]
        yield Row(f"   {many} / {few}", _rate(slow), _rate(fast), _times(fast, slow), AtMost(1.2))


def _times(fast: list[float], slow: list[float]) -> float:
    """Compare the best rounds: a round is so short that whatever else runs can swallow it whole."""
    return max(fast) / max(slow)


def _rate(rates: list[float]) -> str:
    return f"{max(rates):,.0f}/s"


def fill(stand: portal.Stand, count: int) -> None:
    """Add folders, each with a document, in bulk; a minute apart, over all clients in turn."""
    db = Database(f"sqlite:///{stand.folder / 'docvault.sqlite'}", Policy.load(default_folder()))
    first = datetime.now(UTC) - timedelta(minutes=count)
    for start in range(0, count, BATCH):
        made = [_folder(stand, number, first) for number in range(start, min(count, start + BATCH))]
        documents = [
            {key: row[key] for key in ("created_by", "created_at")}
            | {"id": secrets.token_hex(13), "folder_id": row["id"], "name": "Agreement.pdf", "latest": 1}
            for row in made
        ]
        with db.transaction() as tx:
            tx.connection.execute(insert(tables.folders), made)
            tx.connection.execute(insert(tables.documents), documents)
    db.close()


def _folder(stand: portal.Stand, number: int, first: datetime) -> dict:
    return {
        "id": secrets.token_hex(13),
        "organisation_id": stand.clients[number % len(stand.clients)],
        "name": f"Statement of work {number}",
        "kind": "sow",
        "created_by": stand.manager.person_id,
        "created_at": first + timedelta(minutes=number),
    }
