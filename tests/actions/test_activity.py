"""When things happened: counted by the database, by weekday and hour of UTC."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from docvault.actions import audit as actions
from docvault.audit.kinds import Kind
from docvault.database import audit
from docvault.database.audit_trail import Filters
from docvault.policy.engine import Forbidden

from .world import standing

SUNDAY = datetime(2026, 3, 8, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def note(world, *moments, kind=Kind.DOCUMENT_READ):
    with world.db.transaction() as tx:
        for at in moments:
            audit.append(tx, kind, at=at, acting=world.manager)


def counted(world, filters=Filters(), now=SUNDAY + timedelta(seconds=1)):  # noqa: B008 - Filters is frozen
    found = actions.activity(world.db, acting=world.officer, filters=filters, now=now)
    return {
        (day, hour): count
        for day, counts in enumerate(found.counts)
        for hour, count in enumerate(counts)
        if count
    }


def test_entries_are_counted_by_weekday_and_hour_of_utc(world):
    monday = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    note(world, monday, monday + timedelta(minutes=59), monday + timedelta(hours=9), SUNDAY)
    assert counted(world) == {(0, 0): 2, (0, 9): 1, (6, 23): 1}


def test_without_a_first_day_the_last_four_weeks_count(world):
    first = SUNDAY + timedelta(seconds=1) - timedelta(weeks=4)
    note(world, first, first - timedelta(seconds=1), SUNDAY)
    assert sum(counted(world).values()) == 2
    wide = Filters(start=SUNDAY - timedelta(weeks=9))
    assert sum(counted(world, wide).values()) == 3
    assert sum(counted(world, replace(wide, end=SUNDAY)).values()) == 2


def test_the_filters_of_the_list_count_here_too(world):
    note(world, SUNDAY, SUNDAY)
    note(world, SUNDAY, kind=Kind.FOLDER_CREATED)
    assert counted(world, Filters(kind="folder")) == {(6, 23): 1}
    assert counted(world, Filters(actor_id=world.client.person_id)) == {}


def test_only_who_reads_the_trail_may_count_it(world):
    with pytest.raises(Forbidden):
        actions.activity(world.db, acting=world.manager, filters=Filters(), now=SUNDAY)
