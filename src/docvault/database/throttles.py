"""Counters that slow down a guesser. They live in the database, so no process, restart or header resets them.

A try is counted before it is judged and given back when it succeeds: a hundred tries at the same moment
cannot all slip through the same gap (promise 7).
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import throttles
from docvault.policy.numbers import Throttle
from docvault.values import PersonId

IPV6_NETWORK = 64  # bits that one customer gets, so that the rest does not buy fresh tries


@dataclass(frozen=True, slots=True)
class Bucket:
    """One counter. free: tries before the first delay. stops_at: failures that end all tries, or None."""

    key: str
    free: int
    stops_at: int | None = None


class Stopped(Exception):
    """The counter reached the number of failures at which tries end; never leaves database/."""


def account(rules: Throttle, email: str) -> Bucket:
    """Return the counter of an account; it exists for unknown ones too, so both answer alike (promise 9)."""
    return Bucket(f"account:{hashlib.sha256(email.encode()).hexdigest()}", rules.free_tries)


def source(rules: Throttle, address: str) -> Bucket:
    """Return the counter of the true peer; an IPv6 peer is its /64."""
    return Bucket(f"source:{_network(address)}", rules.source_free_tries)


def device(rules: Throttle, device_id: str) -> Bucket:
    """Return the counter of a known device, in place of the account's and the source's (promise 8)."""
    return Bucket(f"device:{device_id}", rules.free_tries)


def factor(rules: Throttle, person_id: PersonId, device_id: str | None = None) -> Bucket:
    """Return the counter of a person's codes, shared by sign-in, step-up and recovery codes.

    device_id: the known device they come from; it has a counter of its own, which nobody else can fill
    (promise 8).
    """
    return Bucket(_on(f"factor:{person_id}", device_id), rules.free_tries, rules.factor_stops_at)


def passkey(rules: Throttle, person_id: PersonId, device_id: str | None = None) -> Bucket:
    """Return the counter of a person's passkeys: guesses at codes do not stop what cannot be guessed."""
    return Bucket(_on(f"factor:passkey:{person_id}", device_id), rules.free_tries, rules.factor_stops_at)


def reset(rules: Throttle, email: str) -> Bucket:
    """Return the counter of reset mails to one address."""
    return Bucket(f"reset:{hashlib.sha256(email.encode()).hexdigest()}", rules.free_tries)


def address_change(rules: Throttle, person_id: PersonId) -> Bucket:
    """Return the counter of mails that one person causes to addresses they name as their new one."""
    return Bucket(f"address:{person_id}", rules.free_tries)


def sign_on(rules: Throttle, address: str) -> Bucket:
    """Return the counter of sign-ons that a peer begins and does not finish."""
    return Bucket(f"sign-on:{_network(address)}", rules.source_free_tries)


def visits(rules: Throttle, address: str) -> Bucket:
    """Return the counter of visits by guests from one peer, whether they get in or not."""
    return Bucket(f"visits:{_network(address)}", rules.source_free_tries)


def access_code(rules: Throttle, request_id: str) -> Bucket:
    """Return the counter of wrong access codes of one request for files, from wherever they come."""
    return Bucket(f"access-code:{request_id}", rules.free_tries)


def asked(rules: Throttle, address: str) -> Bucket:
    """Return the counter of one peer's links of people without an account, whether they lead anywhere."""
    return Bucket(f"asked:{_network(address)}", rules.source_free_tries)


def mailed(rules: Throttle, recipient_id: str) -> Bucket:
    """Return the counter of codes mailed to one recipient: opening the link again does not start it anew."""
    return Bucket(f"mailed:{recipient_id}", rules.free_tries)


def named(rules: Throttle, person_id: PersonId) -> Bucket:
    """Return the counter of addresses that one person names to take over their part, and that are refused."""
    return Bucket(f"named:{person_id}", rules.free_tries)


def mail_code(rules: Throttle, recipient_id: str) -> Bucket:
    """Return the counter of wrong codes of one recipient, whichever browser they come from."""
    return Bucket(f"mail-code:{recipient_id}", rules.free_tries)


def take(tx: Transaction, bucket: Bucket, now: datetime) -> int:
    """Count a try. Return 0 if it may go on, else the seconds to wait; then nothing was counted.

    Raises Stopped when the bucket ended.
    """
    rules = tx.policy.numbers.passwords.throttle
    row = _locked(tx, bucket.key, now)
    if bucket.stops_at is not None and row.failures >= bucket.stops_at:
        raise Stopped
    if row.blocked_until is not None and row.blocked_until > now:
        return max(1, -(-int((row.blocked_until - now).total_seconds() * 1000) // 1000))
    rested = row.changed_at < now - timedelta(hours=rules.forget_after_hours)
    failures = 1 if rested and bucket.stops_at is None else row.failures + 1
    _write(tx, bucket.key, failures, _blocked(rules, bucket, failures, now), now)
    return 0


def once(tx: Transaction, key: str, minutes: int, now: datetime) -> bool:
    """Tell whether it may happen now, and keep it from happening again for so long."""
    row = _locked(tx, key, now)
    if row.blocked_until is not None and row.blocked_until > now:
        return False
    _write(tx, key, 1, now + timedelta(minutes=minutes), now)
    return True


def failures(tx: Transaction, bucket: Bucket) -> int:
    """Return how many failures are counted."""
    chosen = select(throttles.c.failures).where(throttles.c.key == bucket.key)
    return tx.connection.execute(chosen).scalar_one_or_none() or 0


def give_back(tx: Transaction, bucket: Bucket, now: datetime) -> None:
    """Take back the count of a try that succeeded; earlier failures keep counting."""
    fewer = update(throttles).where(throttles.c.key == bucket.key, throttles.c.failures > 0)
    tx.connection.execute(fewer.values(failures=throttles.c.failures - 1, blocked_until=None, changed_at=now))


def clear(tx: Transaction, bucket: Bucket) -> None:
    """Forget every failure: the owner is known."""
    tx.connection.execute(delete(throttles).where(throttles.c.key == bucket.key))


def clear_factors(tx: Transaction, person_id: PersonId) -> None:
    """Forget every failure with a person's factors, on any device: the owner is known, and has a new one."""
    for begun in (f"factor:{person_id}", f"factor:passkey:{person_id}"):
        on_devices = throttles.c.key.startswith(f"{begun}@", autoescape=True)
        tx.connection.execute(delete(throttles).where(or_(throttles.c.key == begun, on_devices)))


def forget(tx: Transaction, now: datetime) -> int:
    """Remove counters that rested long enough, except those of factors; return how many."""
    hours = tx.policy.numbers.passwords.throttle.forget_after_hours
    rested = throttles.c.changed_at < now - timedelta(hours=hours)
    return tx.connection.execute(
        delete(throttles).where(rested, func.substr(throttles.c.key, 1, 7) != "factor:")
    ).rowcount


def _on(key: str, device_id: str | None) -> str:
    return key if device_id is None else f"{key}@{device_id}"


def _blocked(rules: Throttle, bucket: Bucket, failures: int, now: datetime) -> datetime | None:
    """Return until when the next try waits: nothing while tries are free, then doubling."""
    beyond = failures - bucket.free
    if beyond < 0:
        return None
    doublings = min(beyond, 30)  # 2^30 seconds are beyond every longest delay
    seconds = min(rules.first_delay_seconds * 2**doublings, rules.longest_delay_seconds)
    return now + timedelta(seconds=seconds)


def _locked(tx: Transaction, key: str, now: datetime) -> Row[Any]:
    """Return the counter, made if need be, locked for the rest of `tx`.

    One statement: whoever succeeds removes the counter, maybe right after we have seen it and waited for it.
    """
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(throttles).values(key=key, failures=0, blocked_until=None, changed_at=now)
    same = {"failures": throttles.c.failures}
    taken = row.on_conflict_do_update(index_elements=[throttles.c.key], set_=same)
    return tx.connection.execute(taken.returning(*throttles.c)).one()


def _write(tx: Transaction, key: str, failures: int, blocked: datetime | None, now: datetime) -> None:
    values = {"failures": failures, "blocked_until": blocked, "changed_at": now}
    tx.connection.execute(update(throttles).where(throttles.c.key == key).values(values))


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket without an address, such as a test's
    if parsed.version == 6 and parsed.ipv4_mapped is not None:  # noqa: PLR2004 - the version of IP
        return str(parsed.ipv4_mapped)
    if parsed.version == 6:  # noqa: PLR2004 - the version of IP
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
