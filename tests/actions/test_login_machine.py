"""Signing in as a state machine: passwords, codes, recovery codes and a clock that jumps, in every order.

What is held to is what people were promised, not how it is counted: nobody is let in without the right password and
an unused code of that moment, and whoever has both and has not failed too often is.
"""

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
from sqlalchemy import func, select

from docvault.actions import sessions
from docvault.credentials import totp
from docvault.credentials.refusals import (
    ChallengeOver,
    CodeRefused,
    CredentialRefused,
    SignInRefused,
    Throttled,
)
from docvault.database import tables

from .members import HASHER, PASSWORD, SOURCE, join, with_mail

JUMPS = [1, 29, 31, 61, 299, 301, 3601, 90_000, -1, -31, -61, -3601]  # seconds
LIFE = timedelta(minutes=5)
TRIES = 5
FREE = 5


@dataclass
class Waiting:
    """A challenge: a right password was given."""

    token: str
    until: object
    tries: int = 0
    answered: bool = False


class LoginMachine(RuleBasedStateMachine):
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
        self.waiting: list[Waiting] = []
        self.last_step = totp.step_at(self.now) - 2  # the code that proved possession, at the latest
        self.recovery = dict.fromkeys(self.member.recovery_codes, False)
        self.full = self.count("full")
        self.enrolling = self.count("enrol")
        self.wrong_passwords = self.wrong_factors = 0

    def teardown(self):
        if hasattr(self, "stack"):
            self.stack.close()

    def count(self, kind):
        with self.world.db.reading() as tx:
            of_kind = select(func.count()).where(tables.sessions.c.kind == kind)
            return tx.connection.execute(
                of_kind.where(tables.sessions.c.person_id == self.member.acting.person_id)
            ).scalar_one()

    # --- deeds ------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from(JUMPS))
    def time_jumps(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(right=st.booleans())
    def gives_a_password(self, right):
        try:
            challenge = sessions.begin_sign_in(
                self.world.db,
                HASHER,
                email=self.member.email,
                password=PASSWORD if right else "wrong wrong wrong",
                source=SOURCE,
                now=self.now,
            )
        except Throttled:
            assert self.wrong_passwords >= FREE
        except SignInRefused:
            assert not right
            self.wrong_passwords += 1
        else:
            assert right
            self.waiting.append(Waiting(challenge.token, self.now + LIFE))

    def answer(self, waiting, give, good):
        """Answer a challenge; what is good is taken unless one has to wait, what is not good never is."""
        over = waiting.answered or waiting.tries >= TRIES or waiting.until <= self.now
        waiting.tries += not over
        try:
            session = give()
        except ChallengeOver:
            assert over
        except Throttled:
            assert self.wrong_factors >= FREE
        except CodeRefused:
            assert not good
            assert not over
            self.wrong_factors += 1
        else:
            assert good
            assert not over
            waiting.answered = True
            self.wrong_factors = 0
            return session
        return None

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9), steps=st.sampled_from([-2, -1, 0, 0, 0, 1]), mangled=st.booleans())
    def gives_a_code(self, which, steps, mangled):
        step = totp.step_at(self.now) + steps
        code = self.member.wrong_code() if mangled else totp.code_at(self.member.seed, step)
        possible = {totp.code_at(self.member.seed, totp.step_at(self.now) - back) for back in (0, 1)}
        fresh = {
            totp.code_at(self.member.seed, each)
            for each in (totp.step_at(self.now), totp.step_at(self.now) - 1)
            if each > self.last_step
        }
        waiting = self.waiting[which % len(self.waiting)]
        session = self.answer(waiting, lambda: self.give_code(waiting, code), code in fresh)
        if session is not None:
            assert code in possible
            assert session.kind == "full"
            self.full += 1
            self.wrong_passwords = 0
            self.last_step = max(
                each
                for each in (totp.step_at(self.now), totp.step_at(self.now) - 1)
                if totp.code_at(self.member.seed, each) == code
            )

    def give_code(self, waiting, code):
        return sessions.finish_sign_in(
            self.world.db,
            self.world.vault.records,
            challenge_token=waiting.token,
            code=code,
            source=SOURCE,
            now=self.now,
        )

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9), chosen=st.integers(0, 10))
    def gives_a_recovery_code(self, which, chosen):
        code = [*self.recovery, "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa"][chosen]
        waiting = self.waiting[which % len(self.waiting)]

        def give():
            return sessions.use_recovery_code(
                self.world.db,
                self.world.vault.records,
                challenge_token=waiting.token,
                code=code,
                source=SOURCE,
                now=self.now,
            )

        session = self.answer(waiting, give, self.recovery.get(code) is False)
        if session is not None:
            assert session.kind == "enrol"
            self.recovery[code] = True
            self.enrolling += 1

    @rule()
    def answers_a_challenge_that_nobody_has(self):
        nobodys = Waiting("x" * 43, self.now)
        with pytest.raises(CredentialRefused):
            self.give_code(nobodys, totp.code_at(self.member.seed, totp.step_at(self.now)))

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def sessions_are_those_that_were_earned(self):
        if hasattr(self, "world"):
            assert self.count("full") == self.full
            assert self.count("enrol") == self.enrolling


TestLogin = pytest.mark.promise(1, 3, 7, 12)(LoginMachine.TestCase)
TestLogin.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
