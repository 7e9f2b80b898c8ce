"""The ceremony: a person reads what they are asked to sign, agrees to sign electronically, signs or declines.

The proof of the second factor is spent inside the transaction that signs, bound to the digest of what was
shown (promises 17, 62, 63).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import (
    attachments,
    envelope_history,
    envelope_messages,
    envelope_views,
    envelopes,
    fields,
    in_person,
    outsiders,
    paper_wishes,
    recipients,
    step_ups,
    work,
)
from docvault.database.attachments import AttachmentRow
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_views import EnclosedView, EnvelopeSummary, RecipientView
from docvault.database.envelopes import EnvelopeRow
from docvault.database.recipients import RecipientRow
from docvault.pdf.filled import filled_values, specs
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import answers as answer_rules
from docvault.rules import consents
from docvault.rules import envelopes as rules
from docvault.rules.answers import Answer, Filled, Signature
from docvault.rules.attachments import require_open
from docvault.rules.consents import ConsentText
from docvault.rules.envelopes import Part, State
from docvault.rules.fields import PlacedField
from docvault.rules.filling import Filling, fill_in
from docvault.values import EnvelopeId, FieldId
from docvault.vault import fields as vault_fields
from docvault.vault import kept_answers
from docvault.vault.files import Vault
from docvault.vault.signer_evidence import seal_proof

STEP_UP = Permission.ENVELOPE_SIGN.value  # the purpose of the code that confirms a signature


@dataclass(frozen=True, slots=True)
class CeremonyView:
    """What a recipient sees. state: your-turn | waiting | signed | handed-in | copy | declined | voided |
    expired | completed; signed also says that somebody has approved or read, handed-in that the sender looks
    at their scan.

    digest: hex SHA-256 of all documents shown; the code that confirms the signature is bound to it.
    """

    envelope: EnvelopeSummary
    sender_name: str
    sender_email: str
    sender_organisation: str
    message: str
    reason: str | None
    recipient: RecipientView
    recipients: tuple[RecipientView, ...]
    fields: tuple[PlacedField, ...]  # this person's, in reading order
    answers: Mapping[FieldId, Answer]  # what they hold to begin with: kept, prefilled, or a file's name
    language: str  # that they read: ISO 639-1
    consent: ConsentText
    consented: bool
    wished_at: datetime | None  # since when they would rather sign on paper
    documents: tuple[EnclosedView, ...]
    pages: int  # of all documents; numbers go on from one to the next
    page_sizes: tuple[tuple[float, float], ...]
    seen_pages: tuple[int, ...]
    state: str
    digest: str
    signed_at: datetime | None  # or approved, or read
    due_at: datetime | None  # they can act until then
    may_use_paper: bool  # print it, sign by hand and hand in a scan
    host_name: str  # beside whom they sign in person; empty for who signs on their own
    may_name: bool  # somebody by address, also without an account, who does it instead
    trouble: str | None


def start_ceremony(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, now: datetime
) -> CeremonyView:
    """Return what `acting` is asked to sign; note the first look. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        if recipient.viewed_at is None and row.state is State.SENT:
            recipients.change(tx, recipient.id, viewed_at=now)
            envelope_history.record(
                tx, Kind.ENVELOPE_VIEWED, row, at=now, acting=acting, facts={"recipient": recipient.id}
            )
        own = _own(tx, vault, row, recipient)
        answers = kept_answers.begin_with(tx, vault.records, recipient.id, own)
        answers |= {FieldId(one.field_id): one.name for one in attachments.of_recipient(tx, recipient.id)}
        view = _view(row, recipient, own, answers, acting, now)
        return replace(view, may_use_paper=view.may_use_paper and tx.policy.numbers.signing.may_use_paper)


def give_consent(
    db: Database,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    consent_id: str,
    consent_sha256: str,
    now: datetime,
) -> None:
    """Record that `acting` agreed to sign electronically, and to which words.

    Raises ConsentUnknown, NotFound, Forbidden, EnvelopeClosed, SigningRefused.
    """
    text = consents.check_consent(consent_id, consent_sha256)
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        after = rules.consent(before, recipient.id, now)
        if after is before:
            return
        envelopes.save(tx, row, before, after, now)
        recipients.change(tx, recipient.id, consent_text=text.id, consent_sha256=text.sha256)
        paper_wishes.forget(tx, recipient.id)
        facts = {"recipient": recipient.id, "consent": text.id, "consent_sha256": text.sha256}
        envelope_history.record(tx, Kind.ENVELOPE_CONSENTED, row, at=now, acting=acting, facts=facts)


def pages_seen(
    db: Database, *, acting: Acting, envelope_id: EnvelopeId, pages: Sequence[int], now: datetime
) -> frozenset[int]:
    """Record that these pages (from 1) were shown to `acting`; return all that were.

    Raises NotFound, Forbidden, EnvelopeClosed, AlreadySigned, NotYourTurn, EnvelopeIncomplete.
    """
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        after = rules.see_pages(before, recipient.id, pages, now)
        new = sorted(frozenset(pages) - recipient.pages_seen)
        if new:
            envelopes.save(tx, row, before, after, now)
            facts = {"recipient": recipient.id, "pages": new, "digest": row.digest}
            envelope_history.record(tx, Kind.ENVELOPE_PAGES_SEEN, row, at=now, acting=acting, facts=facts)
        return recipient.pages_seen | frozenset(new)


def sign_envelope(
    db: Database,
    vault: Vault,
    pdf: Workers,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    answers: Mapping[FieldId, Answer],
    signature: Signature,
    step_up_id: str,
    now: datetime,
) -> None:
    """Sign as `acting`; the last signature starts completion.

    What cannot be drawn is refused here: once signed, it would keep the envelope from ever being completed.
    Raises NotFound, Forbidden, AnswerRefused, SignatureRefused, EnvelopeClosed, SigningRefused,
    AppearanceRefused, StepUpInvalid.
    """
    with db.reading() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        given = _check(tx, vault, row, recipient, answers, signature, now)
        rules.sign(envelopes.to_decide(tx, row), recipient.id, given.settled, now)
        placed = specs(fields.of_envelope(tx, row.id))
    with filled_values(pdf, placed, recipient.id, given.filled, name=recipient.name, signed_at=now):
        pass  # every drawing was made once
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        given = _check(tx, vault, row, recipient, answers, signature, now)
        after = rules.sign(before, recipient.id, given.settled, now)
        files = _files(tx, recipient, given.filled)
        factor = step_ups.spend(tx, acting, step_up_id, STEP_UP, row.digest or "", now)
        envelopes.save(tx, row, before, after, now)
        known = outsiders.identity(tx, recipient) | in_person.attested(tx, acting, row)
        proof = {"step_up": step_up_id, "confirmed_with": factor, **known}
        _keep(tx, vault, acting, recipient, given.filled, proof, now)
        facts = _facts(row, recipient, acting, given.filled, proof)
        facts["files"] = [one.sha256 for one in files]
        private = {"files": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in files]}
        envelope_history.record(
            tx, Kind.ENVELOPE_SIGNED, row, at=now, acting=acting, facts=facts, private=private
        )
        asked = rules.whose_turn(after) - rules.whose_turn(before)
        envelope_messages.ask(tx, vault.records, row, asked, now)
        work.enqueue(tx, work.AdvanceEnvelope(envelope_id))


def approve_envelope(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    step_up_id: str | None,
    now: datetime,
) -> None:
    """Approve as `acting`, or confirm having read it; the last to act starts completion.

    step_up_id: a proof of the second factor, as for signing; somebody who only reads needs none.
    Raises NotFound, Forbidden, EnvelopeClosed, SigningRefused, StepUpInvalid.
    """
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        after = rules.approve(before, recipient.id, now)
        approves = recipient.part is Part.APPROVER
        proof = outsiders.identity(tx, recipient) | in_person.attested(tx, acting, row)
        if approves:
            factor = step_ups.spend(tx, acting, step_up_id or "", STEP_UP, row.digest or "", now)
            proof = {"step_up": step_up_id or "", "confirmed_with": factor, **proof}
        envelopes.save(tx, row, before, after, now)
        recipients.change(
            tx, recipient.id, evidence=seal_proof(vault.records, acting, recipient.id, proof, now)
        )
        facts = {"recipient": recipient.id, "digest": row.digest, "factors": acting.factors, **proof}
        kind = Kind.ENVELOPE_APPROVED if approves else Kind.ENVELOPE_READ_THROUGH
        envelope_history.record(tx, kind, row, at=now, acting=acting, facts=facts)
        asked = rules.whose_turn(after) - rules.whose_turn(before)
        envelope_messages.ask(tx, vault.records, row, asked, now)
        if after.state is State.COMPLETING:
            work.enqueue(tx, work.AdvanceEnvelope(envelope_id))


def decline_envelope(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, reason: str, now: datetime
) -> None:
    """End the envelope: `acting` will not sign or approve. All who were asked, and the sender, read why.

    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed, SigningRefused.
    """
    reason = rules.check_reason(reason)
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        envelopes.save(tx, row, before, rules.decline(before, recipient.id, now), now, reason=reason)
        envelope_messages.tell_declined(tx, vault.records, row, recipient, reason, now)
        facts, private = {"recipient": recipient.id}, {"reason": reason}
        envelope_history.record(
            tx, Kind.ENVELOPE_DECLINED, row, at=now, acting=acting, facts=facts, private=private
        )


def _own(tx: Transaction, vault: Vault, row: EnvelopeRow, recipient: RecipientRow) -> tuple[PlacedField, ...]:
    placed = vault_fields.of_envelope(tx, vault.records, row.id)
    return tuple(field for field in placed if field.recipient_id == recipient.id)


def _check(
    tx: Transaction,
    vault: Vault,
    row: EnvelopeRow,
    recipient: RecipientRow,
    answers: Mapping[FieldId, Answer],
    signature: Signature,
    now: datetime,
) -> Filling:
    numbers = tx.policy.numbers.signing
    return fill_in(
        _own(tx, vault, row, recipient),
        answers,
        answer_rules.check_signature(signature, numbers.max_picture_bytes),
        longest=numbers.max_text_characters,
        name=recipient.name,
        day=now.date(),
        attached={FieldId(one.field_id): one.id for one in attachments.of_recipient(tx, recipient.id)},
    )


def _files(tx: Transaction, recipient: RecipientRow, given: Filled) -> list[AttachmentRow]:
    """Return the files that go with the signature; those of hidden fields are dropped. Raises FileNotFit."""
    wanted = set(given.answers.values())
    files = [one for one in attachments.of_recipient(tx, recipient.id) if one.id in wanted]
    for one in files:
        require_open(one.name, one.scan)
    attachments.keep_only(tx, recipient.id, [one.id for one in files])
    return files


def _keep(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    recipient: RecipientRow,
    given: Filled,
    proof: Mapping[str, str],
    now: datetime,
) -> None:
    recipients.change(
        tx,
        recipient.id,
        answers=vault.records.seal(f"answers:{recipient.id}", given.dump()),
        evidence=seal_proof(vault.records, acting, recipient.id, proof, now),
    )


def _facts(
    row: EnvelopeRow, recipient: RecipientRow, acting: Acting, given: Filled, proof: Mapping[str, str]
) -> dict[str, object]:
    return {
        "recipient": recipient.id,
        "digest": row.digest,
        "turn": recipient.turn,
        "answered": len(given.answered),
        "signature": type(given.signature).__name__.removesuffix("Signature").lower(),
        "factors": acting.factors,
        **proof,
        "consent": recipient.consent_text,
        "consent_sha256": recipient.consent_sha256,
    }


def _view(
    row: EnvelopeRow,
    recipient: RecipientRow,
    own: tuple[PlacedField, ...],
    answers: Mapping[FieldId, Answer],
    acting: Acting,
    now: datetime,
) -> CeremonyView:
    people = envelope_views.recipients(row)
    return CeremonyView(
        envelope=envelope_views.summary(row, acting),
        sender_name=row.sender_name,
        sender_email=row.sender_email,
        sender_organisation=row.sender_organisation,
        message="\n\n".join(said for said in (row.message, recipient.message) if said),
        reason=row.reason,
        recipient=next(one for one in people if one.id == recipient.id),
        recipients=people,
        fields=own,
        answers=answers,
        language=recipient.language,
        consent=consents.in_language(recipient.language),
        consented=recipient.agreed_at is not None,
        wished_at=recipient.wished_at,
        documents=envelope_views.documents(row),
        pages=row.pages,
        page_sizes=row.page_sizes,
        seen_pages=tuple(sorted(recipient.pages_seen)),
        state=_state(row, recipient, now),
        digest=row.digest or "",
        signed_at=recipient.done_at,
        due_at=min((day for day in (row.due_at, recipient.due_at) if day), default=None),
        may_use_paper=row.may_use_paper and recipient.signs and recipient.host is None,
        host_name=recipient.host.name if recipient.host else "",
        may_name=row.may_delegate_outside and recipient.host is None,
        trouble=row.trouble,
    )


def _state(row: EnvelopeRow, recipient: RecipientRow, now: datetime) -> str:
    if row.state in rules.ENDED:
        return row.state.value
    if recipient.done_at is not None:
        return "signed"
    if recipient.paper_at is not None:
        return "handed-in"
    if recipient.part is Part.COPY:
        return "copy"
    if envelope_views.is_overdue(row, now):
        return State.EXPIRED.value
    return "your-turn" if recipient.id in envelope_views.in_turn(row) else "waiting"
