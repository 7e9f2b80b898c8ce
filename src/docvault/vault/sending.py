"""Sending an envelope: its fields written into its documents, then frozen in the caller's transaction.

Between the two lies the work that takes long: no transaction is open while documents are written.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from docvault.audit.kinds import Kind
from docvault.database import (
    envelope_documents,
    envelope_history,
    envelope_messages,
    envelopes,
    trust_anchors,
)
from docvault.database import fields as database_fields
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.pdf import fields as pdf_fields
from docvault.pdf import on_top
from docvault.pdf.filled import specs
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules import envelopes as rules
from docvault.rules.arrivals import Arrival
from docvault.rules.drafts import check_kind
from docvault.rules.envelope_documents import digest_of, fields_within, with_first_pages
from docvault.rules.envelopes import EnvelopeClosed, EnvelopeRefused, State
from docvault.rules.fields import PlacedField
from docvault.vault import preflight
from docvault.vault.authority import Authority
from docvault.vault.files import Staged, Vault
from docvault.vault.preflight import Problem
from docvault.vault.staging import staged_pdf

_log = structlog.get_logger(__name__)

REPLACED = "A corrected envelope has taken its place."


class PreflightFailed(EnvelopeRefused):
    """The envelope could not be sealed later, so it was not sent. `problems` are sentences for the sender."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class Enclosed(Protocol):
    """A cleaned document of an envelope, or of a template that one is made from."""

    @property
    def document_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def prepared_version_id(self) -> str | None: ...
    @property
    def pages(self) -> int: ...
    @property
    def arrival(self) -> Arrival | None: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is about to be sent. signers: names of those who sign, by the id of the recipient, in order."""

    title: str
    documents: Sequence[Enclosed]
    signers: Mapping[str, str]
    placed: Sequence[PlacedField]
    others: Sequence[str] = ()  # further names that are drawn: on the certificate of completion


def outgoing(row: EnvelopeRow, placed: Sequence[PlacedField]) -> Outgoing:
    """Return a draft as it is about to be sent."""
    signers = {str(one.id): one.name for one in row.recipients if one.signs}
    others = [one.name for one in row.recipients if not one.signs]
    return Outgoing(row.title, row.documents, signers, placed, [*others, row.sender_name])


@dataclass(frozen=True, slots=True)
class Ready:
    """One document with its fields. arrival: of one that arrived signed, with who signs in which field."""

    staged: Staged
    arrival: Arrival | None


@contextmanager
def staged(
    db: Database, vault: Vault, pdf: Workers, authority: Authority, what: Outgoing, now: datetime
) -> Iterator[list[Ready]]:
    """Store its documents with their fields for the block, which keeps them by `freeze`.

    Raises PreflightFailed.
    """
    _require_none(preflight.storage_problems(vault.blobs))
    names = [*what.signers.values(), *what.others]
    with db.reading() as tx:
        trusted = trust_anchors.certificates(tx)
    with ExitStack() as stagings:
        ready: list[Ready] = []
        for document, first in with_first_pages(what.documents):
            with _prepared(db, vault, pdf, what, document, first) as (made, arrival):
                arrived = arrival.signatures if arrival else 0
                told = [] if ready else names
                _require_none(authority.preflight(pdf, made, told, arrived=arrived, trusted=trusted))
                staging = staged_pdf(
                    db,
                    vault,
                    made,
                    document_id=document.document_id,
                    purpose="prepared",
                    now=now,
                    pages=document.pages,
                )
                ready.append(Ready(stagings.enter_context(staging), arrival))
        yield ready


def _require_none(problems: Sequence[Problem]) -> None:
    """Raises PreflightFailed; the log says to whoever runs the portal what may not be said to people."""
    if problems:
        _log.error("preflight.failed", problems=[one.detail for one in problems])
        raise PreflightFailed([one.words for one in problems])


def freeze(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    row: EnvelopeRow,
    placed: Sequence[PlacedField],
    ready: Sequence[Ready],
    now: datetime,
) -> None:
    """Freeze a draft with the documents that were staged for it, ask the first turn to act, and record it.

    placed: the fields that were written into them. Raises EnvelopeFrozen, EnvelopeChanged.
    """
    before = envelopes.to_decide(tx, row)
    check_kind(row.kind, tx.policy.numbers.kinds.why_not)
    after = rules.send(before)
    if database_fields.of_envelope(tx, row.id) != tuple(placed):
        raise EnvelopeChanged
    kept = [vault.keep(tx, one.staged, now=now) for one in ready]
    for document, version, one in zip(row.documents, kept, ready, strict=True):
        values = {"digest": version.sha256, "arrival": envelope_documents.kept_arrival(one.arrival)}
        envelope_documents.change(tx, document, prepared_version_id=version.id, **values)
    digest = digest_of([one.sha256 for one in kept])
    envelopes.save(tx, row, before, after, now, digest=digest, sent_at=now)
    _replace(tx, vault, acting, row, now)
    envelope_messages.ask(tx, vault.records, row, rules.whose_turn(after), now)
    envelope_messages.announce(tx, vault.records, row, now)
    facts: dict[str, object] = {
        "digest": digest,
        "recipients": len(row.recipients),
        "fields": len(placed),
    }
    if len(kept) > 1:
        facts["digests"] = [one.sha256 for one in kept]
    envelope_history.record(tx, Kind.ENVELOPE_SENT, row, at=now, acting=acting, facts=facts)


def replaced(tx: Transaction, acting: Acting, row: EnvelopeRow) -> EnvelopeRow | None:
    """Return the envelope that this one corrects. Raises NotFound, Forbidden, EnvelopeClosed."""
    if row.replaces_id is None:
        return None
    old = envelopes.for_managing(tx, acting, row.replaces_id)
    if old.state in {State.COMPLETING, State.COMPLETED}:
        raise EnvelopeClosed("Everybody has signed the earlier envelope, so it cannot be replaced any more.")
    return old


def _replace(tx: Transaction, vault: Vault, acting: Acting, row: EnvelopeRow, now: datetime) -> None:
    """Void the envelope that this one corrects, with notice, unless it has ended already."""
    old = replaced(tx, acting, row)
    if old is None:
        return
    if old.state in rules.OPEN:
        before = envelopes.to_decide(tx, old)
        envelopes.save(tx, old, before, rules.void(before), now, reason=REPLACED)
        envelope_messages.tell_replaced(tx, vault.records, old, now)
    facts: dict[str, object] = {"by": row.id, "was": old.state.value}
    envelope_history.record(tx, Kind.ENVELOPE_REPLACED, old, at=now, acting=acting, facts=facts)


@contextmanager
def _prepared(
    db: Database, vault: Vault, pdf: Workers, what: Outgoing, document: Enclosed, first: int
) -> Iterator[tuple[Scratch, Arrival | None]]:
    """Lend a document with a form field for each placed one, and everybody's signature field.

    One that arrived signed gets signature fields only.
    """
    signers = list(what.signers)
    placed = specs(fields_within(what.placed, first, document.pages))
    with Scratch.create() as source:
        vault.open_version(db, document.prepared_version_id or "").copy_to(source.file)
        if document.arrival is not None:
            added, arrival = on_top.add_signature_fields(
                pdf, source, placed, document.arrival, signers=signers
            )
            with added:
                yield added, arrival
            return
        title = what.title if len(what.documents) == 1 else document.name
        with pdf_fields.place_fields(pdf, source, placed, signers=signers, title=title) as made:
            yield made, None
