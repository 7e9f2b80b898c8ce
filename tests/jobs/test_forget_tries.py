"""Counters of failed tries do not pile up for ever, and no guesser is let off."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from actions.world import NOW, standing
from docvault.database import tables, throttles
from docvault.jobs.forget_tries import EVERY, forget_tries
from docvault.jobs.worker import PERIODIC


@pytest.fixture
def db(tmp_path, database_url):
    for world in standing(tmp_path, database_url):
        yield world.db


def counters(db):
    with db.reading() as tx:
        return set(tx.connection.execute(select(tables.throttles.c.key)).scalars())


def test_rested_counters_are_forgotten_daily_but_never_those_of_a_factor(db):
    rules = db.policy.numbers.passwords.throttle
    old, fresh = throttles.account(rules, "old@example.com"), throttles.account(rules, "new@example.com")
    factor = throttles.factor(rules, "p" * 26)
    later = NOW + timedelta(hours=rules.forget_after_hours, seconds=1)
    with db.transaction() as tx:
        throttles.take(tx, old, NOW)
        throttles.take(tx, factor, NOW)
        throttles.take(tx, fresh, later)
    forget_tries(SimpleNamespace(db=db, clock=lambda: later))
    assert counters(db) == {fresh.key, factor.key}


def test_a_worker_forgets_once_a_day():
    assert [(job.every, job.run) for job in PERIODIC if job.name == "forget_tries"] == [(EVERY, forget_tries)]
    assert timedelta(days=1).total_seconds() == EVERY
