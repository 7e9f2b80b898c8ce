"""An envelope from the draft to its end, driven by Hypothesis against a small model; and what changes hands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from docvault.rules import envelope_life as life
from docvault.rules import envelope_words as words
from docvault.rules import envelopes as rules
from docvault.rules import papers
from docvault.rules.envelopes import Envelope, Part, Recipient, State

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = ("a", "b", "c", "d")
APPROVER = "d"
SIGNERS = PEOPLE[:3]


def sent(*people, due_at=NOW + HOUR, state=State.SENT):
    return Envelope(state, 2, people, due_at)


def test_the_first_day_by_which_something_awaited_has_not_come_ends_the_envelope():
    early = NOW + HOUR / 2
    envelope = sent(Recipient("a", 1, due_at=early), Recipient("b", 2, due_at=NOW + 2 * HOUR))
    assert envelope.ends_at == early
    done = sent(replace(envelope.recipients[0], signed_at=NOW), envelope.recipients[1])
    assert done.ends_at == NOW + HOUR
    assert replace(envelope, due_at=None, recipients=(Recipient("a", 1),)).ends_at is None


def test_an_envelope_expires_on_its_day_and_not_before():
    envelope = sent(Recipient("a", 1))
    with pytest.raises(rules.NotReady):
        life.expire(envelope, NOW + HOUR - timedelta(seconds=1))
    assert life.expire(envelope, NOW + HOUR).state is State.EXPIRED


@pytest.mark.parametrize("state", list(State))
def test_only_what_still_waits_for_somebody_gets_more_time(state):
    envelope = sent(Recipient("a", 1, due_at=NOW), state=state)
    if state in {State.SENT, State.EXPIRED}:
        longer = life.extend(envelope, NOW + 2 * HOUR, NOW)
        assert (longer.state, longer.ends_at) == (State.SENT, NOW + 2 * HOUR)
    else:
        with pytest.raises(rules.EnvelopeClosed):
            life.extend(envelope, NOW + 2 * HOUR, NOW)


@pytest.mark.parametrize("day", [NOW - HOUR, NOW, NOW + HOUR / 2, NOW + HOUR])
def test_more_time_is_later_than_now_and_than_before(day):
    with pytest.raises(rules.EnvelopeIncomplete):
        life.extend(sent(Recipient("a", 1)), day, NOW)


def test_whoever_takes_a_part_starts_from_the_beginning():
    begun = Recipient("a", 1, consented_at=NOW, viewed_at=NOW, pages_seen=frozenset({1, 2}))
    assert life.delegate(sent(begun), "a", NOW).recipients == (Recipient("a", 1),)


@pytest.mark.parametrize("part", list(Part))
def test_everybody_whom_others_wait_for_may_hand_on_their_part(part):
    envelope = sent(Recipient("p", 1, part), Recipient("s", 1))
    if part is Part.COPY:
        with pytest.raises(rules.NotYourPart):
            life.delegate(envelope, "p", NOW)
    else:
        life.delegate(envelope, "p", NOW)


def test_another_person_takes_a_place_only_until_somebody_opened_the_envelope():
    waiting, opened = Recipient("a", 1), Recipient("b", 1, viewed_at=NOW)
    done = Recipient("c", 1, signed_at=NOW, viewed_at=NOW)
    envelope = sent(waiting, opened, done)
    assert life.put_in_place(envelope, "a") == envelope
    for who, refusal in (
        ("b", life.AlreadyOpened),
        ("c", rules.AlreadySigned),
        ("x", rules.NotReady),
    ):
        with pytest.raises(refusal):
            life.put_in_place(envelope, who)
    with pytest.raises(rules.EnvelopeClosed):
        life.put_in_place(replace(envelope, state=State.EXPIRED), "a")


@pytest.mark.promise(65)
@pytest.mark.parametrize("state", list(State))
def test_what_can_be_corrected_is_neither_a_draft_nor_signed_by_everybody(state):
    envelope = sent(Recipient("a", 1), state=state)
    if state in {State.DRAFT, State.COMPLETING, State.COMPLETED}:
        with pytest.raises(rules.EnvelopeClosed):
            life.require_correctable(envelope)
    else:
        life.require_correctable(envelope)


@pytest.mark.parametrize("days", [0, -1, 91])
def test_reminders_come_at_most_daily_and_at_least_every_three_months(days):
    with pytest.raises(rules.EnvelopeIncomplete):
        words.check_reminders(days)
    for good in (None, 1, 90):
        words.check_reminders(good)


class EnvelopeMachine(RuleBasedStateMachine):
    """Drives the rules with random steps; the model is a few plain sets and a word."""

    @initialize(turns=st.tuples(*[st.integers(1, 3)] * 4))
    def draft(self, turns):
        self.turns = dict(zip(PEOPLE, turns, strict=True))
        people = tuple(
            Recipient(name, turn, required_fields=frozenset({f"f{name}"}))
            if name in SIGNERS
            else Recipient(name, turn, Part.APPROVER)
            for name, turn in self.turns.items()
        )
        self.clock, self.due = NOW, NOW + HOUR
        self.envelope = Envelope(State.DRAFT, 2, people, self.due)
        self.word, self.consented, self.seen = "draft", set(), {name: set() for name in PEOPLE}
        self.opened, self.done, self.applied = set(), [], []
        self.checked = set()  # whose scan the sender looks at

    def try_to(self, allowed, step):
        before = self.envelope
        self.clock += timedelta(seconds=1)
        if allowed():
            self.envelope = step()
            return True
        with pytest.raises(rules.EnvelopeRefused):
            step()
        assert self.envelope is before
        return False

    def in_turn(self, who):
        waiting = [name for name in PEOPLE if name not in self.done]
        return (
            self.word == "sent"
            and who in waiting
            and who not in self.checked
            and self.turns[who] == min(self.turns[name] for name in waiting)
        )

    def can(self, who):
        return self.in_turn(who) and self.clock < self.due

    def forget(self, who):
        self.consented.discard(who)
        self.opened.discard(who)
        self.seen[who] = set()

    def finish(self, who):
        self.done.append(who)
        self.word = "completing" if len(self.done) == len(PEOPLE) else "sent"

    @rule()
    def send(self):
        if self.try_to(lambda: self.word == "draft", lambda: rules.send(self.envelope)):
            self.word = "sent"

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes):
        self.clock += timedelta(minutes=minutes)

    @rule(who=st.sampled_from(PEOPLE))
    def view(self, who):
        if self.word == "sent" and who not in self.opened:
            self.opened.add(who)
            row = next(one for one in self.envelope.recipients if one.id == who)
            self.envelope = rules.with_recipient(self.envelope, replace(row, viewed_at=self.clock))

    @rule(who=st.sampled_from(PEOPLE))
    def consent(self, who):
        def step():
            return rules.consent(self.envelope, who, self.clock)

        if self.try_to(lambda: self.can(who) and who in SIGNERS, step):
            self.consented.add(who)

    @rule(who=st.sampled_from(PEOPLE), page=st.integers(0, 3))
    def see(self, who, page):
        def step():
            return rules.see_pages(self.envelope, who, [page], self.clock)

        if self.try_to(lambda: self.can(who) and page in (1, 2), step):
            self.seen[who].add(page)

    @rule(who=st.sampled_from(PEOPLE))
    def hand_in_paper(self, who):
        def step():
            return papers.hand_in(self.envelope, who, self.clock)

        if self.try_to(lambda: self.can(who) and who in SIGNERS, step):
            self.checked.add(who)

    @rule(who=st.sampled_from(PEOPLE), taken=st.booleans())
    def look_at_paper(self, who, taken):
        def step():
            if taken:
                return papers.accept(self.envelope, who, self.clock)
            return papers.send_back(self.envelope, who)

        if self.try_to(lambda: self.word == "sent" and who in self.checked, step):
            self.checked.discard(who)
            if taken:
                self.finish(who)
                self.applied.append(who)

    @rule(who=st.sampled_from(PEOPLE), answers=st.booleans())
    def sign(self, who, answers):
        answered = {f"f{who}"} if answers else set()

        def allowed():
            return self.can(who) and who in self.consented and len(self.seen[who]) == 2 and answers

        if self.try_to(allowed, lambda: rules.sign(self.envelope, who, answered, self.clock)):
            self.finish(who)

    @rule(who=st.sampled_from(PEOPLE))
    def approve(self, who):
        def allowed():
            return self.can(who) and who == APPROVER and len(self.seen[who]) == 2

        if self.try_to(allowed, lambda: rules.approve(self.envelope, who, self.clock)):
            self.finish(who)

    @rule(who=st.sampled_from(PEOPLE), luck=st.integers(0, 9))
    def decline(self, who, luck):
        if luck and self.in_turn(who):
            return  # most runs should get past declining
        if self.try_to(lambda: self.can(who), lambda: rules.decline(self.envelope, who, self.clock)):
            self.word = "declined"

    @rule(who=st.sampled_from(PEOPLE))
    def delegate(self, who):
        if self.try_to(lambda: self.can(who), lambda: life.delegate(self.envelope, who, self.clock)):
            self.forget(who)

    @rule(who=st.sampled_from(PEOPLE))
    def put_in_place(self, who):
        def allowed():
            return self.word == "sent" and who not in {*self.done, *self.opened, *self.checked}

        if self.try_to(allowed, lambda: life.put_in_place(self.envelope, who)):
            self.forget(who)

    @rule()
    def expire(self):
        def allowed():
            return self.word == "sent" and self.clock >= self.due and not self.only_the_sender_is_slow()

        if self.try_to(allowed, lambda: life.expire(self.envelope, self.clock)):
            self.word = "expired"

    def only_the_sender_is_slow(self):
        return bool(self.checked) and not set(PEOPLE) - {*self.done, *self.checked}

    @rule(hours=st.integers(-1, 3))
    def extend(self, hours):
        day = self.due + hours * HOUR

        def allowed():
            later = hours > 0 or self.only_the_sender_is_slow()
            return self.word in ("sent", "expired") and later and day > self.clock

        if self.try_to(allowed, lambda: life.extend(self.envelope, day, self.clock)):
            self.word, self.due = "sent", day

    @rule(luck=st.integers(0, 9))
    def void(self, luck):
        open_ones = ("draft", "sent", "expired")
        if luck and self.word in open_ones:
            return
        if self.try_to(lambda: self.word in open_ones, lambda: rules.void(self.envelope)):
            self.word = "voided"

    @rule(who=st.sampled_from(SIGNERS))
    def apply(self, who):
        waiting = [name for name in self.done if name in SIGNERS and name not in self.applied]

        def allowed():
            return self.word in ("sent", "completing") and waiting[:1] == [who]

        if self.try_to(allowed, lambda: rules.apply(self.envelope, who, self.clock)):
            self.applied.append(who)

    @rule()
    def complete(self):
        def allowed():
            return self.word == "completing" and len(self.applied) == len(SIGNERS)

        if self.try_to(allowed, lambda: rules.complete(self.envelope)):
            self.word = "completed"

    @invariant()
    def rules_and_model_agree(self):
        if not hasattr(self, "word"):
            return
        people = self.envelope.recipients
        assert self.envelope.state.value == self.word
        assert rules.whose_turn(self.envelope) == {name for name in PEOPLE if self.in_turn(name)}
        assert {s.id for s in people if s.signed_at or s.approved_at} == set(self.done)
        assert {s.id for s in people if s.applied_at} == set(self.applied)
        assert {s.id for s in people if s.consented_at} == self.consented
        assert [s.turn for s in people] == list(self.turns.values())


EnvelopeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestEnvelopeMachine = EnvelopeMachine.TestCase
