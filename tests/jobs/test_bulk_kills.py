"""Workers that die while they send a list: every row is sent in the end, and none of them twice."""

import random
import time

import pytest
from sqlalchemy import func, select

from actions import bulk
from docvault.actions import bulk_sends
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.values import utc_now

from .test_worker import count, kill, made, messages, start, wait_until, working

__all__ = ["made"]  # a fixture

SEED = 20_261_127


def view(made, bulk_id):
    return bulk.view(made, bulk_id)


def begun(made, rows):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(rows), now=utc_now())
    bulk_sends.start_bulk_send(made.db, acting=made.world.manager, bulk_id=bulk_id, now=utc_now())
    return bulk_id


def survive(made, rows, kills):
    """Kill workers in the middle of rows, then let one come to the end; return the bulk send's id."""
    bulk_id, chance = begun(made, rows), random.Random(SEED)
    for _ in range(kills):
        before = view(made, bulk_id).sent
        process = start(made)
        wait_until(lambda before=before: view(made, bulk_id).sent != before)
        time.sleep(chance.uniform(0, 0.4))  # the moment is what this is about
        kill(process)
        assert view(made, bulk_id).stage == "sending"
    with working(made):
        while (before := view(made, bulk_id)).stage != "finished":  # each row has the patience of one
            wait_until(lambda before=before: view(made, bulk_id) != before)
    return bulk_id


def check(made, bulk_id, rows):
    end = view(made, bulk_id)
    assert (end.sent, end.failed, end.ready) == (rows, 0, 0)
    with made.db.reading() as tx:
        chosen = select(func.count(tables.bulk_rows.c.envelope_id.distinct()))
        assert tx.connection.execute(chosen).scalar_one() == rows
    asked = [to for template, to, _ in messages(made) if template == "outside_request"]
    assert sorted(asked) == sorted(f"olga{number}@outside.example" for number in range(rows))
    assert count(made, Kind.ENVELOPE_SENT) == rows
    assert count(made, Kind.BULK_FINISHED) == 1


@pytest.mark.promise(85)
@pytest.mark.slow
def test_workers_killed_in_the_middle_of_a_list_send_each_row_once(made):
    check(made, survive(made, 6, 1), 6)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.promise(85)
def test_thirty_dead_workers_send_a_thousand_rows_once(made):
    check(made, survive(made, 1000, 30), 1000)
