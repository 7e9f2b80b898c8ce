"""Browsers that signed in with both factors before, each known by a secret in a cookie of its own.

A known device has its own counter of tries, so that a stranger's tries do not lock its owner out (promise 8),
and a sign-in from any other is told to the owner (promise 16). A secret that a person has not signed in with
themselves is never taken over for them: whoever planted it would be known with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.sessions import ADDRESS, USER_AGENT, Source
from docvault.database.tables import devices, sessions
from docvault.values import PersonId, SessionId, new_id


@dataclass(frozen=True, slots=True)
class DeviceRow:
    id: str
    person_id: PersonId
    first_seen_at: datetime
    seen_at: datetime
    address: str
    user_agent: str


def known(tx: Transaction, person_id: PersonId, source: Source) -> DeviceRow | None:
    """Return the device of this person that the request comes from, if it is one."""
    hashes = [token_hash(token) for token in source.devices]
    chosen = select(devices).where(
        devices.c.token_hash.in_(hashes), devices.c.person_id == person_id, devices.c.forgotten_at.is_(None)
    )
    row = tx.connection.execute(chosen.order_by(devices.c.seen_at.desc()).limit(1)).one_or_none()
    return None if row is None else _device(row)


def of_session(tx: Transaction, session_id: SessionId) -> str | None:
    """Return the id of the device that a session began on, if it is still known."""
    began_on = sessions.join(devices, sessions.c.device_id == devices.c.id)
    chosen = select(devices.c.id).select_from(began_on)
    mine = (sessions.c.id == session_id, devices.c.forgotten_at.is_(None))
    return tx.connection.execute(chosen.where(*mine)).scalar_one_or_none()


def of_person(tx: Transaction, person_id: PersonId) -> Sequence[DeviceRow]:
    """Return every device that is known, last seen first."""
    chosen = select(devices).where(devices.c.person_id == person_id, devices.c.forgotten_at.is_(None))
    return [_device(row) for row in tx.connection.execute(chosen.order_by(devices.c.seen_at.desc()))]


def add(tx: Transaction, person_id: PersonId, source: Source, now: datetime) -> tuple[str, str]:
    """Remember a new device; return its id and its secret, which goes into this browser's cookie."""
    device_id, token = new_id(), new_token()
    row = {"id": device_id, "person_id": person_id, "token_hash": token_hash(token), "first_seen_at": now}
    tx.connection.execute(insert(devices).values(**row, **_seen(source, now)))
    return device_id, token


def touch(tx: Transaction, device: DeviceRow, source: Source, now: datetime) -> None:
    """Note where and when the device was last seen."""
    tx.connection.execute(update(devices).where(devices.c.id == device.id).values(_seen(source, now)))


def forget(tx: Transaction, person_id: PersonId, now: datetime, device_id: str | None = None) -> int:
    """Forget one device of a person, or all; return how many. Its cookie means nothing any more."""
    mine = [devices.c.person_id == person_id, devices.c.forgotten_at.is_(None)]
    if device_id is not None:
        mine.append(devices.c.id == device_id)
    return tx.connection.execute(update(devices).where(*mine).values(forgotten_at=now)).rowcount


def _seen(source: Source, now: datetime) -> dict[str, object]:
    return {
        "seen_at": now,
        "address": source.address[:ADDRESS],
        "user_agent": source.user_agent[:USER_AGENT],
    }


def _device(row: object) -> DeviceRow:
    return DeviceRow(**{name: getattr(row, name) for name in DeviceRow.__slots__})
