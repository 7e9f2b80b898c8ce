"""Sessions under whatever happens, in any order and at any time, against a model of a few lines.

What the model calls dead never authenticates, and what it calls alive does. The clock jumps between deeds.
"""

import copy
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from docvault.actions import account, freezing, own_sessions, people, person_sessions, sessions, step_ups
from docvault.credentials.refusals import SignInRefused, Throttled
from docvault.database import messages, notices
from docvault.database import people as rows
from docvault.database import sessions as session_rows
from docvault.policy.vocabulary import Acting
from docvault.rules.notices import Notice

from .members import HASHER, PASSWORD, SOURCE, join, with_mail

AT_ONCE = 3
IDLE, ABSOLUTE, TOUCH = timedelta(minutes=60), timedelta(hours=24), timedelta(minutes=1)
PASSWORDS = (PASSWORD, "seven lanterns over a quiet pond")

JUMPS = st.sampled_from([1, 59, 61, 30 * 60, 59 * 60, 3600, 2 * 3600, 25 * 3600])
PICKS = st.integers(0, 1000)


@dataclass
class Kept:
    """A session as the model knows it; `ended` is by a deed, the rest is by the clock."""

    token: str
    acting: Acting
    created: datetime
    seen: datetime
    ended: bool = False


class SessionMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.world = self.stack.enter_context(contextmanager(with_mail)(folder))
        policy = copy.copy(self.world.db.policy)
        few = replace(policy.numbers.sessions, at_once=AT_ONCE)
        policy.numbers = replace(policy.numbers, sessions=few)
        self.world.db.policy = policy

    @initialize()
    def join(self):
        self.member = join(self.world)
        self.kept = [self._keep_joined()]
        self.dead_tokens = []
        self.state, self.password = "active", PASSWORDS[0]

    def _keep_joined(self):
        """The session of joining: its token was given to the page of the recovery codes and is not at hand."""
        began = self.member.now - timedelta(minutes=1)
        return Kept("", self.member.acting, began, began)

    def teardown(self):
        self.stack.close()

    # --- the model ---

    @property
    def now(self):
        return self.member.now

    def alive(self, kept):
        young = kept.created + ABSOLUTE > self.now and kept.seen + IDLE > self.now
        return self.state == "active" and young and not kept.ended

    def living(self):
        return [kept for kept in self.kept if kept.token and self.alive(kept)]

    def pick(self, number):
        return self.living()[number % len(self.living())]

    def end_all(self, *, but=None):
        for kept in self.kept:
            kept.ended = kept.ended or kept is not but

    # --- deeds ---

    @rule(seconds=JUMPS)
    def time_passes(self, seconds):
        self.member.later(seconds=seconds)

    @rule()
    def sign_in(self):
        self.member.later()
        try:
            session = self.member.give_code(self.member.challenge(self.password or "none was chosen"))
        except SignInRefused:
            assert self.state != "active" or self.password is None
            return
        except Throttled:  # too many sign-ins of somebody who may not be here
            self.member.later(hours=2)
            return
        assert self.state == "active"
        assert self.password
        self.kept.append(Kept(session.token, session.acting, self.now, self.now))
        here = [kept for kept in self.kept if self.alive(kept)]
        for kept in sorted(here, key=lambda kept: (kept.created, kept.seen))[:-AT_ONCE]:
            kept.ended = True

    @precondition(lambda self: self.living())
    @rule(number=PICKS)
    def use(self, number):
        kept = self.pick(number)
        signed = sessions.authenticate(self.world.db, token=kept.token, source=SOURCE, now=self.now)
        assert signed.acting.session_id == kept.acting.session_id
        if self.now - kept.seen >= TOUCH:
            kept.seen = self.now

    def step_up(self, kept, digest, purpose=own_sessions.STEP_UP):
        """Prove a factor; the session's secret changes with it."""
        self.member.later()
        if not self.alive(kept):
            return None
        proof = step_ups.confirm_step_up(
            self.world.db,
            self.world.vault.records,
            acting=kept.acting,
            purpose=purpose,
            digest=digest,
            code=self.member.code(),
            now=self.now,
        )
        self.dead_tokens.append(kept.token)
        kept.token = proof.token
        return proof.id

    @precondition(lambda self: self.living())
    @rule(number=PICKS)
    def confirm_something(self, number):
        self.step_up(self.pick(number), "ab" * 32)

    @precondition(lambda self: self.living())
    @rule(number=PICKS)
    def sign_out(self, number):
        kept = self.pick(number)
        sessions.sign_out(self.world.db, acting=kept.acting, now=self.now)
        kept.ended = True

    @precondition(lambda self: len(self.living()) > 1)
    @rule(number=PICKS, other=PICKS)
    def end_another(self, number, other):
        kept = self.pick(number)
        target = next(each for each in self.living()[other % 2 :] + self.living() if each is not kept)
        proof = self.step_up(kept, own_sessions.digest_of(target.acting.session_id))
        if proof is None or not self.alive(target):
            return
        own_sessions.end_session(
            self.world.db,
            acting=kept.acting,
            session_id=target.acting.session_id,
            step_up_id=proof,
            now=self.now,
        )
        target.ended = True

    @precondition(lambda self: self.living())
    @rule(number=PICKS)
    def end_all_others(self, number):
        kept = self.pick(number)
        proof = self.step_up(kept, own_sessions.OTHERS)
        if proof is not None:
            own_sessions.end_other_sessions(self.world.db, acting=kept.acting, step_up_id=proof, now=self.now)
            self.end_all(but=kept)

    @precondition(lambda self: self.living() and self.password)
    @rule(number=PICKS)
    def change_password(self, number):
        kept = self.pick(number)
        new = PASSWORDS[1 - PASSWORDS.index(self.password)]
        proof = self.step_up(kept, account.PASSWORD)
        if proof is None:
            return
        account.change_password(
            self.world.db,
            HASHER,
            self.world.vault.records,
            acting=kept.acting,
            password=self.password,
            new=new,
            step_up_id=proof,
            source=SOURCE,
            now=self.now,
        )
        self.password = new
        self.end_all(but=kept)

    @rule()
    def reset_password(self):
        self.member.later(hours=2)  # so that no throttle of mails stands in the way
        people.request_password_reset(
            self.world.db, self.world.vault.records, email=self.member.email, source=SOURCE, now=self.now
        )
        sent = [mail for mail in self.mail("password_reset") if mail.created_at == self.now]
        assert bool(sent) == (self.state == "active")
        if not sent:
            return
        new = PASSWORDS[1] if self.password == PASSWORDS[0] else PASSWORDS[0]
        people.finish_password_reset(
            self.world.db,
            HASHER,
            self.world.vault.records,
            token=sent[0].values["path"].removeprefix("/reset#"),
            password=new,
            source=SOURCE,
            now=self.now,
        )
        self.password = new
        self.end_all()

    @precondition(lambda self: self.state != "disabled")
    @rule()
    def disable(self):
        people.disable_person(
            self.world.db,
            acting=self.world.administrator,
            person_id=self.member.acting.person_id,
            now=self.now,
        )
        self.state = "disabled"
        self.end_all()

    @precondition(lambda self: self.state != "active")
    @rule()
    def enable(self):
        people.enable_person(
            self.world.db,
            acting=self.world.administrator,
            person_id=self.member.acting.person_id,
            now=self.now,
        )
        self.state = "active"

    @precondition(lambda self: self.state == "active")
    @rule()
    def freeze(self):
        self.member.later()  # so that the newest notice is the one of now
        with self.world.db.transaction() as tx:
            row = rows.by_id(tx, self.member.acting.person_id)
            notices.tell(tx, self.world.vault.records, row, Notice.NAME_CHANGED, self.now)
        token = self.mail("security_notice")[0].values["path"].removeprefix("/not-me#")
        freezing.freeze_account(
            self.world.db, self.world.vault.records, token=token, source=SOURCE, now=self.now
        )
        self.state, self.password = "frozen", None
        self.end_all()

    @rule()
    def an_administrator_ends_them_all(self):
        person_sessions.end_persons_sessions(
            self.world.db,
            self.world.vault.records,
            acting=self.world.administrator,
            person_id=self.member.acting.person_id,
            now=self.now,
        )
        self.end_all()

    def mail(self, template):
        with self.world.db.reading() as tx:
            found = messages.newest(tx, self.world.vault.records, limit=20).items
        return [mail for mail in found if mail.template == template and mail.recipient == self.member.email]

    # --- what holds ---

    @invariant()
    def what_the_model_calls_dead_is_dead_and_alive_alive(self):
        with self.world.db.reading() as tx:  # without a note that they were used
            for kept in self.kept:
                if kept.token:
                    live = session_rows.live(tx, kept.token, SOURCE, self.now) is not None
                    assert live == self.alive(kept), (kept.created, kept.seen, kept.ended, self.now)
            for token in self.dead_tokens:
                assert session_rows.live(tx, token, SOURCE, self.now) is None
            person = rows.by_id(tx, self.member.acting.person_id)
            listed = {row.id for row in session_rows.of_person(tx, person, self.now)}
        if self.state == "active":
            assert listed == {kept.acting.session_id for kept in self.kept if self.alive(kept)}
        assert len(listed) <= AT_ONCE


TestSessions = pytest.mark.promise(18, 19)(
    pytest.mark.asvs("7.2.4", "7.4.1", "7.4.2")(SessionMachine.TestCase)
)
TestSessions.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
