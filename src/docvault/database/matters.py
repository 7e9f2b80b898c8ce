"""What every deed that needs two people is made of (promise 26). Knows no deed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow
from docvault.database.proposals import Facts
from docvault.policy.vocabulary import Acting
from docvault.rules.proposals import Kind, ProposalInvalid

Shape = TypeVar("Shape", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Matter:
    """What a proposal is about, checked as things are now."""

    sentence: str  # says the deed, without a full stop
    subject: PersonRow | None = None


class Deed(Protocol):
    """One kind of deed. Facts are plain texts, kept exactly as they were confirmed."""

    kind: Kind

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        """Say what it is about, also when it cannot be done any more. Raises ProposalInvalid."""
        ...

    def check(self, tx: Transaction, facts: Facts) -> None:
        """Return only if it can be done now. Raises ProposalInvalid, AlreadyKnown, PersonRefused."""
        ...

    def confirmed(
        self, tx: Transaction, records: Records, facts: Facts, due: datetime, now: datetime
    ) -> None:
        """Do what follows at once from the second person, before the delay."""
        ...

    def carry_out(
        self, tx: Transaction, records: Records, facts: Facts, *, by: Acting, now: datetime
    ) -> None:
        """Do it. by: who proposed, with their rights of now."""
        ...


class NothingBefore:
    """The part of a deed before whose delay nothing happens."""

    def confirmed(
        self, tx: Transaction, records: Records, facts: Facts, due: datetime, now: datetime
    ) -> None:
        """Nothing comes before the deed itself."""


def read(facts: Facts, shape: type[Shape]) -> Shape:
    """Return the facts of one kind of deed. Raises ProposalInvalid."""
    try:
        return msgspec.convert(dict(facts), shape)
    except msgspec.ValidationError as error:
        raise ProposalInvalid(f"The facts do not fit: {error}.") from error
