"""Coming back after a lost factor that two people vouched for: the link, one's own password, a new factor.

Who decides stands in proposals; nothing here signs anybody in.
"""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import SignInRefused, Throttled, TooBusy
from docvault.database import audit, people, reproofs, sessions, throttles
from docvault.database.engine import Database, Transaction
from docvault.database.sessions import ENROL, NewSession, Source
from docvault.database.throttles import Bucket


@dataclass(frozen=True, slots=True)
class ReproofDetails:
    """What the holder of the link may know."""

    name: str
    email: str


def reproof_details(db: Database, *, token: str, now: datetime) -> ReproofDetails:
    """Return whom a link is for; opening it changes nothing (promise 38). Raises LinkRefused."""
    with db.reading() as tx:
        _, person = reproofs.opened(tx, token, now)
    return ReproofDetails(person.name, person.email)


def begin_reproof(
    db: Database, hasher: Hasher, *, token: str, password: str, source: Source, now: datetime
) -> NewSession:
    """Check the password and open a session that may only enrol a factor.

    Tries are counted with those of signing in.
    Raises LinkRefused, Throttled, TooBusy, SignInRefused; tried in that order.
    """
    with db.transaction() as tx:
        _, person = reproofs.opened(tx, token, now)
        buckets = _buckets(tx, person.email, source)
        wait = next((wait for bucket in buckets if (wait := throttles.take(tx, bucket, now))), 0)
    if wait:
        raise Throttled(wait)
    try:
        verdict = hasher.verify(person.password_hash, password)
    except TooBusy:
        with db.transaction() as tx:  # nothing was judged, so nothing counts
            _give_back(tx, buckets, now)
        raise
    with db.transaction() as tx:
        # Nothing was locked while the password was hashed: the link or the password may have ended since.
        _, current = reproofs.opened(tx, token, now, lock=True)
        session = None
        if verdict.right and current.password_hash == person.password_hash:
            _give_back(tx, buckets, now)
            if verdict.renewed:
                people.set_password(tx, person.id, verdict.renewed)
            sessions.end_all(tx, person.id, now)
            session = sessions.start(
                tx, current, kind=ENROL, factors="reproof+password", source=source, now=now
            )
        audit.append(
            tx,
            Kind.PASSWORD_ACCEPTED if session else Kind.SIGN_IN_REFUSED,
            at=now,
            object_type="person",
            object_id=person.id,
            organisation_id=person.organisation_id,
            facts={"factor": "reproof", "why": "none" if session else "password"},
            private={"address": source.address, "user_agent": source.user_agent[:300], "name": person.name},
        )
    if session is None:
        raise SignInRefused
    return session


def _buckets(tx: Transaction, email: str, source: Source) -> list[Bucket]:
    limits = tx.policy.numbers.passwords.throttle
    return [throttles.source(limits, source.address), throttles.account(limits, email)]


def _give_back(tx: Transaction, buckets: list[Bucket], now: datetime) -> None:
    for bucket in buckets:
        throttles.give_back(tx, bucket, now)
