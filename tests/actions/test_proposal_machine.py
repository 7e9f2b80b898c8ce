"""Proposals under any order of steps, by any person, in two processes, with a clock that jumps (promise 26)."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from docvault.actions import proposals
from docvault.database import people, step_ups
from docvault.database.engine import Database
from docvault.database.people import PersonState
from docvault.policy.vocabulary import Role
from docvault.rules.proposals import NoLongerPermitted, ProposalInvalid, ProposalOver, SecondPersonNeeded

from .two_people import REASON, proof
from .world import NOW, POLICY, World, build, person

KIND = "reprove-factor"
OPEN_FOR, DELAY = timedelta(hours=72), timedelta(hours=24)
DECIDERS = st.sampled_from(["administrator", "second", "officer"])
SUBJECTS = st.sampled_from(["client", "other_client"])
PROCESSES = st.sampled_from([0, 1])


@cache
def template() -> tuple[World, dict, Path]:
    """Make the portal once; each example works on a copy of its files."""
    folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
    world = build(folder)
    second = person(world.db, "Bea Administrator", Role.ADMINISTRATOR, world.operator)
    actors = world.everybody | {"second": second}
    world.db.close()
    return world, actors, folder


@dataclass
class Expected:
    """One proposal as the rules on paper have it."""

    id: str
    digest: str
    by: str
    subject: str
    at: datetime
    expires: datetime
    state: str = "open"
    confirmer: str = ""
    due: datetime | None = None


class Proposals(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        world, self.actors, folder = template()
        self.folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
        for file in folder.glob("docvault.sqlite*"):
            shutil.copy(file, self.folder)
        url = f"sqlite:///{self.folder / 'docvault.sqlite'}"
        self.processes = [replace(world, db=Database(url, POLICY)) for _ in range(2)]
        self.now = NOW
        self.off: set[str] = set()
        self.changed: dict[str, datetime] = {}  # since when somebody's standing is what it is
        self.known: list[Expected] = []

    def teardown(self):
        for world in self.processes:
            world.db.close()
        shutil.rmtree(self.folder)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def standing(self, one: Expected) -> str | None:
        """Return why a proposal no longer stands, in the order the portal asks."""
        if one.by in self.off or one.confirmer in self.off:
            return "rights"
        if one.subject in self.off or self.changed.get(one.subject, NOW) > one.at:
            return "subject"
        return None

    @rule(hours=st.sampled_from([0.5, 5, 23, 24, 48, 71, 72, 100]))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @rule(who=st.one_of(DECIDERS, SUBJECTS), process=PROCESSES)
    def somebody_is_switched_off_or_on(self, who, process):
        now = self.tick()
        self.off ^= {who}
        state = PersonState.DISABLED if who in self.off else PersonState.ACTIVE
        world = self.processes[process]
        with world.db.transaction() as tx:
            row = people.by_id(tx, self.actors[who].person_id)
            people.set_state(tx, row, state, by=None, now=now)
        self.changed[who] = now

    @rule(subject=SUBJECTS, process=PROCESSES)
    def an_owner_objects_and_is_let_in_again(self, subject, process):
        for _ in range(2):
            self.somebody_is_switched_off_or_on(subject, process)

    @rule(by=DECIDERS, subject=SUBJECTS, process=PROCESSES)
    def propose(self, by, subject, process):
        if by in self.off:
            return
        now, world, acting = self.tick(), self.processes[process], self.actors[by]
        facts = {"person_id": self.actors[subject].person_id}
        digest = proposals.proposal_digest(KIND, facts, REASON)
        pending = any(one.subject == subject and one.state in {"open", "waiting"} for one in self.known)

        def attempt():
            return proposals.propose(
                world.db,
                world.vault.records,
                acting=acting,
                kind=KIND,
                facts=facts,
                reason=REASON,
                step_up_id=proof(world, acting, step_ups.PROPOSAL_MAKE, digest, now),
                now=now,
            )

        if pending or subject in self.off:
            with pytest.raises(ProposalInvalid):
                attempt()
            return
        made = attempt()
        self.known.append(Expected(made.id, made.digest, by, subject, now, now + OPEN_FOR))

    @precondition(lambda self: self.known)
    @rule(at=st.integers(0, 99), by=DECIDERS, process=PROCESSES)
    def confirm(self, at, by, process):
        if by in self.off:
            return
        one, now = self.known[at % len(self.known)], self.tick()
        world, acting = self.processes[process], self.actors[by]

        def attempt():
            proposals.confirm_proposal(
                world.db,
                world.vault.records,
                acting=acting,
                proposal_id=one.id,
                step_up_id=proof(world, acting, step_ups.PROPOSAL_CONFIRM, one.digest, now),
                now=now,
            )

        refusal = self.refusal(one, by, now)
        if refusal is not None:
            with pytest.raises(refusal):
                attempt()
            return
        attempt()
        one.state, one.confirmer, one.due = "waiting", by, now + DELAY
        one.expires = one.due + OPEN_FOR

    def refusal(self, one, by, now):
        if by == one.by:
            return SecondPersonNeeded
        if one.state != "open" or now >= one.expires:
            return ProposalOver
        return {"rights": NoLongerPermitted, "subject": ProposalInvalid, None: None}[self.standing(one)]

    @precondition(lambda self: self.known)
    @rule(at=st.integers(0, 99), by=DECIDERS, withdraws=st.booleans(), process=PROCESSES)
    def end(self, at, by, withdraws, process):
        if by in self.off:
            return
        one, now = self.known[at % len(self.known)], self.tick()
        world = self.processes[process]
        deed = proposals.withdraw_proposal if withdraws else proposals.refuse_proposal

        def attempt():
            deed(world.db, world.vault.records, acting=self.actors[by], proposal_id=one.id, now=now)

        if withdraws != (by == one.by):
            with pytest.raises(SecondPersonNeeded):
                attempt()
        elif one.state not in {"open", "waiting"} or now >= one.expires:
            with pytest.raises(ProposalOver):
                attempt()
        else:
            attempt()
            one.state = "withdrawn" if withdraws else "refused"

    @rule(process=PROCESSES)
    def a_worker_looks(self, process):
        now, world = self.tick(), self.processes[process]
        proposals.carry_out_due(world.db, world.vault.records, now=now)
        for one in self.known:
            if one.state not in {"open", "waiting"}:
                continue
            if now >= one.expires or self.standing(one):
                one.state = "lapsed"
            elif one.state == "waiting" and one.due and now >= one.due:
                one.state = "done"

    @invariant()
    def both_processes_see_what_the_rules_on_paper_say(self):
        for world in self.processes:
            for one in self.known:
                seen = proposals.show_proposal(
                    world.db,
                    world.vault.records,
                    acting=self.actors["administrator"],
                    proposal_id=one.id,
                    now=self.now,
                )
                assert (seen.state, seen.due_at) == (one.state, one.due)

    @invariant()
    def each_deed_happened_once_and_only_after_two_people(self):
        kinds = [kind for kind, _ in self.processes[0].entries()]
        done = [one for one in self.known if one.state == "done"]
        assert kinds.count("person:factor:reproved") == kinds.count("proposal:done") == len(done)
        assert all(one.confirmer and one.confirmer != one.by for one in done)


TestProposals = pytest.mark.promise(26)(Proposals.TestCase)
TestProposals.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
