"""The moment somebody is let in, whatever they proved it with: session, device, entry and notice.

Which proofs suffice is decided by whoever calls; what follows from them is the same for every way in.
"""

from dataclasses import replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, challenges, devices, notices, people, sessions, throttles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import FULL, USER_AGENT, NewSession, Source
from docvault.policy.vocabulary import Role
from docvault.rules.notices import Notice

EMAIL = 254  # characters kept of what was typed as an address


def let_in(
    tx: Transaction, records: Records, person: PersonRow, *, factors: str, source: Source, now: datetime
) -> NewSession:
    """Open a full session for somebody active who proved both factors. factors: which, e.g. password+totp."""
    device = devices.known(tx, person.id, source)
    failed = _forgive(tx, person, device)
    begun = _begin(tx, person, factors, source, now, device, Kind.SIGN_IN_SUCCEEDED)
    if begun.device is not None:
        notices.tell(tx, records, person, Notice.NEW_DEVICE, now, where=source.place)
    if failed >= tx.policy.numbers.passwords.throttle.free_tries:
        notices.tell(tx, records, person, Notice.AFTER_FAILURES, now, where=source.place)
    return begun


def welcome(tx: Transaction, person: PersonRow, *, factors: str, source: Source, now: datetime) -> NewSession:
    """Open a full session for somebody who has just set up a factor: joined, or came with a recovery code.

    Their browser is known from now on without a notice of its own: that of the factor goes out.
    """
    return _begin(tx, person, factors, source, now, devices.known(tx, person.id, source))


def _begin(
    tx: Transaction,
    person: PersonRow,
    factors: str,
    source: Source,
    now: datetime,
    device: devices.DeviceRow | None,
    noted: Kind | None = None,
) -> NewSession:
    secret = None
    if device is None:
        device_id, secret = devices.add(tx, person.id, source, now)
    else:
        device_id = device.id
        devices.touch(tx, device, source, now)
    begun = sessions.start(
        tx, person, kind=FULL, factors=factors, source=source, now=now, device_id=device_id
    )
    if noted is not None:
        _note(tx, noted, begun, now, factors=factors, session=FULL)
    if secret is not None:
        _note(tx, Kind.DEVICE_ADDED, begun, now, device=device_id)
    for ended in sessions.crowd_out(tx, person, now):
        _note(tx, Kind.SESSION_REVOKED, begun, now, session=ended, why="one too many")
    return replace(begun, device=secret)


def may_enter(tx: Transaction, person: PersonRow, now: datetime) -> bool:
    """Tell whether somebody may come in at all: active, and a member of some organisation (promise 15).

    Whoever has no account is a member of none.
    """
    if person.role is Role.OUTSIDER:
        return person.state == PersonState.ACTIVE
    places = actors.places_of(tx, [person.id], now)[person.id]
    return person.state == PersonState.ACTIVE and bool(places.organisations)


def challenged(tx: Transaction, token: str, now: datetime) -> PersonRow | None:
    """Take a try of a challenge and return whose it is, if it counts and they may enter."""
    person_id = challenges.use_try(tx, token, now)
    person = people.by_id(tx, person_id) if person_id else None
    return person if person is not None and may_enter(tx, person, now) else None


def turned_away(
    tx: Transaction,
    person: PersonRow | None,
    *,
    why: str,
    factor: str,
    source: Source,
    now: datetime,
    email: str = "",
) -> None:
    """Record a refused sign-in. A throttled one is not recorded: a flood must not fill the log.

    email: what was typed, where it names nobody.
    """
    if why == "throttled":
        return
    audit.append(
        tx,
        Kind.SIGN_IN_REFUSED,
        at=now,
        object_type="person" if person else None,
        object_id=person.id if person else None,
        organisation_id=person.organisation_id if person else None,
        facts={"factor": factor, "why": why},
        private=whereabouts(source, person.email if person else email),
    )


def warn(
    tx: Transaction, records: Records, person: PersonRow | None, why: str, source: Source, now: datetime
) -> None:
    """Tell somebody whose password was right that no second factor followed, now and then (ASVS 6.3.5)."""
    if person is not None and person.role is not Role.OUTSIDER and why != "throttled":
        notices.tell_at_times(tx, records, person, Notice.FACTOR_FAILED, now, where=source.place)


def whereabouts(source: Source, email: str) -> dict[str, str]:
    """Return where somebody came from and what they called themselves, as details of an entry."""
    return {"address": source.address, "user_agent": source.user_agent[:USER_AGENT], "email": email[:EMAIL]}


def _forgive(tx: Transaction, person: PersonRow, device: devices.DeviceRow | None) -> int:
    """Clear the counters of failed tries, and return how many there were."""
    limits = tx.policy.numbers.passwords.throttle
    buckets = [throttles.account(limits, person.email)]
    if device is not None:
        buckets.append(throttles.device(limits, device.id))
    failed = sum(throttles.failures(tx, bucket) for bucket in buckets)
    for bucket in buckets:
        throttles.clear(tx, bucket)
    return failed


def _note(tx: Transaction, kind: Kind, begun: NewSession, now: datetime, **facts: str) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=begun.acting,
        object_type="person",
        object_id=begun.acting.person_id,
        organisation_id=begun.acting.organisation_id,
        facts=facts,
        private={"person": begun.acting.name} if kind == Kind.SESSION_REVOKED else None,
    )
