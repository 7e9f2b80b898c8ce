"""Whom a document's envelope can ask to sign: the question names who asks."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from docvault.database.documents import DocumentRow
from docvault.database.engine import Transaction
from docvault.database.tables import folder_members, organisations, people, portfolios
from docvault.policy.vocabulary import Acting, Role
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

    That is everybody active of the client, with whom the folder is shared, or who looks after the client.
    """
    shared = select(folder_members.c.person_id).where(folder_members.c.folder_id == document.folder_id)
    looking_after = select(portfolios.c.person_id).where(
        portfolios.c.organisation_id == document.organisation_id
    )
    near = or_(
        people.c.organisation_id == document.organisation_id,
        people.c.id.in_(shared),
        people.c.id.in_(looking_after),
        people.c.id == acting.person_id,
    )
    chosen = (
        select(
            people.c.id,
            people.c.name,
            people.c.email,
            organisations.c.name.label("organisation"),
            people.c.role,
        )
        .join(organisations, organisations.c.id == people.c.organisation_id)
        .where(people.c.state == "active", near)
        .order_by(people.c.name, people.c.id)
    )
    return [
        PossibleRecipient(PersonId(row.id), row.name, row.email, row.organisation, Role(row.role))
        for row in tx.connection.execute(chosen)
    ]
