"""The deed of two people that erases somebody's details (promises 26, 81, 88)."""

from datetime import UTC, datetime

import msgspec

from docvault.database import erasures, people
from docvault.database.engine import Transaction
from docvault.database.matters import Deed, Matter, NothingBefore, read
from docvault.database.messages import Records
from docvault.database.people import PersonRow
from docvault.database.proposals import Facts
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import erasures as rules
from docvault.rules.erasures import ErasureRefused
from docvault.rules.proposals import Kind, ProposalInvalid
from docvault.values import PersonId

ERASE = "erase-person"
ANY_TIME = datetime.min.replace(tzinfo=UTC)  # holds have no agreed end, so those of any time are those of now


class ErasedFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person_id: str


class ErasePerson(NothingBefore):
    """Erase who somebody is, in the account and beside the log; what the law keeps is kept until its time."""

    kind = Kind(ERASE, Permission.PERSON_ERASE, Permission.PROPOSAL_CONFIRM)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        person = _person(tx, facts)
        return Matter(f"Erase the details of {person.name} ({person.email})", person)

    def check(self, tx: Transaction, facts: Facts) -> None:
        try:
            rules.check(erasures.ties(tx, _person(tx, facts), ANY_TIME))
        except ErasureRefused as error:
            raise ProposalInvalid(str(error)) from error

    def carry_out(
        self,
        tx: Transaction,
        records: Records,  # noqa: ARG002 - the protocol's
        facts: Facts,
        *,
        by: Acting,  # noqa: ARG002 - the entry of the proposal names both
        now: datetime,
    ) -> None:
        """Decide it for good; the worker erases within seconds, with an entry of its own."""
        try:
            erasures.begin(tx, _person(tx, facts), now)
        except ErasureRefused as error:
            raise ProposalInvalid(str(error)) from error


DEEDS: tuple[Deed, ...] = (ErasePerson(),)


def _person(tx: Transaction, facts: Facts) -> PersonRow:
    person = people.by_id(tx, PersonId(read(facts, ErasedFacts).person_id))
    if person is None:
        raise ProposalInvalid("There is nobody with this id.")
    return person
