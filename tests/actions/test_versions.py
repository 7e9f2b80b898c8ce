"""Versions say who changed what and when; an older one comes back as a new one, and nothing is overwritten."""

import pytest
from sqlalchemy import select

from docvault.actions import documents, places, versions
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.encryption.errors import EncryptionError
from docvault.policy.engine import Forbidden
from docvault.rules.names import BadName
from docvault.values import NotFound
from docvault.vault.files import SEGMENT

from .papers import file, folder, read
from .world import NOW, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def restore(world, paper, number, acting=None, comment=""):
    return versions.restore_version(
        world.db,
        world.vault,
        acting=acting or world.client,
        document_id=paper,
        number=number,
        comment=comment,
        now=NOW,
    )


def test_a_version_says_who_brought_it_and_what_changed(world):
    place = folder(world)
    paper = file(world, place, b"one", comment=" First\n draft ")
    file(world, place, b"two", document_id=paper, acting=world.client, comment="Fees of clause 4")
    view = documents.show_document(world.db, acting=world.client, document_id=paper)
    said = [(one.number, one.by, one.comment, one.restored_from) for one in view.versions]
    assert said == [(2, "Clara Client", "Fees of clause 4", None), (1, "Maya Manager", "First draft", None)]
    with pytest.raises(BadName):
        file(world, place, document_id=paper, comment="x" * 501)
    with pytest.raises(BadName):
        file(world, place, document_id=paper, comment="fdp.\u202eexe")


def test_an_older_version_comes_back_as_a_new_one_with_the_same_bytes(world):
    paper = file(world, place := folder(world), first := bytes(SEGMENT) + b"one")
    file(world, place, b"two", document_id=paper)
    view = restore(world, paper, 1, comment="The fees were wrong")
    assert [(one.number, one.size, one.restored_from) for one in view.versions] == [
        (3, len(first), 1),
        (2, 3, None),
        (1, len(first), None),
    ]
    newest, _, oldest = view.versions
    assert (newest.sha256, newest.media_type) == (oldest.sha256, oldest.media_type)
    assert (newest.by, newest.comment) == ("Clara Client", "The fees were wrong")
    assert read(world, paper) == first
    assert read(world, paper, 2) == b"two"
    assert world.entries()[-3] == (Kind.VERSION_RESTORED.value, paper)


def test_bringing_back_the_newest_or_one_that_is_not_there_changes_nothing(world):
    paper = file(world, folder(world))
    before = world.rows()
    with pytest.raises(versions.AlreadyNewest):
        restore(world, paper, 1)
    with pytest.raises(NotFound):
        restore(world, paper, 2)
    assert world.rows() == before


def test_only_who_may_change_the_document_brings_a_version_back(world):
    paper = file(world, place := folder(world))
    file(world, place, document_id=paper)
    for acting, refusal in (
        (world.officer, Forbidden),
        (world.administrator, NotFound),
        (world.other_client, NotFound),
    ):
        with pytest.raises(refusal):
            restore(world, paper, 1, acting)


def used(world):
    """Return what people use of their own quotas, in bytes."""
    table = tables.person_quotas
    with world.db.reading() as tx:
        counted = select(table.c.person_id, table.c.used).where(table.c.used != 0)
        return sorted(map(tuple, tx.connection.execute(counted)))


def test_a_damaged_version_does_not_come_back_and_leaves_nothing(world):
    paper = file(world, place := folder(world), bytes(SEGMENT) + b"one")
    blobs = sorted((world.folder / "blobs").rglob("000000"))
    file(world, place, b"two", document_id=paper)
    damaged = bytearray(blobs[0].read_bytes())
    damaged[-1] ^= 1
    blobs[0].chmod(0o600)
    blobs[0].write_bytes(damaged)
    before, objects = world.rows(), len(list((world.folder / "blobs").rglob("0*")))
    brought, counters = (
        used(world),
        {"person_quotas": 0},
    )  # somebody's first counter stays, and counts nothing
    with pytest.raises(EncryptionError):
        restore(world, paper, 1)
    assert world.rows() | counters == before | counters
    assert used(world) == brought
    assert len(list((world.folder / "blobs").rglob("0*"))) == objects
    assert read(world, paper) == b"two"


def test_a_version_does_not_come_back_into_the_bin(world, monkeypatch):
    """Copying takes a while; the document that is binned meanwhile gets nothing new."""
    paper = file(world, place := folder(world), b"one")
    file(world, place, b"two", document_id=paper)
    stored = world.vault.store_segment

    def binned_meanwhile(*args):
        stored(*args)
        places.bin_things(world.db, acting=world.manager, document_ids=[paper], now=NOW)

    monkeypatch.setattr(world.vault, "store_segment", binned_meanwhile)
    with pytest.raises(NotFound):
        restore(world, paper, 1)
    places.bring_back_document(world.db, world.vault, acting=world.manager, document_id=paper, now=NOW)
    assert [
        one.number
        for one in documents.show_document(world.db, acting=world.client, document_id=paper).versions
    ] == [2, 1]
