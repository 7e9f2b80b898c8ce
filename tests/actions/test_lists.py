"""The documents of a folder in every order, page by page, and folders with more of them than anybody counts."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from docvault.actions.folders import create_folder, list_folders, show_folder
from docvault.database import documents, tables
from docvault.database import folders as rows_of_folders
from docvault.database.document_order import ORDERS
from docvault.database.engine import BadCursor
from docvault.values import new_id

from .plans import plans
from .world import NOW, standing

FACTS = [("b.txt", 5), ("A.txt", 5), ("a.txt", 7), ("C.txt", 1), ("c.txt", 9)]


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def place(world):
    """A folder with documents whose names differ in case alone and whose sizes are partly equal."""
    about = {"organisation_id": world.acme, "name": "Contracts", "kind": "contract", "now": NOW}
    made = create_folder(world.db, world.vault, acting=world.manager, **about)
    with world.db.transaction() as tx:
        for number, (name, size) in enumerate(FACTS):
            add(tx, world, made, name, size, NOW + timedelta(minutes=number))
    return made


def add(tx, world, folder_id, name, size, at):
    document_id = new_id()
    common = {"created_by": world.manager.person_id, "created_at": at}
    row = {"id": document_id, "folder_id": folder_id, "name": name, "latest": 0}
    tx.connection.execute(insert(tables.documents).values(**row, **common))
    tx.connection.execute(
        insert(tables.versions).values(
            id=new_id(),
            document_id=document_id,
            purpose="original",
            number=1,
            state="stored",
            media_type="text/plain",
            size=size,
            key_generation=1,
            wrapped_key=b"",
            blob=new_id(),
            segments=1,
            algorithm="",
            scan="unscanned",
            **common,
        )
    )
    documents.newest_is(tx, document_id, 1)


def shown(world, place, sort, after=None):
    view = show_folder(world.db, acting=world.client, folder_id=place, sort=sort, after=after, limit=2)
    return view.documents


def test_documents_follow_each_other_in_every_order_without_a_gap(world, place):
    for sort in ORDERS:
        found, after = [], None
        while True:
            page = shown(world, place, sort, after)
            found += page.items
            after = page.next
            if after is None:
                break
        keys = {
            "newest": [-one.created_at.timestamp() for one in found],
            "oldest": [one.created_at.timestamp() for one in found],
            "name": [one.name.lower() for one in found],
            "name-back": [one.name.lower() for one in reversed(found)],
            "largest": [-one.size for one in found],
            "smallest": [one.size for one in found],
        }
        assert keys[sort] == sorted(keys[sort]), sort
        assert sorted((one.name, one.size) for one in found) == sorted(FACTS), sort


def test_a_cursor_of_another_order_is_refused(world, place):
    cursor = shown(world, place, "name").next
    for sort in ("largest", "newest", "name-back"):
        with pytest.raises(BadCursor):
            shown(world, place, sort, cursor)


def test_a_list_sorted_by_size_follows_the_newest_version(world, place):
    smallest = shown(world, place, "smallest").items[0]
    with world.db.transaction() as tx:
        second = tables.versions.c.document_id == smallest.id
        tx.connection.execute(update(tables.versions).where(second).values(number=2, size=100))
        documents.newest_is(tx, smallest.id, 2)
    assert shown(world, place, "largest").items[0].id == smallest.id


def test_a_folder_with_very_many_documents_says_that_there_are_more(world, place, monkeypatch):
    monkeypatch.setattr(rows_of_folders, "COUNTED", 2)
    [summary] = list_folders(world.db, acting=world.client).items
    assert (summary.documents, summary.more_documents) == (2, True)
    monkeypatch.setattr(rows_of_folders, "COUNTED", len(FACTS))
    [summary] = list_folders(world.db, acting=world.client, kind="contract").items
    assert (summary.documents, summary.more_documents) == (len(FACTS), False)
    assert summary.changed_at == NOW + timedelta(minutes=len(FACTS) - 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_counting_the_documents_of_a_folder_reads_the_index_alone(world, place):
    """A thousand rows for one number would be most of what a page costs."""
    asked = plans(world.db, lambda: shown(world, place, "newest"))
    [plan] = [plan for statement, plan in asked if "count(*) AS count_1 FROM (SELECT ? AS" in statement][:1]
    assert "documents USING COVERING INDEX" in plan
    assert "documents USING INDEX" not in plan


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_small_folder_beside_a_huge_one_is_never_looked_for_among_all_documents(world, place):
    """PostgreSQL took it for a common one, and met its first document behind a million others."""
    about = {"organisation_id": world.acme, "name": "Archive", "kind": "contract", "now": NOW}
    huge = create_folder(world.db, world.vault, acting=world.manager, **about)
    one = {"folder_id": huge, "latest": 1, "size": 1, "created_by": world.manager.person_id}
    made = [
        {"id": new_id(), "name": "a", "created_at": NOW + timedelta(days=1, seconds=second), **one}
        for second in range(5000)
    ]
    with world.db.transaction() as tx:
        tx.connection.execute(insert(tables.documents), made)
        tx.connection.execute(text("ANALYZE documents"))
    for sort in ORDERS:
        for statement, plan in plans(world.db, lambda order=sort: shown(world, place, order)):
            assert "ix_documents_created_at_id" not in plan, statement
