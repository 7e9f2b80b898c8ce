"""Tries at a password: counted before they are judged, and given back when they were right (promise 7).

A known device has a counter of its own; everywhere else the source and the account are counted (promise 8).
"""

from collections.abc import Sequence
from datetime import datetime

from docvault.database import devices, throttles
from docvault.database.engine import Transaction
from docvault.database.people import PersonRow
from docvault.database.sessions import Source
from docvault.database.throttles import Bucket
from docvault.values import PersonId


def buckets(tx: Transaction, address: str, person: PersonRow | None, source: Source) -> Sequence[Bucket]:
    """Return the counters of a try: a known device's own, or those of the source, then the account."""
    limits = tx.policy.numbers.passwords.throttle
    device = devices.known(tx, person.id if person else PersonId(""), source)
    if device is not None:
        return [throttles.device(limits, device.id)]
    return [throttles.source(limits, source.address), throttles.account(limits, address)]


def take(tx: Transaction, counted: Sequence[Bucket], now: datetime) -> int:
    """Count a try in each, as far as none is full. Return the seconds to wait, or 0."""
    waits = (throttles.take(tx, bucket, now) for bucket in counted)
    return next((wait for wait in waits if wait), 0)


def give_back(tx: Transaction, counted: Sequence[Bucket], now: datetime) -> None:
    """Take back the count of a try that was right, or not judged."""
    for bucket in counted:
        throttles.give_back(tx, bucket, now)
