"""The invariant checker finds what is wrong, each by its rule, and nothing in an installation that is well."""

import os

import pytest
from sqlalchemy import delete, insert, update

from actions.world import NOW, standing
from docvault.actions.folders import create_folder, create_folder_inside
from docvault.actions.uploads import begin_upload, store_segment
from docvault.database import tables
from docvault.vault import invariants
from docvault.vault.files import SEGMENT

from .files import change, shelf, stage


@pytest.fixture
def world(tmp_path, database_url, blobs_beside):
    yield from standing(tmp_path, database_url, blobs_beside)


@pytest.fixture
def filled(world):
    """Two documents with three versions each, an upload under way, and a folder in a folder in a folder."""
    made = shelf(world)
    write(world, delete(tables.documents).where(tables.documents.c.latest == 0))
    above = create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="top",
        kind="general",
        now=NOW,
    )
    for name in ("middle", "inside"):
        above = create_folder_inside(
            world.db,
            world.vault,
            acting=world.manager,
            parent_id=above,
            name=name,
            kind="general",
            now=NOW,
        )
    state = begin_upload(
        world.db,
        world.vault,
        acting=world.client,
        folder_id=above,
        filename="a.bin",
        size=SEGMENT + 100,
        now=NOW,
    )
    store_segment(
        world.db,
        world.vault,
        acting=world.client,
        upload_id=state.id,
        offset=0,
        plaintext=os.urandom(SEGMENT),
        now=NOW,
    )
    return made


def rules(world):
    return {fault.rule for fault in invariants.faults(world.db, world.vault)}


def write(world, statement):
    with world.db.transaction() as tx:
        tx.connection.execute(statement)


def test_an_installation_that_is_well_has_no_faults_and_says_how_far_the_look_has_come(world, filled):
    told = []
    assert list(invariants.faults(world.db, world.vault, tell=told.append)) == []
    assert max(seen.versions for seen in told) == len(filled.plaintexts)
    assert max(seen.objects for seen in told) == len(filled.plaintexts) + 1


def test_every_kind_of_damage_is_found_by_its_rule(world, filled):
    version_id = next(iter(filled.plaintexts))
    documents, paths, folders = tables.documents, tables.folder_paths, tables.folders
    with world.db.reading() as tx:
        inside = tx.connection.execute(folders.select().where(folders.c.name == "inside")).one()
        middle = inside.parent_id
    at = (paths.c.folder_id == inside.id) & (paths.c.ancestor_id == middle)

    def wrong(damage, repair, rule):
        write(world, damage)
        found = rules(world)
        write(world, repair)
        assert found == {rule}, rule

    first = documents.c.id == filled.documents[0]
    wrong(
        update(documents).where(first).values(latest=1),
        update(documents).where(first).values(latest=2),
        "latest",
    )
    wrong(
        delete(paths).where(at),
        insert(paths).values(folder_id=inside.id, ancestor_id=middle),
        "path-missing",
    )
    other = filled.documents[1]
    with world.db.reading() as tx:
        elsewhere = tx.connection.execute(documents.select().where(documents.c.id == other)).one().folder_id
    extra = (paths.c.folder_id == inside.id) & (paths.c.ancestor_id == elsewhere)
    wrong(
        insert(paths).values(folder_id=inside.id, ancestor_id=elsewhere),
        delete(paths).where(extra),
        "path-extra",
    )
    uploads = tables.uploads
    wrong(update(uploads).values(finished_at=NOW), update(uploads).values(finished_at=None), "upload-state")
    wrong(update(uploads).values(received=7), update(uploads).values(received=SEGMENT), "upload-offset")
    wrong(
        update(uploads).values(received=SEGMENT + 100),
        update(uploads).values(received=SEGMENT),
        "upload-lost",
    )
    change(world, version_id, sha256="0" * 64)
    assert rules(world) == {"unreadable"}


def test_a_key_that_outlives_its_document_and_a_key_that_went_too_early_are_found(world, filled):
    disposed, kept, _ = filled.documents
    write(world, update(tables.documents).where(tables.documents.c.id == disposed).values(disposed_at=NOW))
    write(
        world,
        update(tables.versions).where(tables.versions.c.document_id == kept).values(wrapped_key=b""),
    )
    assert rules(world) == {"shredded", "keyless", "unreadable", "orphan", "quota"}


def test_a_lost_object_and_a_left_over_one_are_found(world, filled):
    staged = stage(world, filled.documents[0], b"never kept")
    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.versions).where(tables.versions.c.id == staged.id))
    assert rules(world) == {"orphan"}
    world.vault.remove_waste(world.db)
    assert rules(world) == set()
    world.vault.blobs.delete(min(world.vault.blobs.list("")))
    assert len(rules(world) & {"unreadable", "upload-lost"}) == 1


def test_a_folder_without_a_key_is_found(world, filled):
    with world.db.reading() as tx:
        empty = (
            tx.connection.execute(tables.folders.select().where(tables.folders.c.name == "middle")).one().id
        )
    write(world, delete(tables.folder_keys).where(tables.folder_keys.c.folder_id == empty))
    assert rules(world) == {"folder-key"}
