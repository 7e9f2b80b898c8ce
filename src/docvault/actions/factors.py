"""Enrolling a second factor: show a seed once, prove possession, get recovery codes once.

Only inside the invitation ceremony, after a recovery code, or right after a full sign-in (promise 5). The
factor in force keeps counting until the new one is proven.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.credentials import totp
from docvault.credentials.refusals import NotFresh
from docvault.database import audit, challenges, factors, invitations, notices, people, sessions
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, FULL, NewSession, Source
from docvault.policy.vocabulary import Acting

ISSUER = "DocVault"  # how authenticator apps name the entry


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A seed that is not in force yet; secret is its base32, uri its otpauth:// address, qr_svg a picture."""

    seed: bytes = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


def begin_enrolment(db: Database, records: Records, *, acting: Acting, now: datetime) -> Enrolment:
    """Make a fresh seed and return it, this once; it replaces an unproven one. Raises NotFresh."""
    with db.transaction() as tx:
        _may_enrol(tx, acting, now)
        seed = factors.propose(tx, records, acting.person_id, now)
        _note(tx, Kind.FACTOR_ENROLMENT_STARTED, acting, now)
    uri = totp.enrolment_uri(seed, account=acting.email, issuer=ISSUER)
    return Enrolment(seed, totp.spoken(seed), uri, totp.qr_picture(uri))


def confirm_enrolment(
    db: Database, records: Records, *, acting: Acting, code: str, now: datetime
) -> tuple[list[str], NewSession]:
    """Put the seed in force; return recovery codes, this once, and a full session under a fresh token.

    An invited person becomes active. Every other session and challenge of the person ends.
    Raises NotFresh, Throttled, FactorStopped or CodeRefused; tried in that order.
    """
    with db.transaction() as tx:
        person = _may_enrol(tx, acting, now)
        judgement = factors.confirm(tx, records, person.id, code, now)
        if judgement.refusal is None:
            codes, session = _adopt(tx, records, acting, person, now)
        elif judgement.why != "throttled":
            _note(tx, Kind.FACTOR_ENROLMENT_REFUSED, acting, now, why=judgement.why)
    if judgement.refusal:
        raise judgement.refusal
    return codes, session


def _adopt(
    tx: Transaction, records: Records, acting: Acting, person: PersonRow, now: datetime
) -> tuple[list[str], NewSession]:
    """Everything that follows from a proven factor."""
    codes = factors.issue_recovery_codes(tx, person.id)
    joined = person.state == PersonState.INVITED
    if joined:
        people.set_state(tx, person, PersonState.ACTIVE, by=person.id, now=now)
        invitations.void(tx, person.id, now)
    sessions.end_all(tx, person.id, now)
    challenges.end_all(tx, person.id)
    source = Source(acting.address, acting.user_agent)
    session = sessions.start(tx, person, kind=FULL, factors="password+totp", source=source, now=now)
    if joined:
        _note(tx, Kind.PERSON_JOINED, session.acting, now, role=person.role.value)
    _note(tx, Kind.FACTOR_ENROLLED, session.acting, now, factor="totp", after=acting.factors)
    _note(tx, Kind.RECOVERY_CODES_ISSUED, session.acting, now, count=len(codes))
    notices.tell(tx, records, person, "An authenticator app was connected to your account", now)
    return codes, session


def _may_enrol(tx: Transaction, acting: Acting, now: datetime) -> PersonRow:
    """Return the person, locked. Raises NotFresh for an old or ended session and for a person who may not be
    here.
    """
    people.lock(tx, acting.person_id)  # or one who is disabled at this moment would be made active after all
    started = sessions.started_at(tx, acting)
    person = people.by_id(tx, acting.person_id)
    if started is None or person is None or person.state not in {PersonState.INVITED, PersonState.ACTIVE}:
        raise NotFresh
    fresh = timedelta(minutes=tx.policy.numbers.sessions.fresh_minutes)
    if acting.session_kind != ENROL and now - started > fresh:
        raise NotFresh
    return person


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, **facts: str | int) -> None:
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
