"""Invite, accept, enrol, switch off and on, invite again: in any order, with a clock that jumps (promise 15)."""

import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from docvault.actions import factors, people, sessions
from docvault.credentials import totp
from docvault.credentials.refusals import LinkRefused, NotFresh
from docvault.database import tables
from docvault.database.engine import Database
from docvault.rules.people import PersonRefused

from .members import PASSWORD, SOURCE, accept, invite
from .world import NOW, POLICY, World, build

WEEK, ENROL = timedelta(hours=168), timedelta(minutes=30)


@cache
def template() -> tuple[World, Path]:
    """Make the portal once; each example works on a copy of its files."""
    folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
    world = build(folder)
    world.db.close()
    return world, folder


class Invitations(RuleBasedStateMachine):
    """`links` and `ways` are every link and enrolment session there ever was; the last of each may count."""

    def __init__(self):
        super().__init__()
        world, folder = template()
        self.folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
        for file in folder.glob("docvault.sqlite*"):
            shutil.copy(file, self.folder)
        self.world = replace(world, db=Database(f"sqlite:///{self.folder / 'docvault.sqlite'}", POLICY))
        self.now = NOW
        self.links, self.ways = [], []
        self.link_ends = self.way_ends = None  # until when the last one counts; None: it does not
        self.state, self.joined = "invited", False

    def teardown(self):
        self.world.db.close()
        shutil.rmtree(self.folder)

    @property
    def administrator(self):
        return replace(self.world.administrator, at=self.now)

    @initialize()
    def begin(self):
        made = invite(self.world)
        self.person_id = made.person_id
        self.links.append(made.token)
        self.link_ends = NOW + WEEK

    @rule(minutes=st.sampled_from([1, 1, 1, 29, 31, 60 * 24 * 8]))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule()
    def invite_again(self):
        def attempt():
            return people.invite_again(
                self.world.db,
                self.world.vault.records,
                acting=self.administrator,
                person_id=self.person_id,
                now=self.now,
            )

        if self.state != "invited":
            with pytest.raises(PersonRefused):
                attempt()
            return
        self.links.append(attempt().token)
        self.link_ends = self.now + WEEK

    @rule(at=st.sampled_from([0, 0, 0, 1, 2]))
    def accept(self, at):
        back = at % len(self.links)
        token = self.links[-1 - back]
        counts = back == 0 and self.link_ends is not None and self.now < self.link_ends
        if not counts or self.state != "invited":
            with pytest.raises(LinkRefused):
                accept(self.world, token, PASSWORD, self.now)
            return
        self.ways.append(accept(self.world, token, PASSWORD, self.now))
        self.way_ends = self.now + ENROL

    @precondition(lambda self: self.ways)
    @rule(at=st.sampled_from([0, 0, 0, 1, 2]))
    def enrol(self, at):
        back = at % len(self.ways)
        way = self.ways[-1 - back]
        live = sessions.authenticate(self.world.db, token=way.token, source=SOURCE, now=self.now)
        counts = back == 0 and self.way_ends is not None and self.now < self.way_ends
        assert (live is not None) == counts
        if not counts and (back or self.way_ends is None):
            with pytest.raises(NotFresh):
                factors.begin_enrolment(
                    self.world.db, self.world.vault.records, acting=way.acting, now=self.now
                )
        if live is None:
            return
        begun = factors.begin_enrolment(
            self.world.db, self.world.vault.records, acting=live.acting, now=self.now
        )
        code = totp.code_at(begun.seed, totp.step_at(self.now))
        factors.confirm_enrolment(
            self.world.db, self.world.vault.records, acting=live.acting, code=code, now=self.now
        )
        self.state, self.joined = "active", True
        self.link_ends = self.way_ends = None

    @rule()
    def disable(self):
        people.disable_person(
            self.world.db, acting=self.administrator, person_id=self.person_id, now=self.now
        )
        self.state = "disabled"
        self.link_ends = self.way_ends = None

    @rule()
    def enable(self):
        people.enable_person(
            self.world.db,
            acting=self.administrator,
            person_id=self.person_id,
            now=self.now,
        )
        if self.state == "disabled":
            self.state = "active" if self.joined else "invited"

    @invariant()
    def they_stand_where_the_rules_on_paper_say(self):
        if not self.links:
            return
        with self.world.db.reading() as tx:
            chosen = select(tables.people.c.state).where(tables.people.c.id == self.person_id)
            assert tx.connection.execute(chosen).scalar_one() == self.state


TestInvitations = pytest.mark.promise(15)(Invitations.TestCase)
TestInvitations.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
