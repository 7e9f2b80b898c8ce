"""What the portal does after people signed: signatures go into the document, then the seal, then the proof.

Every step can be repeated after a crash: bytes move while no transaction is open, and one transaction makes a
step count if the document is still the one that the step began with. What was not kept is collected later.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from docvault.audit.kinds import Kind
from docvault.certificates.authority import SignerIdentity
from docvault.certificates.keys import OneTimeKey
from docvault.database import (
    archive_stamps,
    envelope_documents,
    envelope_history,
    envelope_messages,
    envelopes,
    fields,
    papers,
    recipients,
    trust_anchors,
    work,
)
from docvault.database.audit_checkpoints import LogSigner
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_documents import EnclosedRow
from docvault.database.envelopes import EnvelopeChanged, EnvelopeRow
from docvault.database.recipients import RecipientRow
from docvault.pdf import on_top
from docvault.pdf.completion import Attachment, certificate_of_completion
from docvault.pdf.filled import filled_values, specs
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.rules import envelopes as rules
from docvault.rules.answers import Filled
from docvault.rules.envelope_documents import fields_within, with_first_pages
from docvault.rules.envelopes import Part
from docvault.rules.scans import is_open
from docvault.values import DocVaultError, EnvelopeId
from docvault.vault import evidence, preflight
from docvault.vault.authority import Authority
from docvault.vault.files import Staged, StoredVersion, Vault
from docvault.vault.staging import staged_pdf
from docvault.vault.stamping import newest_stamp

PDF = "application/pdf"
REASONS = {  # what a reader of PDFs shows as the reason of a signature; a signer's needs none
    Part.WITNESS: "Witness",
    Part.COUNTER_SIGNER: "Counter-signature",
}
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
class _Applied:
    """One document that carries one more signature, staged."""

    document: EnclosedRow
    certificate_sha256: str
    staged: Staged


@dataclass(frozen=True, slots=True)
class _Sealed:
    """One sealed document, and what our own validator says about it."""

    document: EnclosedRow
    content: Scratch
    report: Report


def _signed_files(sealed: Sequence[_Sealed]) -> list[Attachment]:
    """Return the signed documents as attachments of the certificate."""
    if len(sealed) == 1:
        return [Attachment("signed.pdf", PDF, "The signed document", sealed[0].content, "Source")]
    return [
        Attachment(
            f"signed-{one.document.position}.pdf", PDF, f"Signed: {one.document.name}", one.content, "Source"
        )
        for one in sealed
    ]


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
        """Put one person's answers and signature into the newest revision of each document.

        Each signature has a key of its own. Raises EnvelopeChanged.
        """
        recipient = next(one for one in row.recipients if one.id == recipient_id)
        with ExitStack() as stagings:
            applied = []
            for document, first in with_first_pages(row.documents):
                key = self._issue(row, recipient)
                with self._signed(row, document, first, recipient, key) as signed:
                    staged = stagings.enter_context(self._staged(document, signed, "working"))
                applied.append(_Applied(document, key.sha256, staged))
            with self.db.transaction() as tx:
                self._keep_signature(tx, row, recipient, applied)

    def complete(self, row: EnvelopeRow) -> None:
        """Seal, check, write the certificate of completion and tell everybody. Raises CompletionFailed."""
        with ExitStack() as opened:
            sealed = []
            for document in row.documents:
                with self._newest(document) as source:
                    alone = document.working_version_id is None and document.arrival is None
                    whole = opened.enter_context(self.authority.seal(self.pdf, source, certify=alone))
                report = self._judged(document, whole)
                self._require_valid(report, row, document)
                sealed.append(_Sealed(document, whole, report))
            with self._certificate(row, sealed) as certificate:
                self._keep(row, sealed, certificate)

    def note_failure(self, row: EnvelopeRow, error: Exception) -> None:
        """Say on the envelope, in the log and to the sender what is in the way; once for the same trouble."""
        words = preflight.plain(error) if isinstance(error, DocVaultError) else UNEXPECTED
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
            self.authority.note_issued(tx, key, self.now)
            self._record(tx, Kind.SIGNING_CERTIFICATE_ISSUED, row, facts, {"person": recipient.name})
        return key

    @contextmanager
    def _newest(self, document: EnclosedRow) -> Iterator[Scratch]:
        """Lend the newest revision: the document as sent, or with the signatures put in so far."""
        with Scratch.create() as source:
            self.vault.open_version(self.db, document.newest_version_id).copy_to(source.file)
            yield source

    @contextmanager
    def _signed(
        self, row: EnvelopeRow, document: EnclosedRow, first: int, recipient: RecipientRow, key: OneTimeKey
    ) -> Iterator[Scratch]:
        """Lend one document with this person's answers and signature in it."""
        field = on_top.field_of(document.arrival, recipient.id)
        # Certifying is for whoever signs first, and in what arrived signed somebody has.
        certify = document.working_version_id is None and document.arrival is None
        with (
            self._newest(document) as source,
            self._filled(row, document, first, recipient) as answers,
            self.authority.sign(
                self.pdf,
                source,
                key,
                field=field,
                certify=certify,
                answers=answers,
                reason=REASONS.get(recipient.part),
            ) as signed,
        ):
            yield signed

    @contextmanager
    def _filled(
        self, row: EnvelopeRow, document: EnclosedRow, first: int, recipient: RecipientRow
    ) -> Iterator[list[FieldValue]]:
        with self.db.reading() as tx:
            placed = fields_within(fields.of_envelope(tx, row.id), first, document.pages)
        filled = Filled.load(self.vault.records.open(f"answers:{recipient.id}", recipient.answers or b""))
        with filled_values(
            self.pdf,
            specs(placed),
            recipient.id,
            filled,
            name=recipient.name,
            signed_at=recipient.signed_at or self.now,
        ) as values:
            yield on_top.renamed(values, document.arrival, recipient.id)

    def _keep_signature(
        self, tx: Transaction, row: EnvelopeRow, recipient: RecipientRow, applied: Sequence[_Applied]
    ) -> None:
        same = self._unchanged(tx, row)
        before = envelopes.to_decide(tx, same)
        after = rules.apply(before, recipient.id, self.now)
        envelopes.save(tx, same, before, after, self.now, revision=row.revision + 1)
        recipients.change(tx, recipient.id, certificate_sha256=applied[0].certificate_sha256)
        for one in applied:
            kept = self.vault.keep(tx, one.staged, now=self.now)
            envelope_documents.change(tx, one.document, working_version_id=kept.id)
            facts = {
                "recipient": recipient.id,
                "document": one.document.position,
                "certificate": one.certificate_sha256,
                "sha256": kept.sha256,
            }
            self._record(tx, Kind.SIGNATURE_APPLIED, row, facts, {"person": recipient.name})

    def _judged(self, document: EnclosedRow, sealed: Scratch) -> Report:
        """Check a sealed document; who signed before it arrived may be on the trust list."""
        if document.arrival is None:
            return self.authority.validate(self.pdf, sealed)
        with self.db.reading() as tx:
            trusted = trust_anchors.certificates(tx)
        return self.authority.validate(self.pdf, sealed, trusted=trusted)

    def _require_valid(self, report: Report, row: EnvelopeRow, document: EnclosedRow) -> None:
        """Our own validator has the last word before anything is called completed."""
        arrived = document.arrival.signatures if document.arrival else 0
        people = sum(one.signs and not one.on_paper for one in row.recipients)
        signatures = sum(one.kind == "signature" for one in report.signatures[arrived:])
        problem = on_top.objection(report, arrived)
        if problem is not None:
            raise CompletionFailed(f"The sealed document did not pass its own check: {problem}")
        if signatures != people + 1:  # everybody's and the seal
            raise CompletionFailed("The sealed document does not carry everybody's signature.")

    @contextmanager
    def _certificate(self, row: EnvelopeRow, sealed: Sequence[_Sealed]) -> Iterator[Scratch]:
        """Lend the sealed certificate of completion."""
        records = self.vault.records
        proofs = [evidence.Sealed(one.document, one.content.sha256(), one.report) for one in sealed]
        found = evidence.collect(self.db, records, self.log_key, row, proofs, self.now)
        with (
            Scratch.create(found.trail) as trail,
            Scratch.create(found.entries) as entries,
            self._papers(row) as on_paper,
        ):
            attached = [
                *_signed_files(sealed),
                *on_paper,
                Attachment("audit-trail.zip", "application/zip", "Its audit trail with proofs", trail),
                Attachment("audit.json", "application/json", "Its audit trail, for reading", entries, "Data"),
            ]
            with (
                certificate_of_completion(self.pdf, found.facts, attached) as plain,
                self.authority.seal(self.pdf, plain, certify=True) as certificate,
            ):
                yield certificate

    @contextmanager
    def _papers(self, row: EnvelopeRow) -> Iterator[list[Attachment]]:
        """Lend the scans of what people signed by hand, but for what malware was found in since then."""
        with self.db.reading() as tx:
            scans = papers.of_envelope(tx, row.id)
        accepted = [one for one in scans if one.accepted_at is not None and is_open(one.scan)]
        names = {str(one.id): one.name for one in row.recipients}
        with ExitStack() as opened:
            attached = []
            for number, one in enumerate(accepted, start=1):
                scan = opened.enter_context(Scratch.create())
                self.vault.open_version(self.db, one.version_id).copy_to(scan.file)
                words = f"Signed by hand: {names[one.recipient_id]}"
                attached.append(Attachment(f"signed-by-hand-{number}.pdf", PDF, words, scan))
            yield attached

    def _keep(self, row: EnvelopeRow, sealed: Sequence[_Sealed], certificate: Scratch) -> None:
        with ExitStack() as stagings:
            staged = [
                stagings.enter_context(self._staged(one.document, one.content, "signed")) for one in sealed
            ]
            proof_staged = stagings.enter_context(self._staged(row.documents[0], certificate, "certificate"))
            with self.db.transaction() as tx:
                same = self._unchanged(tx, row)
                before = envelopes.to_decide(tx, same)
                signed = [self.vault.keep(tx, one, now=self.now) for one in staged]
                proof = self.vault.keep(tx, proof_staged, now=self.now)
                envelopes.save(
                    tx,
                    same,
                    before,
                    rules.complete(before),
                    self.now,
                    certificate_version_id=proof.id,
                    completed_at=self.now,
                    trouble=None,
                    revision=row.revision + 1,
                )
                for document, kept in zip(row.documents, signed, strict=True):
                    envelope_documents.change(tx, document, signed_version_id=kept.id)
                reports: list[Report | None] = [*(one.report for one in sealed), None]
                for kept, report in zip((*signed, proof), reports, strict=True):
                    self._note_stamp(tx, row, kept, report)
                facts: dict[str, object] = {
                    "digest": row.digest,
                    "sha256": signed[0].sha256,
                    "certificate_sha256": proof.sha256,
                }
                if len(signed) > 1:
                    facts["sealed"] = [kept.sha256 for kept in signed]
                self._record(tx, Kind.ENVELOPE_COMPLETED, row, facts)
                envelope_messages.tell_completed(tx, self.vault.records, same, self.now)

    def _note_stamp(
        self, tx: Transaction, row: EnvelopeRow, kept: StoredVersion, report: Report | None
    ) -> None:
        """Note until when a sealed file's timestamp lasts; the one without a report is looked at by a job."""
        stamp = newest_stamp(report, self.authority.root_fingerprints) if report is not None else None
        others = self.authority.wants_others
        archive_stamps.note(tx, row.id, kept.id, stamp, others=others, now=self.now)

    def _unchanged(self, tx: Transaction, row: EnvelopeRow) -> EnvelopeRow:
        """Return the envelope locked, if it is still the one we worked on. Raises EnvelopeChanged."""
        same = envelopes.for_completion(tx, row.id, lock=True)
        following = rules.next_to_apply(envelopes.to_decide(tx, row))
        if same.revision != row.revision:
            raise EnvelopeChanged
        if following != rules.next_to_apply(envelopes.to_decide(tx, same)):
            raise EnvelopeChanged
        return same

    def _staged(self, document: EnclosedRow, source: Scratch, purpose: str) -> AbstractContextManager[Staged]:
        return staged_pdf(
            self.db, self.vault, source, document_id=document.document_id, purpose=purpose, now=self.now
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
