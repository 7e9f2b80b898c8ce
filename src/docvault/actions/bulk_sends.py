"""Bulk sends: a list tried against a template, started, followed, tried again, cancelled.

What sends the rows is in bulk_rows.py.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit import listing
from docvault.audit.kinds import Kind
from docvault.database import audit, bulk_sends, templates, work
from docvault.database.bulk_sends import BulkRow, BulkSend
from docvault.database.engine import Database, Transaction
from docvault.policy.vocabulary import Acting
from docvault.rules import bulk_files, envelope_words
from docvault.rules import bulk_sends as rules
from docvault.rules.bulk_sends import BulkRefused, Entry, RowState, Said
from docvault.vault import bulk_rows, template_drafts
from docvault.vault.files import Vault

SHOWN = 100  # rows at a time
UNSENT = (RowState.REFUSED, RowState.FAILED, RowState.CANCELLED)
BOM = "\ufeff".encode()  # without it some spreadsheets take UTF-8 for something else
STOPPED = (
    "The bulk send was stopped: whoever started it may not send this template any more, or it is not there."
)


@dataclass(frozen=True, slots=True)
class RowView:
    """who: names, with addresses as long as it was not sent. trouble: why it is not sent, or was not."""

    number: int
    state: RowState
    who: tuple[str, ...]
    trouble: str
    note: str
    envelope_id: str | None


@dataclass(frozen=True, slots=True)
class BulkView:
    """stage: checked | sending | finished | cancelled."""

    id: str
    template_id: str
    template_name: str
    version: int
    stage: str
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    sent_before: datetime | None  # when the same file was started earlier, for one that was not started
    total: int
    refused: int
    ready: int
    sent: int
    failed: int
    cancelled: int


def header(db: Database, vault: Vault, *, acting: Acting, template_id: str) -> tuple[str, bytes]:
    """Return an empty list for a template, and a name for the file. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        known = templates.find(tx, acting, template_id)
        columns = rules.columns_of(
            [role.name for role in known.roles], bulk_rows.values_of(vault.records, known)
        )
    return f"{known.name}.csv", BOM + b"".join(listing.csv((), columns))


def check_list(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    template_id: str,
    content: bytes,
    fixed: Sequence[str] = (),
    due_at: datetime | None = None,
    now: datetime,
) -> str:
    """Keep a list and what would become of each row; nothing is sent. Return the id of the bulk send.

    fixed: for each role in order the id of who takes it where a row names nobody, or nothing.
    due_at: None for as the template says, counted from when each row is sent.
    Raises NotFound, Forbidden, KindUnsaid, KindExcluded, ListRefused, TemplateRefused, SignatureFieldMissing,
    EnvelopeIncomplete.
    """
    with db.reading() as tx:
        known = templates.find(tx, acting, template_id)
        template_drafts.require_kind(tx, known)
        envelope_words.check_due(due_at, now)
        values = bulk_rows.values_of(vault.records, known)
        sheet = bulk_files.read(content)
        roles = [role.name for role in known.roles]
        chosen = [*fixed, *[""] * (len(roles) - len(fixed))][: len(roles)]
        entries = rules.entries_of(sheet, roles, values, chosen)
        tried = bulk_rows.dry_run(tx, vault.records, acting, known, entries, due_at, now)
    with db.transaction() as tx:
        first = templates.find(tx, acting, template_id, known.number).documents[0]
        bulk_id = bulk_sends.add(
            tx,
            acting,
            template_id=template_id,
            number=known.number,
            organisation_id=first.organisation_id,
            folder_id=first.folder_id,
            columns=sheet.columns,
            file_hash=hashlib.sha256(content).digest(),
            due_at=due_at,
            now=now,
        )
        kept = (
            (one.number, bulk_rows.state_of(one), bulk_rows.seal(vault.records, bulk_id, one))
            for one in tried
        )
        bulk_sends.add_rows(tx, bulk_id, kept)
        made = bulk_sends.for_seeing(tx, acting, bulk_id)
        _record(
            tx,
            Kind.BULK_CHECKED,
            acting,
            made,
            now,
            {"rows": len(tried), "ready": made.counts[RowState.READY]},
        )
    return bulk_id


def start_bulk_send(db: Database, *, acting: Acting, bulk_id: str, now: datetime) -> None:
    """Let the portal send every row that is ready.

    Raises NotFound, Forbidden, KindUnsaid, KindExcluded, EnvelopeIncomplete, BulkRefused.
    """
    with db.transaction() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id, lock=True)
        template_drafts.require_kind(tx, templates.find(tx, acting, bulk.template_id, bulk.number))
        envelope_words.check_due(bulk.due_at, now)
        if bulk.started_at is not None or bulk.cancelled_at is not None:
            raise BulkRefused("This bulk send was started or discarded already.")
        if not bulk.counts[RowState.READY]:
            raise BulkRefused("No row of this list can be sent.")
        bulk_sends.change(tx, bulk_id, now, started_at=now)
        work.enqueue(tx, work.SendBulk(bulk_id))
        _record(tx, Kind.BULK_STARTED, acting, bulk, now, {"rows": bulk.counts[RowState.READY]})


def retry_failed(db: Database, *, acting: Acting, bulk_id: str, now: datetime) -> None:
    """Let the rows that failed be tried again. Raises NotFound, Forbidden, BulkRefused."""
    with db.transaction() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id, lock=True)
        templates.find(tx, acting, bulk.template_id, bulk.number)
        if bulk.started_at is None or bulk.cancelled_at is not None or not bulk.counts[RowState.FAILED]:
            raise BulkRefused("There is no failed row to try again.")
        count = bulk_sends.turn(tx, bulk_id, RowState.FAILED, RowState.READY)
        bulk_sends.change(tx, bulk_id, now, finished_at=None)
        work.enqueue(tx, work.SendBulk(bulk_id))
        _record(tx, Kind.BULK_RETRIED, acting, bulk, now, {"rows": count})


def cancel_bulk_send(db: Database, *, acting: Acting, bulk_id: str, now: datetime) -> None:
    """Send nothing more; envelopes that were sent stay. A list that was not started is erased at once.

    Raises NotFound, BulkRefused.
    """
    with db.transaction() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id, lock=True)
        if bulk.cancelled_at is not None or bulk.finished_at is not None:
            raise BulkRefused("This bulk send has ended already.")
        bulk_sends.change(tx, bulk_id, now, cancelled_at=now)
        count = bulk_sends.turn(tx, bulk_id, RowState.READY, RowState.CANCELLED)
        if bulk.started_at is None:
            bulk_sends.forget(tx, bulk_id)
        _record(tx, Kind.BULK_CANCELLED, acting, bulk, now, {"rows": count})


def list_bulk_sends(db: Database, *, acting: Acting) -> list[BulkView]:
    """Return one's own bulk sends, newest first, without lists that were discarded."""
    with db.reading() as tx:
        found = bulk_sends.listed(tx, acting)
    return [_view(one) for one in found if one.started_at is not None or one.cancelled_at is None]


def show_bulk_send(db: Database, *, acting: Acting, bulk_id: str) -> BulkView:
    """Return how far a bulk send of one's own is. Raises NotFound."""
    with db.reading() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id)
        before = None if bulk.started_at else bulk_sends.sent_before(tx, acting, bulk)
        return _view(bulk, before)


def list_rows(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    bulk_id: str,
    after: int = 0,
    only: Sequence[RowState] = (),
) -> list[RowView]:
    """Return up to `SHOWN` rows that follow row `after`. Raises NotFound."""
    with db.reading() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id)
        found = bulk_sends.rows(tx, bulk_id, after=after, limit=SHOWN, wanted=only)
        asked = bulk_sends.asked(tx, acting, [one.envelope_id for one in found if one.envelope_id])
        return [_row(row, bulk_rows.opened(vault.records, bulk.id, row), asked) for row in found]


def unsent_as_csv(db: Database, vault: Vault, *, acting: Acting, bulk_id: str) -> bytes:
    """Return the rows that were not sent, as they came, with why: to be mended. Raises NotFound."""
    with db.reading() as tx:
        bulk = bulk_sends.for_seeing(tx, acting, bulk_id)
        found = bulk_sends.rows(tx, bulk_id, wanted=UNSENT)
        said = [(row, bulk_rows.opened(vault.records, bulk.id, row)) for row in found]
    columns = [one for one in bulk.columns if one != rules.WHY]
    lines = [
        dict(zip(bulk.columns, entry.cells, strict=True)) | {rules.WHY: _trouble(row, entry)}
        for row, entry in said
        if entry is not None
    ]
    return BOM + b"".join(listing.csv(lines, [*columns, rules.WHY]))


def _row(row: BulkRow, entry: Entry | None, asked: Mapping[str, Sequence[str]]) -> RowView:
    who = tuple(asked.get(row.envelope_id or "", ()))
    if entry is not None:
        who = tuple(_named(one) for one in entry.people if not one.person_id)
    note = entry.note if entry else ""
    return RowView(row.number, row.state, who, _trouble(row, entry), note, row.envelope_id)


def _named(one: Said) -> str:
    return f"{one.name} ({one.email})" if one.name and one.email else one.name or one.email


def _trouble(row: BulkRow, entry: Entry | None) -> str:
    if row.state in {RowState.FAILED, RowState.REFUSED}:
        return (entry.trouble if entry else "") or STOPPED
    return ""


def _view(bulk: BulkSend, before: datetime | None = None) -> BulkView:
    stage = "sending" if bulk.started_at else "checked"
    if bulk.finished_at is not None:
        stage = "finished"
    if bulk.cancelled_at is not None:
        stage = "cancelled"
    return BulkView(
        id=bulk.id,
        template_id=bulk.template_id,
        template_name=bulk.template_name,
        version=bulk.number,
        stage=stage,
        due_at=bulk.due_at,
        created_at=bulk.created_at,
        started_at=bulk.started_at,
        sent_before=before,
        total=sum(bulk.counts.values()),
        refused=bulk.counts[RowState.REFUSED],
        ready=bulk.counts[RowState.READY],
        sent=bulk.counts[RowState.SENT],
        failed=bulk.counts[RowState.FAILED],
        cancelled=bulk.counts[RowState.CANCELLED],
    )


def _record(
    tx: Transaction,
    kind: Kind,
    acting: Acting,
    bulk: BulkSend,
    now: datetime,
    facts: Mapping[str, object],
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="bulk",
        object_id=bulk.id,
        organisation_id=bulk.organisation_id,
        facts={"template": bulk.template_id, "version": bulk.number, **facts},
        private={"title": bulk.template_name},
    )
