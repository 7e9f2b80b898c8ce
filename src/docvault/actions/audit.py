"""What a compliance officer does with the audit trail: read, export, check. Changes no entry, ever.

Reading and exporting are entries themselves. An export is streamed in batches, so that a log of any length
leaves with the memory of one batch.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from docvault.audit import bundle, listing
from docvault.audit.checkpoints import LogKey, PublicKey
from docvault.audit.container import LARGEST
from docvault.audit.entries import canonical, moment
from docvault.audit.errors import BundleTooLarge
from docvault.audit.kinds import Kind
from docvault.audit.sentences import sentence
from docvault.database import (
    audit,
    audit_checkpoints,
    audit_exports,
    audit_trail,
    deeds,
    proposals,
    step_ups,
)
from docvault.database.audit_checkpoints import Checked, LogSigner, Signed
from docvault.database.audit_trail import EntryRow, Filters
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.messages import Records
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import proposals as rules
from docvault.values import DocVaultError, NotFound

ACTIVITY = timedelta(weeks=4)  # counted where no first day is chosen: every weekday as often as the others
LINE_MOST = 1_500  # bytes of a bundle's line beside leaf and details: names, salt, a proof


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    BUNDLE = "bundle"


class UnknownFormat(DocVaultError):
    """The trail cannot be exported like that."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry for a person to read. `private` is None if there was nothing personal, or it was erased."""

    index: int
    at: datetime
    kind: str
    sentence: str
    actor_id: str | None
    actor_name: str
    address: str | None
    organisation_id: str | None
    object_type: str | None
    object_id: str | None
    facts: dict[str, Any]
    private: dict[str, Any] | None
    leaf_hash: str  # hex


@dataclass(frozen=True, slots=True)
class Activity:
    """How busy each hour of the week was. counts: 7 rows from Monday, of 24 hours, UTC."""

    start: datetime
    end: datetime
    counts: list[list[int]]


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How long the log is, and the newest checkpoint with what is needed to check it."""

    size: int
    origin: str
    key: str  # one line, for `docvault audit verify --key`
    fingerprint: str
    checkpoint: Signed | None


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way out. `content` may be read once."""

    filename: str
    media_type: str
    count: int
    content: Iterator[bytes]


def list_entries(
    db: Database,
    *,
    acting: Acting,
    filters: Filters,
    after: str | None = None,
    limit: int = PAGE,
    now: datetime,
) -> Page[EntryView]:
    """Return a page of entries, newest first; the first page of a list is an entry itself.

    Raises Forbidden, BadCursor.
    """
    if after is not None:  # the same reading goes on: it was recorded with its first page
        with db.reading() as tx:
            tx.policy.require(acting, Permission.AUDIT_READ, PORTAL)
            return _viewed(audit_trail.page(tx, filters, after=after, limit=limit))
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.AUDIT_READ, PORTAL)
        page = _viewed(audit_trail.page(tx, filters, after=None, limit=limit))
        audit.append(tx, Kind.AUDIT_READ, at=now, acting=acting, facts=_facts(filters))
        return page


def activity(db: Database, *, acting: Acting, filters: Filters, now: datetime) -> Activity:
    """Return when the chosen entries happened; the last four weeks, unless a first day is chosen.

    Counts only: the reading of the entries themselves is what `list_entries` records. Raises Forbidden.
    """
    end = filters.end or now
    start = filters.start or end - ACTIVITY
    with db.reading() as tx:
        tx.policy.require(acting, Permission.AUDIT_READ, PORTAL)
        return Activity(start, end, audit_trail.activity(tx, replace(filters, start=start, end=end)))


def log_status(db: Database, log: LogSigner, *, acting: Acting) -> LogStatus:
    """Return the size of the log and its newest checkpoint. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.AUDIT_READ, PORTAL)
        public = log.in_charge(tx).public
        size, signed = audit_trail.size(tx), audit_checkpoints.newest(tx)
        return LogStatus(size, public.origin, public.text, public.fingerprint, signed)


def export_trail(
    db: Database,
    records: Records,
    log: LogSigner,
    *,
    acting: Acting,
    filters: Filters,
    format: Format | str,  # noqa: A002 - the word that people use
    step_up_id: str,
    now: datetime,
    proposal_id: str | None = None,
) -> Export:
    """Record the export, sign the log as it then is, and return the file, read in batches while it is sent.

    A bundle without filters holds the whole log; with filters, the chosen entries with their proofs. Names,
    addresses and other details are in it only where another person confirmed a proposal of exactly this
    export, which it uses up (promise 26).
    step_up_id: a proof of a factor for `audit:export` on `export_digest`; the export uses it up.
    Raises UnknownFormat, Forbidden, StepUpInvalid, NotFound, ProposalOver, NoLongerPermitted, BundleTooLarge,
    LogDamaged.
    """
    kind = _format(format)
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.AUDIT_EXPORT, PORTAL)
        digest = export_digest(filters, kind, proposal_id)
        step_ups.spend(tx, acting, step_up_id, Permission.AUDIT_EXPORT.value, digest, now)
        if proposal_id is not None:
            _use_proposal(tx, records, acting, proposal_id, export_facts(filters, kind), now)
        scope = _record_export(
            tx, log, kind, filters, acting=acting, private={}, now=now, details=proposal_id is not None
        )
    return _export(db, kind, filters, scope, now)


def export_at_terminal(
    db: Database,
    log: LogSigner,
    *,
    operator: str,
    filters: Filters,
    format: Format | str,  # noqa: A002 - the word that people use
    now: datetime,
) -> Export:
    """Do the same for whoever holds the data folder and its keys; no policy stands between them and the rows.

    operator: the machine's user, recorded as who exported. Raises UnknownFormat, BundleTooLarge, LogDamaged.
    """
    kind = _format(format)
    with db.transaction() as tx:
        private = {"actor_name": f"{operator} at the server's terminal"}
        scope = _record_export(tx, log, kind, filters, acting=None, private=private, now=now, details=True)
    return _export(db, kind, filters, scope, now)


def export_digest(
    filters: Filters,
    format: Format | str,  # noqa: A002 - the word that people use
    proposal_id: str | None = None,
) -> str:
    """Return what the proof for an export is bound to: hex SHA-256 of format, filters and proposal.

    They are hashed as JSON with sorted keys and no spaces, e.g. `{"format":"csv","kind":"envelope"}`.
    Raises UnknownFormat.
    """
    said = export_facts(filters, format)
    if proposal_id is not None:
        said["proposal"] = proposal_id
    return hashlib.sha256(canonical(said)).hexdigest()


def export_facts(
    filters: Filters,
    format: Format | str,  # noqa: A002 - the word that people use
) -> dict[str, str]:
    """Return what is proposed to a second person for an export with details. Raises UnknownFormat."""
    return {"format": _format(format).value, **filters.said()}


def publish_checkpoint(db: Database, log: LogSigner, *, now: datetime) -> Signed:
    """Return the signed checkpoint of the log as it is, signing it if nobody did. Raises LogDamaged."""
    with db.transaction() as tx:
        return audit_checkpoints.publish(tx, log, now)


def check_log(db: Database, key: PublicKey) -> Checked:
    """Derive the whole log again from its rows. Raises LogDamaged: the first bad index, and why."""
    with db.snapshot() as tx:  # entries written meanwhile are not entries behind the end
        return audit_checkpoints.check(tx, key)


def newest_moment(db: Database) -> datetime | None:
    """Return when the newest entry was written, for a check of the clock; None in an empty log."""
    with db.reading() as tx:
        return audit_trail.newest_moment(tx)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What an export reads: `count` entries, all of them before `below`, proven by the checkpoint."""

    signed: Signed
    below: int
    count: int
    details: bool  # with names, addresses and whatever else is personal
    key: LogKey  # in charge at that moment: it seals a bundle, also when it is rotated meanwhile


def _record_export(
    tx: Transaction,
    log: LogSigner,
    kind: Format,
    filters: Filters,
    *,
    acting: Acting | None,
    private: dict[str, str],
    now: datetime,
    details: bool,
) -> _Scope:
    size = audit_trail.size(tx)
    count = audit_trail.count(tx, filters, below=size)
    if kind is Format.BUNDLE:
        _require_room(tx, filters, count, size)
    facts = {**_facts(filters), "format": kind.value, "count": count, "size": size, "details": details}
    audit.append(tx, Kind.AUDIT_EXPORTED, at=now, acting=acting, facts=facts, private=private)
    signed = audit_checkpoints.publish(tx, log, now)
    key = log.in_charge(tx)
    if filters.said():
        return _Scope(signed, size, count, details, key)
    # A whole log ends with the entry of its own export.
    return _Scope(signed, signed.size, signed.size, details, key)


def _export(db: Database, kind: Format, filters: Filters, scope: _Scope, now: datetime) -> Export:
    name = f"audit-trail-{now:%Y-%m-%dT%H%M%SZ}"
    if kind is Format.BUNDLE:
        content = audit_exports.packed(
            db,
            scope.key,
            filters,
            signed=scope.signed,
            below=scope.below,
            count=scope.count,
            details=scope.details,
            now=now,
        )
        return Export(f"{name}.zip", bundle.MEDIA_TYPE, scope.count, content)
    rows = (_flat(row, details=scope.details) for row in audit_exports.rows(db, filters, scope.below))
    if kind is Format.CSV:
        return Export(f"{name}.csv", "text/csv; charset=utf-8", scope.count, listing.csv(rows))
    return Export(f"{name}.jsonl", "application/x-ndjson", scope.count, listing.jsonl(rows))


def _format(name: str) -> Format:
    try:
        return Format(name)
    except ValueError as error:
        raise UnknownFormat("The audit trail can be exported as csv, jsonl or bundle.") from error


def _facts(filters: Filters) -> dict[str, Any]:
    return {f"filter_{name}": value for name, value in filters.said().items()}


def _viewed(page: Page[EntryRow]) -> Page[EntryView]:
    return Page([view(row) for row in page.items], page.next)


def view(row: EntryRow) -> EntryView:
    """Return one entry in words and values."""
    private = row.private
    return EntryView(
        index=row.index,
        at=row.at,
        kind=row.kind,
        sentence=row.sentence,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        address=private.get("address") if private else None,
        organisation_id=row.organisation_id,
        object_type=row.object_type,
        object_id=row.object_id,
        facts=row.facts,
        private=private,
        leaf_hash=row.leaf_hash.hex(),
    )


def _require_room(tx: Transaction, filters: Filters, count: int, size: int) -> None:
    # A bundle holds JSON as JSON text: the quotes within are escaped, which at most doubles it.
    if 2 * audit_trail.bytes_of(tx, filters, below=size) + LINE_MOST * count > LARGEST:
        raise BundleTooLarge("This export would pass 4 GiB. Please choose a shorter period.")


def _flat(row: EntryRow, *, details: bool) -> dict[str, Any]:
    """Return one line of a table; without details, ids stand for people and nothing personal is said."""
    seen = view(row) if details else replace(view(replace(row, details=None)), sentence=_impersonal(row))
    private = seen.private or {}
    return {
        "index": seen.index,
        "at": moment(seen.at),
        "kind": seen.kind,
        "sentence": seen.sentence,
        "actor_id": seen.actor_id,
        "actor_name": private.get("actor_name"),
        "actor_email": private.get("actor_email"),
        "address": seen.address,
        "organisation_id": seen.organisation_id,
        "object_type": seen.object_type,
        "object_id": seen.object_id,
        "facts": seen.facts,
        "details": seen.private,
        "leaf_hash": seen.leaf_hash,
    }


def _impersonal(row: EntryRow) -> str:
    acted = row.actor_id is not None
    return sentence(row.kind, row.facts, {"actor_name": "Somebody"} if acted else None, acted=acted)


def _use_proposal(
    tx: Transaction, records: Records, acting: Acting, proposal_id: str, facts: dict[str, str], now: datetime
) -> None:
    """Use up the proposal of exactly this export, for who made it and once.

    Raises Forbidden, NotFound, ProposalOver, NoLongerPermitted.
    """
    row = proposals.for_deciding(tx, records, acting, proposal_id)
    deed = deeds.named(row.kind)
    mine = acting.person_id == row.proposal.proposed_by
    if not mine or deed.kind.name != deeds.EXPORT or row.facts != facts:
        raise NotFound
    decided = rules.carry_out(row.proposal, now)
    proposals.require_both(tx, row, deed.kind, now)
    proposals.save(tx, row, decided)
    audit.append(
        tx,
        Kind.PROPOSAL_DONE,
        at=now,
        acting=acting,
        object_type="proposal",
        object_id=row.id,
        facts={
            "kind": row.kind,
            "digest": row.digest,
            "proposed_by": row.proposal.proposed_by,
            "confirmed_by": row.proposal.confirmed_by,
        },
        private={"proposal": deed.matter(tx, row.facts).sentence, "why": row.reason},
    )
