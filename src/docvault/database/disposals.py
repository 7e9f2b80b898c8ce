"""Destroying documents: begun (no way back), then done, when their keys are gone. Rows stay as evidence.

Between the two a tombstone is written outside the database (vault/shredding.py): an older state of the
database that is put back learns from it what must not come back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, select, update

from docvault.database import file_requests, holds, object_locks, quotas, renditions, retention, search_index
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.invariants import NO_KEY
from docvault.database.retention import Kept
from docvault.database.tables import (
    disposals,
    documents,
    envelope_documents,
    fields,
    folders,
    found_fields,
    kept_answers,
    organisations,
    recipients,
    template_documents,
    template_versions,
    uploads,
    versions,
)
from docvault.database.versions import RECEIVING, STORED
from docvault.rules import retention as rules
from docvault.rules.retention import RetentionRefused, Rule
from docvault.values import NotFound


@dataclass(frozen=True, slots=True)
class VersionGone:
    """One version as the certificate lists it."""

    purpose: str
    number: int
    size: int  # plaintext bytes
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A destruction that has begun, with what its tombstone says."""

    epoch: int
    document_id: str
    rule: str
    begun_at: datetime
    versions: Sequence[str]  # their ids


@dataclass(frozen=True, slots=True)
class Disposal:
    """A document that was destroyed, as evidence. Unknown figures are None after an older state came back."""

    epoch: int
    document_id: str
    name: str
    kind: str
    organisation_id: str
    organisation_name: str
    rule: str
    starts_at: datetime | None
    kept_until: datetime | None
    created_at: datetime
    done_at: datetime
    versions: int | None
    size: int | None
    digest: str | None
    ciphertext_until: datetime | None  # until when the store keeps what nobody can open


def newest_epoch(tx: Transaction) -> int:
    """Return the newest epoch that this database knows; 0 before the first."""
    return int(tx.connection.execute(select(func.coalesce(func.max(disposals.c.epoch), 0))).scalar_one())


def begin(tx: Transaction, document_id: str, rule: Rule, now: datetime) -> int | None:
    """Decide for good that a document is destroyed, and return the epoch; None if it is decided already.

    Everything is asked again under the lock that placing a hold takes. Raises NotFound, RetentionRefused.
    """
    holds.take_turn(tx)
    locked = select(documents.c.id).where(documents.c.id == document_id).with_for_update()
    tx.connection.execute(locked)
    known = select(disposals.c.epoch).where(disposals.c.document_id == document_id)
    if tx.connection.execute(known).first() is not None:
        return None
    kept = retention.of(tx, [document_id], now).get(document_id)
    if kept is None:
        raise NotFound
    rules.check_destroyable(kept.life)
    numbers = tx.policy.numbers.retention
    if rule is not Rule.TWO_PEOPLE and rules.step(kept.life, numbers, now) is not rules.Step.DISPOSE:
        raise RetentionRefused("This document is not due any more.")
    epoch = newest_epoch(tx) + 1
    fate = rules.fate(kept.life, numbers)
    tx.connection.execute(
        insert(disposals).values(
            epoch=epoch,
            document_id=document_id,
            rule=rule.value,
            starts_at=fate.starts_at,
            kept_until=fate.kept_until,
            begun_at=now,
        )
    )
    binned = update(documents).where(documents.c.id == document_id, documents.c.trashed_at.is_(None))
    tx.connection.execute(binned.values(trashed_at=now))
    return epoch


def bin_by_schedule(tx: Transaction, kept: Kept, now: datetime) -> bool:
    """Put a document into the bin because its time has come; False if it is there already."""
    binned = update(documents).where(documents.c.id == kept.id, documents.c.trashed_at.is_(None))
    return tx.connection.execute(binned.values(trashed_at=now, trashed_by=None)).rowcount == 1


def begun(tx: Transaction) -> Sequence[Begun]:
    """Return the destructions that have begun and are not done, oldest first."""
    chosen = select(disposals).where(disposals.c.done_at.is_(None)).order_by(disposals.c.epoch)
    return [
        Begun(row.epoch, row.document_id, row.rule, row.begun_at, _version_ids(tx, row.document_id))
        for row in tx.connection.execute(chosen).all()
    ]


def destroy(tx: Transaction, document_id: str, now: datetime) -> Sequence[str]:
    """Destroy every key of a document and what else could be read of it; return the blobs that are waste now.

    Not among them is what the store keeps until a day: nobody can open it, and collection removes it then.
    The document's row, and those of its versions with size and digest, stay as evidence.
    """
    of_document = versions.c.document_id == document_id
    waste = select(versions.c.blob).where(of_document, ~object_locks.keeps(versions.c.id, now))
    blobs = tx.connection.execute(waste).scalars().all()
    if sizes := _counted(tx, document_id):
        quotas.give_back(tx, document_id, sizes)
    arriving = select(versions.c.id).where(of_document, versions.c.state == RECEIVING)
    gone = (
        delete(uploads)
        .where(uploads.c.version_id.in_(arriving))
        .returning(uploads.c.visit_id, uploads.c.size)
    )
    for upload in tx.connection.execute(gone).all():
        if upload.visit_id is not None:
            file_requests.give_back(tx, upload.visit_id, upload.size)
    tx.connection.execute(delete(versions).where(of_document, versions.c.state == RECEIVING))
    tx.connection.execute(update(versions).where(of_document).values(wrapped_key=NO_KEY))
    search_index.forget(tx, document_id)
    tx.connection.execute(update(documents).where(documents.c.id == document_id).values(disposed_at=now))
    _forget_answers(tx, document_id)
    _empty_templates(tx, document_id)
    return blobs


def _forget_answers(tx: Transaction, document_id: str) -> None:
    """Drop all answers and evidence of an envelope, once the last of its documents is gone."""
    enclosed, beside = envelope_documents, envelope_documents.alias("beside")
    left = (
        exists()
        .where(beside.c.envelope_id == enclosed.c.envelope_id, beside.c.document_id == documents.c.id)
        .where(documents.c.disposed_at.is_(None))
    )
    sealed = select(enclosed.c.envelope_id).where(enclosed.c.document_id == document_id, ~left)
    gone = update(recipients).where(recipients.c.envelope_id.in_(sealed))
    tx.connection.execute(gone.values(answers=None, evidence=None))
    tx.connection.execute(update(fields).where(fields.c.envelope_id.in_(sealed)).values(prefilled=None))
    tx.connection.execute(delete(found_fields).where(found_fields.c.envelope_id.in_(sealed)))
    unsigned = select(recipients.c.id).where(recipients.c.envelope_id.in_(sealed))
    tx.connection.execute(delete(kept_answers).where(kept_answers.c.recipient_id.in_(unsigned)))


def _empty_templates(tx: Transaction, document_id: str) -> None:
    """Drop what versions of templates had filled in already: without this document nobody can use them."""
    enclosed = select(template_documents.c.number).where(
        template_documents.c.document_id == document_id,
        template_documents.c.template_id == template_versions.c.template_id,
        template_documents.c.number == template_versions.c.number,
    )
    tx.connection.execute(update(template_versions).where(enclosed.exists()).values(fields=b""))


def finish(tx: Transaction, epoch: int, listed: Sequence[VersionGone], now: datetime) -> str:
    """Say that the keys are gone, in the transaction that destroyed them; return the digest of `listed`."""
    digest = digest_of(listed)
    document_id = select(disposals.c.document_id).where(disposals.c.epoch == epoch)
    until = object_locks.last_of(tx, tx.connection.execute(document_id).scalar_one(), now)
    done = update(disposals).where(disposals.c.epoch == epoch)
    tx.connection.execute(
        done.values(
            done_at=now,
            versions=len(listed),
            size=sum(one.size for one in listed),
            digest=digest,
            ciphertext_until=until,
        )
    )
    return digest


def is_done(tx: Transaction, epoch: int) -> bool:
    """Return whether this epoch was carried out in this database; locks it."""
    chosen = select(disposals.c.done_at).where(disposals.c.epoch == epoch).with_for_update()
    return tx.connection.execute(chosen).scalar_one_or_none() is not None


def learn(
    tx: Transaction, epoch: int, document_id: str, rule: str, begun_at: datetime, now: datetime
) -> None:
    """Keep an epoch that only its tombstone knew, because an older state of the database was put back."""
    known = exists().where(disposals.c.document_id == document_id)
    if tx.connection.execute(select(known)).scalar_one():
        newer = update(disposals).where(disposals.c.document_id == document_id)
        tx.connection.execute(newer.values(epoch=epoch, done_at=now))
        return
    tx.connection.execute(
        insert(disposals).values(
            epoch=epoch, document_id=document_id, rule=rule, begun_at=begun_at, done_at=now
        )
    )


def versions_of(tx: Transaction, document_id: str) -> Sequence[VersionGone]:
    """Return the stored versions of a document as its certificate lists them; previews go along unnamed."""
    chosen = (
        select(
            versions.c.purpose, versions.c.number, versions.c.size, versions.c.sha256, versions.c.created_at
        )
        .where(
            versions.c.document_id == document_id,
            versions.c.state == STORED,
            versions.c.purpose.not_in(renditions.PURPOSES),
        )
        .order_by(versions.c.purpose, versions.c.number)
    )
    return [VersionGone(**row) for row in tx.connection.execute(chosen).mappings()]


def digest_of(listed: Sequence[VersionGone]) -> str:
    """Return the hex SHA-256 of the lines `purpose number size sha256`, which the trail carries."""
    lines = "".join(f"{one.purpose} {one.number} {one.size} {one.sha256}\n" for one in listed)
    return hashlib.sha256(lines.encode()).hexdigest()


def find(tx: Transaction, document_id: str) -> Disposal:
    """Return the evidence of one destroyed document. Raises NotFound."""
    chosen = _question().where(disposals.c.document_id == document_id)
    row = tx.connection.execute(chosen).mappings().one_or_none()
    if row is None:
        raise NotFound
    return Disposal(**row)


def listed(tx: Transaction, *, after: str | None = None, limit: int = PAGE) -> Page[Disposal]:
    """Return what was destroyed, newest first. Raises BadCursor."""
    limit = min(limit, PAGE_MOST)
    chosen = _question().order_by(disposals.c.done_at.desc(), disposals.c.document_id.desc())
    older = before_cursor(after, disposals.c.done_at, disposals.c.document_id)
    if older is not None:
        chosen = chosen.where(older)
    rows = [Disposal(**row) for row in tx.connection.execute(chosen.limit(limit + 1)).mappings()]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], cursor_after(last.done_at, last.document_id) if last else None)


def _version_ids(tx: Transaction, document_id: str) -> Sequence[str]:
    chosen = select(versions.c.id).where(versions.c.document_id == document_id).order_by(versions.c.id)
    return tx.connection.execute(chosen).scalars().all()


def _question() -> Select[Any]:
    return (
        select(
            disposals.c.epoch,
            disposals.c.document_id,
            documents.c.name,
            folders.c.kind,
            folders.c.organisation_id,
            organisations.c.name.label("organisation_name"),
            disposals.c.rule,
            disposals.c.starts_at,
            disposals.c.kept_until,
            documents.c.created_at,
            disposals.c.done_at,
            disposals.c.versions,
            disposals.c.size,
            disposals.c.digest,
            disposals.c.ciphertext_until,
        )
        .join_from(disposals, documents, documents.c.id == disposals.c.document_id)
        .join(folders, folders.c.id == documents.c.folder_id)
        .join(organisations, organisations.c.id == folders.c.organisation_id)
        .where(disposals.c.done_at.is_not(None))
    )


def _counted(tx: Transaction, document_id: str) -> dict[str | None, int]:
    """Return the bytes of a document that quotas count, by who brought them; none once it is disposed of."""
    chosen = (
        select(versions.c.created_by, func.sum(versions.c.size).label("size"))
        .join_from(versions, documents, documents.c.id == versions.c.document_id)
        .where(
            versions.c.document_id == document_id,
            versions.c.purpose == quotas.ORIGINAL,
            documents.c.disposed_at.is_(None),
        )
        .group_by(versions.c.created_by)
    )
    return {row.created_by: int(row.size) for row in tx.connection.execute(chosen)}
