"""Sending the rows of a bulk send, each once, for whoever started it and with their rights of now.

A row is one transaction: envelope, fields, documents, mail, entries, and that the row was sent. Killed at any
moment, it was sent whole or not at all.
"""

from collections.abc import Mapping
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.blobs.store import StoreFailed
from docvault.database import acting as actors
from docvault.database import audit, bulk_sends, envelope_history, templates, work
from docvault.database.bulk_sends import BulkRow, BulkSend
from docvault.database.engine import Database, Transaction
from docvault.database.templates import TemplateRow
from docvault.pdf.errors import PdfError, WorkersBusy
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting
from docvault.rules.bulk_sends import RowState
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.templates import TemplateRefused
from docvault.values import DocVaultError, NotFound
from docvault.vault import bulk_rows, preflight, sending, template_drafts
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.sending import PreflightFailed, Ready
from docvault.vault.template_drafts import Plan, PlanOld

OURS = "Something went wrong on our side. Please try this row again."
NO_RIGHT = "Whoever started it may not send this template any more, or the template is not there."


class _Taken(DocVaultError):
    """Another worker was faster, or somebody cancelled; nothing of this try stays."""


def send_next(
    db: Database, vault: Vault, pdf: Workers, authority: Authority, *, bulk_id: str, now: datetime
) -> bool:
    """Send the first row that is ready, or say why it cannot be; return whether there may be more.

    Raises NotFound, and what is no fault of the row: a store that is away, for example.
    """
    with db.reading() as tx:
        bulk = bulk_sends.for_sending(tx, bulk_id)
        waiting = bulk_sends.rows(tx, bulk_id, limit=1, wanted=[RowState.READY])
    if bulk.started_at is None or bulk.cancelled_at is not None:
        return False
    if not waiting:
        _finish(db, bulk_id, now)
        return False
    row = waiting[0]
    try:
        _send(db, vault, pdf, authority, bulk, row, now)
    except (_Taken, PlanOld):
        return True
    except (NotFound, Forbidden, TemplateRefused):
        _stop(db, bulk, now)
        return False
    except (EnvelopeRefused, PdfError) as refused:
        if isinstance(refused, WorkersBusy):
            raise
        if isinstance(refused, PreflightFailed) and preflight.storage_problems(vault.blobs):
            raise StoreFailed from refused  # no fault of the row
        _fail(db, vault, bulk, row, str(refused), now)
    except StoreFailed:
        raise  # is asked again until the store is back
    except Exception:
        _note_try(db, vault, bulk, row, now)
        raise
    return True


def go_on(db: Database, bulk_id: str) -> None:
    """Ask for the next rows, after other jobs."""
    with db.transaction() as tx:
        work.enqueue(tx, work.SendBulk(bulk_id))


def retry_resting(db: Database, *, now: datetime) -> None:
    """Ask again for bulk sends whose job was lost or gave up."""
    with db.transaction() as tx:
        for bulk_id in bulk_sends.resting(tx, now):
            bulk_sends.change(tx, bulk_id, now)
            work.enqueue(tx, work.SendBulk(bulk_id))


def forget_lists(db: Database, *, now: datetime) -> None:
    """Erase what rows say that nobody needs any more: long after the end, or never started."""
    with db.reading() as tx:
        due = bulk_sends.to_forget(tx, now)
    for bulk_id in due:
        with db.transaction() as tx:
            bulk_sends.forget(tx, bulk_id)
            _record(tx, Kind.BULK_FORGOTTEN, bulk_sends.for_sending(tx, bulk_id), now)


def _send(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    bulk: BulkSend,
    row: BulkRow,
    now: datetime,
) -> None:
    entry = bulk_rows.opened(vault.records, bulk.id, row)
    if entry is None:
        raise _Taken
    with db.reading() as tx:
        acting, template = _again(tx, bulk, now)
        known = template_drafts.possible(tx, acting, template).keys()
        made = bulk_rows.plan(tx, vault.records, template, entry, bulk.due_at, known=known, now=now)
        what = bulk_rows.outgoing(tx, acting, template, made)
    with sending.staged(db, vault, pdf, authority, what, now) as ready, db.transaction() as tx:
        if not bulk_sends.take(tx, bulk.id, row.number):
            raise _Taken
        _keep(tx, vault, bulk, row, made, ready, now)


def _keep(
    tx: Transaction,
    vault: Vault,
    bulk: BulkSend,
    row: BulkRow,
    made: Plan,
    ready: list[Ready],
    now: datetime,
) -> None:
    """Write the envelope, send it, and say so in the row; the rights are asked once more."""
    acting, template = _again(tx, bulk, now)
    template_drafts.check_again(tx, made, template_drafts.possible(tx, acting, template).keys())
    envelope = template_drafts.write(tx, vault.records, acting, template, made, now)
    facts = template_drafts.facts_of(tx, template, envelope) | {"bulk": bulk.id, "row": row.number}
    envelope_history.record(tx, Kind.ENVELOPE_CREATED, envelope, at=now, acting=acting, facts=facts)
    sending.freeze(tx, vault, acting, envelope, bulk_rows.as_kept(made.placed), ready, now)
    bulk_sends.settle(tx, bulk.id, row.number, RowState.SENT, sealed=None, envelope_id=envelope.id)
    bulk_sends.change(tx, bulk.id, now)


def _again(tx: Transaction, bulk: BulkSend, now: datetime) -> tuple[Acting, TemplateRow]:
    """Return whoever started it with the rights of now, and the template (promise 25).

    Raises NotFound, Forbidden.
    """
    acting = actors.again(tx, bulk.person_id, now)
    if acting is None:
        raise NotFound
    return acting, templates.find(tx, acting, bulk.template_id, bulk.number)


def _fail(db: Database, vault: Vault, bulk: BulkSend, row: BulkRow, why: str, now: datetime) -> None:
    with db.transaction() as tx:
        _note_failure(tx, vault, bulk, row, why, now)


def _note_try(db: Database, vault: Vault, bulk: BulkSend, row: BulkRow, now: datetime) -> None:
    """Count a try that broke; the last one fails the row, so that the others go on."""
    with db.transaction() as tx:
        if bulk_sends.note_try(tx, bulk.id, row.number):
            _note_failure(tx, vault, bulk, row, OURS, now)


def _note_failure(
    tx: Transaction, vault: Vault, bulk: BulkSend, row: BulkRow, why: str, now: datetime
) -> None:
    sealed = bulk_rows.with_trouble(vault.records, bulk.id, row, why)
    if bulk_sends.settle(tx, bulk.id, row.number, RowState.FAILED, sealed=sealed):
        bulk_sends.change(tx, bulk.id, now)
        _record(tx, Kind.BULK_ROW_FAILED, bulk, now, {"row": row.number}, why)


def _stop(db: Database, bulk: BulkSend, now: datetime) -> None:
    """Fail all that is left, for one reason."""
    with db.transaction() as tx:
        left = bulk_sends.turn(tx, bulk.id, RowState.READY, RowState.FAILED)
        bulk_sends.change(tx, bulk.id, now, finished_at=now)
        _record(tx, Kind.BULK_STOPPED, bulk, now, {"rows": left}, NO_RIGHT)


def _finish(db: Database, bulk_id: str, now: datetime) -> None:
    with db.transaction() as tx:
        bulk = bulk_sends.for_sending(tx, bulk_id, lock=True)
        if bulk.finished_at is not None or bulk.counts[RowState.READY]:
            return
        bulk_sends.change(tx, bulk_id, now, finished_at=now)
        facts = {"sent": bulk.counts[RowState.SENT], "failed": bulk.counts[RowState.FAILED]}
        _record(tx, Kind.BULK_FINISHED, bulk, now, facts)


def _record(
    tx: Transaction,
    kind: Kind,
    bulk: BulkSend,
    now: datetime,
    facts: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        object_type="bulk",
        object_id=bulk.id,
        organisation_id=bulk.organisation_id,
        facts={"template": bulk.template_id, **(facts or {})},
        private={"title": bulk.template_name, **({"reason": reason} if reason else {})},
    )
