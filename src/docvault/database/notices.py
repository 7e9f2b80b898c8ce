"""Mail about a person's own account: invitations, resets, and what happened to it (promise 16)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from docvault.database import invitations, messages, organisations
from docvault.database.engine import Transaction
from docvault.database.invitations import LinkPurpose
from docvault.database.messages import Records
from docvault.database.people import PersonRow


def tell(tx: Transaction, records: Records, person: PersonRow, what: str, now: datetime) -> None:
    """Queue a notice in `tx`. what: a sentence without its full stop, such as "Your password was changed"."""
    values = {"name": person.name, "what": what, "when": moment(now)}
    _queue(tx, records, person, "security_notice", values, now)


PASSKEY_COPIED = "A passkey of your account was refused, because there may be a copy of it"


def invite(tx: Transaction, records: Records, person: PersonRow, inviter: str, now: datetime) -> str:
    """Queue an invitation in `tx` and return its token; an older one ends."""
    token = invitations.add(tx, person.id, LinkPurpose.INVITATION, now)
    values = {
        "name": person.name,
        "inviter": inviter,
        "organisation": organisations.operator(tx).name,
        "expires": moment(invitations.expiry(tx, LinkPurpose.INVITATION, now)),
        "path": f"/welcome#{token}",
    }
    _queue(tx, records, person, "invitation", values, now)
    return token


def offer_reset(tx: Transaction, records: Records, person: PersonRow, now: datetime) -> None:
    """Queue a link to choose a new password; an older one ends."""
    token = invitations.add(tx, person.id, LinkPurpose.PASSWORD_RESET, now)
    expires = moment(invitations.expiry(tx, LinkPurpose.PASSWORD_RESET, now))
    values = {"name": person.name, "expires": expires, "path": f"/reset#{token}"}
    _queue(tx, records, person, "password_reset", values, now)


def tell_of_ending_token(
    tx: Transaction, records: Records, person: PersonRow, token: str, ends: datetime, now: datetime
) -> None:
    """Queue a reminder that an API token ends, in time to make another (ASVS 6.4.5). token: its name."""
    values = {"name": person.name, "token": token, "ends": moment(ends), "path": "/account/tokens"}
    _queue(tx, records, person, "token_ends", values, now)


def offer_reproof(tx: Transaction, records: Records, person: PersonRow, now: datetime) -> None:
    """Queue the link to set up a second factor anew, after two people vouched; an older one ends."""
    token = invitations.add(tx, person.id, LinkPurpose.FACTOR_REPROOF, now)
    expires = moment(invitations.expiry(tx, LinkPurpose.FACTOR_REPROOF, now))
    values = {"name": person.name, "expires": expires, "path": f"/reproof#{token}"}
    _queue(tx, records, person, "factor_reproof", values, now)


def _queue(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    template: str,
    values: Mapping[str, str],
    now: datetime,
) -> None:
    messages.add(
        tx,
        records,
        person_id=person.id,
        recipient=person.email,
        template=template,
        values=values,
        now=now,
    )


def moment(at: datetime) -> str:
    """Return a moment as people read it in mail, in UTC."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"
