"""How much organisations and people may store: counted exactly, refused in words before a byte is sent (promise 35)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from docvault.actions.folders import create_folder
from docvault.actions.quotas import (
    folder_room,
    own_storage,
    person_storage,
    set_person_quota,
    set_quota,
    show_storage,
)
from docvault.actions.uploads import abandon_upload, begin_upload, collect_abandoned, finish_upload
from docvault.database import messages, quotas, tables, work
from docvault.policy.engine import Forbidden
from docvault.rules.quotas import MOST, QuotaInvalid, QuotaReached
from docvault.values import NotFound

from .world import NOW, standing

MEGABYTE = 1024**2
ROOM = 100 * MEGABYTE


@pytest.fixture
def world(tmp_path, database_url):
    for made in standing(tmp_path, database_url):
        work.prepare(made.db.url)
        limit(made, ROOM)
        yield made
        with made.db.snapshot() as tx:
            assert quotas.differences(tx) == []  # whatever a test did, the counter says what the rows say


@pytest.fixture
def folder(world):
    names = {"organisation_id": world.acme, "name": "Contracts", "kind": "contract"}
    return create_folder(world.db, world.vault, acting=world.manager, now=NOW, **names)


def limit(world, most):
    set_quota(world.db, acting=world.administrator, organisation_id=world.acme, most=most, now=NOW)


def begin(world, folder, size, *, now=NOW, document_id=None):
    about = {"folder_id": folder, "filename": "plan.bin", "size": size, "document_id": document_id}
    return begin_upload(world.db, world.vault, acting=world.client, now=now, **about)


def used(world):
    return folder_room(world.db, acting=world.client, folder_id=world_folder(world)).organisation.used


def world_folder(world):
    with world.db.reading() as tx:
        return tx.connection.execute(select(tables.folders.c.id)).scalars().first()


def test_what_does_not_fit_is_refused_in_words_and_leaves_nothing(world, folder):
    begin(world, folder, 98 * MEGABYTE)
    before = world.rows()
    words = "Acme Industries may store 100 MB; 98 MB are used; this file has 3 MB"
    with pytest.raises(QuotaReached, match=words):
        begin(world, folder, 3 * MEGABYTE)
    assert world.rows() == before
    begin(world, folder, 2 * MEGABYTE)  # exactly full
    begin(world, folder, 0)
    with pytest.raises(QuotaReached):
        begin(world, folder, 1)


@pytest.mark.promise(35)
def test_parallel_uploads_never_share_the_last_bytes(world, folder):
    def one(_number):
        try:
            return begin(world, folder, 15 * MEGABYTE)
        except QuotaReached:
            return None

    with ThreadPoolExecutor(8) as together:
        begun = [each for each in together.map(one, range(16)) if each]
    assert len(begun) == 6  # of 15 MB in 100 MB
    assert used(world) == 90 * MEGABYTE
    with ThreadPoolExecutor(8) as together:
        together_removed = {"acting": world.client, "now": NOW}
        list(
            together.map(
                lambda each: abandon_upload(world.db, world.vault, upload_id=each.id, **together_removed),
                begun,
            )
        )
    assert used(world) == 0


def test_versions_begun_and_given_up_at_the_same_time_wait_for_each_other_and_never_for_ever(world, folder):
    document = finish_upload(
        world.db, world.vault, None, acting=world.client, upload_id=begin(world, folder, 0).id, now=NOW
    )

    def one(_number):
        begun = begin(world, folder, MEGABYTE, document_id=document.id)
        abandon_upload(world.db, world.vault, acting=world.client, upload_id=begun.id, now=NOW)

    with ThreadPoolExecutor(6) as together:
        list(together.map(one, range(12)))
    assert used(world) == 0


def test_what_is_given_up_or_collected_no_longer_counts(world, folder):
    first, second = begin(world, folder, 40 * MEGABYTE), begin(world, folder, 40 * MEGABYTE)
    abandon_upload(world.db, world.vault, acting=world.client, upload_id=first.id, now=NOW)
    assert used(world) == 40 * MEGABYTE
    collect_abandoned(world.db, world.vault, now=second.expires_at + timedelta(hours=1))
    assert used(world) == 0


def test_what_docvault_makes_itself_does_not_count(world, folder):
    upload = begin(world, folder, 0)
    with world.db.transaction() as tx:
        about = {"document_id": upload.document_id, "created_by": None, "now": NOW}
        receiving = world.vault.reserve(tx, purpose="signed", size=ROOM + 1, **about)
    assert used(world) == 0
    begin(world, folder, ROOM)
    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.versions).where(tables.versions.c.id == receiving.version_id))


def test_lowering_a_limit_removes_nothing_and_refuses_more(world, folder):
    begin(world, folder, 50 * MEGABYTE)
    limit(world, 20 * MEGABYTE)
    view = show_storage(world.db, acting=world.client, organisation_id=world.acme)
    assert (view.storage.per_cent, view.storage.own, view.may_change) == (250, True, False)
    with pytest.raises(QuotaReached):
        begin(world, folder, 1)
    limit(world, None)
    begin(world, folder, MEGABYTE)
    view = show_storage(world.db, acting=world.client, organisation_id=world.acme)
    assert (view.storage.most, view.storage.own) == (view.default, False)


def test_a_store_that_becomes_nearly_full_is_told_once_to_those_in_charge(world, folder):
    first = begin(world, folder, 30 * MEGABYTE)
    begin(world, folder, 59 * MEGABYTE)
    assert told(world) == []
    begin(world, folder, 2 * MEGABYTE)
    in_charge = [world.administrator.email, world.manager.email]
    assert told(world) == in_charge
    begin(world, folder, MEGABYTE)
    assert told(world) == in_charge
    abandon_upload(world.db, world.vault, acting=world.client, upload_id=first.id, now=NOW)
    begin(world, folder, 30 * MEGABYTE)
    assert told(world) == sorted(in_charge * 2)  # it was roomy in between


def told(world):
    with world.db.reading() as tx:
        page = messages.newest(tx, world.vault.records).items
    return sorted(each.recipient for each in page if each.template == "quota_near")


def test_only_administrators_set_limits_and_strangers_learn_none(world, folder):
    for acting in (world.manager, world.client, world.officer):
        with pytest.raises(Forbidden):
            set_quota(world.db, acting=acting, organisation_id=world.acme, most=None, now=NOW)
    with pytest.raises(NotFound):
        show_storage(world.db, acting=world.other_client, organisation_id=world.acme)
    for most in (0, -1, MEGABYTE - 1, MOST + 1):
        with pytest.raises(QuotaInvalid):
            limit(world, most)
    assert ("quota:set", world.acme) in world.entries()


def test_a_counter_that_is_wrong_is_found(world, folder):
    begin(world, folder, MEGABYTE)
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.quotas).values(used=7))
        tx.connection.execute(update(tables.person_quotas).values(used=7))
    with world.db.snapshot() as tx:
        found = quotas.differences(tx)
    owners = (world.acme, world.client.person_id)
    assert [(one.owner_id, one.counted, one.stored) for one in found] == [
        (each, 7, MEGABYTE) for each in owners
    ]
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.quotas).values(used=MEGABYTE))
        tx.connection.execute(update(tables.person_quotas).values(used=MEGABYTE))


# --- what one person may store -------------------------------------------------------------------------------


def personal_limit(world, most):
    set_person_quota(
        world.db, acting=world.administrator, person_id=world.client.person_id, most=most, now=NOW
    )


def own(world):
    return own_storage(world.db, acting=world.client).storage


def test_a_person_is_refused_in_words_and_their_colleagues_go_on(world, folder):
    personal_limit(world, 10 * MEGABYTE)
    begin(world, folder, 9 * MEGABYTE)
    before = world.rows()
    words = "You may store 10 MB; 9 MB are used; this file has 2 MB"
    with pytest.raises(QuotaReached, match=words):
        begin(world, folder, 2 * MEGABYTE)
    assert world.rows() == before  # nor did it count for the organisation
    begin(world, folder, MEGABYTE)
    begin_upload(
        world.db,
        world.vault,
        acting=world.manager,
        now=NOW,
        folder_id=folder,
        filename="more.bin",
        size=11 * MEGABYTE,
    )
    assert (own(world).used, used(world)) == (10 * MEGABYTE, 21 * MEGABYTE)


@pytest.mark.promise(35)
def test_parallel_uploads_of_one_person_never_share_the_last_bytes(world, folder):
    personal_limit(world, 31 * MEGABYTE)

    def one(_number):
        try:
            return begin(world, folder, 10 * MEGABYTE)
        except QuotaReached:
            return None

    with ThreadPoolExecutor(8) as together:
        begun = [each for each in together.map(one, range(8)) if each]
    assert len(begun) == 3
    assert own(world).used == 30 * MEGABYTE

    def give_up(each):
        abandon_upload(world.db, world.vault, acting=world.client, upload_id=each.id, now=NOW)

    with ThreadPoolExecutor(8) as together:
        list(together.map(give_up, begun))
    assert own(world).used == 0


def test_both_limits_are_shown_and_the_narrower_is_what_is_left(world, folder):
    personal_limit(world, 10 * MEGABYTE)
    begin(world, folder, 9 * MEGABYTE)
    room = folder_room(world.db, acting=world.client, folder_id=folder)
    assert (room.narrower, room.person.is_near, room.organisation.is_near) == (room.person, True, False)
    personal_limit(world, None)
    room = folder_room(world.db, acting=world.client, folder_id=folder)
    assert (room.narrower, room.person.own) == (room.organisation, False)
    view = own_storage(world.db, acting=world.client)
    assert (view.storage.used, view.storage.most, view.may_change) == (9 * MEGABYTE, view.default, False)


def test_only_whoever_manages_quotas_sets_and_reads_those_of_others(world):
    person_id = world.client.person_id
    for acting in (world.manager, world.client, world.officer):
        with pytest.raises(Forbidden):
            person_storage(world.db, acting=acting, person_id=person_id)
        with pytest.raises(Forbidden):
            set_person_quota(world.db, acting=acting, person_id=person_id, most=None, now=NOW)
    with pytest.raises(NotFound):
        set_person_quota(world.db, acting=world.administrator, person_id="nobody", most=None, now=NOW)
    with pytest.raises(QuotaInvalid):
        personal_limit(world, MEGABYTE - 1)
    assert person_storage(world.db, acting=world.administrator, person_id=person_id).may_change
    personal_limit(world, MEGABYTE)
    assert ("person:quota:set", person_id) in world.entries()
