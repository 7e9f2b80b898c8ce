"""One's own account: name, language, password and e-mail address.

What lets somebody in is changed only with both factors at that moment: the current password, and a proof for
exactly this change (ASVS 6.2.3, 7.5.1). A wrong current password counts like one at the door.
"""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials import passwords
from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import LinkRefused, PasswordRefused, PasswordWrong, Throttled, TooBusy
from docvault.database import (
    addresses,
    audit,
    enrolments,
    invitations,
    notices,
    people,
    sessions,
    step_ups,
    throttles,
    tries,
)
from docvault.database.engine import Database, Transaction
from docvault.database.invitations import LinkPurpose
from docvault.database.messages import Records
from docvault.database.people import AlreadyKnown, PersonRow, PersonState
from docvault.database.sessions import Source
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import deeds, languages, time_zones
from docvault.rules import people as rules
from docvault.rules.notices import Notice
from docvault.rules.people import PersonRefused
from docvault.values import NotFound

STEP_UP = Permission.ACCOUNT_CHANGE.value  # the purpose of the proofs asked for here
PASSWORD = deeds.digest("change my password")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    name: str
    email: str
    language: str
    time_zone: str | None
    has_password: bool


def email_digest(email: str) -> str:
    """Return what a proof for a change to this address names. Raises PersonRefused."""
    return deeds.digest("change my e-mail address", rules.email(email))


def own_account(db: Database, *, acting: Acting) -> OwnAccount:
    """Return what somebody can change about themselves. Raises Forbidden."""
    with db.reading() as tx:
        person = _myself(tx, acting)
    has_password = person.password_hash is not None
    return OwnAccount(person.name, person.email, person.language, person.time_zone, has_password)


def change_name(
    db: Database, records: Records, *, acting: Acting, name: str, source: Source, now: datetime
) -> None:
    """Take another name; the trail keeps both. Raises Forbidden, PersonRefused."""
    plain = rules.name(name)
    with db.transaction() as tx:
        person = _myself(tx, acting, lock=True)
        if plain == person.name:
            return
        people.rename(tx, person.id, email=person.email, name=plain)
        _note(tx, Kind.PERSON_RENAMED, person, acting, now, {"old_name": person.name, "new_name": plain})
        notices.tell(tx, records, person, Notice.NAME_CHANGED, now, where=source.place)


def choose_language(db: Database, *, acting: Acting, language: str, now: datetime) -> None:
    """Choose the language of one's mail: ISO 639-1. Raises Forbidden, LanguageUnknown."""
    code = languages.check(language)
    with db.transaction() as tx:
        person = _myself(tx, acting, lock=True)
        people.set_language(tx, person.id, code)
        _note(tx, Kind.LANGUAGE_CHOSEN, person, acting, now, {}, language=code)


def choose_time_zone(db: Database, *, acting: Acting, zone: str | None, now: datetime) -> None:
    """Say where one's day begins, so that reminders come in it; None: no longer say.

    Raises Forbidden, TimeZoneUnknown.
    """
    name = None if zone is None else time_zones.check(zone)
    with db.transaction() as tx:
        person = _myself(tx, acting, lock=True)
        people.set_time_zone(tx, person.id, name)
        _note(tx, Kind.TIME_ZONE_CHOSEN, person, acting, now, {}, time_zone=name or "")


def change_password(
    db: Database,
    hasher: Hasher,
    records: Records,
    *,
    acting: Acting,
    password: str,
    new: str,
    step_up_id: str,
    source: Source,
    now: datetime,
) -> int:
    """Choose another password; return how many other sessions and tokens ended. Reset links end as well.

    password: the current one. step_up_id: a proof for `account:change` on PASSWORD.
    Raises Forbidden, PasswordRefused, Throttled, TooBusy, PasswordWrong, StepUpInvalid; tried in that order.
    """
    with db.reading() as tx:
        person = _myself(tx, acting)
        about = (person.name, person.email, person.organisation_name)
        passwords.check_new(new, tx.policy.numbers.passwords, about=about)
    if passwords.normal(new) == passwords.normal(password):
        raise PasswordRefused("This is the password you have. Please choose another one.")
    checked = _check_password(db, hasher, acting, password, source, now)
    password_hash = hasher.hash(new)
    with db.transaction() as tx:
        person = _unchanged(tx, acting, checked)
        step_ups.spend(tx, acting, step_up_id, STEP_UP, PASSWORD, now)
        people.set_password(tx, person.id, password_hash)
        enrolments.end_tries(tx, person.id)
        invitations.void(tx, person.id, now, LinkPurpose.PASSWORD_RESET)
        ended = sessions.end_others(tx, acting, now)
        _note(tx, Kind.PASSWORD_SET, person, acting, now, {}, sessions_ended=ended)
        notices.tell(tx, records, person, Notice.PASSWORD_CHANGED, now, where=source.place)
    return ended


def start_email_change(
    db: Database,
    hasher: Hasher,
    records: Records,
    *,
    acting: Acting,
    email: str,
    password: str,
    step_up_id: str,
    source: Source,
    now: datetime,
) -> None:
    """Mail the new address a link to confirm it; nothing changes before. Whose address it is stays hidden.

    password: the current one. step_up_id: a proof for `account:change` on `email_digest(email)`.
    Raises PersonRefused, Forbidden, Throttled, TooBusy, PasswordWrong, StepUpInvalid; tried in that order.
    """
    address = rules.email(email)
    with db.reading() as tx:
        if _myself(tx, acting).email == address:
            raise PersonRefused("This is your address already.")
    checked = _check_password(db, hasher, acting, password, source, now)
    with db.transaction() as tx:
        person = _unchanged(tx, acting, checked)
        limits = tx.policy.numbers.passwords.throttle
        wait = throttles.take(tx, throttles.address_change(limits, person.id), now)
        if not wait:
            step_ups.spend(tx, acting, step_up_id, STEP_UP, email_digest(address), now)
            notices.confirm_address(tx, records, person, address, now)
            _note(tx, Kind.EMAIL_CHANGE_STARTED, person, acting, now, {"new_email": address})
            notices.tell(tx, records, person, Notice.EMAIL_CHANGE_STARTED, now, where=source.place)
    if wait:
        raise Throttled(wait)


def confirm_email_change(
    db: Database, records: Records, *, token: str, source: Source, now: datetime
) -> None:
    """Make the address that the link went to the account's own; both hear of it. Raises LinkRefused."""
    with db.transaction() as tx:
        link, person = invitations.opened(tx, token, now, LinkPurpose.EMAIL_CHANGE, lock=True)
        address = invitations.unsealed(records, link)
        if not invitations.spend(tx, link, now):
            raise LinkRefused
        addresses.replaced(tx, person, now)
        try:
            people.rename(tx, person.id, email=address, name=person.name)
        except AlreadyKnown as error:  # somebody else joined with it meanwhile
            raise LinkRefused from error
        invitations.void(tx, person.id, now, LinkPurpose.PASSWORD_RESET, LinkPurpose.EMAIL_CHANGE)
        private = {"old_email": person.email, "new_email": address, "address": source.address}
        _note(tx, Kind.EMAIL_CHANGED, person, None, now, private)
        moved = people.by_id(tx, person.id) or person
        notices.tell(tx, records, moved, Notice.EMAIL_CHANGED, now, where=source.place)


def _check_password(
    db: Database, hasher: Hasher, acting: Acting, password: str, source: Source, now: datetime
) -> PersonRow:
    """Return the person whose current password this is. Raises Throttled, TooBusy, PasswordWrong."""
    with db.transaction() as tx:
        person = _myself(tx, acting)
        counted = tries.buckets(tx, person.email, person, source)
        wait = tries.take(tx, counted, now)
    if wait:
        raise Throttled(wait)
    try:
        right = hasher.verify(person.password_hash, password).right
    except TooBusy:
        with db.transaction() as tx:  # nothing was judged, so nothing counts
            tries.give_back(tx, counted, now)
        raise
    if not right:
        with db.transaction() as tx:
            _note(tx, Kind.PASSWORD_WRONG, person, acting, now, {})
        raise PasswordWrong
    with db.transaction() as tx:
        tries.give_back(tx, counted, now)
    return person


def _unchanged(tx: Transaction, acting: Acting, checked: PersonRow) -> PersonRow:
    """Return the person, locked, if the password that was checked is theirs still. Raises PasswordWrong."""
    person = _myself(tx, acting, lock=True)
    if person.password_hash != checked.password_hash or sessions.started_at(tx, acting) is None:
        raise PasswordWrong  # another window was faster, or this session ended, while the password was hashed
    return person


def _myself(tx: Transaction, acting: Acting, *, lock: bool = False) -> PersonRow:
    tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
    if lock:
        people.lock(tx, acting.person_id)
    person = people.by_id(tx, acting.person_id)
    if person is None or person.state != PersonState.ACTIVE:
        raise NotFound
    return person


def _note(
    tx: Transaction,
    kind: Kind,
    person: PersonRow,
    acting: Acting | None,
    now: datetime,
    private: dict[str, str],
    **facts: str | int,
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=person.id,
        organisation_id=person.organisation_id,
        facts=facts,
        private={"person": person.name, **private},
    )
