"""Schedules with a clock that runs for centuries: holds win, nothing goes early, everything goes at last."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.world import POLICY
from docvault.policy.numbers import Retention, Schedule
from docvault.rules import retention as rules
from docvault.rules.retention import Life, RetentionRefused, Rule, Step, Waits

KINDS = ("rfp", "sow", "contract", "whitepaper", "general")
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NUMBERS = POLICY.numbers.retention
days = st.integers(0, 20_000).map(lambda count: timedelta(days=count))
schedules = st.builds(
    Schedule,
    starts=st.sampled_from(["created", "last-version", "last-use", "completed"]),
    keep_months=st.integers(1, 400),
    why=st.just("for a test"),
)
numbers = st.builds(Retention, bin_days=st.integers(1, 365), **dict.fromkeys(KINDS, schedules))


@st.composite
def lives(draw):
    moments = [START + draw(days) for _ in range(5)]
    maybe = st.sampled_from([True, False])
    return Life(
        kind=draw(st.sampled_from(KINDS)),
        created_at=START,
        last_version_at=moments[0],
        last_used_at=moments[1],
        completed_at=moments[2] if draw(maybe) else None,
        open_envelope=draw(maybe),
        binned_at=moments[3] if draw(maybe) else None,
        override=moments[4] if draw(maybe) else None,
        held=draw(maybe),
    )


@settings(max_examples=150)
@given(life=lives(), numbers=numbers, gap=days)
def test_a_hold_and_an_open_envelope_beat_every_deletion(life, numbers, gap):
    kept = replace(life, held=True)
    assert rules.step(kept, numbers, START + gap) is Step.KEEP
    assert Waits.HOLD in rules.fate(kept, numbers).waits
    assert rules.step(replace(life, open_envelope=True), numbers, START + gap) is Step.KEEP


@settings(max_examples=150)
@given(life=lives(), numbers=numbers, gap=days)
def test_nothing_is_destroyed_before_its_time_unless_somebody_binned_it_unsigned(life, numbers, gap):
    now = START + gap
    fate = rules.fate(life, numbers)
    if rules.step(life, numbers, now) is Step.DISPOSE:
        assert now >= life.binned_at + timedelta(days=numbers.bin_days)
        assert now >= fate.kept_until or (fate.rule is Rule.BIN and life.completed_at is None)
    if rules.step(life, numbers, now) is Step.BIN:
        assert now >= fate.kept_until


@settings(max_examples=150)
@given(life=lives(), numbers=numbers, gap=days)
def test_everything_that_nothing_keeps_goes_at_last_and_stays_due(life, numbers, gap):
    free = replace(life, held=False, open_envelope=False)
    if free.binned_at is None:
        due = rules.fate(free, numbers).kept_until
        assert rules.step(free, numbers, due) is Step.BIN
        free = replace(free, binned_at=due)
    due = rules.fate(free, numbers).destroyed_at
    assert rules.step(free, numbers, due) is Step.DISPOSE
    assert rules.step(free, numbers, due + gap) is Step.DISPOSE
    assert rules.step(free, numbers, due - timedelta(seconds=1)) is Step.KEEP


@settings(max_examples=100)
@given(life=lives(), numbers=numbers, gap=days)
def test_using_a_document_never_shortens_its_life(life, numbers, gap):
    used = replace(life, last_used_at=life.last_used_at + gap)
    assert rules.fate(used, numbers).kept_until >= rules.fate(life, numbers).kept_until


@settings(max_examples=100)
@given(life=lives(), numbers=numbers, gap=days)
def test_what_came_later_than_the_earliest_start_is_never_due(life, numbers, gap):
    """Candidates are found by when they came: none that is due may be missed."""
    free = replace(life, held=False, open_envelope=False, binned_at=None, override=None)
    now = START + gap
    if rules.step(free, numbers, now) is Step.BIN:
        assert free.created_at <= rules.earliest_start(numbers, free.kind, now)


@pytest.mark.promise(88)
@pytest.mark.parametrize(
    ("kind", "facts", "until"),
    [
        ("general", {"last_used_at": START + timedelta(days=10)}, datetime(2028, 3, 12, 9, 30, tzinfo=UTC)),
        ("rfp", {}, datetime(2028, 3, 2, 9, 30, tzinfo=UTC)),
        (
            "whitepaper",
            {"last_used_at": START + timedelta(days=900)},
            datetime(2029, 3, 2, 9, 30, tzinfo=UTC),
        ),
        ("contract", {"completed_at": datetime(2028, 2, 29, tzinfo=UTC)}, datetime(2038, 2, 28, tzinfo=UTC)),
        ("sow", {}, datetime(2032, 3, 2, 9, 30, tzinfo=UTC)),
        ("general", {"override": datetime(2040, 1, 1, tzinfo=UTC)}, datetime(2040, 1, 1, tzinfo=UTC)),
    ],
)
def test_our_schedules_end_on_these_days(kind, facts, until):
    life = Life(kind, **{"created_at": START, "last_version_at": START, "last_used_at": START, **facts})
    assert rules.fate(life, NUMBERS).kept_until == until


@pytest.mark.parametrize("facts", [{"held": True}, {"open_envelope": True}])
def test_what_something_keeps_cannot_be_destroyed(facts):
    life = Life("general", START, START, START)
    rules.check_destroyable(life)
    with pytest.raises(RetentionRefused):
        rules.check_destroyable(replace(life, **facts))


def test_a_reason_is_needed_and_has_an_end():
    assert rules.check_reason("  Smith \n v. Acme ") == "Smith v. Acme"
    for bad in (" \n", "x" * 1001):
        with pytest.raises(RetentionRefused):
            rules.check_reason(bad)


@settings(max_examples=100)
@given(lives(), numbers, st.lists(days, min_size=1, max_size=6))
def test_a_lock_covers_the_retention_and_while_held_some_weeks_and_is_never_made_shorter(
    life, numbers, passing
):
    asked, now = None, START
    for days_later in sorted(passing):
        now = START + days_later
        wanted = rules.locked_until(life, numbers, now, asked)
        assert asked is None or wanted is None or wanted >= asked
        decided = rules.fate(life, numbers)
        if decided.waits:
            assert wanted >= now + rules.AT_LEAST
        if wanted is None:
            assert decided.kept_until < now
            continue
        assert wanted >= min(decided.kept_until, now + rules.FURTHEST - timedelta(days=365))
        assert wanted <= now + rules.FURTHEST + timedelta(days=1) or wanted == asked
        asked = wanted


def test_a_day_beyond_what_stores_take_is_reached_in_steps():
    life = replace(held_nothing(), override=datetime(2190, 1, 1, tzinfo=UTC))
    first = rules.locked_until(life, NUMBERS, START)
    assert START + rules.FURTHEST < first <= START + rules.FURTHEST + timedelta(days=1)
    assert rules.locked_until(life, NUMBERS, START + timedelta(days=300), first) == first
    assert rules.locked_until(life, NUMBERS, START + timedelta(days=400), first) > first


def held_nothing():
    return Life("contract", START, START, START, completed_at=START)
