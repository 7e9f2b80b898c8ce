"""A new password as a state machine: links that are asked for, opened, used, and a clock that jumps (promise 13)."""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, func, select

from docvault.actions import people, sessions
from docvault.credentials.refusals import LinkRefused, PasswordRefused, SignInRefused, Throttled
from docvault.database import invitations, tables
from docvault.database.invitations import LinkPurpose
from docvault.database.people import PersonState

from .members import HASHER, PASSWORD, SOURCE, join, with_mail
from .world import set_state

JUMPS = [1, 60, 1799, 1801, 90_000, -1, -60, -1801]  # seconds
LIFE = timedelta(minutes=30)
WORDS = ["walnut ferry gazebo nineteen", "copper meadow trumpet eleven", "harbour quilt lemon seventy"]


@dataclass
class Link:
    token: str
    until: object
    over: bool = False


class ResetMachine(RuleBasedStateMachine):
    @initialize()
    def joins(self):
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        worlds = with_mail(folder)
        self.world = next(worlds)
        self.stack.callback(lambda: next(worlds, None))
        self.member = join(self.world)
        self.now = self.member.now
        self.password = PASSWORD
        self.links: list[Link] = []
        self.state = PersonState.ACTIVE
        self.factor = self.factors()
        self.alive = self.sessions_alive()

    def teardown(self):
        if hasattr(self, "stack"):
            self.stack.close()

    @property
    def person_id(self):
        return self.member.acting.person_id

    def factors(self):
        with self.world.db.reading() as tx:
            return [
                sorted(map(repr, tx.connection.execute(select(table)).all()))
                for table in (tables.totp_factors, tables.recovery_codes)
            ]

    def sessions_alive(self):
        with self.world.db.reading() as tx:
            mine = (tables.sessions.c.person_id == self.person_id, tables.sessions.c.ended_at.is_(None))
            return tx.connection.execute(select(func.count()).where(*mine)).scalar_one()

    @rule(seconds=st.sampled_from(JUMPS))
    def time_jumps(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def a_link_is_sent(self):
        """As the action sends one; the mail itself is sealed, so the link is made where the action makes it."""
        with self.world.db.transaction() as tx:
            token = invitations.add(tx, self.person_id, LinkPurpose.PASSWORD_RESET, self.now)
        for link in self.links:
            link.over = True  # a newer link ends the older ones
        self.links.append(Link(token, self.now + LIFE))

    @rule(known=st.booleans())
    def anybody_asks(self, known):
        email = self.member.email if known else "nobody@example.com"
        try:
            people.request_password_reset(
                self.world.db, self.world.vault.records, email=email, source=SOURCE, now=self.now
            )
        except Throttled:
            return
        if known and self.state == PersonState.ACTIVE:
            for link in self.links:
                link.over = True

    @precondition(lambda self: self.links)
    @rule(which=st.integers(0, 9), words=st.sampled_from([*WORDS, "password1234"]))
    def a_link_is_used(self, which, words):
        link = self.links[which % len(self.links)]
        good = not link.over and link.until > self.now and self.state == PersonState.ACTIVE
        given = {"token": link.token, "password": words, "source": SOURCE, "now": self.now}
        before = self.sessions_alive()
        try:
            people.finish_password_reset(self.world.db, HASHER, self.world.vault.records, **given)
        except LinkRefused:
            assert not good
            assert self.sessions_alive() == before
        except PasswordRefused:
            assert good
            assert words == "password1234"
            assert self.sessions_alive() == before
        else:
            assert good
            assert words != "password1234"
            self.password = words
            for each in self.links:
                each.over = True
            assert self.sessions_alive() == 0

    @rule(state=st.sampled_from([PersonState.ACTIVE, PersonState.DISABLED]))
    def an_administrator_changes_the_state(self, state):
        with self.world.db.transaction() as tx:
            set_state(tx, self.person_id, state)
        self.state = state

    @rule(words=st.sampled_from([PASSWORD, *WORDS]))
    def the_password_that_counts_is_the_last_one(self, words):
        with self.world.db.transaction() as tx:
            tx.connection.execute(delete(tables.throttles))
        given = {"email": self.member.email, "password": words, "source": SOURCE, "now": self.now}
        right = words == self.password and self.state == PersonState.ACTIVE
        try:
            sessions.begin_sign_in(self.world.db, HASHER, **given)
        except SignInRefused:
            assert not right
        else:
            assert right

    @invariant()
    def no_reset_touches_a_factor_or_lets_anybody_in(self):
        if hasattr(self, "world"):
            assert self.factors() == self.factor
            alive = self.sessions_alive()
            assert alive <= self.alive
            self.alive = alive

    @invariant()
    def opening_a_link_changes_nothing(self):
        if hasattr(self, "world"):
            for link in self.links:
                good = not link.over and link.until > self.now and self.state == PersonState.ACTIVE
                try:
                    found = people.reset_details(self.world.db, token=link.token, now=self.now)
                except LinkRefused:
                    assert not good
                else:
                    assert good
                    assert found.email == self.member.email


TestReset = pytest.mark.promise(13)(ResetMachine.TestCase)
TestReset.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
