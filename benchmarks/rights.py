"""Asking for rights: one decision, and a page of the folders somebody may see among 10 000.

A third of the folders lie in another one; the person looks after a quarter of the clients, has shares in a
hundred folders and is kept out of fifty. The floor of a decision compares two strings; that of a page is the
same rows by one plain SELECT that knows already which clients count.
"""

import secrets
import sqlite3
import statistics
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import portal
from sqlalchemy import insert
from table import AtMost, Row, in_turns, typical

from docvault.actions import folders
from docvault.database import folders as folder_rows
from docvault.database import tables
from docvault.database.engine import PAGE, Database
from docvault.policy.engine import Policy, default_folder
from docvault.policy.vocabulary import Permission

FOLDERS = 10_000
SHARES = 100
DENIALS = 50
TIMES = 200
MOST = AtMost(10)  # milliseconds


def rows(folder: Path) -> Iterator[Row]:
    stand = portal.prepare(folder / "data")
    db = Database(f"sqlite:///{stand.folder / 'docvault.sqlite'}", Policy.load(default_folder()))
    made = _fill(db, stand)
    with db.reading() as tx:
        seen = folder_rows.for_seeing(tx, stand.manager, made[0]["id"])

        numbers = count()

        def decide() -> None:
            """Of another folder each time: an answer about the same one would come from memory."""
            other = replace(seen.resource, id=f"folder {next(numbers)}")
            db.policy.decide(stand.manager, Permission.FOLDER_SEE, other)

        def compare() -> None:
            assert seen.organisation_id == stand.clients[0]

        ours, floor = in_turns(TIMES, decide, compare)
    yield _row("one decision", ours, floor)
    plain = sqlite3.connect(stand.folder / "docvault.sqlite")

    def select() -> None:
        assert len(plain.execute(_SQL, clients).fetchall()) == PAGE

    def page() -> None:
        assert len(folders.list_folders(db, acting=stand.manager).items) == PAGE

    clients = sorted(stand.manager.clients)
    ours, floor = in_turns(TIMES, page, select)
    yield _row(f"a page of {PAGE} among {FOLDERS:,} folders", ours, floor)
    plain.close()
    db.close()


_SQL = """
SELECT f.*, o.name FROM folders f JOIN organisations o ON o.id = f.organisation_id
WHERE f.organisation_id IN (?, ?, ?, ?, ?) ORDER BY f.created_at DESC, f.id DESC LIMIT 50
"""


def _row(name: str, ours: list[float], floor: list[float]) -> Row:
    return Row(name, typical(ours), typical(floor), statistics.median(ours) * 1000, MOST, unit=" ms")


def _fill(db: Database, stand: portal.Stand) -> list[dict]:
    """Add the folders, their paths, the shares and the denials; return the folders."""
    made = [portal.folder_row(stand, number, FOLDERS) for number in range(FOLDERS)]
    paths = [{"folder_id": row["id"], "ancestor_id": row["id"]} for row in made]
    for above, row in zip(made[::3], made[1::3], strict=False):
        row["parent_id"] = above["id"]
        row["organisation_id"] = above["organisation_id"]
        paths.append({"folder_id": row["id"], "ancestor_id": above["id"]})
    granted = [_grant(stand, row, "viewer") for row in made[7 : 7 + SHARES]]
    granted += [_grant(stand, row, "denied") for row in made[1000 : 1000 + DENIALS]]
    with db.transaction() as tx:
        blank = {"parent_id": None}
        tx.connection.execute(insert(tables.folders), [blank | row for row in made if "parent_id" not in row])
        tx.connection.execute(insert(tables.folders), [row for row in made if "parent_id" in row])
        tx.connection.execute(insert(tables.folder_paths), paths)
        tx.connection.execute(insert(tables.folder_members), granted)
    return made


def _grant(stand: portal.Stand, row: dict, role: str) -> dict:
    return {
        "id": secrets.token_hex(13),
        "folder_id": row["id"],
        "person_id": stand.manager.person_id,
        "role": role,
        "starts_at": row["created_at"] - timedelta(days=1),
    }
