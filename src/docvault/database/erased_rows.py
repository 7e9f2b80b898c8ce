"""The rows that say who somebody is: removed, or given a pseudonym where others refer to them."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, delete, or_, select, update

from docvault.audit.entries import canonical
from docvault.database import throttles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow
from docvault.database.tables import (
    bulk_rows,
    challenges,
    dav_locks,
    devices,
    former_addresses,
    identities,
    invitations,
    messages,
    passkey_challenges,
    passkeys,
    people,
    proposals,
    recovery_codes,
    sessions,
    totp_factors,
    visits,
)
from docvault.rules import erasures as rules
from docvault.rules.bulk_sends import RowState

REMOVED: tuple[Table, ...] = (
    former_addresses,
    totp_factors,
    recovery_codes,
    passkeys,
    passkey_challenges,
    identities,
    challenges,
    invitations,
    dav_locks,
)


def erase(
    tx: Transaction, records: Records, person: PersonRow, addresses: Sequence[str], now: datetime
) -> None:
    """Erase every row of somebody, and their name and addresses from those of others."""
    name, address = rules.name_of(person.id), rules.address_of(person.id)

    def hide(text: str) -> str:
        for known in addresses:
            text = text.replace(known, address)
        return text.replace(person.name, name) if person.name else text

    for table in REMOVED:
        tx.connection.execute(delete(table).where(table.c.person_id == person.id))
    _quieten(tx, person.id, now)
    _guests(tx, addresses, name, address)
    _mail(tx, records, person, addresses, hide)
    _proposals(tx, records, hide)
    _bulk_rows(tx, records, addresses)
    for known in addresses:
        throttles.clear(tx, throttles.account(tx.policy.numbers.passwords.throttle, known))
    nobody = {"name": name, "email": address, "password_hash": None, "language": "en"}
    tx.connection.execute(update(people).where(people.c.id == person.id).values(**nobody))


def _quieten(tx: Transaction, person_id: str, now: datetime) -> None:
    """Leave sessions and devices, to which other rows refer, without where and with what they were."""
    mine = update(sessions).where(sessions.c.person_id == person_id)
    tx.connection.execute(mine.where(sessions.c.ended_at.is_(None)).values(ended_at=now))
    tx.connection.execute(mine.values(address="", user_agent="", name=None))
    known = update(devices).where(devices.c.person_id == person_id)
    tx.connection.execute(known.where(devices.c.forgotten_at.is_(None)).values(forgotten_at=now))
    tx.connection.execute(known.values(address="", user_agent=""))


def _guests(tx: Transaction, addresses: Sequence[str], name: str, address: str) -> None:
    """Erase what they said of themselves when they sent files by a request, without signing in."""
    as_guest = update(visits).where(visits.c.email.in_(addresses))
    tx.connection.execute(as_guest.values(name=name, email=address))


def _mail(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    addresses: Sequence[str],
    hide: Callable[[str], str],
) -> None:
    """Remove mail to them, and mail to others that names them; every mail of a portal is opened for it."""
    mine = or_(messages.c.person_id == person.id, messages.c.recipient.in_(addresses))
    tx.connection.execute(delete(messages).where(mine))
    chosen = select(messages.c.id, messages.c.body)
    for row in tx.connection.execute(chosen).all():
        said = records.open(f"message:{row.id}", row.body).decode()
        values: dict[str, Any] = json.loads(said)
        if any(hide(str(value)) != str(value) for value in values.values()):
            tx.connection.execute(delete(messages).where(messages.c.id == row.id))


def _proposals(tx: Transaction, records: Records, hide: Callable[[str], str]) -> None:
    """Let proposals speak of the pseudonym; what was confirmed stays provable by its digest."""
    for row in tx.connection.execute(select(proposals.c.id, proposals.c.sealed)).all():
        context = f"proposal:{row.id}"
        said: dict[str, Any] = json.loads(records.open(context, row.sealed))
        facts = {name: hide(value) for name, value in said["facts"].items()}
        hidden = {**said, "facts": facts, "reason": hide(said["reason"])}
        if hidden != said:
            sealed = records.seal(context, canonical(hidden))
            tx.connection.execute(update(proposals).where(proposals.c.id == row.id).values(sealed=sealed))


def _bulk_rows(tx: Transaction, records: Records, addresses: Sequence[str]) -> None:
    """Erase rows of lists that name them, of which none was sent: what is sent is forgotten here at once."""
    chosen = select(bulk_rows.c.bulk_id, bulk_rows.c.number, bulk_rows.c.sealed)
    for row in tx.connection.execute(chosen.where(bulk_rows.c.sealed.is_not(None))).all():
        said = records.open(f"bulk-row:{row.bulk_id}:{row.number}", row.sealed).decode().casefold()
        if any(json.dumps(known)[1:-1].casefold() in said for known in addresses):
            mine = and_(bulk_rows.c.bulk_id == row.bulk_id, bulk_rows.c.number == row.number)
            ended = {"sealed": None, "state": RowState.CANCELLED.value}
            tx.connection.execute(update(bulk_rows).where(mine).values(ended))
