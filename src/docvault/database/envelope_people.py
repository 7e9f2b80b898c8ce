"""Whom a document's envelope can ask to sign: the question names who asks, the policies decide who may."""

from dataclasses import dataclass

from docvault.database import folder_members, people
from docvault.database.documents import DocumentRow
from docvault.database.engine import Transaction
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.values import PersonId


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


def _with_oneself(tx: Transaction, acting: Acting, found: list[PossibleRecipient]) -> list[PossibleRecipient]:
    """Add whoever asks, who may be near the folder by no way of its own."""
    own = people.by_id(tx, acting.person_id)
    if own is None or any(one.id == own.id for one in found):
        return found
    added = [*found, PossibleRecipient(own.id, own.name, own.email, own.organisation_name, own.role)]
    return sorted(added, key=lambda one: (one.name, one.id))
