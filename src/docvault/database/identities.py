"""Which person an identity provider means: by issuer and subject together, never by address (ASVS 6.8.1).

Another issuer's subject of the same text is somebody else; an address that changes there
changes nothing here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from docvault.database.engine import Transaction
from docvault.database.tables import identities
from docvault.values import DocVaultError, PersonId


class IdentityTaken(DocVaultError):
    """The provider's account, or the person, is connected already."""

    def __init__(self) -> None:
        super().__init__(
            "This is connected already. Disconnect it first, in the account it is connected with."
        )


@dataclass(frozen=True, slots=True)
class IdentityRow:
    issuer: str
    subject: str
    person_id: PersonId
    created_at: datetime
    used_at: datetime


def person_of(tx: Transaction, issuer: str, subject: str) -> PersonId | None:
    """Return whom the issuer means by a subject."""
    same = (identities.c.issuer == issuer, identities.c.subject == subject)
    found = tx.connection.execute(select(identities.c.person_id).where(*same)).scalar_one_or_none()
    return None if found is None else PersonId(found)


def of_person(tx: Transaction, person_id: PersonId, issuer: str) -> IdentityRow | None:
    """Return how the issuer knows a person, if they are connected."""
    mine = (identities.c.person_id == person_id, identities.c.issuer == issuer)
    row = tx.connection.execute(select(identities).where(*mine)).one_or_none()
    return None if row is None else IdentityRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public way to names


def connect(tx: Transaction, issuer: str, subject: str, person_id: PersonId, now: datetime) -> None:
    """Keep that the issuer means this person, whom the caller has locked. Raises IdentityTaken."""
    if of_person(tx, person_id, issuer) is not None or person_of(tx, issuer, subject) is not None:
        raise IdentityTaken
    row = {"issuer": issuer, "subject": subject, "person_id": person_id, "created_at": now, "used_at": now}
    try:
        tx.connection.execute(insert(identities).values(row))
    except IntegrityError as error:  # two people at the same moment, on PostgreSQL
        raise IdentityTaken from error


def disconnect(tx: Transaction, person_id: PersonId, issuer: str | None = None) -> bool:
    """Forget how the issuer, or every issuer, knows a person; False if they were not known."""
    mine = [identities.c.person_id == person_id]
    if issuer is not None:
        mine.append(identities.c.issuer == issuer)
    return tx.connection.execute(delete(identities).where(*mine)).rowcount > 0


def touch(tx: Transaction, issuer: str, subject: str, now: datetime) -> None:
    """Note that it was signed on with."""
    same = (identities.c.issuer == issuer, identities.c.subject == subject)
    tx.connection.execute(update(identities).where(*same).values(used_at=now))
