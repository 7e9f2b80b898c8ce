"""A folder gets a new key once somebody left who could have had the old ones (promise 54)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from actions.world import NOW, build, person
from docvault.actions.folders import create_folder, create_folder_inside
from docvault.actions.people import disable_person
from docvault.actions.sharing import keep_out, let_in_again, share_folder, unshare_folder
from docvault.audit.kinds import Kind
from docvault.database import periods, tables
from docvault.database.folder_keys import FolderKeyRow
from docvault.database.versions import for_opening
from docvault.encryption.errors import Tampered
from docvault.policy.vocabulary import Role
from docvault.values import new_id
from docvault.vault import keyring as keys
from docvault.vault.reading import row_context

from .files import read, store

LATER = NOW + timedelta(days=1)


@pytest.fixture
def world(database_url, tmp_path, blobs_beside):
    made = build(tmp_path, database_url, blobs_beside)
    yield made
    made.vault.close()
    made.db.close()


@pytest.fixture
def folder_id(world):
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Bids",
        kind="rfp",
        now=NOW,
    )


def document(world, folder_id):
    document_id = new_id()
    values = {"id": document_id, "folder_id": folder_id, "name": "a.bin", "latest": 0, "created_at": NOW}
    with world.db.transaction() as tx:
        tx.connection.execute(insert(tables.documents).values(created_by=world.manager.person_id, **values))
    return document_id


def generations(world, folder_id):
    chosen = select(tables.folder_keys).where(tables.folder_keys.c.folder_id == folder_id)
    with world.db.reading() as tx:
        return tx.connection.execute(chosen.order_by(tables.folder_keys.c.generation)).all()


def all_keys(world, folder_id):
    """Return every folder key there is now, opened: what a member who kept everything has when they leave."""
    return [
        keys.open_folder_key(
            world.vault.keyring,
            FolderKeyRow(world.acme, folder_id, row.generation, row.wrapped),
        )
        for row in generations(world, folder_id)
    ]


def opens(world, version_id, kept):
    with world.db.reading() as tx:
        row = for_opening(tx, version_id)
    for wrapping in kept:
        try:
            keys.open_data_key(wrapping, row_context(row), row.wrapped_key)
        except Tampered:
            continue
        return True
    return False


def guest_of(world, folder_id, until=None):
    guest = person(world.db, "Gustav Guest", Role.CLIENT, world.acme)
    share_folder(
        world.db,
        acting=world.manager,
        folder_id=folder_id,
        person_id=guest.person_id,
        role="viewer",
        last_day=until,
        now=NOW,
    )
    return guest


def unshared(world, folder_id, guest):
    about = {"acting": world.manager, "folder_id": folder_id, "person_id": guest.person_id}
    unshare_folder(world.db, **about, now=NOW)


def denied(world, folder_id, guest):
    about = {"acting": world.manager, "folder_id": folder_id, "person_id": guest.person_id}
    keep_out(world.db, **about, now=NOW)


def disabled(world, folder_id, guest):
    disable_person(world.db, acting=world.administrator, person_id=guest.person_id, now=NOW)


def no_member_any_more(world, folder_id, guest):
    with world.db.transaction() as tx:
        place = {"person_id": guest.person_id, "organisation_id": world.acme}
        periods.finish(tx, tables.memberships, place, by=None, now=NOW)


def no_client_any_more(world, folder_id, guest):
    with world.db.transaction() as tx:
        place = {"person_id": world.manager.person_id, "organisation_id": world.acme}
        periods.finish(tx, tables.portfolios, place, by=None, now=NOW)


def moved(world, folder_id, guest):
    with world.db.transaction() as tx:
        tx.connection.execute(
            update(tables.folder_paths)
            .where(tables.folder_paths.c.folder_id == folder_id)
            .values(ancestor_id=other_folder(world))
        )


def other_folder(world):
    chosen = select(tables.folders.c.id).where(tables.folders.c.name == "Elsewhere")
    with world.db.reading() as tx:
        return tx.connection.execute(chosen).scalar_one()


@pytest.mark.promise(54)
@pytest.mark.parametrize("leave", [unshared, denied, disabled, no_member_any_more, no_client_any_more, moved])
def test_whoever_left_opens_no_later_version_with_every_key_there_was(world, folder_id, leave):
    place = {"organisation_id": world.acme, "kind": "general", "now": NOW}
    create_folder(world.db, world.vault, acting=world.manager, name="Elsewhere", **place)
    guest = guest_of(world, folder_id)
    document_id = document(world, folder_id)
    earlier = store(world, document_id, b"before")
    kept = all_keys(world, folder_id)
    assert opens(world, earlier.id, kept)
    leave(world, folder_id, guest)
    later = store(world, document_id, b"after")
    assert not opens(world, later.id, kept)
    assert read(world, earlier.id) == b"before"
    assert read(world, later.id) == b"after"
    assert world.entries().count((Kind.FOLDER_KEY_ROTATED, folder_id)) == 1


@pytest.mark.promise(54)
def test_a_share_that_runs_out_counts_like_one_that_was_ended(world, folder_id):
    guest_of(world, folder_id, until=date(2026, 3, 2))
    document_id = document(world, folder_id)
    store(world, document_id, b"while it lasts")
    kept = all_keys(world, folder_id)
    stored = store(world, document_id, b"the next day", now=LATER)
    assert not opens(world, stored.id, kept)


@pytest.mark.promise(54)
def test_leaving_a_folder_counts_in_the_folders_inside(world, folder_id):
    inside = create_folder_inside(
        world.db, world.vault, acting=world.manager, parent_id=folder_id, name="Drafts", kind="rfp", now=NOW
    )
    guest = guest_of(world, folder_id)
    kept = all_keys(world, inside)
    unshared(world, folder_id, guest)
    assert not opens(world, store(world, document(world, inside), b"after").id, kept)


@pytest.mark.promise(54)
def test_a_version_that_arrives_while_somebody_leaves_is_kept_under_a_new_key(world, folder_id):
    guest = guest_of(world, folder_id)
    document_id = document(world, folder_id)
    with world.db.transaction() as tx:
        receiving = world.vault.reserve(
            tx, document_id=document_id, purpose="original", size=5, created_by=None, now=NOW
        )
    world.vault.store_segment(receiving, 0, b"bytes")
    kept = all_keys(world, folder_id)
    unshared(world, folder_id, guest)
    staged = world.vault.whole(receiving, media_type="text/plain")
    with world.db.transaction() as tx:
        stored = world.vault.keep(tx, staged, now=NOW)
    assert not opens(world, stored.id, kept)
    assert read(world, stored.id) == b"bytes"


def test_a_folder_that_nobody_left_keeps_its_key(world, folder_id):
    document_id = document(world, folder_id)
    guest_of(world, folder_id)
    for _ in range(3):
        store(world, document_id, b"more")
    assert [row.generation for row in generations(world, folder_id)] == [1]
    assert (Kind.FOLDER_KEY_ROTATED, folder_id) not in world.entries()


def test_one_new_key_is_enough_for_one_who_left(world, folder_id):
    guest = guest_of(world, folder_id)
    denied(world, folder_id, guest)
    document_id = document(world, folder_id)
    for _ in range(3):
        store(world, document_id, b"more")
    let_in_again(world.db, acting=world.manager, folder_id=folder_id, person_id=guest.person_id, now=NOW)
    store(world, document_id, b"more")
    assert [row.generation for row in generations(world, folder_id)] == [1, 2]
