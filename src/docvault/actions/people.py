"""Inviting people, letting them in, locking them out, and new passwords.

Nobody sets a password for somebody else: an administrator sends a link, the person chooses (promise 14).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials import passwords
from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import LinkRefused, Throttled
from docvault.database import acting as actors
from docvault.database import (
    audit,
    challenges,
    erasures,
    invitations,
    newcomers,
    notices,
    organisations,
    people,
    sessions,
    throttles,
)
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.invitations import JOINING, LinkPurpose, LinkRow
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, NewSession, Source
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import languages
from docvault.rules import people as rules
from docvault.rules.languages import OTHERWISE
from docvault.rules.notices import Notice
from docvault.rules.people import PeopleError, PersonRefused
from docvault.rules.proposals import check_alone
from docvault.values import OrganisationId, PersonId, new_id

__all__ = [
    "Invitation",
    "LinkDetails",
    "PeopleError",
    "PersonView",
    "accept_invitation",
    "disable_person",
    "enable_person",
    "finish_password_reset",
    "first_administrator",
    "invitation_details",
    "invite_again",
    "invite_person",
    "list_people",
    "request_password_reset",
    "reset_details",
    "start_password_reset",
]


@dataclass(frozen=True, slots=True)
class Invitation:
    """token: the secret of the link that was mailed, for them alone; empty for a link to a password."""

    person_id: PersonId
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkDetails:
    """What the holder of a link may know. chooses_address: they still say their own name and address."""

    name: str
    email: str
    chooses_address: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    id: PersonId
    name: str
    email: str
    role: Role
    state: PersonState
    organisation_id: OrganisationId
    organisation_name: str
    created_at: datetime
    clients: frozenset[OrganisationId]  # whom an account manager looks after


def invite_person(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    email: str,
    name: str,
    role: Role,
    organisation_id: OrganisationId,
    now: datetime,
) -> Invitation:
    """Add an invited person and mail them a link; who signed here without an account gets one (newcomers.py).

    A role that decides about others is proposed instead; only the terminal gives it directly.
    Raises Forbidden, PersonRefused, NotFound, TwoPeopleNeeded, AlreadyKnown.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_INVITE, PORTAL)
        address, plain = rules.email(email), rules.name(name)
        organisation = organisations.for_listing(tx, acting, organisation_id)
        rules.check_place(role, organisation.kind)
        check_alone(role, acting)
        person_id = newcomers.add(
            tx, records, acting, organisation, role=role, email=address, name=plain, now=now
        )
        return _invite(tx, records, acting, person_id, now)


def invite_again(
    db: Database, records: Records, *, acting: Acting, person_id: PersonId, now: datetime
) -> Invitation:
    """Mail a fresh link to somebody who has not joined yet; the old one ends.

    Raises Forbidden, NotFound, PersonRefused for somebody who has joined.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_INVITE, PORTAL)
        person = people.for_changing(tx, acting, person_id)
        if person.role is Role.OUTSIDER:
            raise PersonRefused("They have no account. Invite their address with a role to give them one.")
        if person.state != PersonState.INVITED:
            raise PersonRefused("This person has joined already. You can start a new password for them.")
        return _invite(tx, records, acting, person_id, now)


def first_administrator(db: Database, *, now: datetime, name: str = "", email: str = "") -> str | None:
    """Return a one-time token for the first administrator, or None once one has joined.

    Without name and email, the person says both when they come. Asked again before they joined, it gives a
    fresh token and the old one ends. Raises NotFound before the installation is made, PersonRefused.
    """
    with db.transaction() as tx:
        if people.any_active(tx, Role.ADMINISTRATOR):
            return None
        operator = organisations.operator(tx)
        waiting = people.invited(tx, Role.ADMINISTRATOR)
        person_id = waiting.id if waiting else _nameless(tx, operator.id, now)
        purpose = LinkPurpose.FIRST_ADMINISTRATOR
        if name or email:
            people.rename(tx, person_id, email=rules.email(email), name=rules.name(name))
            purpose = LinkPurpose.INVITATION
        invitations.void(tx, person_id, now)
        token = invitations.add(tx, person_id, purpose, now)
        facts = {"role": Role.ADMINISTRATOR.value}
        _note(tx, Kind.PERSON_INVITED, None, person_id, operator.id, now, facts)
        return token


def invitation_details(db: Database, *, token: str, now: datetime) -> LinkDetails:
    """Return whom a link is for; opening it changes nothing (promise 38). Raises LinkRefused."""
    with db.reading() as tx:
        link, person = invitations.opened(tx, token, now, *JOINING)
    chooses = link.purpose == LinkPurpose.FIRST_ADMINISTRATOR
    return LinkDetails("" if chooses else person.name, "" if chooses else person.email, chooses)


def accept_invitation(
    db: Database,
    hasher: Hasher,
    *,
    token: str,
    password: str,
    source: Source,
    now: datetime,
    name: str | None = None,
    email: str | None = None,
    language: str = OTHERWISE,
) -> NewSession:
    """Choose a password and get a session that may only enrol a factor; the link ends when that is done.

    name, email: from the first administrator only, who has neither yet. language: of their mail.
    Raises LinkRefused, PersonRefused, PasswordRefused, TooBusy, AlreadyKnown; tried in that order.
    """
    with db.reading() as tx:
        link, person = invitations.opened(tx, token, now, *JOINING)
        own_name, own_email = _own_details(link, person, name, email)
        about = (own_name, own_email, person.organisation_name)
        passwords.check_new(password, tx.policy.numbers.passwords, about=about)
    password_hash = hasher.hash(password)
    with db.transaction() as tx:
        # Nothing was locked while the password was hashed, so the link may have ended since.
        _, person = invitations.opened(tx, token, now, *JOINING, lock=True)
        people.rename(tx, person.id, email=own_email, name=own_name)
        people.set_language(tx, person.id, languages.check(language))
        people.set_password(tx, person.id, password_hash)
        sessions.end_all(tx, person.id, now)
        named = people.by_id(tx, person.id) or person
        session = sessions.start(tx, named, kind=ENROL, factors="invitation+password", source=source, now=now)
        _note(tx, Kind.INVITATION_ACCEPTED, session.acting, person.id, person.organisation_id, now)
        return session


def list_people(
    db: Database,
    *,
    acting: Acting,
    search: str | None = None,
    role: Role | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[PersonView]:
    """Return people, newest first. search: part of a name or address. Raises Forbidden, BadCursor."""
    with db.reading() as tx:
        page = people.listed(tx, acting, search=search, role=role, after=after, limit=limit)
        places = actors.places_of(tx, [person.id for person in page.items], acting.at)
    return Page([_view(person, places[person.id].clients) for person in page.items], page.next)


def disable_person(db: Database, *, acting: Acting, person_id: PersonId, now: datetime) -> None:
    """Take every right away, at once, everywhere (promise 19). Raises Forbidden, NotFound, PersonRefused."""
    with db.transaction() as tx:
        person = people.for_changing(tx, acting, person_id)
        if person.id == acting.person_id:
            raise PersonRefused("You cannot disable your own account. Another administrator can.")
        if person.state == PersonState.DISABLED:
            return
        people.set_state(tx, person, PersonState.DISABLED, by=acting.person_id, now=now)
        ended = _put_out(tx, person.id, now)
        facts: Mapping[str, str | int] = {"was": person.state.value, "sessions_ended": ended}
        named = {"person": person.name}
        _note(tx, Kind.PERSON_DISABLED, acting, person.id, person.organisation_id, now, facts, named)


def enable_person(db: Database, *, acting: Acting, person_id: PersonId, now: datetime) -> None:
    """Give the rights back; somebody who never joined is invited again. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        person = people.for_changing(tx, acting, person_id)
        if person.state not in {PersonState.DISABLED, PersonState.FROZEN}:
            return
        if erasures.is_erased(tx, person.id):
            raise PersonRefused("Their details were erased for good. Invite them anew, as somebody else.")
        # Who joined once stays joined, also without a factor: an invitation would let one person alone hand
        # out a new factor (promise 14).
        state = PersonState.ACTIVE if people.has_joined(tx, person.id) else PersonState.INVITED
        people.set_state(tx, person, state, by=acting.person_id, now=now)
        facts = {"state": state.value}
        named = {"person": person.name}
        _note(tx, Kind.PERSON_ENABLED, acting, person.id, person.organisation_id, now, facts, named)


def start_password_reset(
    db: Database, records: Records, *, acting: Acting, person_id: PersonId, now: datetime
) -> None:
    """Mail a person a reset link, as an administrator. Raises Forbidden, NotFound, PersonRefused."""
    with db.transaction() as tx:
        person = people.for_changing(tx, acting, person_id)
        if person.state != PersonState.ACTIVE or person.role is Role.OUTSIDER:
            raise PersonRefused("Only somebody who has joined and is not disabled can get a new password.")
        _send_reset(tx, records, acting, person, now, {})


def request_password_reset(
    db: Database, records: Records, *, email: str, source: Source, now: datetime
) -> None:
    """Mail a reset link if there is such a person; the answer never says whether. Raises Throttled."""
    address = rules.email_as_typed(email)
    with db.transaction() as tx:
        limits = tx.policy.numbers.passwords.throttle
        wait = throttles.take(tx, throttles.source(limits, source.address), now)
        wait = wait or throttles.take(tx, throttles.reset(limits, address), now)
        person = None if wait else people.by_email(tx, address)
        if person is not None and person.state == PersonState.ACTIVE and person.role is not Role.OUTSIDER:
            _send_reset(tx, records, None, person, now, _whereabouts(source))
    if wait:
        raise Throttled(wait)


def reset_details(db: Database, *, token: str, now: datetime) -> LinkDetails:
    """Return whom a reset link is for; opening it changes nothing. Raises LinkRefused."""
    with db.reading() as tx:
        _, person = invitations.opened(tx, token, now, LinkPurpose.PASSWORD_RESET)
    return LinkDetails(person.name, person.email, chooses_address=False)


def finish_password_reset(
    db: Database,
    hasher: Hasher,
    records: Records,
    *,
    token: str,
    password: str,
    source: Source,
    now: datetime,
) -> None:
    """Choose a new password. Signs nobody in, touches no factor, ends every session (promise 13).

    Raises LinkRefused, PasswordRefused, TooBusy; tried in that order.
    """
    with db.reading() as tx:
        _, person = invitations.opened(tx, token, now, LinkPurpose.PASSWORD_RESET)
        about = (person.name, person.email, person.organisation_name)
        passwords.check_new(password, tx.policy.numbers.passwords, about=about)
    password_hash = hasher.hash(password)
    with db.transaction() as tx:
        link, person = invitations.opened(tx, token, now, LinkPurpose.PASSWORD_RESET, lock=True)
        if not invitations.spend(tx, link, now):
            raise LinkRefused
        people.set_password(tx, person.id, password_hash)
        ended = _put_out(tx, person.id, now)
        facts, private = {"sessions_ended": ended}, _whereabouts(source)
        _note(tx, Kind.PASSWORD_SET, None, person.id, person.organisation_id, now, facts, private)
        notices.tell(tx, records, person, Notice.PASSWORD_CHANGED, now, where=source.place)


def _own_details(link: LinkRow, person: PersonRow, name: str | None, email: str | None) -> tuple[str, str]:
    """Return name and address: what the first administrator says, or what the invitation said."""
    if link.purpose != LinkPurpose.FIRST_ADMINISTRATOR:
        return person.name, person.email
    return rules.name(name or ""), rules.email(email or "")


def _nameless(tx: Transaction, organisation_id: OrganisationId, now: datetime) -> PersonId:
    """Add the first administrator, who says name and address when they come (RFC 2606 reserves .invalid)."""
    email = f"first-administrator@{new_id()}.invalid"
    return people.add(
        tx,
        organisation_id=organisation_id,
        email=email,
        name="First administrator",
        role=Role.ADMINISTRATOR,
        by=None,
        now=now,
    )


def _invite(
    tx: Transaction, records: Records, acting: Acting, person_id: PersonId, now: datetime
) -> Invitation:
    person = people.for_changing(tx, acting, person_id)
    if person.state == PersonState.ACTIVE:  # they have a factor from signing: only the password is missing
        _send_reset(tx, records, acting, person, now, {})
        return Invitation(person_id, "")
    token = notices.invite(tx, records, person, acting, now)
    facts = {"role": person.role.value}
    private = {"name": person.name, "email": person.email}
    _note(tx, Kind.PERSON_INVITED, acting, person_id, person.organisation_id, now, facts, private)
    return Invitation(person_id, token)


def _send_reset(
    tx: Transaction,
    records: Records,
    acting: Acting | None,
    person: PersonRow,
    now: datetime,
    where: Mapping[str, str],
) -> None:
    notices.offer_reset(tx, records, person, now, acting)
    private = {"person": person.name, **where}
    _note(tx, Kind.PASSWORD_RESET_STARTED, acting, person.id, person.organisation_id, now, private=private)


def _whereabouts(source: Source) -> dict[str, str]:
    return {"address": source.address, "user_agent": source.user_agent[:300]}


def _put_out(tx: Transaction, person_id: PersonId, now: datetime) -> int:
    """End sessions, challenges and links; return how many sessions there were."""
    challenges.end_all(tx, person_id)
    invitations.void(tx, person_id, now)
    return sessions.end_all(tx, person_id, now)


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting | None,
    person_id: PersonId,
    organisation_id: OrganisationId,
    now: datetime,
    facts: Mapping[str, str | int] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=person_id,
        organisation_id=organisation_id,
        facts=facts,
        private=private,
    )


def _view(person: PersonRow, clients: frozenset[OrganisationId]) -> PersonView:
    same = {name: getattr(person, name) for name in PersonView.__dataclass_fields__ if name != "clients"}
    return PersonView(clients=clients, **same)
