"""Why somebody may or may not do something, in the words of the rules. Shows no name of any thing.

Administrators ask this too, and they see no folder, no document and no envelope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, folders, people, things
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderSummary
from docvault.database.people import PersonRow, PersonState
from docvault.policy.engine import Explanation
from docvault.policy.rules import Rule
from docvault.policy.vocabulary import PORTAL, Acting, Permission, ResourceType, Role
from docvault.rules import things as rules
from docvault.values import NotFound, OrganisationId, PersonId

SHOWN = 20  # people or folders of a search


@dataclass(frozen=True, slots=True)
class Named:
    """A person as those who explain and report know them."""

    id: PersonId
    name: str
    email: str
    role: Role
    state: PersonState
    organisation_id: OrganisationId
    organisation_name: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer. `barred`: why nothing at all is allowed to this person, before any rule is asked."""

    person: Named
    permission: Permission
    thing_type: ResourceType
    thing_id: str
    barred: str | None
    explanation: Explanation

    @property
    def allowed(self) -> bool:
        return self.barred is None and self.explanation.allowed


def list_rules(db: Database, *, acting: Acting) -> Sequence[Rule]:
    """Return every rule in force, in the order of their files. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.POLICY_EXPLAIN, PORTAL)
        return tx.policy.rules


def find_people(db: Database, *, acting: Acting, words: str) -> list[Named]:
    """Return people by a part of their name or address, to ask about. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.POLICY_EXPLAIN, PORTAL)
        return [_named(person) for person in people.called(tx, words, SHOWN)]


def find_folders(db: Database, *, acting: Acting, words: str) -> Sequence[FolderSummary]:
    """Return folders by name, as far as `acting` may see any: administrators find none. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.POLICY_EXPLAIN, PORTAL)
        return folders.page(tx, acting, search=words, limit=SHOWN).items if words.strip() else []


def explain_decision(
    db: Database, *, acting: Acting, person: str, permission: str, on: str, now: datetime
) -> Explained:
    """Say what a person may do now, with a full session, and by which rules.

    person: an id, or a whole e-mail address. on: `folder:ID`, a page's address, or nothing for the portal.
    Raises Forbidden, ThingUnclear or NotFound, tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.POLICY_EXPLAIN, PORTAL)
        asked = rules.permission(permission)
        thing_type, thing_id = rules.thing(on)
        rules.check_about(asked, thing_type, tx.policy.applies(asked))
        somebody = _person(tx, person)
        thing = things.thing(tx, thing_type, thing_id, now)
        found = tx.policy.explain(actors.of(tx, somebody, at=now), asked, thing)
        answer = Explained(_named(somebody), asked, thing_type, thing.id, _barred(somebody), found)
        facts = {"permission": asked.value, "on": f"{thing_type.value}:{thing.id}", "allowed": answer.allowed}
        audit.append(
            tx,
            Kind.POLICY_EXPLAINED,
            at=now,
            acting=acting,
            object_type="person",
            object_id=somebody.id,
            organisation_id=somebody.organisation_id,
            facts=facts,
            private={"person": somebody.name},
        )
        return answer


def _person(tx: Transaction, given: str) -> PersonRow:
    words = given.strip()
    found = people.by_id(tx, PersonId(words)) or people.by_email(tx, words.lower())
    if found is None:
        raise NotFound("There is nobody with this address.")
    return found


def _barred(person: PersonRow) -> str | None:
    return {
        PersonState.ACTIVE: None,
        PersonState.INVITED: "They have not joined yet, so nothing is allowed.",
        PersonState.DISABLED: "Their account is disabled, so nothing is allowed.",
        PersonState.FROZEN: "Their account is frozen, so nothing is allowed.",
    }[person.state]


def _named(person: PersonRow) -> Named:
    return Named(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.role,
        state=person.state,
        organisation_id=person.organisation_id,
        organisation_name=person.organisation_name,
    )
