"""What must be true of an installation whatever happened before: every byte opens, nothing is left over.

`faults` looks at all of it and changes nothing. `docvault doctor --deep` prints what it yields; tests that
break things on purpose ask it afterwards. It holds one page of ids and one segment in memory at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice

from docvault.audit.checkpoints import PublicKey
from docvault.blobs.store import BlobError, BlobMissing
from docvault.database import audit_checkpoints, invariants, object_locks, versions
from docvault.database.engine import Database
from docvault.database.invariants import Fault
from docvault.encryption.errors import EncryptionError
from docvault.values import NotFound
from docvault.vault import locking
from docvault.vault.errors import VaultError
from docvault.vault.files import SEGMENT, Vault
from docvault.vault.reading import SHREDDED, object_key

NAMES_AT_ONCE = 500  # asked about in one statement


@dataclass(frozen=True, slots=True)
class Seen:
    """How far the examination has come."""

    versions: int = 0
    objects: int = 0


Told = Callable[[Seen], None]


def faults(
    db: Database, vault: Vault, *, log_key: PublicKey | None = None, tell: Told = lambda _seen: None
) -> Iterator[Fault]:
    """Yield everything that is wrong: rows, then contents, uploads, left-over objects, the log.

    A server may go on working meanwhile: what changed while it was looked at is looked at again.
    """
    with db.snapshot() as tx:
        yield from invariants.of_rows(tx)
    yield from _contents(db, vault, tell)
    yield from _arriving(db, vault)
    yield from _left_over(db, vault, tell)
    yield from _locks(db, vault)
    if log_key is not None:
        yield from _log(db, log_key)


def _contents(db: Database, vault: Vault, tell: Told) -> Iterator[Fault]:
    """Open every stored version and compare everything that is known of it."""
    last, count = "", 0
    while page := _page(db, last):
        for last in page:
            words = _trouble(db, vault, last)
            if words and _is_there(db, last):
                yield Fault("unreadable", last, words)
            count += 1
            tell(Seen(versions=count))


def _page(db: Database, last: str) -> list[str]:
    with db.reading() as tx:
        return list(invariants.stored_after(tx, last))


def _is_there(db: Database, version_id: str) -> bool:
    with db.reading() as tx:
        return invariants.is_stored(tx, version_id)


def _trouble(db: Database, vault: Vault, version_id: str) -> str:
    try:
        opened = vault.open_for_scanning(db, version_id)  # whatever the malware scanner says of it
        opened.prove()
    except (NotFound, BlobError, EncryptionError, VaultError) as error:
        return str(error)
    return ""


def _arriving(db: Database, vault: Vault) -> Iterator[Fault]:
    """Open what unfinished uploads say has arrived: it was acknowledged, so it must be there."""
    last = ""
    while True:
        with db.reading() as tx:
            page = invariants.arriving_after(tx, last)
        if not page:
            return
        for last, version_id, size, received in page:
            if received % SEGMENT and received != size:
                yield Fault("upload-offset", last, "The upload rests in the middle of a segment.")
            elif words := _missing(db, vault, version_id, -(-received // SEGMENT)):
                yield Fault("upload-lost", last, words)


def _missing(db: Database, vault: Vault, version_id: str, segments: int) -> str:
    try:
        with db.reading() as tx:
            receiving = vault.receiving(tx, version_id)
    except NotFound:  # finished or given up meanwhile
        return ""
    except (EncryptionError, VaultError) as error:
        return str(error)
    opened = vault.open_receiving(receiving)
    try:
        for index in range(segments):
            opened.segment(index)
    except (BlobError, EncryptionError) as error:
        return str(error) if _is_receiving(db, version_id) else ""
    return ""


def _is_receiving(db: Database, version_id: str) -> bool:
    with db.reading() as tx:
        return invariants.is_receiving(tx, version_id)


def _left_over(db: Database, vault: Vault, tell: Told) -> Iterator[Fault]:
    """Ask of every object for the row that speaks of it.

    A row is there before its first object and goes before its last one, so an object that has none and stays
    is waste: collection removes it, and until then nobody can open it.
    """
    count = 0
    objects = groupby(vault.blobs.list(""), key=lambda key: key.partition("/")[0])
    while names := {name: list(keys) for name, keys in islice(objects, NAMES_AT_ONCE)}:
        with db.reading() as tx:
            known = versions.blob_is_known(tx, list(names))
            segments = invariants.segments_of(tx, list(names))
            kept = object_locks.kept_blobs(tx, list(names), datetime.now(UTC))
        for name, keys in names.items():
            count += len(keys)
            if name not in {SHREDDED, *kept} and (name not in known or name in segments):
                yield from _beyond(vault, name, keys, segments.get(name, 0))
        tell(Seen(objects=count))


def _beyond(vault: Vault, name: str, keys: list[str], segments: int) -> Iterator[Fault]:
    expected = {object_key(name, index) for index in range(segments)}
    for key in keys:
        if key not in expected and key in vault.blobs.list(key) and not _is_kept(vault, key):
            yield Fault("orphan", key, "No row speaks of this object.")


def _is_kept(vault: Vault, key: str) -> bool:
    """Tell whether the store keeps an object of which no row speaks: it cannot go before its day."""
    try:
        until = vault.blobs.locked_until(key)
    except BlobMissing:  # gone since it was listed
        return True
    return until is not None and until > datetime.now(UTC)


def _locks(db: Database, vault: Vault) -> Iterator[Fault]:
    """Ask the store whether it still keeps what it was seen to lock, also of what was destroyed."""
    last = ""
    while True:
        with db.reading() as tx:
            page = object_locks.in_force(tx, datetime.now(UTC), last)
        if not page:
            return
        for one in page:
            last = one.version_id
            for key in locking.unlocked(vault.blobs, one):
                yield Fault(
                    "unlocked", key, f"The store should keep it until {one.locked_until}, and does not."
                )


def _log(db: Database, log_key: PublicKey) -> Iterator[Fault]:
    try:
        with db.snapshot() as tx:
            audit_checkpoints.check(tx, log_key)
    except audit_checkpoints.LogDamaged as error:
        yield Fault("log", "audit", str(error))
