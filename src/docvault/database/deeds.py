"""The deeds that need two people, each with its facts, its sentence and how it is carried out (promise 26).

A new one is a class here and a line in DEEDS: docs/decisions/0010-two-people-decide.md shows how.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

import msgspec

from docvault.audit.kinds import Kind as Event
from docvault.database import (
    audit,
    erasure_deeds,
    key_deeds,
    notices,
    organisations,
    people,
    reproofs,
    retention_deeds,
    roles,
)
from docvault.database.engine import Transaction
from docvault.database.matters import Deed, Matter, NothingBefore, read
from docvault.database.messages import Records
from docvault.database.organisations import OrganisationRow
from docvault.database.people import AlreadyKnown, PersonRow, PersonState
from docvault.database.proposals import Facts
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.rules import people as names
from docvault.rules.proposals import POWERFUL, Kind, ProposalInvalid
from docvault.values import PersonId

EXPORT = "export-personal-data"


class RoleFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """person_id: who gets the role; or name and email of somebody who is invited with it."""

    role: Role
    person_id: str = ""
    name: str = ""
    email: str = ""


class GrantRole(NothingBefore):
    """Make somebody an administrator or a compliance officer, by another role or by an invitation."""

    kind = Kind("grant-role", Permission.PERSON_PROMOTE, Permission.PROPOSAL_CONFIRM, alone_at_first=True)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        given = read(facts, RoleFacts)
        role = given.role.replace("_", " ")
        if given.person_id:
            person = _person(tx, given.person_id)
            return Matter(f"Make {person.name} ({person.email}) {_article(role)} {role}", person)
        return Matter(f"Invite {given.name} ({given.email}) as {_article(role)} {role}")

    def check(self, tx: Transaction, facts: Facts) -> None:
        given = read(facts, RoleFacts)
        if given.role not in POWERFUL:
            raise ProposalInvalid("This role needs no second person: an administrator gives it directly.")
        if given.person_id:
            if given.name or given.email:
                raise ProposalInvalid("Name either somebody who is here, or somebody to invite.")
            person = _person(tx, given.person_id)
            if person.state != PersonState.ACTIVE:
                raise ProposalInvalid(
                    "Only somebody who has joined and is not switched off gets another role."
                )
            if person.role is given.role:
                raise ProposalInvalid("They have this role already.")
            return
        if people.by_email(tx, names.email(given.email)) is not None:
            raise AlreadyKnown
        names.name(given.name)

    def carry_out(
        self, tx: Transaction, records: Records, facts: Facts, *, by: Acting, now: datetime
    ) -> None:
        given = read(facts, RoleFacts)
        home = organisations.operator(tx)
        if given.person_id:
            person = _person(tx, given.person_id)
            roles.give(tx, records, person, given.role, home, by=by, now=now)
            return
        _invite(tx, records, given, home, by, now)


class PersonFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person_id: str


class ReproveFactor:
    """Let somebody who lost every factor set one up anew: after a delay, with their own password."""

    kind = Kind(
        "reprove-factor",
        Permission.PERSON_REPROVE,
        Permission.PROPOSAL_CONFIRM,
        delay=lambda numbers: timedelta(hours=numbers.reproof_delay_hours),
    )

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        person = _person(tx, read(facts, PersonFacts).person_id)
        return Matter(f"Let {person.name} ({person.email}) set up a lost second factor anew", person)

    def check(self, tx: Transaction, facts: Facts) -> None:
        person = _person(tx, read(facts, PersonFacts).person_id)
        if person.state != PersonState.ACTIVE:
            raise ProposalInvalid(
                "Only somebody who has joined and is not switched off has a factor to set up anew."
            )

    def confirmed(
        self, tx: Transaction, records: Records, facts: Facts, due: datetime, now: datetime
    ) -> None:
        reproofs.announce(tx, records, _person(tx, facts["person_id"]), due, now)

    def carry_out(
        self, tx: Transaction, records: Records, facts: Facts, *, by: Acting, now: datetime
    ) -> None:
        reproofs.open_way(tx, records, _person(tx, facts["person_id"]), by=by, now=now)


class ExportFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The format and the filters that are set, as an export says them."""

    format: Literal["csv", "jsonl", "bundle"]
    start: str = ""
    end: str = ""
    actor: str = ""
    kind: str = ""
    organisation: str = ""
    object_type: str = ""
    object: str = ""


class ExportPersonalData:
    """Take the trail out with names, addresses and other details in clear; the proposer fetches it, once."""

    kind = Kind(EXPORT, Permission.AUDIT_EXPORT, Permission.PROPOSAL_CONFIRM, fetched=True)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:  # noqa: ARG002 - asks nothing of the database
        given = read(facts, ExportFacts)
        what = "what is chosen of the audit trail" if len(facts) > 1 else "the whole audit trail"
        form = {"csv": "CSV", "jsonl": "JSON lines", "bundle": "a bundle"}[given.format]
        return Matter(f"Export {what} with personal details, as {form}")

    def check(self, tx: Transaction, facts: Facts) -> None:
        """An export of nothing is an export as well."""

    def confirmed(
        self, tx: Transaction, records: Records, facts: Facts, due: datetime, now: datetime
    ) -> None:
        """The proposer sees it on the page of proposals."""

    def carry_out(
        self, tx: Transaction, records: Records, facts: Facts, *, by: Acting, now: datetime
    ) -> None:
        """The export itself is the proposer's own deed, which uses the proposal up."""


_OWN: tuple[Deed, ...] = (GrantRole(), ReproveFactor(), ExportPersonalData())
_ALL = chain(_OWN, retention_deeds.DEEDS, erasure_deeds.DEEDS, key_deeds.DEEDS)
DEEDS: Mapping[str, Deed] = {deed.kind.name: deed for deed in _ALL}


def named(kind: str) -> Deed:
    """Return a deed by its name. Raises ProposalInvalid."""
    if kind not in DEEDS:
        raise ProposalInvalid(f"Nothing of this kind can be proposed. The kinds are {', '.join(DEEDS)}.")
    return DEEDS[kind]


def _person(tx: Transaction, person_id: str) -> PersonRow:
    person = people.by_id(tx, PersonId(person_id))
    if person is None:
        raise ProposalInvalid("There is nobody with this id.")
    return person


def _invite(
    tx: Transaction, records: Records, given: RoleFacts, home: OrganisationRow, by: Acting, now: datetime
) -> None:
    email, name = names.email(given.email), names.name(given.name)
    person_id = people.add(
        tx,
        organisation_id=home.id,
        email=email,
        name=name,
        role=given.role,
        by=by.person_id,
        now=now,
    )
    person = people.by_id(tx, person_id)
    if person is not None:
        notices.invite(tx, records, person, by, now, permission=Permission.PERSON_PROMOTE)
    audit.append(
        tx,
        Event.PERSON_INVITED,
        at=now,
        acting=by,
        object_type="person",
        object_id=person_id,
        organisation_id=home.id,
        facts={"role": given.role.value},
        private={"name": name, "email": email},
    )


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
