"""Mail about a person's own account: invitations, resets, and what happened to it (promise 16)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from docvault.database import addresses, invitations, messages, organisations, people, throttles
from docvault.database.engine import Transaction
from docvault.database.invitations import LinkPurpose
from docvault.database.messages import Cause, Records
from docvault.database.people import PersonRow
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.rules.notices import Notice


def tell(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    what: Notice,
    now: datetime,
    *,
    where: str = "",
    from_then: datetime | None = None,
) -> None:
    """Queue a notice in `tx` to every address of the person, with a link that freezes the account.

    where: from where it was done, as short as a browser's name and an address. from_then: when it will count.
    """
    token = invitations.add(tx, person.id, LinkPurpose.NOT_ME, now)
    values = {
        "what": what.value,
        "when": moment(now),
        "where": where,
        "from_then": moment(from_then) if from_then else "",
        "expires": moment(invitations.expiry(tx, LinkPurpose.NOT_ME, now)),
        "path": f"/not-me#{token}",
    }
    _queue(tx, records, person, "security_notice", values, now, addresses.verified(tx, person, now))


def tell_at_times(
    tx: Transaction, records: Records, person: PersonRow, what: Notice, now: datetime, *, where: str = ""
) -> None:
    """Queue a notice of what strangers can cause, seldom enough that nobody floods a mailbox with it."""
    minutes = tx.policy.numbers.passwords.notice_minutes
    if throttles.once(tx, f"notice:{what.value}:{person.id}", minutes, now):
        tell(tx, records, person, what, now, where=where)


def tell_frozen(tx: Transaction, records: Records, person: PersonRow, now: datetime) -> None:
    """Queue the news that an account was frozen, to its owner and to every administrator."""
    values = {"when": moment(now)}
    _queue(tx, records, person, "account_frozen", values, now, addresses.verified(tx, person, now))
    for administrator in people.active(tx, Role.ADMINISTRATOR):
        told = {**values, "who": person.name, "path": "/people"}
        _queue(tx, records, administrator, "person_frozen", told, now)


def invite(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    inviter: Acting,
    now: datetime,
    *,
    permission: Permission = Permission.PERSON_INVITE,
) -> str:
    """Queue an invitation in `tx` and return its token; an older one ends.

    permission: with which right it is asked for.
    """
    token = invitations.add(tx, person.id, LinkPurpose.INVITATION, now)
    values = {
        "inviter": inviter.name,
        "organisation": organisations.operator(tx).name,
        "expires": moment(invitations.expiry(tx, LinkPurpose.INVITATION, now)),
        "path": f"/welcome#{token}",
    }
    cause = messages.caused_by(inviter, permission)
    _queue(tx, records, person, "invitation", values, now, cause=cause)
    return token


def offer_reset(
    tx: Transaction, records: Records, person: PersonRow, now: datetime, by: Acting | None = None
) -> None:
    """Queue a link to choose a new password; an older one ends. by: the administrator who starts it."""
    token = invitations.add(tx, person.id, LinkPurpose.PASSWORD_RESET, now)
    expires = moment(invitations.expiry(tx, LinkPurpose.PASSWORD_RESET, now))
    values = {"expires": expires, "path": f"/reset#{token}"}
    cause = messages.caused_by(by, Permission.PERSON_CHANGE) if by else None
    _queue(tx, records, person, "password_reset", values, now, cause=cause)


def confirm_address(tx: Transaction, records: Records, person: PersonRow, email: str, now: datetime) -> None:
    """Queue a link to a new address, by which its holder confirms it; an older one ends.

    Somebody whose address it is already gets a mail that says so instead; whoever asked learns nothing.
    """
    owner = people.by_email(tx, email)
    if owner is not None:
        invitations.void(tx, person.id, now, LinkPurpose.EMAIL_CHANGE)
        _queue(tx, records, owner, "email_in_use", {}, now)
        return
    detail = invitations.sealed(records, person.id, email)
    token = invitations.add(tx, person.id, LinkPurpose.EMAIL_CHANGE, now, detail)
    expires = moment(invitations.expiry(tx, LinkPurpose.EMAIL_CHANGE, now))
    values = {"expires": expires, "path": f"/confirm-email#{token}"}
    _queue(tx, records, person, "email_change", values, now, [email])


def moment(at: datetime) -> str:
    """Return a moment as messages carry it; the template says it in the reader's language (`|moment`)."""
    return at.isoformat()


def tell_of_ending_token(
    tx: Transaction, records: Records, person: PersonRow, token: str, ends: datetime, now: datetime
) -> None:
    """Queue a reminder that an API token ends, in time to make another (ASVS 6.4.5). token: its name."""
    values = {"name": person.name, "token": token, "ends": moment(ends), "path": "/account/tokens"}
    _queue(tx, records, person, "token_ends", values, now)


def offer_reproof(tx: Transaction, records: Records, person: PersonRow, by: Acting, now: datetime) -> None:
    """Queue the link to set up a second factor anew, after two people vouched; an older one ends."""
    token = invitations.add(tx, person.id, LinkPurpose.FACTOR_REPROOF, now)
    expires = moment(invitations.expiry(tx, LinkPurpose.FACTOR_REPROOF, now))
    values = {"name": person.name, "expires": expires, "path": f"/reproof#{token}"}
    cause = messages.caused_by(by, Permission.PERSON_REPROVE)
    _queue(tx, records, person, "factor_reproof", values, now, cause=cause)


def _queue(
    tx: Transaction,
    records: Records,
    person: PersonRow,
    template: str,
    values: Mapping[str, str],
    now: datetime,
    to: Iterable[str] = (),
    *,
    cause: Cause | None = None,
) -> None:
    for recipient in to or [person.email]:
        messages.add(
            tx,
            records,
            person_id=person.id,
            recipient=recipient,
            template=template,
            values={"name": person.name, **values},
            now=now,
            cause=cause,
        )
