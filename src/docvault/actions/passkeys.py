"""One's own passkeys: adding, naming and removing them (ASVS 6.5.6). Each change is told to their owner.

One is added only inside the invitation ceremony, after a recovery code, or right after a full sign-in
(promise 5).
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials import passkeys as credentials
from docvault.credentials.passkeys import Creation, Fresh, Made, RelyingParty
from docvault.credentials.refusals import PasskeyUnusable
from docvault.database import audit, enrolments, factors, notices, passkeys, people, step_ups
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.passkeys import PasskeyRow, Purpose
from docvault.database.people import PersonRow
from docvault.database.sessions import NewSession
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import factors as rules
from docvault.rules import names
from docvault.rules.notices import Notice
from docvault.rules.origins import place

STEP_UP = Permission.ACCOUNT_CHANGE.value  # what a proof for removing one is given for


def removal_digest(passkey_id: str) -> str:
    """Return what a proof for removing a passkey names: hex SHA-256 of `remove the passkey` and its id."""
    return hashlib.sha256(f"remove the passkey {passkey_id}".encode()).hexdigest()


def list_passkeys(db: Database, *, acting: Acting) -> Sequence[PasskeyRow]:
    """Return one's own passkeys, oldest first. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return passkeys.of_person(tx, acting.person_id)


def show_passkey(db: Database, *, acting: Acting, passkey_id: str) -> PasskeyRow:
    """Return one's own passkey. Raises Forbidden or NotFound."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return passkeys.mine(tx, acting.person_id, passkey_id)


def begin_passkey(
    db: Database, records: Records, party: RelyingParty, *, acting: Acting, now: datetime
) -> Creation:
    """Say what a browser shall make. Raises Forbidden, NotFresh or TooManyPasskeys; tried in that order."""
    with db.transaction() as tx:
        person = enrolments.may_change(tx, acting, now)
        rules.check_new_passkey(factors.owned(tx, person.id))
        nonce = passkeys.begin(tx, Purpose.ENROL, acting.session_id, person.id, now)
        known = passkeys.credentials(tx, records, person.id)
        _note(tx, Kind.FACTOR_ENROLMENT_STARTED, acting, now, {"factor": "passkey"})
    return Creation(party, nonce, passkeys.handle_of(person.id), person.email, person.name, known)


def add_passkey(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    acting: Acting,
    name: str,
    made: Made,
    now: datetime,
) -> PasskeyRow:
    """Keep a passkey beside the factors that are there.

    Raises BadName, Forbidden, NotFresh, TooManyPasskeys or PasskeyUnusable; tried in that order.
    """
    called = names.passkey_name(name)
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        person = enrolments.may_change(tx, acting, now)
        fresh = _proven(tx, party, acting, person, made, now)
        if fresh is not None:
            row = _keep(tx, records, acting, person, fresh, called, now)
    if fresh is None:
        raise PasskeyUnusable
    return row


def enrol_with_passkey(
    db: Database,
    records: Records,
    party: RelyingParty,
    *,
    acting: Acting,
    name: str,
    made: Made,
    now: datetime,
) -> tuple[list[str], NewSession]:
    """Keep a passkey as the factor that was owed; return recovery codes, this once, and a full session.

    An invited person becomes active. Every other session and challenge of the person ends.
    Raises BadName, Forbidden, NotFresh, TooManyPasskeys or PasskeyUnusable; tried in that order.
    """
    called = names.passkey_name(name)
    with db.transaction() as tx:
        person = enrolments.may_change(tx, acting, now)
        fresh = _proven(tx, party, acting, person, made, now)
        if fresh is not None:
            _keep(tx, records, acting, person, fresh, called, now)
            codes, session = enrolments.adopt(tx, acting, person, "passkey", now)
    if fresh is None:
        raise PasskeyUnusable
    return codes, session


def rename_passkey(
    db: Database, records: Records, *, acting: Acting, passkey_id: str, name: str, now: datetime
) -> PasskeyRow:
    """Call it something else. Raises BadName, Forbidden or NotFound; tried in that order."""
    called = names.passkey_name(name)
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        row = passkeys.mine(tx, acting.person_id, passkey_id)
        passkeys.rename(tx, row, called)
        _note(tx, Kind.PASSKEY_RENAMED, acting, now, {"passkey_id": row.id}, called)
        _tell(tx, records, acting, Notice.PASSKEY_RENAMED, f"{row.name} → {called}", now)
        return passkeys.mine(tx, acting.person_id, passkey_id)


def remove_passkey(
    db: Database, records: Records, *, acting: Acting, passkey_id: str, step_up_id: str, now: datetime
) -> int:
    """Remove it for good; return how many other sessions ended, those that began with it among them.

    step_up_id: a proof for `account:change` on `removal_digest`.
    Raises Forbidden, NotFound, LastFactor or StepUpInvalid; tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        people.lock(tx, acting.person_id)
        row = passkeys.mine(tx, acting.person_id, passkey_id)
        owned = factors.owned(tx, acting.person_id)
        rules.check_without_passkey(owned, passkey_only=factors.passkey_only(tx, acting.role))
        step_ups.spend(tx, acting, step_up_id, STEP_UP, removal_digest(row.id), now)
        passkeys.remove(tx, row)
        ended = enrolments.put_others_out(tx, acting, now)
        facts: dict[str, str | int] = {"passkey_id": row.id, "sessions_ended": ended}
        _note(tx, Kind.PASSKEY_REMOVED, acting, now, facts, row.name)
        _tell(tx, records, acting, Notice.PASSKEY_REMOVED, row.name, now)
    return ended


def _proven(
    tx: Transaction, party: RelyingParty, acting: Acting, person: PersonRow, made: Made, now: datetime
) -> Fresh | None:
    """Return the passkey that answers the ceremony of this session, or None after noting the refusal."""
    rules.check_new_passkey(factors.owned(tx, person.id))
    nonce = passkeys.answer(tx, Purpose.ENROL, acting.session_id, person.id, now)
    fresh = None
    if nonce is not None and passkeys.known(tx, made.credential_id) is None:
        with suppress(PasskeyUnusable):  # the refusal is noted below, and raised after the commit
            fresh = credentials.check_made(party, nonce, made)
    if fresh is None:
        _note(tx, Kind.FACTOR_ENROLMENT_REFUSED, acting, now, {"factor": "passkey", "why": "passkey"})
    return fresh


def _keep(
    tx: Transaction,
    records: Records,
    acting: Acting,
    person: PersonRow,
    fresh: Fresh,
    name: str,
    now: datetime,
) -> PasskeyRow:
    row = passkeys.add(tx, records, person.id, fresh, name, now)
    facts: dict[str, str | int] = {"passkey_id": row.id, "synced": "yes" if row.synced else "no"}
    _note(tx, Kind.PASSKEY_ADDED, acting, now, facts, name)
    _tell(tx, records, acting, Notice.PASSKEY_ADDED, name, now)
    return row


def _tell(tx: Transaction, records: Records, acting: Acting, what: Notice, name: str, now: datetime) -> None:
    person = people.by_id(tx, acting.person_id)
    if person is not None:
        where = f"{name}\n{place(acting.user_agent, acting.address)}"
        notices.tell(tx, records, person, what, now, where=where)


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting,
    now: datetime,
    facts: dict[str, str | int],
    name: str | None = None,
) -> None:
    """name: of the passkey, personal and so erasable."""
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts=facts,
        private={"passkey": name} if name else None,
    )
