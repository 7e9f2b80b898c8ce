"""Saying "this was not me": whoever holds the link of a notice closes the account to everybody (promise 16).

A thief may hold the mailbox too, so nothing here opens anything: a frozen account comes back only when an
administrator enables it, and then without its old password, without the passkeys that were added since the
notice, and without single sign-on (docs/decisions/0009).
"""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import LinkRefused
from docvault.database import (
    audit,
    devices,
    enrolments,
    identities,
    invitations,
    notices,
    passkeys,
    people,
    sessions,
)
from docvault.database.engine import Database, Transaction
from docvault.database.invitations import LinkPurpose, LinkRow
from docvault.database.messages import Records
from docvault.database.people import PersonState
from docvault.database.sessions import Source


def freeze_account(db: Database, records: Records, *, token: str, source: Source, now: datetime) -> None:
    """End all that lets somebody in, but for the factors that are older than the notice; tell everybody.

    Raises LinkRefused, the same for an unknown, used and old link and for an account that is closed already.
    """
    with db.transaction() as tx:
        link, person = invitations.opened(tx, token, now, LinkPurpose.NOT_ME, lock=True)
        if not invitations.spend(tx, link, now):
            raise LinkRefused
        people.set_state(tx, person, PersonState.FROZEN, by=None, now=now)
        people.set_password(tx, person.id, None)
        identities.disconnect(tx, person.id)
        enrolments.end_tries(tx, person.id)
        invitations.void(tx, person.id, now, *LinkPurpose)
        facts = {
            "sessions_ended": sessions.end_all(tx, person.id, now),
            "devices_forgotten": devices.forget(tx, person.id, now),
            "passkeys_removed": _remove_younger(tx, link),
        }
        audit.append(
            tx,
            Kind.PERSON_FROZEN,
            at=now,
            object_type="person",
            object_id=person.id,
            organisation_id=person.organisation_id,
            facts=facts,
            private={"person": person.name, "address": source.address, "user_agent": source.user_agent},
        )
        notices.tell_frozen(tx, records, person, now)


def _remove_younger(tx: Transaction, link: LinkRow) -> int:
    """Remove the passkeys that were added with the notice or later, and return how many."""
    noticed = link.expires_at - timedelta(hours=tx.policy.numbers.passwords.not_me_hours)
    younger = [row for row in passkeys.of_person(tx, link.person_id) if row.created_at >= noticed]
    for row in younger:
        passkeys.remove(tx, row)
    return len(younger)
