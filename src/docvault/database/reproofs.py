"""A lost second factor, set up anew because two people vouched (ASVS 6.4.4). Never touches the password.

Nobody but the owner gets further: the link goes to their address and asks for their password, and what it
opens only enrols a factor.
"""

from datetime import datetime

from sqlalchemy import delete

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import LinkRefused
from docvault.database import (
    audit,
    challenges,
    factors,
    invitations,
    notices,
    people,
    sessions,
    throttles,
)
from docvault.database.engine import Transaction
from docvault.database.invitations import LinkPurpose, LinkRow
from docvault.database.messages import Records
from docvault.database.people import PersonRow
from docvault.database.tables import passkeys, recovery_codes, totp_factors
from docvault.policy.vocabulary import Acting
from docvault.rules.notices import Notice
from docvault.values import PersonId


def announce(tx: Transaction, records: Records, person: PersonRow, due: datetime, now: datetime) -> None:
    """Tell the owner at once, so that they can object while the delay runs."""
    notices.tell(tx, records, person, Notice.REPROOF_DECIDED, now, from_then=due)


def open_way(tx: Transaction, records: Records, person: PersonRow, *, by: Acting, now: datetime) -> None:
    """End factors, recovery codes, sessions and tokens, and mail the link that lets the owner enrol anew."""
    people.lock(tx, person.id)
    _end_factors(tx, person.id)
    challenges.end_all(tx, person.id)
    invitations.void(tx, person.id, now)
    ended = sessions.end_all(tx, person.id, now)
    notices.offer_reproof(tx, records, person, by, now)
    audit.append(
        tx,
        Kind.FACTOR_REPROVED,
        at=now,
        acting=by,
        object_type="person",
        object_id=person.id,
        organisation_id=person.organisation_id,
        facts={"sessions_ended": ended},
        private={"person": person.name},
    )


def opened(tx: Transaction, token: str, now: datetime, *, lock: bool = False) -> tuple[LinkRow, PersonRow]:
    """Return a link that still leads to a new factor, and whose it is. Raises LinkRefused.

    It works until a factor is in force again, so an interrupted set-up can be taken up.
    """
    link, person = invitations.opened(tx, token, now, LinkPurpose.FACTOR_REPROOF, lock=lock)
    if factors.has_confirmed(tx, person.id):
        raise LinkRefused
    return link, person


def _end_factors(tx: Transaction, person_id: PersonId) -> None:
    for table in (totp_factors, passkeys, recovery_codes):
        tx.connection.execute(delete(table).where(table.c.person_id == person_id))
    throttles.clear_factors(tx, person_id)
