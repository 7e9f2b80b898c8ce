"""One's own authenticator app and recovery codes: setting up, replacing, removing, renewing.

A factor is set up only inside the invitation ceremony, after a recovery code, or right after a full sign-in
(promise 5). The one in force keeps counting until the new one is proven. What is removed or voided needs a
proof of a factor for exactly that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials import totp
from docvault.credentials.refusals import PasskeyNeeded
from docvault.database import audit, devices, enrolments, factors, notices, passkeys, people, step_ups
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.passkeys import PasskeyRow
from docvault.database.people import PersonRow
from docvault.database.sessions import ENROL, FULL, NewSession
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import factors as rules
from docvault.rules.factors import Owned
from docvault.rules.notices import Notice
from docvault.rules.origins import place
from docvault.values import NotFound

ISSUER = "DocVault"  # how authenticator apps name the entry
STEP_UP = Permission.ACCOUNT_CHANGE.value  # what a proof for one of these deeds is given for


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A seed that is not in force yet; secret is its base32, uri its otpauth:// address, qr_svg a picture."""

    seed: bytes = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnFactors:
    """What a person has, and what they may do about it now."""

    owned: Owned
    app_since: datetime | None
    passkeys: Sequence[PasskeyRow]
    passkey_only: bool  # the role must use one
    fresh: bool  # this session is young enough to set one up


def digest_of(deed: str) -> str:
    """Return what a proof for a deed names: hex SHA-256 of its words."""
    return hashlib.sha256(deed.encode()).hexdigest()


REMOVE_APP = digest_of("remove the authenticator app")
RENEW_CODES = digest_of("renew the recovery codes")


def own_factors(db: Database, *, acting: Acting, now: datetime) -> OwnFactors:
    """Return one's own factors. Raises Forbidden.

    Who signs without an account sees them, to confirm with one, and changes none.
    """
    with db.reading() as tx:
        if acting.role is not Role.OUTSIDER or acting.session_kind != FULL:
            tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return OwnFactors(
            owned=factors.owned(tx, acting.person_id),
            app_since=factors.app_since(tx, acting.person_id),
            passkeys=passkeys.of_person(tx, acting.person_id),
            passkey_only=factors.passkey_only(tx, acting.role),
            fresh=enrolments.is_fresh(tx, acting, now),
        )


def begin_enrolment(db: Database, records: Records, *, acting: Acting, now: datetime) -> Enrolment:
    """Make a fresh seed and return it, this once; it replaces an unproven one.

    Raises Forbidden, NotFresh or PasskeyNeeded; tried in that order.
    """
    with db.transaction() as tx:
        enrolments.may_change(tx, acting, now)
        _check_kind(tx, acting)
        seed = factors.propose(tx, records, acting.person_id, now)
        _note(tx, Kind.FACTOR_ENROLMENT_STARTED, acting, now, {"factor": "totp"})
    uri = totp.enrolment_uri(seed, account=acting.email, issuer=ISSUER)
    return Enrolment(seed, totp.spoken(seed), uri, totp.qr_picture(uri))


def confirm_enrolment(
    db: Database, records: Records, *, acting: Acting, code: str, now: datetime
) -> tuple[list[str], NewSession]:
    """Put the seed in force; return recovery codes, this once, and a full session under a fresh token.

    An invited person becomes active. Every other session and challenge of the person ends.
    Raises Forbidden, NotFresh, PasskeyNeeded, Throttled, FactorStopped or CodeRefused; tried in that order.
    """
    with db.transaction() as tx:
        person = enrolments.may_change(tx, acting, now)
        _check_kind(tx, acting)
        device_id = devices.of_session(tx, acting.session_id)
        judgement = factors.confirm(tx, records, person.id, code, now, device_id=device_id)
        if judgement.refusal is None:
            codes, session = enrolments.adopt(tx, acting, person, "totp", now)
            _tell(tx, records, person, Notice.APP_CONNECTED, acting, now)
        elif judgement.why != "throttled":
            _note(tx, Kind.FACTOR_ENROLMENT_REFUSED, acting, now, {"factor": "totp", "why": judgement.why})
    if judgement.refusal:
        raise judgement.refusal
    return codes, session


def remove_app(db: Database, records: Records, *, acting: Acting, step_up_id: str, now: datetime) -> int:
    """Remove the authenticator app; return how many other sessions ended.

    step_up_id: a proof for `account:change` on REMOVE_APP.
    Raises Forbidden, NotFound, LastFactor or StepUpInvalid; tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        people.lock(tx, acting.person_id)
        person = people.by_id(tx, acting.person_id)
        owned = factors.owned(tx, acting.person_id)
        if person is None or not owned.app:
            raise NotFound
        rules.check_without_app(owned)
        step_ups.spend(tx, acting, step_up_id, STEP_UP, REMOVE_APP, now)
        factors.remove_app(tx, person.id)
        ended = enrolments.put_others_out(tx, acting, now)
        _note(tx, Kind.FACTOR_REMOVED, acting, now, {"factor": "totp", "sessions_ended": ended})
        _tell(tx, records, person, Notice.APP_REMOVED, acting, now)
    return ended


def renew_recovery_codes(
    db: Database, records: Records, *, acting: Acting, step_up_id: str, now: datetime
) -> list[str]:
    """Void every recovery code and return new ones, to be shown once.

    step_up_id: a proof for `account:change` on RENEW_CODES. Raises Forbidden, NotFound or StepUpInvalid.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        people.lock(tx, acting.person_id)
        person = people.by_id(tx, acting.person_id)
        if person is None:
            raise NotFound
        step_ups.spend(tx, acting, step_up_id, STEP_UP, RENEW_CODES, now)
        codes = factors.issue_recovery_codes(tx, person.id)
        _note(tx, Kind.RECOVERY_CODES_ISSUED, acting, now, {"count": len(codes)})
        _tell(tx, records, person, Notice.RECOVERY_CODES_ISSUED, acting, now)
    return codes


def _check_kind(tx: Transaction, acting: Acting) -> None:
    """Refuse an app as the first factor of somebody whose role must use a passkey. Raises PasskeyNeeded."""
    if acting.session_kind == ENROL and factors.passkey_only(tx, acting.role):
        raise PasskeyNeeded


def _tell(
    tx: Transaction, records: Records, person: PersonRow, what: Notice, acting: Acting, now: datetime
) -> None:
    notices.tell(tx, records, person, what, now, where=place(acting.user_agent, acting.address))


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, facts: dict[str, str | int]) -> None:
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
