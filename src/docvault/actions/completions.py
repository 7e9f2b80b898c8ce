"""What the portal does after people signed: signatures go into the document, then the seal, then the proof.

Every step can be repeated after a crash: bytes move while no transaction is open, and one transaction makes a
step count if the document is still the one that the step began with. What was not kept is collected later.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from docvault.audit.kinds import Kind
from docvault.certificates.authority import SignerIdentity
from docvault.certificates.keys import OneTimeKey
from docvault.database import (
    envelope_history,
    envelope_messages,
    envelopes,
    fields,
    recipients,
    work,
)
from docvault.database.audit_checkpoints import LogSigner
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.database.recipients import RecipientRow
from docvault.pdf import fields as pdf_fields
from docvault.pdf.completion import Attachment, certificate_of_completion
from docvault.pdf.filled import filled_values, specs
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.rules import envelopes as rules
from docvault.rules.answers import Filled
from docvault.values import DocVaultError, EnvelopeId
from docvault.vault import evidence
from docvault.vault.authority import Authority
from docvault.vault.files import Staged, Vault
from docvault.vault.staging import staged_pdf

UNEXPECTED = "Something unexpected went wrong while the document was being sealed."
RESTS = timedelta(minutes=2)  # a completion this long untouched has lost its job, or its job gave up
AT_ONCE = 50  # envelopes asked for again at a time
TRIES = 10  # after others changed the same envelope; each of them got further

_log = structlog.get_logger(__name__)


class CompletionFailed(DocVaultError):
    """The envelope is not completed yet; no signature is lost, and the portal tries again."""


def advance_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    log_key: LogSigner,
    *,
    envelope_id: EnvelopeId,
    now: datetime,
) -> None:
    """Put pending signatures into the document; complete it after the last. Done twice is done once.

    A failure is noted on the envelope, recorded and told to its sender before it is raised again.
    Raises NotFound, CompletionFailed, and what signing and storing raise.
    """
    bench = _Bench(db, vault, pdf, authority, log_key, now)
    for _ in range(TRIES):
        with db.reading() as tx:
            row = envelopes.for_completion(tx, envelope_id)
            decided = envelopes.to_decide(tx, row)
        following = rules.next_to_apply(decided)
        try:
            if following is not None:
                bench.apply_signature(row, following.id)
            elif decided.state is rules.State.COMPLETING:
                bench.complete(row)
            else:
                return
        except EnvelopeChanged:
            continue  # another worker or signer was faster: look again
        except Exception as error:
            bench.note_failure(row, error)
            raise
    raise CompletionFailed("The envelope kept changing while it was being completed.")


def retry_stuck(db: Database, *, now: datetime) -> int:
    """Ask again for completions that rest unfinished, and return how many."""
    with db.transaction() as tx:
        resting = envelopes.stuck(tx, now - RESTS, AT_ONCE)
        for envelope_id in resting:
            work.enqueue(tx, work.AdvanceEnvelope(envelope_id))
        return len(resting)


@dataclass(frozen=True, slots=True)
class _Bench:
    """The tools of one completion."""

    db: Database
    vault: Vault
    pdf: Workers
    authority: Authority
    log_key: LogSigner
    now: datetime

    def apply_signature(self, row: EnvelopeRow, recipient_id: str) -> None:
        """Put one person's answers and signature into the newest revision. Raises EnvelopeChanged."""
        recipient = next(one for one in row.recipients if one.id == recipient_id)
        certify = row.working_version_id is None
        with self._newest(row) as source, self._filled(row, recipient) as answers:
            key = self._issue(row, recipient)
            field = pdf_fields.signature_field_name(recipient.id)
            signed = self.authority.sign(self.pdf, source, key, field=field, certify=certify, answers=answers)
        with signed, self._staged(row, signed, "working") as staged, self.db.transaction() as tx:
            same = self._unchanged(tx, row)
            before = envelopes.to_decide(tx, same)
            after = rules.apply(before, recipient.id, self.now)
            kept = self.vault.keep(tx, staged, now=self.now)
            envelopes.save(tx, same, before, after, self.now, working_version_id=kept.id)
            recipients.change(tx, recipient.id, certificate_sha256=key.sha256)
            facts = {"recipient": recipient.id, "certificate": key.sha256, "sha256": kept.sha256}
            self._record(tx, Kind.SIGNATURE_APPLIED, row, facts, {"person": recipient.name})

    def complete(self, row: EnvelopeRow) -> None:
        """Seal, check, write the certificate of completion and tell everybody. Raises CompletionFailed."""
        with self._newest(row) as source:
            sealed = self.authority.seal(self.pdf, source)
        with sealed:
            report = self.authority.validate(self.pdf, sealed)
            self._require_valid(report, row)
            with self._certificate(row, sealed, report) as certificate:
                self._keep(row, sealed, certificate)

    def note_failure(self, row: EnvelopeRow, error: Exception) -> None:
        """Say on the envelope, in the log and to the sender what is in the way; once for the same trouble."""
        words = str(error) if isinstance(error, DocVaultError) else UNEXPECTED
        _log.error("completion.failed", envelope=row.id, error=type(error).__name__, exc_info=error)
        with self.db.transaction() as tx:
            if envelopes.note_trouble(tx, row, words, self.now):
                facts = {"error": type(error).__name__}
                self._record(tx, Kind.COMPLETION_FAILED, row, facts, {"reason": words})
                envelope_messages.tell_trouble(tx, self.vault.records, row, words, self.now)

    def _issue(self, row: EnvelopeRow, recipient: RecipientRow) -> OneTimeKey:
        """Make the key of this signature; its certificate is logged before it is used (promise 61)."""
        person = SignerIdentity(
            recipient.person_id, recipient.name, recipient.email, recipient.organisation_name
        )
        key = self.authority.issue(person, now=self.now)
        with self.db.transaction() as tx:
            facts = {"recipient": recipient.id, "person": recipient.person_id, "certificate": key.sha256}
            self._record(tx, Kind.SIGNING_CERTIFICATE_ISSUED, row, facts, {"person": recipient.name})
        return key

    @contextmanager
    def _newest(self, row: EnvelopeRow) -> Iterator[Scratch]:
        """Lend the newest revision: the document as sent, or with the signatures put in so far."""
        version_id = row.working_version_id or row.prepared_version_id or ""
        with Scratch.create() as source:
            self.vault.open_version(self.db, version_id).copy_to(source.file)
            yield source

    @contextmanager
    def _filled(self, row: EnvelopeRow, recipient: RecipientRow) -> Iterator[list[FieldValue]]:
        with self.db.reading() as tx:
            placed = fields.of_envelope(tx, row.id)
        filled = Filled.load(self.vault.records.open(f"answers:{recipient.id}", recipient.answers or b""))
        with filled_values(
            self.pdf,
            specs(placed),
            recipient.id,
            filled,
            name=recipient.name,
            signed_at=recipient.signed_at or self.now,
        ) as values:
            yield values

    def _require_valid(self, report: Report, row: EnvelopeRow) -> None:
        """Our own validator has the last word before anything is called completed."""
        people = len(row.recipients)
        signatures = sum(one.kind == "signature" for one in report.signatures)
        if report.verdict is not Verdict.VALID:
            raise CompletionFailed(f"The sealed document did not pass its own check: {report.reasons[0]}")
        if signatures != people + 1:  # everybody's and the seal
            raise CompletionFailed("The sealed document does not carry everybody's signature.")

    @contextmanager
    def _certificate(self, row: EnvelopeRow, sealed: Scratch, report: Report) -> Iterator[Scratch]:
        """Lend the sealed certificate of completion."""
        records = self.vault.records
        found = evidence.collect(self.db, records, self.log_key, row, sealed.sha256(), report, self.now)
        with Scratch.create(found.trail) as trail, Scratch.create(found.entries) as entries:
            attached = [
                Attachment("signed.pdf", "application/pdf", "The signed document", sealed, "Source"),
                Attachment("audit-trail.zip", "application/zip", "Its audit trail with proofs", trail),
                Attachment("audit.json", "application/json", "Its audit trail, for reading", entries, "Data"),
            ]
            with (
                certificate_of_completion(self.pdf, found.facts, attached) as plain,
                self.authority.seal(self.pdf, plain, certify=True) as certificate,
            ):
                yield certificate

    def _keep(self, row: EnvelopeRow, sealed: Scratch, certificate: Scratch) -> None:
        with (
            self._staged(row, sealed, "signed") as signed_version,
            self._staged(row, certificate, "certificate") as certificate_version,
            self.db.transaction() as tx,
        ):
            same = self._unchanged(tx, row)
            before = envelopes.to_decide(tx, same)
            signed = self.vault.keep(tx, signed_version, now=self.now)
            proof = self.vault.keep(tx, certificate_version, now=self.now)
            envelopes.save(
                tx,
                same,
                before,
                rules.complete(before),
                self.now,
                signed_version_id=signed.id,
                certificate_version_id=proof.id,
                completed_at=self.now,
                trouble=None,
            )
            facts = {"digest": row.digest, "sha256": signed.sha256, "certificate_sha256": proof.sha256}
            self._record(tx, Kind.ENVELOPE_COMPLETED, row, facts)
            envelope_messages.tell_completed(tx, self.vault.records, same, self.now)

    def _unchanged(self, tx: Transaction, row: EnvelopeRow) -> EnvelopeRow:
        """Return the envelope locked, if it is still the one we worked on. Raises EnvelopeChanged."""
        same = envelopes.for_completion(tx, row.id, lock=True)
        following = rules.next_to_apply(envelopes.to_decide(tx, row))
        if same.working_version_id != row.working_version_id or same.signed_version_id is not None:
            raise EnvelopeChanged
        if following != rules.next_to_apply(envelopes.to_decide(tx, same)):
            raise EnvelopeChanged
        return same

    def _staged(self, row: EnvelopeRow, source: Scratch, purpose: str) -> AbstractContextManager[Staged]:
        return staged_pdf(
            self.db, self.vault, source, document_id=row.document_id, purpose=purpose, now=self.now
        )

    def _record(
        self,
        tx: Transaction,
        kind: Kind,
        row: EnvelopeRow,
        facts: Mapping[str, object],
        private: Mapping[str, object] | None = None,
    ) -> None:
        envelope_history.record(tx, kind, row, at=self.now, facts=facts, private=private)
