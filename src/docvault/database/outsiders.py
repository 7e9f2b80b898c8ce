"""People without an account whom an envelope asks: the links in their mail, and the codes mailed to them.

A link only says whom a code is mailed to, while its envelope lives and names this person (promises 37 to 39).
A code belongs to the browser that opened the link, is right once, and opens nothing by itself (promise 41).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from docvault.credentials.refusals import LinkRefused
from docvault.credentials.tokens import new_token, token_hash
from docvault.database import people
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.recipients import RecipientRow
from docvault.database.tables import envelopes, mail_codes, outside_links, outside_signers, recipients
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import State
from docvault.rules.outsiders import DIGITS, MINUTES, TRIES
from docvault.values import EnvelopeId, RecipientId, new_id

ALIVE = (State.SENT.value, State.COMPLETING.value, State.COMPLETED.value)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a link leads to, and what for."""

    link_hash: bytes
    recipient_id: RecipientId
    envelope_id: EnvelopeId
    person: PersonRow
    access_code: bytes | None  # sealed; None where none is asked, or it was given


@dataclass(frozen=True, slots=True)
class MailCode:
    """A code on its way to somebody, and the browser it belongs to."""

    id: str
    code: bytes  # sealed
    asked: Asked


def add(tx: Transaction, records: Records, recipient_id: str, access_code: str) -> None:
    """Note that a recipient has no account. access_code: empty for none."""
    sealed = _sealed(records, recipient_id, access_code) if access_code else None
    tx.connection.execute(insert(outside_signers).values(recipient_id=recipient_id, access_code=sealed))


def add_in_place(tx: Transaction, recipient_id: str, *, code_due: bool) -> None:
    """Note that whoever took over a part has no account. code_due: the sender asks for an access code."""
    tx.connection.execute(insert(outside_signers).values(recipient_id=recipient_id, code_due=code_due))


def asks_code(tx: Transaction, recipient_id: str) -> bool:
    """Tell whether the sender asked this recipient for an access code, given or not."""
    told = outside_signers.c.told_at.is_not(None)
    asked = or_(outside_signers.c.access_code.is_not(None), outside_signers.c.code_due, told)
    mine = select(outside_signers.c.recipient_id).where(outside_signers.c.recipient_id == recipient_id, asked)
    return tx.connection.execute(mine).one_or_none() is not None


def set_code(tx: Transaction, records: Records, recipient_id: str) -> str:
    """Make an access code for a recipient, in the place of any before, and return it."""
    code = _drawn()
    mine = update(outside_signers).where(outside_signers.c.recipient_id == recipient_id)
    sealed = _sealed(records, recipient_id, code)
    tx.connection.execute(mine.values(access_code=sealed, code_due=False))
    return code


def owed_code(tx: Transaction, records: Records, recipient_id: str) -> str:
    """Return the access code that a recipient still has to give; empty for none."""
    chosen = select(outside_signers.c.access_code).where(outside_signers.c.recipient_id == recipient_id)
    sealed = tx.connection.execute(chosen).scalar_one_or_none()
    return records.open(f"access-code:{recipient_id}", sealed).decode() if sealed else ""


def path(tx: Transaction, recipient: RecipientRow, now: datetime) -> str:
    """Make a link for a mail to `recipient` and return it, from the slash on; earlier ones go on working."""
    token = new_token()
    days = timedelta(days=tx.policy.numbers.signing.outside_link_days)
    made = {"recipient_id": recipient.id, "person_id": recipient.person_id, "expires_at": now + days}
    tx.connection.execute(insert(outside_links).values(token_hash=token_hash(token), **made))
    return f"/asked#{token}"


def of_link(tx: Transaction, token: str, now: datetime) -> Asked:
    """Return whom a link leads to. Raises LinkRefused, one answer for all that lead nowhere."""
    return _asked(tx, token_hash(token), now)


def of_link_hash(tx: Transaction, link_hash: bytes, now: datetime) -> Asked:
    """Return whom a link leads to that the portal made for itself. Raises LinkRefused."""
    return _asked(tx, link_hash, now)


def end_link(tx: Transaction, link_hash: bytes, at: datetime) -> None:
    """Let a link, and the codes that were mailed for it, count only until `at`."""
    mine = update(outside_links).where(outside_links.c.token_hash == link_hash)
    tx.connection.execute(mine.values(expires_at=at))


def begin(tx: Transaction, records: Records, asked: Asked, now: datetime) -> tuple[str, str]:
    """Make a code for one browser; return that browser's secret and the code."""
    code_id, secret = new_id(), new_token()
    code = _drawn()
    tx.connection.execute(delete(mail_codes).where(mail_codes.c.expires_at <= now))
    tx.connection.execute(
        insert(mail_codes).values(
            id=code_id,
            token_hash=token_hash(secret),
            link_hash=asked.link_hash,
            code=records.seal(f"mail-code:{code_id}", code.encode()),
            tries_left=TRIES,
            expires_at=now + timedelta(minutes=MINUTES),
        )
    )
    return secret, code


def of_browser(tx: Transaction, secret: str, now: datetime) -> MailCode | None:
    """Return the code that this browser waits for, while it counts and its link leads somewhere."""
    counts = (mail_codes.c.tries_left > 0, mail_codes.c.expires_at > now)
    chosen = select(mail_codes).where(mail_codes.c.token_hash == token_hash(secret), *counts)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        return None
    try:
        return MailCode(row.id, row.code, _asked(tx, row.link_hash, now))
    except LinkRefused:
        return None


def use_try(tx: Transaction, secret: str, now: datetime) -> MailCode | None:
    """Take one try from a code and return it, or None where there is none to try.

    The row stays locked for the rest of `tx`: two answers at the same moment are judged one after the other.
    """
    counts = (mail_codes.c.tries_left > 0, mail_codes.c.expires_at > now)
    mine = mail_codes.c.token_hash == token_hash(secret)
    waiting = of_browser(tx, secret, now)
    taken = update(mail_codes).where(mine, *counts).values(tries_left=mail_codes.c.tries_left - 1)
    return waiting if tx.connection.execute(taken).rowcount == 1 else None


def is_right(records: Records, waiting: MailCode, code: str, access_code: str) -> bool:
    """Tell whether both codes are right; which of them is wrong is told to nobody."""
    asked = waiting.asked
    wanted = records.open(f"mail-code:{waiting.id}", waiting.code)
    right = secrets.compare_digest(wanted, code.encode())
    if asked.access_code is None:
        return right
    told = records.open(f"access-code:{asked.recipient_id}", asked.access_code)
    return secrets.compare_digest(told, access_code.encode()) and right


def accept(tx: Transaction, waiting: MailCode, now: datetime) -> None:
    """Use the code up, and note when it was given, with the access code where one was asked."""
    tx.connection.execute(delete(mail_codes).where(mail_codes.c.id == waiting.id))
    mine = update(outside_signers).where(outside_signers.c.recipient_id == waiting.asked.recipient_id)
    told = {} if waiting.asked.access_code is None else {"access_code": None, "told_at": now}
    tx.connection.execute(mine.values(confirmed_at=now, **told))


def confirm(tx: Transaction, recipient_id: str, now: datetime) -> None:
    """Note that a mailed code was given rightly for a recipient, before their envelope was there."""
    mine = update(outside_signers).where(outside_signers.c.recipient_id == recipient_id)
    tx.connection.execute(mine.values(confirmed_at=now))


def owe_nothing(tx: Transaction, person_id: str) -> None:
    """Ask somebody who got an account for no access code any more."""
    theirs = select(recipients.c.id).where(recipients.c.person_id == person_id)
    owing = update(outside_signers).where(outside_signers.c.recipient_id.in_(theirs))
    tx.connection.execute(owing.values(access_code=None, code_due=False))


def identity(tx: Transaction, recipient: RecipientRow) -> dict[str, str]:
    """Return when the codes were given by which this person is known; nothing about who has an account."""
    if not recipient.is_outside:
        return {}
    chosen = select(outside_signers.c.confirmed_at, outside_signers.c.told_at)
    row = tx.connection.execute(chosen.where(outside_signers.c.recipient_id == recipient.id)).one()
    given = {"mail_code_at": row.confirmed_at, "access_code_at": row.told_at}
    return {name: at.isoformat() for name, at in given.items() if at is not None}


def _asked(tx: Transaction, link_hash: bytes, now: datetime) -> Asked:
    chosen = (
        select(
            outside_links.c.recipient_id,
            recipients.c.envelope_id,
            recipients.c.person_id,
            outside_signers.c.access_code,
        )
        .join_from(outside_links, recipients, recipients.c.id == outside_links.c.recipient_id)
        .join(envelopes, envelopes.c.id == recipients.c.envelope_id)
        .join(outside_signers, outside_signers.c.recipient_id == recipients.c.id)
        .where(
            outside_links.c.token_hash == link_hash,
            outside_links.c.expires_at > now,
            outside_links.c.person_id == recipients.c.person_id,  # the address was not corrected since
            outside_signers.c.code_due.is_(False),  # the sender has set the access code that they ask for
            envelopes.c.state.in_(ALIVE),
        )
    )
    row = tx.connection.execute(chosen).one_or_none()
    person = people.by_id(tx, row.person_id) if row else None
    if row is None or person is None or not _may_come(person):
        raise LinkRefused
    return Asked(
        link_hash, RecipientId(row.recipient_id), EnvelopeId(row.envelope_id), person, row.access_code
    )


def _drawn() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def _sealed(records: Records, recipient_id: str, access_code: str) -> bytes:
    return records.seal(f"access-code:{recipient_id}", access_code.encode())


def _may_come(person: PersonRow) -> bool:
    """Somebody who got an account since signs in to it; somebody who was locked out does not come in."""
    return person.role is Role.OUTSIDER and person.state in {PersonState.INVITED, PersonState.ACTIVE}
