"""Taking away all that is known about an envelope, to prove it elsewhere and years later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    attachments,
    audit_checkpoints,
    envelope_evidence,
    envelope_history,
    envelopes,
    installation,
    papers,
)
from docvault.database.attachments import AttachmentRow
from docvault.database.audit_checkpoints import LogSigner
from docvault.database.engine import Database
from docvault.database.envelopes import EnvelopeRow
from docvault.database.papers import PaperRow
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules import evidence as paths
from docvault.rules.consents import TEXTS
from docvault.rules.scans import is_open
from docvault.values import EnvelopeId
from docvault.vault import evidence_bundles
from docvault.vault.authority import Authority
from docvault.vault.evidence_bundles import Contents, Enclosed
from docvault.vault.files import Vault


@dataclass(frozen=True, slots=True)
class EvidenceBundle:
    """A ZIP that is made while it is read."""

    name: str
    parts: Iterator[bytes]


def take_evidence(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    log: LogSigner,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    now: datetime,
) -> EvidenceBundle:
    """Return the evidence of an envelope; taking it stands in the trail that is inside.

    Raises NotFound, Forbidden.
    """
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        facts = {"which": "evidence", "how": "downloaded"}
        envelope_history.record(tx, Kind.ENVELOPE_READ, row, at=now, acting=acting, facts=facts)
        signed = audit_checkpoints.publish(tx, log, now)
        trail = envelope_evidence.proven(tx, log.in_charge(tx), row.id, signed, now)
        portal = installation.find(tx)
        files = attachments.of_envelope(tx, row.id) if row.completed_at is not None else ()
        scans = [
            one for one in papers.of_envelope(tx, row.id) if one.accepted_at is not None and is_open(one.scan)
        ]
    contents = Contents(
        title=row.title,
        portal=portal.name if portal else "DocVault",
        envelope_id=row.id,
        versions=[*_versions(row), *_files(files), *_papers(row, scans)],
        trail=trail,
        consents=_consents(row),
        roots=(*authority.roots, *dict.fromkeys(authority.seals.values())),
    )
    parts = evidence_bundles.stream(db, vault, pdf, contents, now)
    return EvidenceBundle(f"{row.title} (evidence).zip", parts)


def _versions(row: EnvelopeRow) -> Iterator[Enclosed]:
    for one in row.documents:
        if row.completed_at is not None and one.signed_version_id is not None:
            path = paths.document(one.position, one.name, "signed")
            yield Enclosed(path, one.signed_version_id, one.position)
        if row.sent_at is not None and one.prepared_version_id is not None:
            yield Enclosed(paths.document(one.position, one.name, "as sent"), one.prepared_version_id)
    if row.certificate_version_id is not None:
        yield Enclosed(paths.CERTIFICATE, row.certificate_version_id)


def _files(found: Sequence[AttachmentRow]) -> Iterator[Enclosed]:
    """Yield what signers handed in; what a scanner has found malware in since then stays closed."""
    for number, one in enumerate(found, start=1):
        if is_open(one.scan):
            yield Enclosed(paths.handed_in(number, one.name), one.version_id)


def _papers(row: EnvelopeRow, scans: Sequence[PaperRow]) -> Iterator[Enclosed]:
    """Yield what people signed by hand, as accepted by the sender."""
    names = {str(one.id): one.name for one in row.recipients}
    for number, one in enumerate(scans, start=1):
        yield Enclosed(paths.on_paper(number, names[one.recipient_id]), one.version_id)


def _consents(row: EnvelopeRow) -> dict[str, bytes]:
    agreed = {one.consent_text for one in row.recipients if one.consent_text is not None}
    return {consent_id: TEXTS[consent_id].text.encode() for consent_id in sorted(agreed)}
