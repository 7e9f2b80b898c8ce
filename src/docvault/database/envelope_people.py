"""Whom a document's envelope can ask to sign: the question names who asks, the policies decide who may."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from docvault.database import folder_members, people
from docvault.database.documents import DocumentRow
from docvault.database.engine import Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.people import PersonState
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.rules import outsiders as rules
from docvault.rules.envelopes import EnvelopeIncomplete
from docvault.rules.outsiders import Outsider
from docvault.values import OrganisationId, PersonId


@dataclass(frozen=True, slots=True)
class PossibleRecipient:
    id: PersonId
    name: str
    email: str
    organisation: str
    role: Role


def possible(tx: Transaction, acting: Acting, document: DocumentRow) -> list[PossibleRecipient]:
    """Return who may be asked to sign `document`, by name; the caller has checked that `acting` may ask.

    Everybody who is near the folder and whom the policies let sign in it, and whoever asks.
    """
    near = folder_members.candidates(tx, document.folder.resource, acting.at)
    known = folder_members.as_acting(tx, acting, near)
    found = [
        PossibleRecipient(one.person_id, one.name, one.email, one.organisation_name, one.role)
        for one in near
        if one.person_id == acting.person_id
        or tx.policy.decide(known[one.person_id], Permission.FOLDER_SIGN, document.folder.resource).allowed
    ]
    return _with_oneself(tx, acting, found)


def others(
    tx: Transaction, acting: Acting, row: EnvelopeRow, *, organisation_id: str | None = None
) -> list[PossibleRecipient]:
    """Return who may sign what lies in the envelope's folder and is not on the envelope, by name.

    organisation_id: only its people. The caller has checked that `acting` may put somebody on it.
    """
    folder = folder_members.resource(tx, row.folder_id, row.organisation_id, acting.at)
    near = [
        one
        for one in folder_members.candidates(tx, folder, acting.at)
        if organisation_id in {None, one.organisation_id} and row.recipient_of(one.person_id) is None
    ]
    known = folder_members.as_acting(tx, acting, near)
    return [
        PossibleRecipient(one.person_id, one.name, one.email, one.organisation_name, one.role)
        for one in near
        if tx.policy.decide(known[one.person_id], Permission.FOLDER_SIGN, folder).allowed
    ]


def _with_oneself(tx: Transaction, acting: Acting, found: list[PossibleRecipient]) -> list[PossibleRecipient]:
    """Add whoever asks, who may be near the folder by no way of its own."""
    own = people.by_id(tx, acting.person_id)
    if own is None or any(one.id == own.id for one in found):
        return found
    added = [*found, PossibleRecipient(own.id, own.name, own.email, own.organisation_name, own.role)]
    return sorted(added, key=lambda one: (one.name, one.id))


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an address stands for. id: none yet for somebody who is named for the first time."""

    said: Outsider
    id: PersonId | None
    is_outside: bool


def named(tx: Transaction, said: Sequence[Outsider]) -> list[Named]:
    """Return whom these addresses belong to: an account, somebody asked before, or nobody yet.

    Raises EnvelopeIncomplete, also for an access code beside an account, for somebody locked out, and for a
    domain that the policy refuses.
    """
    return [_named(tx, rules.check(one)) for one in said]


def check_accounts(names: Sequence[Named], known: AbstractSet[str]) -> None:
    """Accept accounts that may be asked here, also as hosts. Raises EnvelopeIncomplete."""
    for one in names:
        if not one.is_outside and one.id not in known:
            raise EnvelopeIncomplete(
                f"{one.said.email} has an account here that cannot be asked to sign this document."
                " Share the folder with them as signer first."
            )
        if one.said.host_id and one.said.host_id not in known:
            raise EnvelopeIncomplete(f"The host of {one.said.name} cannot be asked to sign this document.")


def add(tx: Transaction, acting: Acting, client: OrganisationId, one: Named) -> PersonId:
    """Return the person, made if need be: of the client's organisation, and a member of none."""
    return one.id or people.add(
        tx,
        organisation_id=client,
        email=one.said.email,
        name=one.said.name,
        role=Role.OUTSIDER,
        by=acting.person_id,
        now=acting.at,
    )


def _named(tx: Transaction, said: Outsider) -> Named:
    person = people.by_email(tx, said.email)
    if person is None or person.role is Role.OUTSIDER:
        rules.check_domain(said.email, tx.policy.numbers.signing.refused_domains)
    if person is None:
        return Named(said, None, is_outside=True)
    if person.role is not Role.OUTSIDER:
        if said.access_code:
            raise EnvelopeIncomplete(
                f"{said.email} has an account here and signs in to it. Leave the access code out."
            )
        if said.host_id:
            raise EnvelopeIncomplete(f"{said.email} has an account here and signs with it, without a host.")
        return Named(said, person.id, is_outside=False)
    if person.state not in {PersonState.INVITED, PersonState.ACTIVE}:
        raise EnvelopeIncomplete(f"{said.email} was locked out of this portal and cannot be asked.")
    return Named(said, person.id, is_outside=True)
