"""Signing in and out. Always both factors: a right password gives a challenge, a right code a session.

No transaction is open while a password is hashed; the try is counted before and judged after (promise 7).
"""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.passwords import Hasher, Verdict
from docvault.credentials.refusals import (
    ChallengeOver,
    CodeRefused,
    FactorStopped,
    PasskeyNeeded,
    SignInRefused,
    Throttled,
    TooBusy,
)
from docvault.database import (
    arrivals,
    audit,
    challenges,
    devices,
    factors,
    notices,
    people,
    sessions,
    tries,
)
from docvault.database.engine import Database, Transaction
from docvault.database.factors import Judgement
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, TOKEN, TOUCH, NewSession, Source
from docvault.policy.vocabulary import Acting
from docvault.rules import factors as factor_rules
from docvault.rules import people as rules
from docvault.rules.notices import Notice
from docvault.values import PersonId

__all__ = [
    "Challenge",
    "ChallengeOver",
    "CodeRefused",
    "FactorStopped",
    "NewSession",
    "PasskeyNeeded",
    "SignInRefused",
    "Signed",
    "Source",
    "Throttled",
    "TooBusy",
    "authenticate",
    "begin_sign_in",
    "factors_owed",
    "finish_sign_in",
    "sign_out",
    "use_recovery_code",
]


@dataclass(frozen=True, slots=True)
class Challenge:
    """The password was right. token: a secret for this browser. factors: what may be given next."""

    token: str
    factors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """Who a request acts as."""

    acting: Acting
    csrf_hash: bytes  # SHA-256 of the token that every write must carry
    expires_at: datetime


def begin_sign_in(
    db: Database, hasher: Hasher, *, email: str, password: str, source: Source, now: datetime
) -> Challenge:
    """Check the first factor. Unknown, invited and disabled people cost and answer like a wrong password.

    Raises Throttled, TooBusy or SignInRefused; tried in that order.
    """
    address = rules.email_as_typed(email)
    with db.transaction() as tx:
        person = people.by_email(tx, address)
        buckets = tries.buckets(tx, address, person, source)
        wait = tries.take(tx, buckets, now)
    if wait:
        raise Throttled(wait)
    known = person if person is not None and person.state == PersonState.ACTIVE else None
    try:
        verdict = hasher.verify(known.password_hash if known else None, password)
    except TooBusy:
        with db.transaction() as tx:  # nothing was judged, so nothing counts
            tries.give_back(tx, buckets, now)
        raise
    with db.transaction() as tx:
        challenge = _judge_password(tx, address, known, verdict, source, now)
        if challenge is not None:
            tries.give_back(tx, buckets, now)
    if challenge is None:
        raise SignInRefused
    return challenge


def finish_sign_in(
    db: Database, records: Records, *, challenge_token: str, code: str, source: Source, now: datetime
) -> NewSession:
    """Check the one-time code and open a full session with a fresh token.

    Somebody whose role must use a passkey and who has none yet gets a session that may only add one.
    Raises ChallengeOver, PasskeyNeeded, Throttled, FactorStopped or CodeRefused; tried in that order.
    """
    with db.transaction() as tx:
        person = arrivals.challenged(tx, challenge_token, now)
        judgement = _judge_code(tx, records, person, code, source, now) if person else _OVER
        if person is None or judgement.refusal:
            arrivals.turned_away(tx, person, why=judgement.why, factor="totp", source=source, now=now)
            arrivals.warn(tx, records, person, judgement.why, source, now)
        else:
            proven = _both(tx, challenge_token, "totp")
            session = _let_in(tx, records, person, proven, source, now)
            challenges.spend(tx, challenge_token)
    if judgement.refusal:
        raise judgement.refusal
    return session


def use_recovery_code(
    db: Database, records: Records, *, challenge_token: str, code: str, source: Source, now: datetime
) -> NewSession:
    """Check a recovery code, use it up and open a session that may only enrol a factor (promise 12).

    Raises ChallengeOver, Throttled, FactorStopped or CodeRefused; tried in that order.
    """
    with db.transaction() as tx:
        person = arrivals.challenged(tx, challenge_token, now)
        judgement = _judge_recovery_code(tx, person, code, source, now) if person else _OVER
        if person is None or judgement.refusal:
            arrivals.turned_away(tx, person, why=judgement.why, factor="recovery", source=source, now=now)
            arrivals.warn(tx, records, person, judgement.why, source, now)
        else:
            session = sessions.start(
                tx,
                person,
                kind=ENROL,
                factors=_both(tx, challenge_token, "recovery"),
                source=source,
                now=now,
            )
            challenges.spend(tx, challenge_token)
            _note_start(tx, Kind.RECOVERY_CODE_USED, session, now)
            notices.tell(tx, records, person, Notice.RECOVERY_CODE_USED, now, where=source.place)
    if judgement.refusal:
        raise judgement.refusal
    return session


def factors_owed(db: Database, *, challenge_token: str, now: datetime) -> tuple[str, ...]:
    """Return what may be given after the password, best first; takes no try. Raises ChallengeOver."""
    with db.reading() as tx:
        person_id = challenges.of_token(tx, challenge_token, now)
        person = people.by_id(tx, person_id) if person_id else None
        if person is None:
            raise ChallengeOver
        return _offered(tx, person)


def authenticate(db: Database, *, token: str, source: Source, now: datetime) -> Signed | None:
    """Return who a session's or a program's token stands for, or None.

    Notes about once a minute that it was used, and a program's first use at once.
    """
    with db.reading() as tx:
        found = sessions.live(tx, token, source, now)
    if found is None:
        return None
    unused = found.acting.session_kind == TOKEN and found.seen_at <= found.created_at
    if unused or now - found.seen_at >= TOUCH:
        with db.transaction() as tx:
            sessions.touch(tx, found.acting.session_id, now)
    return Signed(found.acting, found.csrf_hash, found.expires_at)


def sign_out(db: Database, *, acting: Acting, now: datetime) -> None:
    """End this session; signing out twice is no error."""
    with db.transaction() as tx:
        if sessions.end(tx, acting.session_id, now):
            audit.append(
                tx,
                Kind.SIGNED_OUT,
                at=now,
                acting=acting,
                object_type="person",
                object_id=acting.person_id,
                organisation_id=acting.organisation_id,
            )


def _both(tx: Transaction, challenge_token: str, second: str) -> str:
    """Say what the person proved: the password or the provider's word, and then the second factor."""
    return f"{challenges.proven(tx, challenge_token)}+{second}"


_OVER = Judgement(ChallengeOver())
NOBODY = PersonId("")  # the id of an account that is not there


def _judge_password(
    tx: Transaction, address: str, known: PersonRow | None, verdict: Verdict, source: Source, now: datetime
) -> Challenge | None:
    """Return a challenge, or None after noting the refusal."""
    person = people.by_id(
        tx, known.id if known else NOBODY
    )  # asked either way: it takes its time (promise 9)
    unchanged = person is not None and known is not None and person.password_hash == known.password_hash
    if person is None or not (verdict.right and unchanged and arrivals.may_enter(tx, person, now)):
        arrivals.turned_away(
            tx, person, why="password", factor="password", source=source, now=now, email=address
        )
        return None
    if verdict.renewed:
        people.set_password(tx, person.id, verdict.renewed)
    challenge = challenges.start(tx, person.id, now)
    audit.append(
        tx,
        Kind.PASSWORD_ACCEPTED,
        at=now,
        object_type="person",
        object_id=person.id,
        organisation_id=person.organisation_id,
        facts={"renewed": verdict.renewed is not None},
        private={**arrivals.whereabouts(source, person.email), "name": person.name},
    )
    return Challenge(challenge, _offered(tx, person))


def _offered(tx: Transaction, person: PersonRow) -> tuple[str, ...]:
    owned = factors.owned(tx, person.id)
    return factor_rules.offered(owned, passkey_only=factors.passkey_only(tx, person.role))


def _judge_code(
    tx: Transaction, records: Records, person: PersonRow, code: str, source: Source, now: datetime
) -> Judgement:
    if "totp" not in _offered(tx, person) and factors.passkey_only(tx, person.role):
        return Judgement(PasskeyNeeded())
    device_id = _known_device(tx, person, source)
    return factors.judge_code(tx, records, person.id, code, now, device_id=device_id)


def _judge_recovery_code(
    tx: Transaction, person: PersonRow, code: str, source: Source, now: datetime
) -> Judgement:
    device_id = _known_device(tx, person, source)
    return factors.judge_recovery_code(tx, person.id, code, now, device_id=device_id)


def _known_device(tx: Transaction, person: PersonRow, source: Source) -> str | None:
    device = devices.known(tx, person.id, source)
    return device.id if device else None


def _let_in(
    tx: Transaction, records: Records, person: PersonRow, proven: str, source: Source, now: datetime
) -> NewSession:
    """Open a session after both proofs: a full one, or one to add the passkey that a role must have."""
    if not factors.passkey_only(tx, person.role):
        return arrivals.let_in(tx, records, person, factors=proven, source=source, now=now)
    session = sessions.start(tx, person, kind=ENROL, factors=proven, source=source, now=now)
    _note_start(tx, Kind.SIGN_IN_SUCCEEDED, session, now)
    return session


def _note_start(tx: Transaction, kind: Kind, session: NewSession, now: datetime) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=session.acting,
        object_type="person",
        object_id=session.acting.person_id,
        organisation_id=session.acting.organisation_id,
        facts={"factors": session.acting.factors, "session": session.kind},
    )
