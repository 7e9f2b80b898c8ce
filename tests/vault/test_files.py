import hashlib
import io
import os
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.world import NOW, standing
from docvault.blobs.store import StoreFailed
from docvault.database import folder_keys
from docvault.encryption.errors import EncryptionError, Tampered
from docvault.encryption.files import seal_segment
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.values import NotFound, new_id
from docvault.vault.errors import RangeOutside
from docvault.vault.files import SEGMENT
from docvault.vault.keyring import open_folder_key
from encryption import independent

from .files import add_document, contents, overwrite, read, row, stage, store


def flipped(data: bytes) -> bytes:
    """Return the same with another last byte, whatever it was."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.fixture
def world(tmp_path, blobs):
    yield from standing(tmp_path, blobs=blobs)


@pytest.fixture
def document(world):
    return add_document(world, world.acme, world.manager)


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 5])
def test_what_is_stored_is_what_is_read(world, document, size):
    data = os.urandom(size)
    stored = store(world, document, data)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert read(world, stored.id) == data
    target = io.BytesIO()
    world.vault.open_version(world.db, stored.id).copy_to(target)
    assert target.getvalue() == data


@pytest.mark.promise(52)
def test_the_specification_is_enough_to_read_a_data_folder(world, document):
    """The database by sqlite3, the key file and the objects; nothing of docvault opens them."""
    data = os.urandom(SEGMENT + 4321)
    stored = store(world, document, data)
    connection = sqlite3.connect(world.folder / "docvault.sqlite")
    connection.row_factory = sqlite3.Row
    found = connection.execute(
        """SELECT f.organisation_id AS organisation, d.folder_id AS folder, v.key_generation AS generation,
                  v.document_id AS document, v.id AS version, v.purpose, v.number, v.blob, v.state, v.size,
                  v.segments, v.media_type AS "media-type", v.sha256, v.heads, v.algorithm,
                  v.wrapped_key AS "wrapped-key", k.wrapped AS "wrapped-folder-key"
           FROM versions v JOIN documents d ON d.id = v.document_id JOIN folders f ON f.id = d.folder_id
           JOIN folder_keys k ON k.folder_id = f.id AND k.generation = v.key_generation WHERE v.id = ?""",
        (stored.id,),
    ).fetchone()
    connection.close()
    root = independent.read_key_file((world.folder / "root.key").read_text())
    assert independent.read_file({1: root}, dict(found), contents(world).__getitem__) == data


BIG = hashlib.shake_256(b"big").digest(2 * SEGMENT + 1234)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    for world in standing(tmp_path_factory.mktemp("ranges")):
        document = add_document(world, world.acme, world.manager)
        yield world.vault.open_version(world.db, store(world, document, BIG).id)


EDGES = st.sampled_from([0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, len(BIG) - 1, len(BIG)])


@given(first=st.integers(0, len(BIG)) | EDGES, second=st.integers(0, len(BIG)) | EDGES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_range_is_exactly_its_bytes(opened, first, second):
    start, stop = sorted((first, second))
    assert b"".join(opened.range(start, stop)) == BIG[start:stop]


@pytest.mark.parametrize(
    ("start", "stop"), [(-1, 5), (5, 4), (0, len(BIG) + 1), (len(BIG) + 1, len(BIG) + 2)]
)
def test_a_range_outside_the_file_is_refused(opened, start, stop):
    with pytest.raises(RangeOutside):
        list(opened.range(start, stop))


@pytest.mark.promise(49)
@pytest.mark.parametrize("harm", ["changed", "missing", "truncated", "earlier segment in its place"])
def test_a_range_at_the_start_proves_the_end_first(world, document, harm):
    """Somebody cuts the file and asks for its beginning: the length is authenticated before the first byte."""
    stored = store(world, document, bytes(2 * SEGMENT + 10))
    blob, kept = row(world, stored.id)["blob"], contents(world)
    last, earlier = f"{blob}/000002", f"{blob}/000001"
    if harm == "changed":
        overwrite(world, last, flipped(kept[last]))
    elif harm == "missing":
        world.vault.blobs.delete(last)
    elif harm == "truncated":
        overwrite(world, last, kept[last][:-1])
    else:
        overwrite(world, last, kept[earlier])
    parts = world.vault.open_version(world.db, stored.id).range(0, 1)
    with pytest.raises(Exception, match=r"changed or damaged|missing"):
        next(parts)


@pytest.mark.promise(49)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_on_the_disk_releases_nothing_of_its_segment(opened, data):
    index = data.draw(st.integers(0, 2))
    store_of = opened.store
    path = store_of._path(f"{opened.blob}/{index:06d}")
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    path.write_bytes(before[:at] + bytes([before[at] ^ data.draw(st.integers(1, 255))]) + before[at + 1 :])
    released = 0
    with pytest.raises(EncryptionError):
        for part in opened.range(0, opened.size):
            released += len(part)
    path.write_bytes(before)
    assert released <= index * SEGMENT


@pytest.mark.promise(49)
@pytest.mark.parametrize("size", [0, 10, SEGMENT + 10])
@pytest.mark.parametrize("wrong", [{"heads": "0" * 64}, {"heads": None, "sha256": "0" * 64}])
def test_a_file_that_is_not_what_its_row_says_is_never_released_whole(world, document, size, wrong):
    """Every segment is authentic; that they are all of one file is proven by their heads, else by the digest."""
    opened = kept_with(world, document, bytes(size), **wrong)
    released = []
    with pytest.raises(Tampered):
        released += opened.range(0, size)
    assert sum(map(len, released)) < max(size, 1)


@pytest.mark.promise(49)
@pytest.mark.parametrize("wrong", [{"heads": "0" * 64}, {"sha256": "0" * 64}])
def test_a_proof_compares_heads_and_digest(world, document, wrong):
    kept_with(world, document, b"whole").prove()
    with pytest.raises(Tampered):
        kept_with(world, document, b"whole", **wrong).prove()


@pytest.mark.promise(49)
def test_an_object_that_was_sealed_and_never_kept_is_not_taken_for_the_one_that_was(world, document):
    """A store may say that a put failed and keep what came; what is sent again may be something else."""
    opened = kept_with(world, document, b"what was kept.")
    again = seal_segment(opened.key, opened.place, 0, b"sent at first.", last=True)
    overwrite(world, f"{opened.blob}/000000", bytes(again))
    assert opened.segment(0) == b"sent at first."  # it is authentic
    with pytest.raises(Tampered):
        list(opened.range(0, opened.size))


@pytest.mark.promise(31)
def test_what_was_stored_twice_is_read_as_what_was_stored_first(world, document):
    """The answer to the first got lost: the second is sealed anew, and never takes its place."""
    with world.db.transaction() as tx:
        receiving = world.vault.reserve(
            tx, document_id=document, purpose="original", size=5, created_by=None, now=NOW
        )
    world.vault.blobs = AnswerLost(world.vault.blobs)
    with pytest.raises(StoreFailed):
        world.vault.store_segment(receiving, 0, b"twice")
    world.vault.store_segment(receiving, 0, b"twice")
    staged = world.vault.whole(receiving, media_type="text/plain")
    with world.db.transaction() as tx:
        kept = world.vault.keep(tx, staged, now=NOW)
    assert read(world, kept.id) == b"twice"


class AnswerLost:
    """A store that keeps the first object, while nobody hears that it did."""

    def __init__(self, store):
        self._store = store
        self._lost = False

    def put(self, key, data):
        self._store.put(key, data)
        if not self._lost:
            self._lost = True
            raise StoreFailed

    def __getattr__(self, name):
        return getattr(self._store, name)


def kept_with(world, document, data, **said):
    """Keep a version whose row says something else than it should, and open it."""
    staged = replace(stage(world, document, data), **said)
    with world.db.transaction() as tx:
        kept = world.vault.keep(tx, staged, now=NOW)
    return world.vault.open_version(world.db, kept.id)


@pytest.mark.promise(51)
def test_every_version_and_folder_has_a_key_of_its_own(world):
    documents = [add_document(world, world.acme, world.manager) for _ in range(3)]
    versions = [store(world, document, b"same").id for document in documents for _ in range(3)]
    found = {world.vault.open_version(world.db, version).key for version in versions}
    assert len(found) == len(versions)
    assert len(set(contents(world).values())) == len(versions)
    keyring = HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key"))
    with world.db.reading() as tx:
        folders = [folder_keys.newest_for_document(tx, document) for document in documents]
    assert len({open_folder_key(keyring, folder) for folder in folders}) == len(documents)


def test_what_is_staged_is_invisible_until_it_is_kept(world, document):
    staged = stage(world, document, b"%PDF-1.7 prepared")
    with pytest.raises(NotFound):
        world.vault.open_version(world.db, staged.id)
    with world.db.transaction() as tx:
        kept = world.vault.keep(tx, staged, now=NOW)
    assert read(world, kept.id) == b"%PDF-1.7 prepared"
    world.vault.discard(staged)  # too late: it was kept
    assert read(world, kept.id) == b"%PDF-1.7 prepared"


def test_a_keep_that_is_rolled_back_can_be_discarded_without_a_trace(world, document):
    before = world.rows()
    staged = stage(world, document, bytes(SEGMENT + 1))
    with pytest.raises(ZeroDivisionError), world.db.transaction() as tx:
        world.vault.keep(tx, staged, now=NOW)
        raise ZeroDivisionError
    world.vault.discard(staged)
    assert world.rows() == before
    assert contents(world) == {}


def test_versions_staged_at_the_same_time_get_different_numbers(world, document):
    staged = [stage(world, document, b"x") for _ in range(3)]
    with world.db.transaction() as tx:
        assert [world.vault.keep(tx, each, now=NOW).number for each in reversed(staged)] == [3, 2, 1]


class Breaking(io.BytesIO):
    def read(self, size=-1):
        if self.tell() >= SEGMENT:
            raise OSError("the source broke")
        return super().read(size)


def test_a_source_that_breaks_leaves_nothing(world, document):
    before = world.rows()
    with pytest.raises(OSError, match="broke"):
        world.vault.stage(
            world.db,
            document_id=document,
            purpose="signed",
            media_type="application/pdf",
            created_by=None,
            source=Breaking(bytes(SEGMENT + 1)),
            now=NOW,
        )
    assert world.rows() == before
    assert contents(world) == {}


def test_a_document_that_is_not_there_takes_no_version(world):
    with pytest.raises(NotFound):
        stage(world, new_id(), b"x")
