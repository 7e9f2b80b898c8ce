"""Confirming one deed with a fresh proof of a factor, right before it (promise 17): a code, or a passkey."""

from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.passkeys import RelyingParty, Request, Signed, challenge_for
from docvault.credentials.refusals import PasskeyCopied, PasskeyNeeded, PasskeyRefused
from docvault.database import audit, devices, factors, notices, passkeys, people, sessions, step_ups
from docvault.database.engine import Database, Transaction
from docvault.database.factors import Judgement
from docvault.database.messages import Records
from docvault.database.passkeys import Purpose
from docvault.database.sessions import FULL
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules.notices import Notice
from docvault.rules.origins import place


@dataclass(frozen=True, slots=True)
class StepUp:
    """A proof for one deed. token: the session's new secret; the old one ended (promise 18)."""

    id: str
    token: str = field(repr=False)


def confirm_step_up(
    db: Database, records: Records, *, acting: Acting, purpose: str, digest: str, code: str, now: datetime
) -> StepUp:
    """Check a one-time code and keep a proof bound to person, session, purpose and digest.

    purpose: one of `step_ups.PURPOSES`. digest: lower-case hex SHA-256 of what was shown.
    Raises StepUpInvalid, Forbidden, PasskeyNeeded, Throttled, FactorStopped or CodeRefused, tried in that
    order.
    """
    _check(acting, purpose, digest)
    with db.transaction() as tx:
        judgement = Judgement(PasskeyNeeded())
        if not factors.passkey_only(tx, acting.role):
            device_id = devices.of_session(tx, acting.session_id)
            judgement = factors.judge_code(tx, records, acting.person_id, code, now, device_id=device_id)
        proof = _conclude(tx, acting, judgement, "totp", purpose, digest, now)
    if judgement.refusal or proof is None:
        raise judgement.refusal or PasskeyNeeded
    return proof


def begin_passkey_step_up(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    acting: Acting,
    purpose: str,
    digest: str,
    now: datetime,
) -> Request:
    """Return what the browser is asked to sign: a challenge that stands for this deed on this digest.

    Raises StepUpInvalid, Forbidden, or PasskeyRefused for somebody who has none.
    """
    _check(acting, purpose, digest)
    with db.transaction() as tx:
        nonce = passkeys.begin(tx, Purpose.STEP_UP, acting.session_id, acting.person_id, now)
        allowed = passkeys.credentials(tx, records, acting.person_id)
        if not allowed:
            raise PasskeyRefused("You have no passkey yet.")
    return Request(party, challenge_for(purpose, digest, nonce), allowed)


def confirm_with_passkey(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    acting: Acting,
    purpose: str,
    digest: str,
    signed: Signed,
    now: datetime,
) -> StepUp:
    """Check a passkey's answer for exactly this deed and digest, and keep a proof as for a code.

    Raises StepUpInvalid, Forbidden, Throttled, FactorStopped or PasskeyRefused; tried in that order.
    """
    _check(acting, purpose, digest)
    with db.transaction() as tx:
        judgement = _judge(tx, records, party, acting, purpose, digest, signed, now)
        proof = _conclude(tx, acting, judgement, "passkey", purpose, digest, now)
        if isinstance(judgement.refusal, PasskeyCopied):
            _warn(tx, records, acting, now)
    if judgement.refusal or proof is None:
        raise judgement.refusal or PasskeyRefused
    return proof


def _check(acting: Acting, purpose: str, digest: str) -> None:
    step_ups.check(purpose, digest)
    if acting.session_kind != FULL:
        raise Forbidden(Permission.ACCOUNT_CHANGE)


def _judge(
    tx: Transaction,
    records: Records,
    party: RelyingParty,
    acting: Acting,
    purpose: str,
    digest: str,
    signed: Signed,
    now: datetime,
) -> Judgement:
    nonce = passkeys.answer(tx, Purpose.STEP_UP, acting.session_id, acting.person_id, now)
    row = passkeys.known(tx, signed.credential_id)
    if nonce is None or row is None or row.person_id != acting.person_id:
        return Judgement(PasskeyRefused())
    challenge = challenge_for(purpose, digest, nonce)
    device_id = devices.of_session(tx, acting.session_id)
    return passkeys.judge(tx, records, party, row, challenge, signed, now, device_id=device_id)


def _conclude(
    tx: Transaction,
    acting: Acting,
    judgement: Judgement,
    factor: str,
    purpose: str,
    digest: str,
    now: datetime,
) -> StepUp | None:
    """Keep the proof and renew the session's secret, or note the refusal; a throttled one is no entry."""
    if judgement.refusal is None:
        step_up_id = step_ups.add(tx, acting, purpose=purpose, digest=digest, factor=factor, now=now)
        _note(tx, Kind.STEP_UP_CONFIRMED, acting, now, purpose=purpose, digest=digest, factor=factor)
        return StepUp(step_up_id, sessions.rotate(tx, acting))
    if judgement.why != "throttled":
        _note(tx, Kind.STEP_UP_REFUSED, acting, now, purpose=purpose, factor=factor, why=judgement.why)
    return None


def _warn(tx: Transaction, records: Records, acting: Acting, now: datetime) -> None:
    person = people.by_id(tx, acting.person_id)
    if person is not None:
        notices.tell(
            tx, records, person, Notice.PASSKEY_COPIED, now, where=place(acting.user_agent, acting.address)
        )


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, **facts: str) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts=facts,
    )
