"""The log outside of the portal: every checkpoint and its tiles in a bucket that lets nobody take them back.

Whoever rewrites the log afterwards, with the portal's own keys even, cannot rewrite what lies there:
`check_published` compares both, and two checkpoints of one key that contradict each other prove it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from docvault.audit import proofs, tiles
from docvault.audit.checkpoints import Checkpoint, PublicKey, open_checkpoint
from docvault.audit.errors import AuditError
from docvault.audit.tree import HASH
from docvault.blobs.store import BlobMissing, Copy, LogStore
from docvault.database import audit, audit_publications, audit_trail, keys
from docvault.database.audit_checkpoints import LogDamaged, LogSigner
from docvault.database.audit_publications import Published
from docvault.database.engine import Database, Transaction
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import retention as rules
from docvault.values import DocVaultError

AT_ONCE = 100  # objects of one run
LATE = timedelta(minutes=15)  # what waits for longer is told (promise 76)
TOGETHER = 8  # checkpoints read at the same time
LOG_KEY = "log"  # its name in the table of keys


class LogForked(LogDamaged):
    """The log contradicts a checkpoint that it signed itself and that was published."""


class PublicationTampered(DocVaultError):
    """What was published is gone, hidden or replaced in the bucket; the log agrees with all that is there."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The log continues every checkpoint that was published."""

    checkpoints: int
    newest: int  # entries under the newest of them


def publish(db: Database, store: LogStore, *, now: datetime) -> int:
    """Publish what is signed and not out yet; return how many checkpoints that were. The next run goes on.

    Raises StoreFailed, PublishedOtherwise, LogDamaged, and stops there.
    """
    place, published, moved = store.place, 0, 0
    while moved < AT_ONCE:
        with db.reading() as tx:
            step = audit_publications.next_step(tx, place)
            if step is None:
                break
            objects = audit_publications.content(tx, step)
            until = rules.log_kept_until(tx.policy.numbers.retention, now)
        for path, content in objects:
            store.keep(path, content, until)
        with db.transaction() as tx:
            audit_publications.note(tx, place, step, now)
        published += step.note is not None
        moved += 1 + len(objects)
    return published


def state(db: Database, store: LogStore) -> Published:
    """Return how far the log is published."""
    with db.reading() as tx:
        return audit_publications.state(tx, store.place)


def show_state(db: Database, store: LogStore, *, acting: Acting) -> Published:
    """Return the same for whoever reads the trail. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.AUDIT_READ, PORTAL)
        return audit_publications.state(tx, store.place)


def is_late(found: Published, now: datetime) -> bool:
    """Tell whether something waits for too long."""
    return found.since is not None and now - found.since > LATE


def check_published(db: Database, store: LogStore, log: LogSigner) -> Agreed:
    """Compare the log with every checkpoint that was published, also with those that were written over.

    Raises LogForked, which names the first bad index; PublicationTampered; StoreFailed.
    """
    copies = _copies(store)
    notes = _notes(store, copies)
    with db.snapshot() as tx:
        earlier = [PublicKey(log.origin, row.public) for row in keys.generations(tx, LOG_KEY)]
        signers = [log.in_charge(tx).public, *earlier]
        signed, problems = _opened(notes, signers)
        problems += [
            f"{path} was published and is gone from it."
            for path in map(audit_publications.path, audit_publications.sizes(tx, store.place))
            if path not in copies
        ]
        fork = _first_contradiction(tx, signed)
    if fork is not None:
        raise _forked(db, store, fork)
    problems += [f"{one.path} was deleted." for found in copies.values() for one in found if one.hides]
    if problems:
        raise PublicationTampered(
            f"Somebody changed the log's {store.place}. The log agrees with all that is there. {problems[0]}"
        )
    return Agreed(len(copies), max((one.size for one in signed), default=0))


@dataclass(frozen=True, slots=True)
class _Fork:
    """The smallest contradicting checkpoint, and the largest below it that the log does continue."""

    size: int
    good: int
    log: int  # entries that the log has


def _copies(store: LogStore) -> Mapping[str, Sequence[Copy]]:
    found: dict[str, list[Copy]] = defaultdict(list)
    for copy in store.copies("checkpoints/"):
        found[copy.path].append(copy)
    return found


def _notes(store: LogStore, copies: Mapping[str, Sequence[Copy]]) -> Iterable[tuple[str, str]]:
    """Return path and text of every version of every checkpoint."""
    wanted = [one for found in copies.values() for one in found if not one.hides]
    with ThreadPoolExecutor(TOGETHER, thread_name_prefix="published") as threads:
        texts = threads.map(store.read, wanted)
        return [(one.path, text.decode(errors="replace")) for one, text in zip(wanted, texts, strict=True)]


def _opened(
    notes: Iterable[tuple[str, str]], signers: Sequence[PublicKey]
) -> tuple[list[Checkpoint], list[str]]:
    """Return the checkpoints that a key of the log signed, and what is wrong with the others."""
    signed, problems = [], []
    for path, text in notes:
        found = _open(text, signers)
        if found is None:
            problems.append(f"{path} was replaced by something that this log did not sign.")
        else:
            signed.append(found)
            if audit_publications.path(found.size) != path:
                problems.append(f"{path} was replaced by a checkpoint of {found.size} entries.")
    return signed, problems


def _open(text: str, signers: Sequence[PublicKey]) -> Checkpoint | None:
    for key in signers:
        try:
            return open_checkpoint(text, key)
        except AuditError:
            continue
    return None


def _first_contradiction(tx: Transaction, signed: Iterable[Checkpoint]) -> _Fork | None:
    size, good = audit_trail.size(tx), 0
    hashes = audit.tile_reader(tx, size).hash
    for one in sorted(signed, key=lambda checkpoint: checkpoint.size):
        if one.size > size or proofs.root_at(hashes, one.size) != one.root:
            return _Fork(one.size, good, size)
        good = one.size
    return None


def _forked(db: Database, store: LogStore, fork: _Fork) -> LogForked:
    where = f"in the {store.place} lies a checkpoint of {fork.size} entries that its own key signed"
    if fork.size > fork.log:
        return LogForked(fork.log, f"It was cut or put back to an older state: {where}.")
    index = _first_difference(db, store, fork)
    return LogForked(
        fork.good if index is None else index,
        f"It was rewritten after it was published: {where}, and it does not continue that."
        + ("" if index is not None else " The published tiles do not show which entry was the first."),
    )


def _first_difference(db: Database, store: LogStore, fork: _Fork) -> int | None:
    """Return the first entry whose hash is another one in the tiles as they were published first."""
    for index in range(fork.good // tiles.WIDTH, -(-fork.size // tiles.WIDTH)):
        start = index * tiles.WIDTH
        width = min(tiles.WIDTH, fork.size - start)
        published = _tile(store, tiles.path(0, index, width))
        with db.reading() as tx:
            ours = audit.leaf_hashes(tx, start, start + width)
        for at in range(0, len(published), HASH):
            if published[at : at + HASH] != ours[at : at + HASH]:
                return start + at // HASH
    return None


def _tile(store: LogStore, path: str) -> bytes:
    oldest = [one for one in store.copies(path) if one.path == path and not one.hides][-1:]
    try:
        return store.read(oldest[0]) if oldest else b""
    except BlobMissing:
        return b""
