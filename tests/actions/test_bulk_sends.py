"""Bulk sends: a list is tried before anything is sent, and each of its rows is sent once, whatever happens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from docvault.actions import bulk_rows, bulk_sends, envelopes, placed_fields, templates
from docvault.audit.kinds import Kind
from docvault.blobs.store import StoreFailed
from docvault.database import erased_rows, tables
from docvault.database import people as person_rows
from docvault.pdf.workers import Workers
from docvault.rules.bulk_files import ListRefused
from docvault.rules.bulk_sends import KEPT_DAYS, TRIES, UNSTARTED_DAYS, BulkRefused, RowState
from docvault.rules.envelopes import EnvelopeIncomplete, State
from docvault.values import NotFound
from docvault.vault import sending
from docvault.vault.preflight import Problem

from . import bulk, outside
from . import envelope_world as signing
from .world import NOW


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def shown(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def count(made, table):
    with made.db.reading() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def recorded(made, kind):
    return [about for name, about in made.world.entries() if name == kind]


def sealed(made):
    with made.db.reading() as tx:
        return [row.sealed for row in tx.connection.execute(select(tables.bulk_rows))]


def test_each_row_becomes_an_envelope_of_its_own_sent_as_if_by_hand(made):
    template_id = bulk.template(made, both=True)
    manager, client = made.world.manager, made.world.client
    content = (
        f"{bulk.HEADER}\nOlga Outside,{outside.OLGA},{manager.email},March\n"
        f",{client.email},{manager.email},May\n"
    )
    bulk_id = bulk.check(made, template_id, content.encode())
    assert bulk.view(made, bulk_id).stage == "checked"
    before = count(made, tables.envelopes)
    bulk.start(made, bulk_id)
    assert "send_bulk" in signing.queued(made)
    assert bulk.run(made, bulk_id) == 2
    assert count(made, tables.envelopes) == before + 2
    first, second = bulk.rows(made, bulk_id)
    assert (first.state, first.who, second.who) == (
        RowState.SENT,
        ("Olga Outside", manager.name),
        (client.name, manager.name),
    )
    view = shown(made, first.envelope_id)
    assert (view.state, view.title, view.origin.template_id) == (State.SENT, "Services in March", template_id)
    assert shown(made, second.envelope_id).title == "Services in May"
    placed = placed_fields.show_fields(made.db, made.vault, acting=manager, envelope_id=first.envelope_id)
    assert [one.detail.prefilled for one in placed if one.detail.prefilled] == ["Month: March"]
    phone = outside.come_in(made, first.envelope_id)
    assert signing.ceremony(made, phone.acting, first.envelope_id).pages == 2
    assert ("sign_request", client.email) in signing.mails(made)
    done = bulk.view(made, bulk_id)
    assert (done.stage, done.sent, done.failed) == ("finished", 2, 0)


def test_what_a_row_said_is_sealed_and_gone_once_it_is_sent(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(2))
    assert [one for one in sealed(made) if b"olga" in one] == []
    bulk.start(made, bulk_id)
    bulk.run(made, bulk_id)
    assert sealed(made) == [None, None]


def test_the_dry_run_says_of_each_row_why_it_is_not_sent_and_sends_nothing(made):
    stranger = made.world.other_client
    content = "\n".join(
        [
            bulk.ONE_ROLE,
            "Olga;olga@outside.example;March",
            ";;March",
            "Olga;olga@outside.example;March",
            "Olga;olga@outside.example;May",
            f"Otto;{stranger.email};March",
            ";nobody@outside.example;March",
            f"Olga;p@outside.example;{'x' * 300}",
        ]
    )
    template_id = bulk.template(made)
    before = count(made, tables.envelopes), count(made, tables.people), signing.mails(made)
    bulk_id = bulk.check(made, template_id, content.encode())
    assert (count(made, tables.envelopes), count(made, tables.people), signing.mails(made)) == before
    good, missing, same, other, theirs, nameless, long = bulk.rows(made, bulk_id)
    assert (good.state, good.trouble, good.number) == (RowState.READY, "", 2)
    assert missing.trouble == "The e-mail address of “Client” is missing."
    assert same.trouble == "It says the same as row 2."
    assert (other.state, other.note) == (RowState.READY, "Row 2 asks the same people, with other values.")
    assert "has an account here that cannot be asked" in theirs.trouble
    assert "The name of “Client” is missing" in nameless.trouble
    assert "at most 200 characters" in long.trouble
    bulk.start(made, bulk_id)
    bulk.run(made, bulk_id)
    done = bulk.view(made, bulk_id)
    assert (done.sent, done.refused, done.ready) == (2, 5, 0)


def test_somebody_chosen_for_all_rows_takes_their_role_in_each(made):
    template_id = bulk.template(made, both=True)
    manager = made.world.manager
    bulk_id = bulk.check(made, template_id, bulk.listed(1), fixed=["", manager.person_id])
    bulk.start(made, bulk_id)
    bulk.run(made, bulk_id)
    (row,) = bulk.rows(made, bulk_id)
    assert row.who == ("Olga 0", manager.name)
    other = bulk.check(made, template_id, bulk.listed(1), fixed=["", made.world.other_manager.person_id])
    assert "cannot be asked" in bulk.rows(made, other)[0].trouble


def test_a_list_that_fits_no_template_is_refused_and_nothing_is_kept(made):
    template_id = bulk.template(made)
    with pytest.raises(ListRefused, match="lacks a column"):
        bulk.check(made, template_id, b"Client name\nOlga\n")
    with pytest.raises(EnvelopeIncomplete, match="future"):
        bulk.check(made, template_id, bulk.listed(1), due_at=NOW)
    assert count(made, tables.bulk_sends) == 0


def test_the_header_given_out_is_what_is_read_and_no_formula(made):
    template_id = bulk.template(made)
    name, content = bulk_sends.header(made.db, made.vault, acting=made.world.manager, template_id=template_id)
    assert (name, content.decode("utf-8-sig").strip()) == (
        "Monthly services.csv",
        "Client name,Client email,month",
    )
    bulk.check(made, template_id, content + b"Olga,o@example.com,March\n")


def test_a_bulk_send_is_its_makers_alone_and_only_while_they_see_the_folder(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(1))
    world = made.world
    for stranger in (world.other_manager, world.client, world.administrator):
        for deed in (
            lambda who: bulk_sends.show_bulk_send(made.db, acting=who, bulk_id=bulk_id),
            lambda who: bulk_sends.list_rows(made.db, made.vault, acting=who, bulk_id=bulk_id),
            lambda who: bulk_sends.unsent_as_csv(made.db, made.vault, acting=who, bulk_id=bulk_id),
            lambda who: bulk_sends.start_bulk_send(made.db, acting=who, bulk_id=bulk_id, now=NOW),
            lambda who: bulk_sends.retry_failed(made.db, acting=who, bulk_id=bulk_id, now=NOW),
            lambda who: bulk_sends.cancel_bulk_send(made.db, acting=who, bulk_id=bulk_id, now=NOW),
        ):
            with pytest.raises(NotFound):
                deed(stranger)
        assert bulk_sends.list_bulk_sends(made.db, acting=stranger) == []
    assert [one.id for one in bulk_sends.list_bulk_sends(made.db, acting=world.manager)] == [bulk_id]


@pytest.mark.promise(25)
def test_nothing_more_is_sent_once_whoever_started_it_lost_the_right(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(3))
    bulk.start(made, bulk_id)
    assert bulk.step(made, bulk_id)
    with made.db.transaction() as tx:
        manager = person_rows.by_id(tx, made.world.manager.person_id)
        person_rows.set_state(tx, manager, person_rows.PersonState.DISABLED, by=None, now=NOW)
    assert not bulk.step(made, bulk_id)
    with made.db.reading() as tx:
        states = tx.connection.execute(select(tables.bulk_rows.c.state)).scalars().all()
    assert sorted(states) == ["failed", "failed", "sent"]
    assert len(recorded(made, Kind.BULK_STOPPED)) == 1


def test_a_retired_template_stops_it_and_it_says_so(made):
    template_id = bulk.template(made)
    bulk_id = bulk.check(made, template_id, bulk.listed(1))
    bulk.start(made, bulk_id)
    templates.retire_template(made.db, acting=made.world.manager, template_id=template_id, now=NOW)
    bulk.run(made, bulk_id)
    assert bulk.rows(made, bulk_id)[0].trouble == bulk_sends.STOPPED


def test_two_workers_at_once_send_each_row_once(made):
    client = made.world.client.email  # known already: nothing but the row tells that it was sent
    content = "\n".join([bulk.ONE_ROLE, *(f";{client};Month {number}" for number in range(4))])
    bulk_id = bulk.check(made, bulk.template(made), content.encode())
    bulk.start(made, bulk_id)
    before = count(made, tables.envelopes)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: bulk.run(made, bulk_id), range(2)))
    assert count(made, tables.envelopes) == before + 4
    view = bulk.view(made, bulk_id)
    assert (view.stage, view.sent) == ("finished", 4)
    assert len(recorded(made, Kind.BULK_FINISHED)) == 1
    assert signing.mails(made) == [("sign_request", client)] * 4


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_worker_that_dies_in_a_row_leaves_it_unsent_and_the_next_sends_it_once(made, monkeypatch, place):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(2))
    bulk.start(made, bulk_id)
    before = count(made, tables.envelopes)
    freeze = sending.freeze

    def die(*given):
        if place == "after":
            freeze(*given)
        raise Died

    monkeypatch.setattr(sending, "freeze", die)
    with pytest.raises(Died):
        bulk.step(made, bulk_id)
    monkeypatch.setattr(sending, "freeze", freeze)
    assert count(made, tables.envelopes) == before
    assert [row.state for row in bulk.rows(made, bulk_id)] == [RowState.READY] * 2
    bulk.run(made, bulk_id)
    assert count(made, tables.envelopes) == before + 2


def test_a_row_that_fails_says_why_and_is_sent_once_it_can_be(made, monkeypatch):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(2))
    bulk.start(made, bulk_id)
    monkeypatch.setattr(
        type(made.authority),
        "preflight",
        lambda *_, **__: [Problem("The seal key has ended.", "The seal key has ended.")],
    )
    bulk.step(made, bulk_id)
    monkeypatch.undo()
    bulk.run(made, bulk_id)
    failed, _ = bulk.rows(made, bulk_id)
    assert (failed.state, failed.trouble) == (RowState.FAILED, "The seal key has ended.")
    again = bulk_sends.unsent_as_csv(made.db, made.vault, acting=made.world.manager, bulk_id=bulk_id)
    assert again.decode("utf-8-sig").splitlines() == [
        "Client name,Client email,month,Why it was not sent",
        "Olga 0,olga0@outside.example,March,The seal key has ended.",
    ]
    bulk_sends.retry_failed(made.db, acting=made.world.manager, bulk_id=bulk_id, now=NOW)
    assert bulk.view(made, bulk_id).stage == "sending"
    bulk.run(made, bulk_id)
    assert (bulk.view(made, bulk_id).sent, bulk.view(made, bulk_id).stage) == (2, "finished")
    with pytest.raises(BulkRefused):
        bulk_sends.retry_failed(made.db, acting=made.world.manager, bulk_id=bulk_id, now=NOW)


def test_a_row_that_breaks_each_time_does_not_keep_the_others_waiting(made, monkeypatch):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(2))
    bulk.start(made, bulk_id)
    monkeypatch.setattr(bulk_rows, "_keep", lambda *_: 1 / 0)
    for _ in range(TRIES):
        with pytest.raises(ZeroDivisionError):
            bulk.step(made, bulk_id)
    monkeypatch.undo()
    bulk.run(made, bulk_id)
    first, second = bulk.rows(made, bulk_id)
    assert (first.state, first.trouble, second.state) == (RowState.FAILED, bulk_rows.OURS, RowState.SENT)


def test_a_store_that_is_away_fails_no_row(made, monkeypatch):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(1))
    bulk.start(made, bulk_id)

    def away(*_, **__):
        raise StoreFailed

    monkeypatch.setattr(made.vault, "stage", away)
    for _ in range(TRIES + 1):
        with pytest.raises(StoreFailed):
            bulk.step(made, bulk_id)
    monkeypatch.undo()
    bulk.run(made, bulk_id)
    assert bulk.view(made, bulk_id).sent == 1


def test_what_is_not_sent_yet_can_be_cancelled_and_what_was_sent_stays(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(3))
    bulk.start(made, bulk_id)
    bulk.step(made, bulk_id)
    bulk_sends.cancel_bulk_send(made.db, acting=made.world.manager, bulk_id=bulk_id, now=NOW)
    assert bulk.run(made, bulk_id) == 0
    view = bulk.view(made, bulk_id)
    assert (view.stage, view.sent, view.cancelled, view.ready) == ("cancelled", 1, 2, 0)
    with pytest.raises(BulkRefused):
        bulk_sends.cancel_bulk_send(made.db, acting=made.world.manager, bulk_id=bulk_id, now=NOW)


def test_a_list_is_started_once_and_a_discarded_one_never(made):
    template_id = bulk.template(made)
    started, discarded = (bulk.check(made, template_id, bulk.listed(1)) for _ in range(2))
    bulk.start(made, started)
    with pytest.raises(BulkRefused):
        bulk.start(made, started)
    assert bulk.view(made, discarded).sent_before == NOW
    bulk_sends.cancel_bulk_send(made.db, acting=made.world.manager, bulk_id=discarded, now=NOW)
    with pytest.raises(BulkRefused):
        bulk.start(made, discarded)
    assert [one.id for one in bulk_sends.list_bulk_sends(made.db, acting=made.world.manager)] == [started]
    nothing = bulk.check(made, template_id, f"{bulk.ONE_ROLE}\n;;x".encode())
    with pytest.raises(BulkRefused, match="No row"):
        bulk.start(made, nothing)


def test_lists_are_erased_when_nobody_needs_them_any_more(made):
    template_id = bulk.template(made)
    never = bulk.check(made, template_id, bulk.listed(1))
    ended = bulk.check(made, template_id, bulk.listed(1) + b"\n;;x")
    bulk.start(made, ended)
    bulk.run(made, ended)
    bulk_rows.forget_lists(made.db, now=NOW + timedelta(days=UNSTARTED_DAYS - 1))
    assert sum(one is not None for one in sealed(made)) == 2
    bulk_rows.forget_lists(made.db, now=NOW + timedelta(days=UNSTARTED_DAYS))
    assert [one.who for one in bulk.rows(made, never)] == [()]
    assert sum(one is not None for one in sealed(made)) == 1
    bulk_rows.forget_lists(made.db, now=NOW + timedelta(days=KEPT_DAYS))
    assert set(sealed(made)) == {None}


@pytest.mark.promise(81)
def test_erasing_somebody_erases_the_rows_that_name_them(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(2))
    with made.db.transaction() as tx:
        erased_rows._bulk_rows(tx, made.vault.records, ["OLGA1@outside.example".lower()])
    assert [one.state for one in bulk.rows(made, bulk_id)] == [RowState.READY, RowState.CANCELLED]
    assert [one is None for one in sealed(made)] == [False, True]


def test_a_bulk_send_whose_job_was_lost_is_asked_for_again(made):
    bulk_id = bulk.check(made, bulk.template(made), bulk.listed(1))
    bulk.start(made, bulk_id)
    before = signing.queued(made).count("send_bulk")
    bulk_rows.retry_resting(made.db, now=NOW + timedelta(minutes=1))
    assert signing.queued(made).count("send_bulk") == before
    bulk_rows.retry_resting(made.db, now=NOW + timedelta(minutes=2))
    assert signing.queued(made).count("send_bulk") == before + 1
