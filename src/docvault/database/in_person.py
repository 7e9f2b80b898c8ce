"""Signing in person: the host whom the sender named, and each time that a host handed the device over.

While the device is in the signer's hands there is no session of the host in it: what the browser keeps is a
secret that only leads back to the host's second factor, and not for long.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, insert, select, update

from docvault.credentials.tokens import new_token, token_hash
from docvault.database import envelopes, outsiders, sessions
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.outsiders import Asked
from docvault.database.recipients import RecipientRow
from docvault.database.sessions import IN_PERSON
from docvault.database.tables import envelopes as envelope_rows
from docvault.database.tables import in_person_handings, in_person_hosts
from docvault.database.tables import recipients as recipient_rows
from docvault.policy.vocabulary import ONLY, Acting, Permission
from docvault.rules.envelopes import Part, State
from docvault.rules.in_person import Checked, HostGone
from docvault.values import EnvelopeId, NotFound, PersonId, RecipientId, SessionId, new_id


@dataclass(frozen=True, slots=True)
class Handing:
    """One time that a host vouched and handed over the device. digest: of what the signer is shown."""

    id: str
    recipient_id: RecipientId
    host_id: PersonId
    link_hash: bytes
    digest: str
    checked: Checked
    factor: str
    step_up_id: str
    attested_at: datetime
    proven: str
    session_id: SessionId | None  # of the signer, once their code was right


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a host says, and with what they proved that they are the host."""

    checked: Checked
    factor: str
    step_up_id: str


def name_hosts(tx: Transaction, hosts: Iterable[tuple[str, str]]) -> None:
    """Say beside whom people sign. hosts: of recipient and person; empty for who signs on their own."""
    rows = [{"recipient_id": recipient_id, "host_id": host_id} for recipient_id, host_id in hosts if host_id]
    if rows:
        tx.connection.execute(insert(in_person_hosts), rows)


def waiting_for(tx: Transaction, acting: Acting, limit: int) -> list[tuple[EnvelopeId, RecipientId]]:
    """Return who may wait for this host: of envelopes that were sent; turns are the rules' business."""
    rows = tx.connection.execute(_WAITING.limit(limit), {"host": acting.person_id})
    return [(EnvelopeId(envelope_id), RecipientId(recipient_id)) for envelope_id, recipient_id in rows]


def for_hosting(tx: Transaction, acting: Acting, recipient_id: str) -> tuple[EnvelopeRow, RecipientRow]:
    """Return somebody who signs in person beside `acting`, and the envelope. Raises NotFound."""
    chosen = select(recipient_rows.c.envelope_id).where(recipient_rows.c.id == recipient_id)
    envelope_id = tx.connection.execute(chosen).scalar_one_or_none()
    if envelope_id is None:
        raise NotFound
    row = envelopes.for_explaining(tx, envelope_id, acting.at)
    recipient = next(one for one in row.recipients if one.id == recipient_id)
    is_host = recipient.host is not None and recipient.host.id == acting.person_id
    if not is_host or not tx.policy.decide(acting, Permission.ENVELOPE_HOST, row.resource).allowed:
        raise NotFound
    return row, recipient


def handed(tx: Transaction, handing: Handing) -> tuple[EnvelopeRow, RecipientRow]:
    """Return whom a device was handed to, and their envelope."""
    chosen = select(recipient_rows.c.envelope_id).where(recipient_rows.c.id == handing.recipient_id)
    row = envelopes.for_completion(tx, EnvelopeId(tx.connection.execute(chosen).scalar_one()))
    return row, next(one for one in row.recipients if one.id == handing.recipient_id)


def hand_over(
    tx: Transaction, acting: Acting, row: EnvelopeRow, recipient: RecipientRow, said: Vouched, now: datetime
) -> tuple[Asked, str]:
    """Keep what the host said; return whom a code is mailed to, and the secret that leads back to the host.

    Whoever has the device for this recipient already has it no longer.
    """
    _end(tx, in_person_handings.c.recipient_id == recipient.id, now)
    _, _, link = outsiders.path(tx, recipient, now).partition("#")  # nobody is told it
    back = new_token()
    until = now + timedelta(minutes=tx.policy.numbers.sessions.in_person_minutes)
    outsiders.end_link(tx, token_hash(link), until)
    tx.connection.execute(
        insert(in_person_handings).values(
            id=new_id(),
            recipient_id=recipient.id,
            host_id=acting.person_id,
            link_hash=token_hash(link),
            digest=row.digest,
            checked=said.checked.value,
            factor=said.factor,
            step_up_id=said.step_up_id,
            attested_at=now,
            proven=acting.factors.partition("+")[0],
            back_hash=token_hash(back),
            back_until=until,
        )
    )
    return outsiders.of_link(tx, link, now), back


def of_link(tx: Transaction, link_hash: bytes) -> Handing | None:
    """Return the handing that a link was made for, while the device is in the signer's hands."""
    mine = (in_person_handings.c.link_hash == link_hash, in_person_handings.c.ended_at.is_(None))
    return _one(tx, *mine)


def of_session(tx: Transaction, session_id: SessionId) -> Handing | None:
    """Return the handing that a signer's session began with."""
    return _one(tx, in_person_handings.c.session_id == session_id)


def of_back(tx: Transaction, secret: str, now: datetime) -> Handing | None:
    """Return the handing whose host this browser leads back to; None once that took place, or too late."""
    mine = (in_person_handings.c.back_hash == token_hash(secret), in_person_handings.c.back_until > now)
    return _one(tx, *mine, in_person_handings.c.ended_at.is_(None))


def begin(tx: Transaction, handing: Handing, session_id: SessionId) -> None:
    """Note the session in which the signer goes on; one that they had before ends with its browser."""
    mine = update(in_person_handings).where(in_person_handings.c.id == handing.id)
    tx.connection.execute(mine.values(session_id=session_id))


def scopes(envelope_id: EnvelopeId) -> frozenset[str]:
    """Return what a session in person may be used for: the ceremony of one envelope."""
    may = (Permission.ENVELOPE_SEE, Permission.ENVELOPE_READ, Permission.ENVELOPE_SIGN)
    return frozenset({*(each.value for each in may), f"{ONLY}{envelope_id}"})


def end(tx: Transaction, handing: Handing, now: datetime) -> None:
    """Take the device back: the signer's session ends, and the secret leads nowhere any more."""
    _end(tx, in_person_handings.c.id == handing.id, now)


def attested(tx: Transaction, acting: Acting, row: EnvelopeRow) -> dict[str, str]:
    """Return what the host said for exactly these documents; nothing for who signs without a host.

    Raises SigningRefused for a session whose host vouched for something else.
    """
    if acting.session_kind != IN_PERSON:
        return {}
    handing = of_session(tx, acting.session_id)
    if handing is None or handing.digest != row.digest:
        raise HostGone
    return {
        "host": handing.host_id,
        "host_checked": handing.checked.value,
        "host_at": handing.attested_at.isoformat(),
        "host_confirmed_with": handing.factor,
        "host_step_up": handing.step_up_id,
    }


def _end(tx: Transaction, which: ColumnElement[bool], now: datetime) -> None:
    open_ones = (which, in_person_handings.c.ended_at.is_(None))
    chosen = select(in_person_handings.c.session_id, in_person_handings.c.link_hash).where(*open_ones)
    for session_id, link_hash in tx.connection.execute(chosen).all():
        outsiders.end_link(tx, link_hash, now)  # with it a code that is still on its way
        if session_id is not None:
            sessions.end(tx, session_id, now)
    tx.connection.execute(update(in_person_handings).where(*open_ones).values(ended_at=now))


def _one(tx: Transaction, *which: ColumnElement[bool]) -> Handing | None:
    chosen = select(*(in_person_handings.c[name] for name in Handing.__slots__)).where(*which)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)  # noqa: SLF001 - the public way to a row's columns by name
    return Handing(**values | {"checked": Checked(row.checked)})


# Every inbox asks this.
_WAITING = (
    select(envelope_rows.c.id, recipient_rows.c.id)
    .join_from(in_person_hosts, recipient_rows, recipient_rows.c.id == in_person_hosts.c.recipient_id)
    .join(envelope_rows, envelope_rows.c.id == recipient_rows.c.envelope_id)
    .where(
        in_person_hosts.c.host_id == bindparam("host"),
        envelope_rows.c.state == State.SENT.value,
        recipient_rows.c.signed_at.is_(None),
        recipient_rows.c.approved_at.is_(None),
        recipient_rows.c.role != Part.COPY.value,
    )
    .order_by(envelope_rows.c.created_at.desc(), recipient_rows.c.id)
)
