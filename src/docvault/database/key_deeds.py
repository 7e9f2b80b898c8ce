"""Destroying old keys takes two people: one proposes, one confirms, and the terminal does it (promise 26).

The terminal alone holds the keys, so nothing happens at the confirmation: `docvault keys destroy` uses it up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from docvault.audit.kinds import Kind as Event
from docvault.database import audit, proposals
from docvault.database.engine import Transaction
from docvault.database.matters import Deed, Matter, read
from docvault.database.messages import Records
from docvault.database.proposals import Facts, ProposalRow
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import proposals as rules
from docvault.rules.keys import KINDS, KeyRefused
from docvault.rules.proposals import Kind, NoLongerPermitted, ProposalInvalid

DESTROY = "destroy-keys"
TWO = 2  # people who could decide


class KeyFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """key: one of rules.keys.KINDS, as `docvault keys list` calls it."""

    key: str


class DestroyKeys:
    """Destroy the older keys of one kind; the newest is never among them."""

    kind = Kind(DESTROY, Permission.KEY_DESTROY, Permission.PROPOSAL_CONFIRM, at_terminal=True)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:  # noqa: ARG002 - the protocol's
        return Matter(f"Destroy the older {read(facts, KeyFacts).key} keys")

    def check(self, tx: Transaction, facts: Facts) -> None:  # noqa: ARG002 - the protocol's
        if read(facts, KeyFacts).key not in KINDS:
            raise ProposalInvalid(f"There is no such kind of key. The kinds are {', '.join(KINDS)}.")

    def confirmed(
        self, tx: Transaction, records: Records, facts: Facts, due: datetime, now: datetime
    ) -> None:
        """The terminal does it, and asks for this then."""

    def carry_out(
        self, tx: Transaction, records: Records, facts: Facts, *, by: Acting, now: datetime
    ) -> None:
        """Never by itself: `Consent.take` uses the proposal up."""


DEEDS: tuple[Deed, ...] = (DestroyKeys(),)


@dataclass(frozen=True, slots=True)
class Consent:
    """What lets whoever is at the terminal destroy keys: two people, or that there are not two.

    alone: the terminal says that nobody could confirm; it is refused where that is not so.
    """

    records: Records
    acting: Acting
    alone: bool = False

    def take(self, tx: Transaction, key: str, now: datetime) -> Mapping[str, str | bool]:
        """Use up the agreement on one kind of key, and return what the entry says. Raises KeyRefused."""
        if self.alone:
            if proposals.could_confirm(tx, self.acting, DestroyKeys.kind) >= TWO:
                raise KeyRefused("There are two people who can decide, so --alone is refused. " + _ask(key))
            return {"alone": True}
        for row in proposals.alive(tx, self.records):
            if row.kind == DESTROY and row.facts.get("key") == key and rules.is_due(row.proposal, now):
                return self._use(tx, proposals.for_settling(tx, self.records, row.id), now)
        raise KeyRefused(_ask(key))

    def _use(self, tx: Transaction, row: ProposalRow, now: datetime) -> Mapping[str, str | bool]:
        try:
            decided = rules.carry_out(row.proposal, now)
            proposals.require_both(tx, row, DestroyKeys.kind, now)
        except (rules.ProposalOver, NoLongerPermitted) as error:
            raise KeyRefused(f"{error} Propose it again.") from error
        proposals.save(tx, row, decided)
        both = {"proposed_by": decided.proposed_by, "confirmed_by": str(decided.confirmed_by)}
        audit.append(
            tx,
            Event.PROPOSAL_DONE,
            at=now,
            acting=self.acting,
            object_type="proposal",
            object_id=row.id,
            facts={"kind": row.kind, "digest": row.digest, **both},
            private={"proposal": DestroyKeys().matter(tx, row.facts).sentence, "why": row.reason},
        )
        return {"proposal": row.id, **both}


def _ask(key: str) -> str:
    return (
        f"Destroying keys takes two people: an administrator proposes it on the page Proposals ({key}),"
        " somebody else confirms it there, and then this command does it. Where fewer than two people could"
        " ever decide: --alone."
    )
