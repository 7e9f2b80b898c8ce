"""Signing in person: a host vouches for somebody and hands over the device; the signer proves themselves.

The host's session ends before the device leaves their hands, and the signer's does not begin before the code
that was mailed to them: neither can do what is the other's. A code mailed anew confirms the signature.
"""

from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, Throttled
from docvault.database import (
    audit,
    challenges,
    code_mails,
    envelope_history,
    envelope_views,
    in_person,
    outsiders,
    people,
    sessions,
    step_ups,
    throttles,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.in_person import Handing, Vouched
from docvault.database.messages import Records
from docvault.database.outsiders import MailCode
from docvault.database.recipients import RecipientRow
from docvault.database.sessions import IN_PERSON, Source
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules.in_person import Checked, NotNow, statement_digest
from docvault.rules.outsiders import CodesWrong, digits
from docvault.values import EnvelopeId, NotFound, RecipientId

STEP_UP = Permission.ENVELOPE_HOST.value  # the purpose of the proof that the host gives
SIGNING = Permission.ENVELOPE_SIGN.value
MOST = 50  # signers shown to their host


@dataclass(frozen=True, slots=True)
class Hosted:
    """Somebody who signs beside `acting`. digests: what the host's proof names, by how they checked."""

    recipient_id: RecipientId
    envelope_id: EnvelopeId
    title: str
    sender_name: str
    organisation_name: str
    name: str
    email: str
    pages: int
    documents: tuple[str, ...]
    due_at: datetime | None
    may_begin: bool  # it is their turn
    digests: dict[Checked, str]


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Secrets of the browser in the signer's hands: of the mailed code, and of the way back to the host."""

    asked: str = field(repr=False)
    back: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whom the device was handed to, before they gave their code. told: an access code is asked too."""

    envelope_id: EnvelopeId
    title: str
    name: str
    email: str
    language: str
    host_name: str
    told: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof for one signature. token: the session's new secret; the old one ended (promise 18)."""

    id: str
    token: str = field(repr=False)


def waiting(db: Database, *, acting: Acting) -> list[Hosted]:
    """Return who can sign beside `acting` now, newest envelope first."""
    with db.reading() as tx:
        found = []
        for _, recipient_id in in_person.waiting_for(tx, acting, MOST):
            try:
                found.append(_hosted(*in_person.for_hosting(tx, acting, recipient_id)))
            except NotFound:
                continue  # kept out of the folder since
    return [one for one in found if one.may_begin]


def show(db: Database, *, acting: Acting, recipient_id: str) -> Hosted:
    """Return what a host reads before they vouch. Raises NotFound."""
    with db.reading() as tx:
        return _hosted(*in_person.for_hosting(tx, acting, recipient_id))


def hand_over(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    recipient_id: str,
    checked: Checked,
    step_up_id: str,
    source: Source,
    now: datetime,
) -> HandedOver:
    """Keep that `acting` vouches for a signer, end the host's session here, and mail the signer a code.

    step_up_id: a proof for `envelope:host` on what they say, see rules.in_person.statement_digest.
    Raises NotFound, NotNow, StepUpInvalid, Throttled; tried in that order.
    """
    with db.transaction() as tx:
        row, recipient = in_person.for_hosting(tx, acting, recipient_id)
        if recipient.id not in envelope_views.in_turn(row):
            raise NotNow(recipient.name)
        digest = statement_digest(row.digest or "", recipient.id, checked)
        factor = step_ups.spend(tx, acting, step_up_id, STEP_UP, digest, now)
        said = Vouched(checked, factor, step_up_id)
        asked, back = in_person.hand_over(tx, acting, row, recipient, said, now)
        secret, wait = code_mails.send(tx, records, asked, source, now)
        if wait:
            raise Throttled(wait)
        facts = {"recipient": recipient.id, "checked": checked.value, "digest": row.digest or ""}
        proof = {"step_up": step_up_id, "confirmed_with": factor}
        envelope_history.record(
            tx,
            Kind.ENVELOPE_HOSTED,
            row,
            at=now,
            acting=acting,
            facts=facts | proof,
            private={"person": recipient.name},
        )
        sessions.end(tx, acting.session_id, now)
    return HandedOver(secret, back)


def whose_code(db: Database, *, secret: str, now: datetime) -> Waiting:
    """Return whom the device was handed to. secret: the way back. Raises ChallengeOver."""
    with db.reading() as tx:
        handing, row, recipient = _handed(tx, secret, now)
        host = people.by_id(tx, handing.host_id)
        return Waiting(
            envelope_id=row.id,
            title=row.title,
            name=recipient.name,
            email=recipient.email,
            language=recipient.language,
            host_name=host.name if host else "",
            told=recipient.owes_code,
        )


def mail_code_again(db: Database, records: Records, *, secret: str, source: Source, now: datetime) -> str:
    """Mail another code to whom the device was handed to; return the secret of this browser.

    Raises ChallengeOver, Throttled, LinkRefused.
    """
    with db.transaction() as tx:
        handing, _, _ = _handed(tx, secret, now)
        asked = outsiders.of_link_hash(tx, handing.link_hash, now)
        given, wait = code_mails.send(tx, records, asked, source, now)
    if wait:
        raise Throttled(wait)
    return given


def mail_signing_code(
    db: Database, records: Records, *, acting: Acting, source: Source, now: datetime
) -> str:
    """Mail the code that confirms a signature in person; return the secret of this browser.

    Raises Forbidden, LinkRefused, Throttled.
    """
    with db.transaction() as tx:
        asked = outsiders.of_link_hash(tx, _own(tx, acting).link_hash, now)
        given, wait = code_mails.send(tx, records, asked, source, now)
    if wait:
        raise Throttled(wait)
    return given


def confirm(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    secret: str,
    code: str,
    purpose: str,
    digest: str,
    source: Source,
    now: datetime,
) -> Proof:
    """Check the mailed code and keep a proof bound to person, session, purpose and digest, as for a factor.

    Raises StepUpInvalid, Forbidden, ChallengeOver, Throttled or CodesWrong; tried in that order.
    """
    step_ups.check(purpose, digest)
    if purpose != SIGNING:
        raise Forbidden(Permission.ACCOUNT_CHANGE)
    proof, wait = None, 0
    with db.transaction() as tx:
        own = _own(tx, acting)
        code_waiting = outsiders.use_try(tx, secret, now)
        fits = code_waiting is not None and code_waiting.asked.link_hash == own.link_hash
        if code_waiting is not None and fits:
            limits = tx.policy.numbers.passwords.throttle
            wait = throttles.take(tx, throttles.mail_code(limits, own.recipient_id), now)
            if not wait and outsiders.is_right(records, code_waiting, digits(code), ""):
                proof = _prove(tx, acting, code_waiting, digest, now)
            elif not wait:
                code_mails.note(tx, Kind.ENVELOPE_CODE_REFUSED, code_waiting.asked, source, now)
    if not fits:
        raise ChallengeOver
    if wait:
        raise Throttled(wait)
    if proof is None:
        raise CodesWrong
    return proof


def take_back(db: Database, *, secret: str, now: datetime) -> str:
    """End what the signer could do here, and return a challenge that only the host's factor answers.

    Raises ChallengeOver: the host signs in with both factors then.
    """
    with db.transaction() as tx:
        handing, row, recipient = _handed(tx, secret, now)
        in_person.end(tx, handing, now)
        envelope_history.record(
            tx,
            Kind.ENVELOPE_HANDED_BACK,
            row,
            at=now,
            facts={"recipient": recipient.id, "host": handing.host_id},
            private={"person": recipient.name},
        )
        return challenges.start(tx, handing.host_id, now, handing.proven)


def _hosted(row: EnvelopeRow, recipient: RecipientRow) -> Hosted:
    return Hosted(
        recipient_id=recipient.id,
        envelope_id=row.id,
        title=row.title,
        sender_name=row.sender_name,
        organisation_name=row.organisation_name,
        name=recipient.name,
        email=recipient.email,
        pages=row.pages,
        documents=tuple(one.name for one in row.documents),
        due_at=min((day for day in (row.due_at, recipient.due_at) if day), default=None),
        may_begin=recipient.id in envelope_views.in_turn(row),
        digests={way: statement_digest(row.digest or "", recipient.id, way) for way in Checked},
    )


def _handed(tx: Transaction, secret: str, now: datetime) -> tuple[Handing, EnvelopeRow, RecipientRow]:
    handing = in_person.of_back(tx, secret, now)
    if handing is None:
        raise ChallengeOver
    return handing, *in_person.handed(tx, handing)


def _own(tx: Transaction, acting: Acting) -> Handing:
    """Return the handing that this session began with. Raises Forbidden for every other session."""
    found = in_person.of_session(tx, acting.session_id) if acting.session_kind == IN_PERSON else None
    if found is None:
        raise Forbidden(Permission.ENVELOPE_SIGN)
    return found


def _prove(tx: Transaction, acting: Acting, waiting: MailCode, digest: str, now: datetime) -> Proof:
    outsiders.accept(tx, waiting, now)
    code_mails.forgive(tx, waiting.asked)
    step_up_id = step_ups.add(tx, acting, purpose=SIGNING, digest=digest, factor="mail", now=now)
    audit.append(
        tx,
        Kind.STEP_UP_CONFIRMED,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts={"purpose": SIGNING, "digest": digest, "factor": "mail"},
    )
    return Proof(step_up_id, sessions.rotate(tx, acting))
