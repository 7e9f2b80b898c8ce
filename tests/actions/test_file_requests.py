"""Limits of a request for files hold whatever comes at the same moment, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import file_requests, visits
from docvault.actions.folders import create_folder
from docvault.actions.uploads import (
    abandon_upload,
    begin_upload,
    collect_abandoned,
    finish_guest_upload,
    finish_upload,
)
from docvault.database import disposals, invariants, tables, work
from docvault.database import file_requests as rows
from docvault.database.sessions import Source
from docvault.policy.engine import Forbidden
from docvault.rules.requests import RequestFull
from docvault.values import NotFound

from .world import NOW, standing

SOURCE = Source(address="203.0.113.7", user_agent="Firefox")


@pytest.fixture
def world(tmp_path, database_url):
    for made in standing(tmp_path, database_url):
        work.prepare(made.db.url)
        yield made
        with made.db.snapshot() as tx:
            assert rows.miscounted(tx) == []  # whatever a test did, the counters say what the rows say


@pytest.fixture
def folder(world):
    names = {"organisation_id": world.acme, "name": "Tax", "kind": "general"}
    return create_folder(world.db, world.vault, acting=world.manager, now=NOW, **names)


def ask(world, folder, acting=None, **more):
    about = {"title": "Tax papers", "message": "", "with_code": False, "most_files": 5, "most_bytes": 100}
    return file_requests.make_request(
        world.db,
        None,
        acting=acting or world.manager,
        folder_id=folder,
        last_day=NOW.date(),
        now=NOW,
        **(about | more),
    )


def visit(world, made, name="Gina Guest"):
    about = {"token": made.token, "name": name, "email": "gina@example.com", "code": "", "source": SOURCE}
    secret = visits.open_visit(world.db, None, now=NOW, **about)
    return visits.recognise(world.db, token=secret, source=SOURCE, now=NOW)


def begin(world, guest, size):
    return begin_upload(world.db, world.vault, acting=guest, filename="a.bin", size=size, now=NOW)


def counted(world, made):
    with world.db.reading() as tx:
        requests = tables.file_requests
        row = tx.connection.execute(select(requests).where(requests.c.id == made.id)).one()
        return row.files, row.bytes


@pytest.mark.parametrize(("size", "fit"), [(0, 5), (30, 3)])
def test_parallel_guests_never_share_the_last_file_or_the_last_bytes(world, folder, size, fit):
    made = ask(world, folder)
    guests = [visit(world, made, f"Guest {number}") for number in range(2)]

    def one(number):
        try:
            return begin(world, guests[number % 2], size)
        except RequestFull:
            return None

    with ThreadPoolExecutor(6) as together:
        begun = [each for each in together.map(one, range(10)) if each]
    assert len(begun) == fit
    assert counted(world, made) == (fit, fit * size)


def test_what_is_given_up_or_collected_leaves_its_place_to_others(world, folder):
    made = ask(world, folder, most_files=2)
    guest = visit(world, made)
    first, second = begin(world, guest, 60), begin(world, guest, 40)
    abandon_upload(world.db, world.vault, acting=guest, upload_id=first.id, now=NOW)
    assert counted(world, made) == (1, 40)
    collect_abandoned(world.db, world.vault, now=second.expires_at + timedelta(hours=1))
    assert counted(world, made) == (0, 0)


def test_what_is_destroyed_on_its_way_leaves_its_place_to_others(world, folder):
    made = ask(world, folder)
    begun = begin(world, visit(world, made), 60)
    with world.db.transaction() as tx:
        disposals.destroy(tx, begun.document_id, NOW)
    assert counted(world, made) == (0, 0)


def test_a_counter_that_does_not_fit_its_uploads_is_found(world, folder):
    made = ask(world, folder)
    begin(world, visit(world, made), 10)
    requests = tables.file_requests

    def count(files):
        with world.db.transaction() as tx:
            tx.connection.execute(requests.update().values(files=files))

    count(2)
    with world.db.snapshot() as tx:
        (fault,) = invariants.of_rows(tx)
    count(1)
    assert (fault.rule, fault.subject) == ("request-count", made.id)


def test_whoever_may_share_sees_who_came_and_what_arrived(world, folder):
    made, other = ask(world, folder), ask(world, folder, title="Contracts")
    guest = visit(world, made)
    begun = begin(world, guest, 0)
    finish_guest_upload(world.db, world.vault, None, acting=guest, upload_id=begun.id, now=NOW)
    begin(world, guest, 5)  # on its way, so it does not count as arrived
    listed = file_requests.list_requests(world.db, acting=world.manager, folder_id=folder, now=NOW).requests
    came = {
        one.id: [(each.name, each.email, each.files, each.bytes) for each in one.visits] for one in listed
    }
    assert came == {made.id: [("Gina Guest", "gina@example.com", 1, 0)], other.id: []}
    shown = visits.show_visit(world.db, acting=guest, now=NOW)
    assert (len(shown.sent), shown.under_way) == (1, 1)


def test_only_whoever_may_share_asks_guests_and_sees_who_came(world, folder):
    made = ask(world, folder)
    with pytest.raises((NotFound, Forbidden)):
        ask(world, folder, acting=world.client)
    with pytest.raises((NotFound, Forbidden)):
        file_requests.list_requests(world.db, acting=world.client, folder_id=folder, now=NOW)
    about = {"acting": world.client, "request_id": made.id, "now": NOW}
    with pytest.raises((NotFound, Forbidden)):
        file_requests.close_request(world.db, **about)
    with pytest.raises((NotFound, Forbidden)):
        file_requests.extend_request(world.db, last_day=NOW.date(), **about)


def test_whoever_lends_the_right_cannot_finish_what_a_guest_sends(world, folder):
    begun = begin(world, visit(world, ask(world, folder)), 0)
    with pytest.raises(NotFound):
        finish_upload(world.db, world.vault, None, acting=world.manager, upload_id=begun.id, now=NOW)
