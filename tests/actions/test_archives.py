"""Many documents as one ZIP: everything that may leave, nothing else, and never half of it taken for the whole."""

import io
import json
import tracemalloc
import zipfile

import pytest
from sqlalchemy import select

from docvault.actions import sharing
from docvault.actions.archives import ArchiveRefused, download_things
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.encryption.errors import EncryptionError
from docvault.policy.vocabulary import Role
from docvault.values import NotFound
from docvault.vault.files import SEGMENT

from .papers import file, folder
from .world import NOW, person, standing


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


def take(world, documents=(), folders=(), acting=None):
    return download_things(
        world.db,
        world.vault,
        acting=acting or world.manager,
        document_ids=documents,
        folder_ids=folders,
        now=NOW,
    )


def opened(archive):
    return zipfile.ZipFile(io.BytesIO(b"".join(archive.parts)))


def damage(world, *, last):
    """Flip a bit in the first or in the last segment of a version of two segments."""
    blob = next(path for path in (world.folder / "blobs").rglob("000001")).parent
    path = blob / ("000001" if last else "000000")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_folder_comes_as_it_lies_with_the_newest_versions_and_a_manifest(world):
    top = folder(world, "Deal / 2031")
    inner = folder(world, "Annexes", inside=top)
    paper = file(world, top, b"old", "a.txt")
    file(world, top, b"new", document_id=paper)
    for data in (b"one", b"two"):
        file(world, inner, data, "same.txt")
    archive = take(world, folders=[top])
    assert archive.name == "Deal / 2031.zip"
    found = opened(archive)
    assert found.testzip() is None
    assert found.namelist() == [
        "Deal _ 2031/a.txt",
        "Deal _ 2031/Annexes/same.txt",
        "Deal _ 2031/Annexes/same (2).txt",
        "MANIFEST.txt",
    ]
    assert found.read("Deal _ 2031/a.txt") == b"new"
    manifest = found.read("MANIFEST.txt").decode()
    assert "Annexes/same (2).txt" in manifest
    assert "LEFT OUT" not in manifest


@pytest.mark.promise(74)
def test_every_document_in_it_is_an_entry_and_the_folder_one_more(world):
    top = folder(world)
    papers = [file(world, top, name=f"{number}.txt") for number in range(3)]
    before = len(world.entries())
    opened(take(world, folders=[top]))
    noted = world.entries()[before:]
    assert sorted(noted) == sorted(
        [(Kind.FOLDER_DOWNLOADED.value, top), *((Kind.DOCUMENT_DOWNLOADED.value, each) for each in papers)]
    )
    with world.db.reading() as tx:
        entries = tables.audit_entries
        chosen = select(entries.c.leaf).where(entries.c.object_id == papers[0])
        leaf = tx.connection.execute(chosen.order_by(entries.c.index.desc()).limit(1)).scalar_one()
    assert json.loads(leaf)["facts"] == {"folder": top, "number": 1, "archive": True}


@pytest.mark.promise(27)
@pytest.mark.promise(42)
def test_what_may_not_be_seen_is_not_even_named_and_what_may_not_leave_is_left_out(world):
    top = folder(world, "Top")
    secret = folder(world, "Secret", inside=top)
    file(world, top, name="open.txt")
    hidden = file(world, secret, name="hidden.txt")
    sharing.keep_out(
        world.db, acting=world.manager, folder_id=secret, person_id=world.client.person_id, now=NOW
    )
    found = opened(take(world, folders=[top], acting=world.client))
    assert found.namelist() == ["Top/open.txt", "MANIFEST.txt"]
    assert b"ecret" not in found.read("MANIFEST.txt")
    for nobody in (world.other_client, world.administrator):
        with pytest.raises(NotFound):
            take(world, folders=[top], acting=nobody)
    with pytest.raises(NotFound):
        take(world, [hidden], acting=world.client)
    with pytest.raises(ArchiveRefused):
        take(world, folders=[top], acting=world.officer)


def test_what_did_not_pass_the_scan_stays_and_is_named(world):
    top = folder(world, "Top")
    good, bad = file(world, top, name="good.txt"), file(world, top, name="bad.txt")
    with world.db.transaction() as tx:
        versions = tables.versions
        change = versions.update().where(versions.c.document_id == bad)
        tx.connection.execute(change.values(scan="infected"))
    found = opened(take(world, [good, bad]))
    assert found.namelist() == ["good.txt", "MANIFEST.txt"]
    assert "bad.txt: it has not passed" in found.read("MANIFEST.txt").decode()


def test_a_file_that_cannot_be_opened_is_left_out_and_one_that_breaks_on_its_way_ends_the_archive(world):
    top = folder(world, "Top")
    file(world, top, b"fine", "a.txt")
    file(world, top, bytes(SEGMENT) + b"rest", "b.bin")
    damage(world, last=True)
    found = opened(take(world, folders=[top]))
    assert found.namelist() == ["Top/a.txt", "MANIFEST.txt"]
    assert "Top/b.bin: its stored file is damaged" in found.read("MANIFEST.txt").decode()
    damage(world, last=True)  # the same bit again: as it was
    damage(world, last=False)
    got = bytearray()
    with pytest.raises(EncryptionError):
        for part in take(world, folders=[top]).parts:
            got += part
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(got))


def test_an_archive_takes_the_memory_of_a_few_segments_however_large_it_is(world):
    top = folder(world)
    for number in range(5):
        file(world, top, bytes(2 * SEGMENT), f"{number}.bin")
    archive = take(world, folders=[top])
    tracemalloc.start()
    size = sum(len(part) for part in archive.parts)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5 * SEGMENT
    assert size > 0


def test_a_contributor_of_one_folder_takes_what_is_shared_with_them_only(world):
    shared, other = folder(world, "Shared"), folder(world, "Other")
    here, there = file(world, shared, name="here.txt"), file(world, other, name="there.txt")
    guest = person(world.db, "Gustav Guest", Role.CLIENT, world.operator)
    sharing.share_folder(
        world.db, acting=world.manager, folder_id=shared, person_id=guest.person_id, role="viewer", now=NOW
    )
    assert opened(take(world, [here], acting=guest)).namelist() == ["here.txt", "MANIFEST.txt"]
    with pytest.raises(NotFound):
        take(world, [here, there], acting=guest)
