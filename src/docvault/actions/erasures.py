"""What erasing somebody's details would do, and whose were erased. Doing it takes two people: proposals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from docvault.database import erasures, people
from docvault.database.engine import Database
from docvault.database.erasures import Erasure, Evidence
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import erasures as rules
from docvault.values import NotFound, PersonId


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands against it, and what would be kept as evidence of signed documents; or what was done."""

    person_id: PersonId
    reasons: Sequence[str]
    evidence: Sequence[Evidence]
    done: Erasure | None


def plan(db: Database, *, acting: Acting, person_id: str, now: datetime) -> Plan:
    """Return what erasing somebody's details would do, for whoever may propose it.

    Raises Forbidden, NotFound.
    """
    with db.reading() as tx:
        tx.policy.require(acting, Permission.PERSON_ERASE, PORTAL)
        person = people.by_id(tx, PersonId(person_id))
        if person is None:
            raise NotFound
        found = erasures.evidence(tx, person.id, now)
        sees = tx.policy.decide(
            acting, Permission.HOLD_MANAGE, PORTAL
        ).allowed  # administrators see no titles
        return Plan(
            person_id=person.id,
            reasons=rules.reasons(erasures.ties(tx, person, now)),
            evidence=found if sees else [replace(one, title="") for one in found],
            done=erasures.find(tx, person.id),
        )


def list_erasures(db: Database, *, acting: Acting) -> Sequence[Erasure]:
    """Return whose details were erased, newest first. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.PERSON_ERASE, PORTAL)
        return erasures.listed(tx)
