"""Signing on through the identity provider, and connecting an account with it.

The provider proves one factor; ours follows, unless the policy takes the provider's (promise 2). No
transaction is open while the provider is asked.
Whom it may mean, and why: docs/decisions/0011-single-sign-on.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import Throttled
from docvault.credentials.tokens import new_token
from docvault.database import (
    arrivals,
    audit,
    challenges,
    identities,
    notices,
    organisations,
    people,
    sessions,
    single_sign_ons,
    throttles,
)
from docvault.database.engine import Database, Transaction
from docvault.database.identities import IdentityRow, IdentityTaken
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, NewSession, Source
from docvault.database.single_sign_ons import Journey
from docvault.identity.errors import IdentityError, ProviderAway, WordRefused
from docvault.identity.provider import Identity, Provider
from docvault.policy.numbers import GroupRole, Sso
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules import people as people_rules
from docvault.rules import single_sign_on as rules
from docvault.rules.notices import Notice
from docvault.rules.people import PersonRefused
from docvault.rules.single_sign_on import SignOnRefused
from docvault.values import NotFound, OrganisationId

__all__ = [
    "Arrival",
    "Departure",
    "IdentityError",
    "IdentityTaken",
    "ProviderAway",
    "Returned",
    "SignOnRefused",
    "WordRefused",
    "begin_connecting",
    "begin_sign_on",
    "connection",
    "disconnect",
    "finish_sign_on",
    "sign_out_address",
]

OURS_NEXT, PROVIDERS = "sso", "sso+provider"  # what was proven: one factor, or both by the provider
NOT_RECENT = "Please sign in again first: single sign-on is only connected shortly after signing in."


@dataclass(frozen=True, slots=True)
class Departure:
    """address: the provider's, where this browser goes. browser: a secret for its cookie."""

    address: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the provider sent the browser back with."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    issuer: str | None = None  # RFC 9207


@dataclass(frozen=True, slots=True)
class Arrival:
    """A session, or a challenge that waits for our factor, or neither: an account was connected."""

    onward: str
    session: NewSession | None = None
    challenge: str | None = field(default=None, repr=False)


def begin_sign_on(
    db: Database, records: Records, provider: Provider, *, onward: str, source: Source, now: datetime
) -> Departure:
    """Send a browser to the provider. onward: our path for afterwards. Raises ProviderAway, Throttled."""
    provider.describe()  # or nothing begins
    with db.transaction() as tx:
        limits = tx.policy.numbers.passwords.throttle
        wait = throttles.take(tx, throttles.sign_on(limits, source.address), now)
        begun = None if wait else _start(tx, records, onward, "", now)
    if begun is None:
        raise Throttled(wait)
    return _departure(db, provider, *begun)


def begin_connecting(
    db: Database, records: Records, provider: Provider, *, acting: Acting, now: datetime
) -> Departure:
    """Send somebody who has just signed in with both factors to the provider, to connect their account.

    Raises ProviderAway, Forbidden, SignOnRefused, IdentityTaken; tried in that order.
    """
    provider.describe()
    with db.transaction() as tx:
        _may_connect(tx, acting, now)
        if identities.of_person(tx, acting.person_id, provider.issuer) is not None:
            raise IdentityTaken
        begun = _start(tx, records, "/account/sso", acting.session_id, now)
    return _departure(db, provider, *begun)


def finish_sign_on(
    db: Database,
    records: Records,
    provider: Provider,
    *,
    returned: Returned,
    browser: str,
    acting: Acting | None,
    source: Source,
    now: datetime,
) -> Arrival:
    """Take what the provider sent back to the browser that left, once.

    acting: who is signed in in that browser, which only matters for connecting.
    Raises WordRefused, ProviderAway, SignOnRefused, IdentityTaken; tried in that order.
    """
    with db.transaction() as tx:
        journey = single_sign_ons.take(tx, records, returned.state, browser, now)
    if journey is None:
        raise WordRefused("nobody left from this browser with this state")
    try:
        identity = _redeem(provider, returned, journey, db.policy.numbers.sso, now)
    except IdentityError:
        with db.transaction() as tx:
            arrivals.turned_away(tx, None, why="provider", factor=OURS_NEXT, source=source, now=now)
        raise
    if journey.session_id:
        _connect(db, records, identity, journey, acting, now)
        return Arrival(journey.onward)
    return _arrive(db, records, identity, journey, source, now)


def connection(db: Database, *, acting: Acting, issuer: str) -> IdentityRow | None:
    """Return how the provider knows this person. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return identities.of_person(tx, acting.person_id, issuer)


def disconnect(db: Database, records: Records, *, acting: Acting, issuer: str, now: datetime) -> None:
    """Let the provider vouch for this person no more; sessions it opened end. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        people.lock(tx, acting.person_id)
        person = people.by_id(tx, acting.person_id)
        if person is None or not identities.disconnect(tx, person.id, issuer):
            raise NotFound
        challenges.end_all(tx, person.id)
        sessions.end_all_by_sign_on(tx, acting, now)
        _note(tx, Kind.IDENTITY_UNLINKED, acting, person, now, {"issuer": issuer})
        notices.tell(tx, records, person, Notice.SIGN_ON_UNLINKED, now)


def sign_out_address(provider: Provider, *, back: str) -> str | None:
    """Return where the session at the provider is ended, or None where it says nothing or does not answer."""
    try:
        return provider.sign_out_address(back)
    except ProviderAway:
        return None  # the session here has ended already; there is only nothing to offer


def _start(
    tx: Transaction, records: Records, onward: str, session_id: str, now: datetime
) -> tuple[Journey, single_sign_ons.Begun]:
    journey = Journey(new_token(), new_token(), onward, session_id)
    return journey, single_sign_ons.start(tx, records, journey, now)


def _departure(db: Database, provider: Provider, journey: Journey, begun: single_sign_ons.Begun) -> Departure:
    policy = db.policy.numbers.sso
    max_age = policy.second_factor_hours * 3600 if rules.wants_factor(policy) else None
    address = provider.departure(
        state=begun.state, nonce=journey.nonce, verifier=journey.verifier, max_age=max_age
    )
    return Departure(address, begun.browser)


def _redeem(provider: Provider, returned: Returned, journey: Journey, policy: Sso, now: datetime) -> Identity:
    provider.check_issuer(returned.issuer)
    if returned.error or not returned.code:
        raise WordRefused(f"the provider says {returned.error[:100]!r}")
    wanted = {"email", *([policy.groups_claim] if policy.groups else [])}
    return provider.redeem(
        code=returned.code, verifier=journey.verifier, nonce=journey.nonce, wanted=wanted, now=now
    )


def _may_connect(tx: Transaction, acting: Acting, now: datetime) -> PersonRow:
    """Return the person, locked, who proved both of our factors a short while ago."""
    tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
    people.lock(tx, acting.person_id)
    person, started = people.by_id(tx, acting.person_id), sessions.started_at(tx, acting)
    fresh = timedelta(minutes=tx.policy.numbers.sessions.fresh_minutes)
    if person is None or person.state != PersonState.ACTIVE or started is None or now - started > fresh:
        raise SignOnRefused(NOT_RECENT)
    return person


def _connect(
    db: Database, records: Records, identity: Identity, journey: Journey, acting: Acting | None, now: datetime
) -> None:
    """Connect, if it is still the session that left, and both know the person under one address."""
    if acting is None or acting.session_id != journey.session_id:
        raise WordRefused("another session came back than left to connect")
    with db.transaction() as tx:
        person = _may_connect(tx, acting, now)
        theirs = rules.check_address(
            identity.email, verified=identity.email_verified, rules=tx.policy.numbers.sso
        )
        rules.check_same_address(theirs, person.email)
        identities.connect(tx, identity.issuer, identity.subject, person.id, now)
        _note(tx, Kind.IDENTITY_LINKED, acting, person, now, {"issuer": identity.issuer})
        notices.tell(tx, records, person, Notice.SIGN_ON_LINKED, now)


def _arrive(
    db: Database, records: Records, identity: Identity, journey: Journey, source: Source, now: datetime
) -> Arrival:
    with db.transaction() as tx:
        person, refusal = _known(tx, records, identity, now)
        if person is None or refusal:
            arrivals.turned_away(tx, person, why="identity", factor=OURS_NEXT, source=source, now=now)
        else:
            limits = tx.policy.numbers.passwords.throttle
            throttles.give_back(tx, throttles.sign_on(limits, source.address), now)
            identities.touch(tx, identity.issuer, identity.subject, now)
            arrival = _let_in(tx, records, person, identity, journey.onward, source, now)
    if refusal:
        raise refusal
    return arrival


def _known(
    tx: Transaction, records: Records, identity: Identity, now: datetime
) -> tuple[PersonRow | None, SignOnRefused | None]:
    """Return the person the provider means, in the role their groups give, or why they are not let in."""
    policy = tx.policy.numbers.sso
    groups = rules.groups_of(identity.claims, policy)
    person_id = identities.person_of(tx, identity.issuer, identity.subject)
    try:
        if person_id is None:
            return _make(tx, identity, rules.mapped(groups, policy), now), None
        people.lock(tx, person_id)
        person = people.by_id(tx, person_id)
        if person is None or person.state not in {PersonState.ACTIVE, PersonState.INVITED}:
            return person, SignOnRefused(rules.NO_ROLE)
        role = rules.role_after(person.role, groups, policy)
    except SignOnRefused as refusal:
        return (people.by_id(tx, person_id) if person_id else None), refusal
    return (person if role == person.role else _change_role(tx, records, person, role, now)), None


def _change_role(
    tx: Transaction, records: Records, person: PersonRow, role: Role, now: datetime
) -> PersonRow | None:
    """Give the role that the groups say; whatever began under the old one ends (promise 18)."""
    people.set_role(tx, person, role, by=None, now=now)
    sessions.end_all(tx, person.id, now)
    challenges.end_all(tx, person.id)
    facts = {"from": person.role.value, "to": role.value, "by": "groups"}
    _note(tx, Kind.PERSON_ROLE_CHANGED, None, person, now, facts)
    notices.tell(tx, records, person, Notice.ROLE_CHANGED, now)
    return people.by_id(tx, person.id)


def _make(tx: Transaction, identity: Identity, line: GroupRole | None, now: datetime) -> PersonRow | None:
    """Add somebody whom nobody invited, where the policy says so: only in a mapped group, only a new address.

    Raises SignOnRefused, with the same words whether or not the address is known.
    """
    policy = tx.policy.numbers.sso
    if not policy.make_people or line is None:
        raise SignOnRefused(rules.NOT_CONNECTED)
    email = rules.check_address(identity.email, verified=identity.email_verified, rules=policy)
    if people.by_email(tx, email) is not None:
        raise SignOnRefused(rules.NOT_CONNECTED)
    try:
        plain = people_rules.email(email)
        name = people_rules.name(identity.name or email.partition("@")[0])
    except PersonRefused as error:
        raise SignOnRefused(str(error)) from error
    place = _place(tx, line)
    person_id = people.add(
        tx, organisation_id=place, email=plain, name=name, role=line.role, by=None, now=now
    )
    identities.connect(tx, identity.issuer, identity.subject, person_id, now)
    person = people.by_id(tx, person_id)
    if person is not None:
        _note(
            tx, Kind.IDENTITY_LINKED, None, person, now, {"issuer": identity.issuer, "role": line.role.value}
        )
    return person


def _place(tx: Transaction, line: GroupRole) -> OrganisationId:
    """Return the organisation of a line of the map. Raises SignOnRefused for a name nobody has here."""
    if not line.organisation:
        return organisations.operator(tx).id
    found = organisations.by_name(tx, line.organisation)
    if found is None or found.kind != organisations.CLIENT:
        raise SignOnRefused(rules.NO_ROLE)
    return found.id


def _let_in(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    identity: Identity,
    onward: str,
    source: Source,
    now: datetime,
) -> Arrival:
    """Open what the proofs are worth: a session to set up a factor, a full one, or a challenge for ours."""
    if person.state == PersonState.INVITED:  # made by the provider's word; a factor of ours comes first
        session = sessions.start(tx, person, kind=ENROL, factors=OURS_NEXT, source=source, now=now)
        facts = {"factors": OURS_NEXT, "session": ENROL}
        _note(tx, Kind.SIGN_IN_SUCCEEDED, session.acting, person, now, facts)
        return Arrival("/enrol", session=session)
    policy = tx.policy.numbers.sso
    enough = sessions.proven_enough(tx.policy.numbers.sessions, person.role, PROVIDERS)
    if enough and rules.has_second_factor(identity.amr, identity.acr, identity.authenticated_at, policy, now):
        entered = arrivals.let_in(tx, records, person, factors=PROVIDERS, source=source, now=now)
        return Arrival(onward, session=entered)
    challenge = challenges.start(tx, person.id, now, proven=OURS_NEXT)
    private = {**arrivals.whereabouts(source, person.email), "name": person.name}
    _note(tx, Kind.SIGN_ON_ACCEPTED, None, person, now, {"issuer": identity.issuer}, private)
    return Arrival(onward, challenge=challenge)


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting | None,
    person: PersonRow,
    now: datetime,
    facts: Mapping[str, str],
    private: Mapping[str, str] | None = None,
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
        private={"person": person.name} if private is None else private,
    )
