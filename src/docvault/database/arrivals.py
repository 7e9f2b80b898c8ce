"""The moment somebody is let in, whatever they proved it with: session, device, entry and notice.

Which proofs suffice is decided by whoever calls; what follows from them is the same for every way in.
"""

from dataclasses import replace
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, challenges, devices, notices, people, sessions, throttles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import FULL, USER_AGENT, NewSession, Source

EMAIL = 254  # characters kept of what was typed as an address


def let_in(
    tx: Transaction, records: Records, person: PersonRow, *, factors: str, source: Source, now: datetime
) -> NewSession:
    """Open a full session for somebody active who proved both factors. factors: which, e.g. password+totp."""
    throttles.clear(tx, throttles.account(tx.policy.numbers.passwords.throttle, person.email))
    device = devices.known(tx, person.id, source)
    secret = None
    if device is None:
        device_id, secret = devices.add(tx, person.id, source, now)
    else:
        device_id = device.id
        devices.touch(tx, device, source, now)
        throttles.clear(tx, throttles.device(tx.policy.numbers.passwords.throttle, device.id))
    begun = sessions.start(
        tx, person, kind=FULL, factors=factors, source=source, now=now, device_id=device_id
    )
    _note(tx, Kind.SIGN_IN_SUCCEEDED, begun, now, factors=factors, session=FULL)
    if secret is not None:
        _note(tx, Kind.DEVICE_ADDED, begun, now, device=device_id)
        notices.tell(tx, records, person, "Somebody signed in to your account from a new device", now)
    return replace(begun, device=secret)


def challenged(tx: Transaction, token: str, now: datetime) -> PersonRow | None:
    """Take a try of a challenge and return whose it is, if it counts and they are active (promise 15)."""
    person_id = challenges.use_try(tx, token, now)
    person = people.by_id(tx, person_id) if person_id else None
    return person if person is not None and person.state == PersonState.ACTIVE else None


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


def whereabouts(source: Source, email: str) -> dict[str, str]:
    """Return where somebody came from and what they called themselves, as details of an entry."""
    return {"address": source.address, "user_agent": source.user_agent[:USER_AGENT], "email": email[:EMAIL]}


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
    )
