"""The audit log: an append against a plain INSERT; verifying a long log against hashing its leaves."""

import hashlib
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select
from table import AtLeast, Row, duration, in_turns, ratio, typical

from docvault.actions.audit import Filters, export_at_terminal
from docvault.audit.checkpoints import LogKey
from docvault.audit.kinds import Kind
from docvault.audit.verifier import verify
from docvault.database import audit
from docvault.database.engine import Database, Transaction
from docvault.database.tables import METADATA, audit_details, audit_entries
from docvault.policy.engine import Policy, default_folder
from docvault.policy.vocabulary import Acting, Role

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
KEY = LogKey("docvault.example/audit", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
ACTING = Acting(
    *("p" * 26, "o" * 26, Role.CLIENT, frozenset({"o" * 26}), frozenset(), "s" * 26, "full", "password+totp"),
    *("Anna Lindqvist", "anna@acme.example", "192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64) " * 3, NOW),
)
SUBJECT = {"object_type": "folder", "object_id": "f" * 26, "organisation_id": "o" * 26}
TIMES = 1_500  # transactions of each kind
LONG = 200_000  # entries


def rows(folder: Path) -> Iterator[Row]:
    yield from appending(folder)
    yield from verifying(folder)


def appending(folder: Path) -> Iterator[Row]:
    """Against SQLAlchemy Core, as every other row of DocVault is written, and against the driver alone."""
    plain, bare, log = (_fresh(folder, f"{name}.sqlite") for name in ("plain", "bare", "log"))
    row, details = _row_of(_fresh(folder, "one.sqlite"))
    numbers = iter(range(1_000_000))

    def append() -> None:
        with log.transaction() as tx:
            record(tx, 0)

    def insert_plainly() -> None:
        with plain.transaction() as tx:
            number = {"index": next(numbers)}
            tx.connection.execute(insert(audit_entries), row | number)
            tx.connection.execute(insert(audit_details), details | number)

    def insert_barely() -> None:
        with bare.transaction() as tx:
            number = {"index": next(numbers)}
            cursor = tx.connection.connection.cursor()
            for table, values in ((audit_entries, row), (audit_details, details)):
                names = ", ".join(f'"{column.name}"' for column in table.c)
                holes = ", ".join("?" * len(table.c))
                shown = {
                    name: str(value) if name == "at" else value for name, value in (values | number).items()
                }
                cursor.execute(
                    f"INSERT INTO {table.name} ({names}) VALUES ({holes})",  # noqa: S608 - our own names
                    [shown[column.name] for column in table.c],
                )

    ours, floor, driver = in_turns(TIMES, append, insert_plainly, insert_barely)
    name = "append and commit / INSERT the same rows"
    yield Row(name, typical(ours), typical(floor), 1 / ratio(ours, floor), AtLeast(0.8))
    yield Row(
        "   / the same without SQLAlchemy's statements",
        typical(ours),
        typical(driver),
        1 / ratio(ours, driver),
    )


def verifying(folder: Path) -> Iterator[Row]:
    db = _fresh(folder, "long.sqlite")
    with db.transaction() as tx:
        for number in range(LONG):
            record(tx, number)
    with db.reading() as tx:
        leaves = (
            tx.connection.execute(select(audit_entries.c.leaf).order_by(audit_entries.c.index))
            .scalars()
            .all()
        )
    start = time.perf_counter()
    found = export_at_terminal(db, KEY, operator="bench", filters=Filters(), format="bundle", now=NOW)
    bundle = b"".join(found.content)
    exported = time.perf_counter() - start
    ours, floor = in_turns(1, lambda: verify(io.BytesIO(bundle), key=KEY.public), lambda: _hash(leaves))
    yield Row(
        f"verify {LONG:,} entries / hash their leaves", typical(ours), typical(floor), ratio(ours, floor)
    )
    size = f"{len(bundle) / 2**20:.0f} MiB in {duration(exported)}"
    yield Row("   entries verified a second; bundle's size, export", size, "", LONG / ours[0], unit="/s")


def record(tx: Transaction, number: int) -> None:
    audit.append(
        tx,
        Kind.FOLDER_CREATED,
        at=NOW,
        acting=ACTING,
        facts={"n": number},
        private={"name": "SOW"},
        **SUBJECT,
    )


def _hash(leaves: list[bytes]) -> None:
    for leaf in leaves:
        hashlib.sha256(b"\x00" + leaf).digest()  # RFC 6962, 2.1


def _row_of(db: Database) -> tuple[dict, dict]:
    """Return what one append writes: exactly this is what the floor inserts."""
    with db.transaction() as tx:
        record(tx, 0)
        row = tx.connection.execute(select(audit_entries)).mappings().one()
        details = tx.connection.execute(select(audit_details)).mappings().one()
    return dict(row), dict(details)


def _fresh(folder: Path, name: str) -> Database:
    db = Database(f"sqlite:///{folder / name}", Policy.load(default_folder()))
    METADATA.create_all(db.engine)
    return db
