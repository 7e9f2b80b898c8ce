"""Signing in with a passkey: alone, or after the password.

Alone it is two factors: the device, and the PIN or biometric that opens it. What a browser is asked for then
names no account, so it is the same for everybody (promise 9), and one text refuses whatever was wrong.
"""

from datetime import datetime

from docvault.credentials.passkeys import RelyingParty, Request, Signed
from docvault.credentials.refusals import ChallengeOver, PasskeyCopied, PasskeyRefused, Throttled
from docvault.credentials.tokens import new_token
from docvault.database import arrivals, challenges, devices, notices, passkeys, people, throttles
from docvault.database.engine import Database, Transaction
from docvault.database.factors import Judgement
from docvault.database.messages import Records
from docvault.database.passkeys import Purpose
from docvault.database.people import PersonRow
from docvault.database.sessions import NewSession, Source
from docvault.rules.notices import Notice

_REFUSED = Judgement(PasskeyRefused())
_OVER = Judgement(ChallengeOver())


def begin_passkey_sign_in(db: Database, party: RelyingParty, *, now: datetime) -> tuple[Request, str]:
    """Return what a browser is asked for, and a secret for its cookie. The same for everybody."""
    holder = new_token()
    with db.transaction() as tx:
        nonce = passkeys.begin(tx, Purpose.SIGN_IN, holder, None, now)
    return Request(party, nonce), holder


def finish_passkey_sign_in(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    holder: str,
    signed: Signed,
    source: Source,
    now: datetime,
) -> NewSession:
    """Check a passkey alone and open a full session with a fresh token.

    holder: the secret of this browser's cookie. Raises Throttled, FactorStopped or PasskeyRefused.
    """
    with db.transaction() as tx:
        person, judgement = _judge_alone(tx, records, party, holder, signed, source, now)
        if person is None or judgement.refusal:
            _turn_away(tx, records, person, judgement, source, now)
        else:
            session = arrivals.let_in(tx, records, person, factors="passkey", source=source, now=now)
    if judgement.refusal:
        raise judgement.refusal
    return session


def begin_passkey_factor(
    db: Database, records: Records, party: RelyingParty, *, challenge_token: str, now: datetime
) -> Request:
    """Return what a browser is asked for after the password: one of that person's.

    Raises ChallengeOver, or PasskeyRefused for somebody who has none.
    """
    with db.transaction() as tx:
        person_id = challenges.of_token(tx, challenge_token, now)
        if person_id is None:
            raise ChallengeOver
        nonce = passkeys.begin(tx, Purpose.FACTOR, challenge_token, person_id, now)
        allowed = passkeys.credentials(tx, records, person_id)
        if not allowed:
            raise PasskeyRefused
        return Request(party, nonce, allowed)


def finish_passkey_factor(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    challenge_token: str,
    signed: Signed,
    source: Source,
    now: datetime,
) -> NewSession:
    """Check a passkey after the password and open a full session with a fresh token.

    Raises ChallengeOver, Throttled, FactorStopped or PasskeyRefused; tried in that order.
    """
    with db.transaction() as tx:
        person = arrivals.challenged(tx, challenge_token, now)
        judgement = _OVER
        if person is not None:
            nonce = passkeys.answer(tx, Purpose.FACTOR, challenge_token, person.id, now)
            judgement = _judge(tx, records, party, person, nonce, signed, source, now)
        if person is None or judgement.refusal:
            _turn_away(tx, records, person, judgement, source, now)
            arrivals.warn(tx, records, person, judgement.why, source, now)
        else:
            proven = f"{challenges.proven(tx, challenge_token)}+passkey"
            session = arrivals.let_in(tx, records, person, factors=proven, source=source, now=now)
            challenges.spend(tx, challenge_token)
    if judgement.refusal:
        raise judgement.refusal
    return session


def _judge_alone(
    tx: Transaction,
    records: Records,
    party: RelyingParty,
    holder: str,
    signed: Signed,
    source: Source,
    now: datetime,
) -> tuple[PersonRow | None, Judgement]:
    """Return whose passkey was named, and what became of it; a stranger's tries count on their address."""
    nonce = passkeys.answer(tx, Purpose.SIGN_IN, holder, None, now)
    row = passkeys.known(tx, signed.credential_id)
    person = people.by_id(tx, row.person_id) if row else None
    if person is not None and person.password_hash is None:
        return person, _REFUSED  # frozen, and no new password chosen yet (docs/decisions/0009)
    if person is not None and devices.known(tx, person.id, source):
        return person, _judge(tx, records, party, person, nonce, signed, source, now)
    bucket = throttles.source(tx.policy.numbers.passwords.throttle, source.address)
    wait = throttles.take(tx, bucket, now)
    if wait:
        return person, Judgement(Throttled(wait))
    if person is None:
        return None, _REFUSED
    judgement = _judge(tx, records, party, person, nonce, signed, source, now)
    if judgement.refusal is None:
        throttles.give_back(tx, bucket, now)
    return person, judgement


def _judge(
    tx: Transaction,
    records: Records,
    party: RelyingParty,
    person: PersonRow,
    nonce: bytes | None,
    signed: Signed,
    source: Source,
    now: datetime,
) -> Judgement:
    """Judge an answer that must be this person's; the same refusal for each reason."""
    row = passkeys.known(tx, signed.credential_id)
    if nonce is None or row is None or row.person_id != person.id or not arrivals.may_enter(tx, person, now):
        return _REFUSED
    device = devices.known(tx, person.id, source)
    device_id = device.id if device else None
    return passkeys.judge(tx, records, party, row, nonce, signed, now, device_id=device_id)


def _turn_away(
    tx: Transaction,
    records: Records,
    person: PersonRow | None,
    judgement: Judgement,
    source: Source,
    now: datetime,
) -> None:
    arrivals.turned_away(tx, person, why=judgement.why, factor="passkey", source=source, now=now)
    if person is not None and isinstance(judgement.refusal, PasskeyCopied):
        notices.tell(tx, records, person, Notice.PASSKEY_COPIED, now, where=source.place)
