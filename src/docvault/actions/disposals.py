"""Destroying documents whose time has come, and what two people decided about; evidence stays.

People whose details are erased go the same way, by the same epochs: an older state of the database that is
put back must not bring them back either.

The order, so that a crash anywhere leaves nothing half: begun in a row (no way back), a tombstone outside the
database, then keys, evidence and entry in one transaction, then the objects, which are waste by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit import entries, listing
from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, disposals, erasures, folder_members, retention
from docvault.database.disposals import Begun, Disposal, VersionGone
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.retention import Kept
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Resource, ResourceType
from docvault.rules import retention as rules
from docvault.rules.retention import RetentionRefused, Rule, Step
from docvault.values import NotFound, PersonId
from docvault.vault.files import Vault
from docvault.vault.shredding import Tombstone, Tombstones


@dataclass(frozen=True, slots=True)
class Certificate:
    """The evidence that a document was destroyed: what it was, by which rule, when."""

    disposal: Disposal
    versions: Sequence[VersionGone]


def dispose_due(db: Database, *, now: datetime) -> int:
    """Bin what is past its schedule, and begin to destroy what was long enough in the bin; return how many.

    Each document is its own transaction, in which everything is asked again.
    """
    settled, last = 0, ""
    while True:
        with db.reading() as tx:
            page = retention.page(tx, now, after=last, due_by=now)
            numbers = tx.policy.numbers.retention
        for kept in page:
            if rules.step(kept.life, numbers, now) is not Step.KEEP:
                settled += _take_step(db, kept.id, now)
        if not page:
            return settled
        last = page[-1].id


def finish_begun(db: Database, vault: Vault, stones: Tombstones, *, now: datetime) -> int:
    """Destroy the keys of everything whose destruction has begun, in order; return how many.

    Raises BlobError, and stops there: no later one overtakes it. The next run goes on.
    """
    with db.reading() as tx:
        waiting = disposals.begun(tx)
    for one in waiting:
        _finish(db, vault, stones, one, now)
    if waiting:
        db.scrub()
    return len(waiting)


def apply_again(db: Database, vault: Vault, stones: Tombstones, *, now: datetime) -> int:
    """Destroy anew what an older state of the database brought back, before anybody is served.

    Raises OlderState, BlobError, UnknownAlgorithm or Tampered: fails closed.
    """
    finished = finish_begun(db, vault, stones, now=now)
    with db.reading() as tx:
        newest = disposals.newest_epoch(tx)
    again = 0
    for stone in stones.after(newest):
        with db.transaction() as tx:
            disposals.learn(tx, stone.epoch, stone.document_id, stone.rule, stone.begun_at, now)
            blobs = _destroy(tx, vault, stone, {"again": True}, now)
        stones.put(stone)
        _remove(vault, blobs)
        again += 1
    if again:
        db.scrub()
    return finished + again


def list_disposals(
    db: Database, *, acting: Acting, after: str | None = None, limit: int = PAGE
) -> Page[Disposal]:
    """Return what was destroyed, newest first. Raises Forbidden, BadCursor."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        return disposals.listed(tx, after=after, limit=limit)


def show_certificate(db: Database, *, acting: Acting, document_id: str) -> Certificate:
    """Return the evidence of one destroyed document. Raises Forbidden, NotFound."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        return Certificate(disposals.find(tx, document_id), disposals.versions_of(tx, document_id))


def certificate_as_csv(db: Database, *, acting: Acting, document_id: str) -> bytes:
    """Return the evidence as a table with a line for each version. Raises Forbidden, NotFound."""
    shown = show_certificate(db, acting=acting, document_id=document_id)
    about = _line(shown.disposal)
    lines = [{**about, **_version_line(one)} for one in shown.versions] or [{**about, **_NO_VERSION}]
    return b"".join(listing.csv(lines, (*about, *_NO_VERSION)))


_NO_VERSION = dict.fromkeys(("purpose", "number", "bytes", "sha256", "version_came"), "")


def _version_line(one: VersionGone) -> dict[str, object]:
    return {
        "purpose": one.purpose,
        "number": one.number,
        "bytes": one.size,
        "sha256": one.sha256,
        "version_came": entries.moment(one.created_at),
    }


def _line(one: Disposal) -> dict[str, object]:
    moments = {
        "came": one.created_at,
        "clock_started": one.starts_at,
        "kept_until": one.kept_until,
        "destroyed": one.done_at,
        "ciphertext_kept_until": one.ciphertext_until,
    }
    return {
        "document": one.document_id,
        "name": one.name,
        "kind": one.kind,
        "organisation": one.organisation_name,
        "rule": one.rule,
        **{name: entries.moment(moment) if moment else "" for name, moment in moments.items()},
        "versions": one.versions,
        "versions_sha256": one.digest,
        "epoch": one.epoch,
    }


def _take_step(db: Database, document_id: str, now: datetime) -> int:
    with db.transaction() as tx:
        kept = retention.of(tx, [document_id], now).get(document_id)
        numbers = tx.policy.numbers.retention
        due = Step.KEEP if kept is None else rules.step(kept.life, numbers, now)
        if kept is None or due is Step.KEEP:
            return 0
        rule = rules.fate(kept.life, numbers).rule
        if due is Step.BIN:
            if disposals.bin_by_schedule(tx, kept, now):
                _note_binned(tx, kept, rule, now)
            return 1
        if rule is Rule.BIN and not _still_wanted(tx, kept, now):
            return 0
        try:
            return int(disposals.begin(tx, document_id, rule, now) is not None)
        except (NotFound, RetentionRefused):  # a hold came first
            return 0


def _still_wanted(tx: Transaction, kept: Kept, now: datetime) -> bool:
    """Ask the right of whoever put it into the bin again (promise 25); without it the schedule decides."""
    if kept.binned_by is None:
        return True
    person = actors.again(tx, kept.binned_by, now)
    if person is None:
        return False
    folder = folder_members.resource(tx, kept.folder_id, kept.organisation_id, now)
    document = Resource(ResourceType.DOCUMENT, kept.id, {**folder.attributes, "opened": frozenset()})
    return tx.policy.decide(person, Permission.DOCUMENT_CHANGE, document).allowed


def _finish(db: Database, vault: Vault, stones: Tombstones, one: Begun, now: datetime) -> None:
    stones.put(Tombstone(one.epoch, one.document_id, tuple(one.versions), one.rule, one.begun_at))
    with db.transaction() as tx:
        if disposals.is_done(tx, one.epoch):
            return
        blobs = _destroy(tx, vault, one, {}, now)
    _remove(vault, blobs)


def _destroy(
    tx: Transaction, vault: Vault, one: Begun | Tombstone, facts: dict[str, str | int | bool], now: datetime
) -> Sequence[str]:
    """Carry one epoch out, with its entry; return the blobs that are waste now."""
    facts = {"epoch": one.epoch, **facts}
    if one.rule == Rule.PERSON:
        gone = erasures.erase(tx, vault.records, PersonId(one.document_id), now)
        disposals.finish(tx, one.epoch, [], now)
        _note_erased(tx, one.document_id, gone, facts, now)
        return []
    listed = disposals.versions_of(tx, one.document_id)
    blobs = disposals.destroy(tx, one.document_id, now)
    digest = disposals.finish(tx, one.epoch, listed, now)
    _note(tx, one.document_id, {"rule": one.rule, **facts}, digest, now)
    return blobs


def erase_rest(db: Database, *, now: datetime) -> int:
    """Erase what was kept of people for documents that are destroyed now; return of how many people."""
    with db.reading() as tx:
        waiting = erasures.unfinished(tx)
    people = 0
    for person_id in waiting:
        with db.transaction() as tx:
            freed, left = erasures.erase_rest(tx, person_id, now)
            if freed:
                _note_erased(tx, person_id, left, {"rest": True}, now)
                people += 1
    if people:
        db.scrub()
    return people


def _note_erased(
    tx: Transaction,
    person_id: str,
    gone: erasures.Erasure | None,
    facts: dict[str, str | int | bool],
    now: datetime,
) -> None:
    counts = {"entries": gone.entries, "kept": gone.kept} if gone else {}
    until = {"kept_until": entries.moment(gone.kept_until)} if gone and gone.kept_until else {}
    audit.append(
        tx,
        Kind.PERSON_ERASED,
        at=now,
        object_type="person",
        object_id=person_id,
        facts={**facts, **counts, **until},
    )


def _remove(vault: Vault, blobs: Sequence[str]) -> None:
    for blob in blobs:
        vault.remove_objects(blob)


def _note(
    tx: Transaction, document_id: str, facts: dict[str, str | int | bool], digest: str, now: datetime
) -> None:
    try:
        gone = disposals.find(tx, document_id)
    except NotFound:  # an older state of the database never knew it
        audit.append(
            tx, Kind.DOCUMENT_DISPOSED, at=now, object_type="document", object_id=document_id, facts=facts
        )
        return
    moments = {
        "starts_at": gone.starts_at,
        "kept_until": gone.kept_until,
        "created_at": gone.created_at,
        "ciphertext_until": gone.ciphertext_until,
    }
    audit.append(
        tx,
        Kind.DOCUMENT_DISPOSED,
        at=now,
        object_type="document",
        object_id=document_id,
        organisation_id=gone.organisation_id,
        facts={
            **facts,
            **{name: entries.moment(moment) for name, moment in moments.items() if moment},
            "versions": gone.versions,
            "size": gone.size,
            "versions_sha256": digest,
        },
        private={"document": gone.name},
    )


def _note_binned(tx: Transaction, kept: Kept, rule: Rule, now: datetime) -> None:
    audit.append(
        tx,
        Kind.DOCUMENT_TRASHED,
        at=now,
        object_type="document",
        object_id=kept.id,
        organisation_id=kept.organisation_id,
        facts={"folder": kept.folder_id, "rule": rule.value},
        private={"document": kept.name},
    )
