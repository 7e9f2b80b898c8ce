"""What happened to an envelope: writing it into the audit log, and reading it as its history."""

from collections.abc import Mapping
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, audit_trail
from docvault.database.engine import Transaction
from docvault.database.envelope_views import HistoryItem
from docvault.database.envelopes import EnvelopeRow
from docvault.policy.vocabulary import Acting

SHOWN = frozenset(  # the others are for the audit trail: too fine for a history
    {
        Kind.ENVELOPE_CREATED,
        Kind.ENVELOPE_SENT,
        Kind.ENVELOPE_CODE_ACCEPTED,
        Kind.ENVELOPE_ACCESS_CODE_SET,
        Kind.ENVELOPE_HOSTED,
        Kind.ENVELOPE_VIEWED,
        Kind.ENVELOPE_REMINDED,
        Kind.ENVELOPE_CONSENTED,
        Kind.ENVELOPE_PAPER_ASKED,
        Kind.ENVELOPE_CONSENT_WITHDRAWN,
        Kind.ENVELOPE_PAPER_HANDED_IN,
        Kind.ENVELOPE_PAPER_ACCEPTED,
        Kind.ENVELOPE_PAPER_RETURNED,
        Kind.ENVELOPE_SIGNED,
        Kind.ENVELOPE_DECLINED,
        Kind.ENVELOPE_VOIDED,
        Kind.ENVELOPE_WARNED,
        Kind.ENVELOPE_EXPIRED,
        Kind.ENVELOPE_EXTENDED,
        Kind.ENVELOPE_DELEGATED,
        Kind.ENVELOPE_CORRECTED,
        Kind.ENVELOPE_REPLACED,
        Kind.SIGNATURE_APPLIED,
        Kind.ENVELOPE_COMPLETED,
        Kind.COMPLETION_FAILED,
        Kind.ARCHIVE_RENEWED,
    }
)


NOTED = frozenset({Kind.ENVELOPE_PAPER_ASKED, Kind.ENVELOPE_CONSENT_WITHDRAWN})


def record(
    tx: Transaction,
    kind: Kind,
    row: EnvelopeRow,
    *,
    at: datetime,
    acting: Acting | None = None,
    facts: Mapping[str, object] | None = None,
    private: Mapping[str, object] | None = None,
) -> int:
    """Append one entry about this envelope in the caller's transaction and return its index in the log."""
    return audit.append(
        tx,
        kind,
        at=at,
        acting=acting,
        object_type="envelope",
        object_id=row.id,
        organisation_id=row.organisation_id,
        facts=facts,
        private={"title": row.title, **(private or {})},
    )


def of_envelope(tx: Transaction, row: EnvelopeRow) -> tuple[HistoryItem, ...]:
    """Return what people are shown of the trail, oldest first; the caller has asked for the envelope."""
    trail = audit_trail.object_trail(tx, "envelope", row.id)
    return tuple(
        HistoryItem(
            at=entry.at,
            kind=Kind(entry.kind),
            who=entry.actor_name if entry.actor_id else "",
            details=entry.sentence,
            whose=str((entry.private or {}).get("person", "")),
            note=str((entry.private or {}).get("reason", "")) if entry.kind in NOTED else "",
        )
        for entry in trail
        if entry.kind in SHOWN
    )
