"""The audit log against its floors: an append against a plain INSERT, and verifying a long log offline.

Every figure of a pair is taken in turns, transaction by transaction, so that a busy machine slows both alike.
"""

import io
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from docvault.actions.audit import Filters, export_at_terminal
from docvault.audit.checkpoints import LogKey
from docvault.audit.kinds import Kind
from docvault.audit.verifier import verify
from docvault.database import audit
from docvault.database.engine import Database
from docvault.database.tables import METADATA, audit_details, audit_entries
from docvault.policy.engine import Policy, default_folder
from docvault.policy.vocabulary import Acting, Role

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
KEY = LogKey("docvault.example/audit", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
ACTING = Acting(
    *("p" * 26, "o" * 26, Role.CLIENT, frozenset(), "s" * 26, "full", "password+totp"),
    *("Anna Lindqvist", "anna@acme.example", "192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64) " * 3),
)
TIMES = 2_000  # transactions of each kind
LONG = 200_000  # entries


def fresh(folder: Path, name: str) -> Database:
    db = Database(f"sqlite:///{folder / name}", Policy.load(default_folder()))
    METADATA.create_all(db.engine)
    return db


def plain_insert(db: Database, index: int) -> None:
    """Write the same columns without any hashing."""
    ids = {"actor_id": "p" * 26, "organisation_id": "o" * 26, "object_id": "f" * 26}
    entry = {
        "index": index,
        "at": NOW,
        "kind": "folder:created",
        "leaf": b"x" * 330,
        "leaf_hash": b"h" * 32,
        **ids,
    }
    with db.transaction() as tx:
        tx.connection.execute(insert(audit_entries), {**entry, **ids, "object_type": "folder"})
        tx.connection.execute(insert(audit_details), {"index": index, "salt": b"s" * 32, "body": b"b" * 230})


def append(db: Database, index: int) -> None:
    with db.transaction() as tx:
        record(tx, index)


def record(tx, index: int) -> None:
    said = {"object_type": "folder", "object_id": "f" * 26, "organisation_id": "o" * 26}
    audit.append(
        tx, Kind.FOLDER_CREATED, at=NOW, acting=ACTING, facts={"n": index}, private={"name": "SOW"}, **said
    )


def append_ratio(folder: Path) -> float:
    """Return how fast an append is, as a share of a plain INSERT of the same columns (aim: at least 0.8)."""
    plain, log = fresh(folder, "plain.sqlite"), fresh(folder, "log.sqlite")
    floor, ours = [], []
    for index in range(TIMES):
        start = time.perf_counter()
        plain_insert(plain, index)
        middle = time.perf_counter()
        append(log, index)
        floor.append(middle - start)
        ours.append(time.perf_counter() - middle)
    return statistics.median(floor) / statistics.median(ours)


def verification(folder: Path) -> tuple[float, float, float]:
    """Return seconds to export LONG entries, to verify them offline, and the bundle's MiB."""
    db = fresh(folder, "long.sqlite")
    with db.transaction() as tx:
        for index in range(LONG):
            record(tx, index)
    start = time.perf_counter()
    found = export_at_terminal(db, KEY, operator="bench", filters=Filters(), format="bundle", now=NOW)
    bundle = b"".join(found.content)
    exported = time.perf_counter()
    verify(io.BytesIO(bundle), key=KEY.public)
    return exported - start, time.perf_counter() - exported, len(bundle) / 2**20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"audit append against plain INSERT       {append_ratio(Path(folder)):.2f}  (aim: at least 0.8)"
        )
        exported, verified, size = verification(Path(folder))
        print(f"audit bundle of {LONG:,} entries       {size:.0f} MiB, exported in {exported:.1f} s")
        print(f"audit verification of {LONG:,} entries {verified:.1f} s, {LONG / verified:,.0f} entries/s")


if __name__ == "__main__":
    sys.exit(main())
