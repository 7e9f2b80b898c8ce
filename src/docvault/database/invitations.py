"""Links sent to a person: invitations, resets, new addresses, "not me". Only hashes are kept (promise 37).

An invitation is used up when the person's second factor is confirmed, not when it is opened: mail scanners
open links, and a person may have to fetch their phone (promise 38).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update

from docvault.credentials.refusals import LinkRefused
from docvault.credentials.tokens import new_token, token_hash
from docvault.database import people
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow, PersonState
from docvault.database.tables import invitations
from docvault.values import PersonId


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    FIRST_ADMINISTRATOR = "first-administrator"  # the person says their own name and address
    PASSWORD_RESET = "password-reset"  # noqa: S105 - a purpose
    FACTOR_REPROOF = "factor-reproof"  # two people vouched: set up a second factor anew
    EMAIL_CHANGE = "email-change"  # went to the new address, which is its detail
    NOT_ME = "not-me"  # freezes the account; one in each notice


JOINING = frozenset({LinkPurpose.INVITATION, LinkPurpose.FIRST_ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class LinkRow:
    token_hash: bytes
    person_id: PersonId
    purpose: LinkPurpose
    detail: bytes | None  # sealed
    expires_at: datetime


def add(
    tx: Transaction, person_id: PersonId, purpose: LinkPurpose, now: datetime, detail: bytes | None = None
) -> str:
    """Make a link, void older ones of its purpose (promise 13) and return the token, a secret for mail.

    Every notice keeps its own way to say "not me": a thief's later notices must not void it.
    """
    if purpose != LinkPurpose.NOT_ME:
        void(tx, person_id, now, purpose)
    token = new_token()
    tx.connection.execute(
        insert(invitations).values(
            token_hash=token_hash(token),
            person_id=person_id,
            purpose=purpose.value,
            detail=detail,
            expires_at=expiry(tx, purpose, now),
        )
    )
    return token


def expiry(tx: Transaction, purpose: LinkPurpose, now: datetime) -> datetime:
    """Return until when a link made now works."""
    rules = tx.policy.numbers.passwords
    if purpose == LinkPurpose.PASSWORD_RESET:
        return now + timedelta(minutes=rules.reset_minutes)
    hours = {
        LinkPurpose.EMAIL_CHANGE: rules.email_change_hours,
        LinkPurpose.NOT_ME: rules.not_me_hours,
        LinkPurpose.FACTOR_REPROOF: tx.policy.numbers.proposals.reproof_link_hours,
    }
    return now + timedelta(hours=hours.get(purpose, rules.invitation_hours))


def sealed(records: Records, person_id: PersonId, detail: str) -> bytes:
    """Return the detail of a person's link as it is stored."""
    return records.seal(f"link:{person_id}", detail.encode())


def unsealed(records: Records, link: LinkRow) -> str:
    """Return the detail of a link that has one."""
    return records.open(f"link:{link.person_id}", link.detail or b"").decode()


def live(tx: Transaction, token: str, now: datetime) -> LinkRow | None:
    """Return the link if it is unused and not too old; changes nothing."""
    counts = (invitations.c.token_hash == token_hash(token), invitations.c.used_at.is_(None))
    chosen = select(invitations).where(*counts, invitations.c.expires_at > now)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        return None
    return LinkRow(
        row.token_hash, PersonId(row.person_id), LinkPurpose(row.purpose), row.detail, row.expires_at
    )


def opened(
    tx: Transaction, token: str, now: datetime, *purposes: LinkPurpose, lock: bool = False
) -> tuple[LinkRow, PersonRow]:
    """Return a link of one of these purposes that counts, and its person, locked on demand. Raises
    LinkRefused.
    """
    link = live(tx, token, now)
    if link and lock:
        people.lock(tx, link.person_id)
        link = live(tx, token, now)  # it may have been used up, or the person disabled, while we waited
    person = people.by_id(tx, link.person_id) if link else None
    if link is None or person is None or link.purpose not in purposes:
        raise LinkRefused
    if person.state != (PersonState.INVITED if link.purpose in JOINING else PersonState.ACTIVE):
        raise LinkRefused
    return link, person


def spend(tx: Transaction, link: LinkRow, now: datetime) -> bool:
    """Use the link up; False if another request was faster."""
    unused = update(invitations).where(
        invitations.c.token_hash == link.token_hash, invitations.c.used_at.is_(None)
    )
    return tx.connection.execute(unused.values(used_at=now)).rowcount == 1


def void(tx: Transaction, person_id: PersonId, now: datetime, *purposes: LinkPurpose) -> None:
    """Use up every open link of a person, of these purposes or of all but "not me".

    A thief who sets a new password must not void the links by which the owner stops them.
    """
    unused = update(invitations).where(invitations.c.person_id == person_id, invitations.c.used_at.is_(None))
    if purposes:
        unused = unused.where(invitations.c.purpose.in_([purpose.value for purpose in purposes]))
    else:
        unused = unused.where(invitations.c.purpose != LinkPurpose.NOT_ME.value)
    tx.connection.execute(unused.values(used_at=now))
