import hashlib
import io
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from actions.world import NOW, standing
from docvault.actions.folders import create_folder
from docvault.actions.uploads import abandon_upload, begin_upload, finish_upload, store_segment, upload_state
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StorageFull
from docvault.database import tables
from docvault.encryption.errors import EncryptionError
from docvault.encryption.keyring import FileKeyring
from docvault.values import NotFound, new_id
from docvault.vault.errors import RangeOutside
from docvault.vault.files import SEGMENT, Vault
from encryption import independent

from .files import add_document, read, row, store


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


@pytest.fixture
def document(world):
    return add_document(world, world.acme, world.manager)


def stage(world, document, data, purpose="prepared"):
    return world.vault.stage(
        world.db,
        document_id=document,
        purpose=purpose,
        media_type="application/pdf",
        created_by=None,
        source=io.BytesIO(data),
        now=NOW,
    )


def objects(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


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
    """The database by sqlite3, the key file and the objects; nothing of docvault."""
    data = os.urandom(SEGMENT + 4321)
    stored = store(world, document, data)
    connection = sqlite3.connect(world.folder / "docvault.sqlite")
    connection.row_factory = sqlite3.Row
    found = connection.execute(
        """SELECT f.organisation_id AS organisation, d.folder_id AS folder, v.key_generation AS generation,
                  v.document_id AS document, v.id AS version, v.purpose, v.number, v.blob, v.state, v.size,
                  v.segments, v.media_type AS "media-type", v.sha256, v.algorithm,
                  v.wrapped_key AS "wrapped-key", k.wrapped AS "wrapped-folder-key"
           FROM versions v JOIN documents d ON d.id = v.document_id JOIN folders f ON f.id = d.folder_id
           JOIN folder_keys k ON k.folder_id = f.id AND k.generation = v.key_generation WHERE v.id = ?""",
        (stored.id,),
    ).fetchone()
    connection.close()
    root = independent.read_key_file((world.folder / "root.key").read_text())

    def get(name):
        return (world.folder / "blobs" / name[:2] / name).read_bytes()

    assert independent.read_file(root, dict(found), get) == data


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
    folder = world.folder / "blobs" / row(world, stored.id)["blob"][:2] / row(world, stored.id)["blob"]
    last = folder / "000002"
    if harm == "changed":
        last.write_bytes(last.read_bytes()[:-1] + b"?")
    elif harm == "missing":
        last.unlink()
    elif harm == "truncated":
        last.write_bytes(last.read_bytes()[:-1])
    else:
        last.write_bytes((folder / "000001").read_bytes())
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


@pytest.mark.promise(51)
def test_every_version_and_folder_has_a_key_of_its_own(world):
    documents = [add_document(world, world.acme, world.manager) for _ in range(3)]
    versions = [store(world, document, b"same").id for document in documents for _ in range(3)]
    found = {world.vault.open_version(world.db, version).key for version in versions}
    assert len(found) == len(versions)
    contents = {path.read_bytes() for path in objects(world.folder / "blobs")}
    assert len(contents) == len(versions)


def test_what_is_staged_is_invisible_until_it_is_kept(world, document):
    staged = stage(world, document, b"%PDF-1.7 prepared")
    with pytest.raises(NotFound):
        world.vault.open_version(world.db, staged.id)
    with world.db.transaction() as tx:
        kept = world.vault.keep(tx, staged)
    assert read(world, kept.id) == b"%PDF-1.7 prepared"
    world.vault.discard(staged)  # too late: it was kept
    assert read(world, kept.id) == b"%PDF-1.7 prepared"


def test_a_keep_that_is_rolled_back_can_be_discarded_without_a_trace(world, document):
    before = world.rows()
    staged = stage(world, document, bytes(SEGMENT + 1))
    with pytest.raises(ZeroDivisionError), world.db.transaction() as tx:
        world.vault.keep(tx, staged)
        raise ZeroDivisionError
    world.vault.discard(staged)
    assert world.rows() == before
    assert objects(world.folder / "blobs") == []


def test_versions_staged_at_the_same_time_get_different_numbers(world, document):
    staged = [stage(world, document, b"x") for _ in range(3)]
    with world.db.transaction() as tx:
        assert [world.vault.keep(tx, each).number for each in reversed(staged)] == [3, 2, 1]


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
    assert objects(world.folder / "blobs") == []


def test_a_document_that_is_not_there_takes_no_version(world):
    with pytest.raises(NotFound):
        stage(world, new_id(), b"x")


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_an_upload_that_goes_on_when_there_is_room(world, small_disk):
    vault = Vault(FileKeyring.open(world.folder / "root.key"), FileBlobs(small_disk))
    folder = create_folder(
        world.db,
        vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Folder",
        kind="general",
        now=NOW,
    )
    data = os.urandom(SEGMENT + 1000)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(6 * 1024 * 1024))
    state = begin_upload(
        world.db, vault, acting=world.client, folder_id=folder, filename="a.bin", size=len(data), now=NOW
    )

    def send(offset):
        return store_segment(
            world.db,
            vault,
            acting=world.client,
            upload_id=state.id,
            offset=offset,
            plaintext=data[offset : offset + SEGMENT],
            now=NOW,
        )

    with pytest.raises(StorageFull, match="no room"):
        send(0)
    assert upload_state(world.db, acting=world.client, upload_id=state.id, now=NOW).received == 0
    assert objects(small_disk) == [filler]
    filler.unlink()
    send(0)
    send(SEGMENT)
    done = finish_upload(world.db, vault, None, acting=world.client, upload_id=state.id, now=NOW)
    assert done.versions[0].sha256 == hashlib.sha256(data).hexdigest()
    vault.close()


def test_a_full_disk_leaves_no_half_made_version(world, document, small_disk):
    vault = Vault(FileKeyring.open(world.folder / "root.key"), FileBlobs(small_disk))
    before = world.rows()
    with pytest.raises(StorageFull):
        vault.store(
            world.db,
            document_id=document,
            purpose="signed",
            media_type="application/pdf",
            created_by=None,
            source=io.BytesIO(bytes(2 * SEGMENT)),
            now=NOW,
        )
    assert world.rows() == before
    assert objects(small_disk) == []
    vault.close()


CANARY = b"CANARY-the-price-is-4711-"


@pytest.mark.promise(56)
def test_no_plaintext_is_found_on_the_disk_after_a_run(world, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    document = add_document(world, world.acme, world.manager)
    body = CANARY * 40_000
    stored = store(world, document, body)
    staged = stage(world, document, body)
    read(world, stored.id)
    sealed = world.vault.records.seal("totp:someone", CANARY)
    folder = create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Folder",
        kind="general",
        now=NOW,
    )
    begun = begin_upload(
        world.db,
        world.vault,
        acting=world.client,
        folder_id=folder,
        filename="a.bin",
        size=SEGMENT * 2,
        now=NOW,
    )
    part = (CANARY * (SEGMENT // len(CANARY) + 1))[:SEGMENT]
    store_segment(
        world.db, world.vault, acting=world.client, upload_id=begun.id, offset=0, plaintext=part, now=NOW
    )
    found = objects(tmp_path)
    assert len(found) > 4
    root = independent.read_key_file((world.folder / "root.key").read_text())
    for path in found:
        content = path.read_bytes()
        assert CANARY not in content, path
        assert root not in content, path
    assert CANARY not in sealed
    world.vault.discard(staged)
    abandon_upload(world.db, world.vault, acting=world.client, upload_id=begun.id, now=NOW)


@pytest.mark.promise(55)
def test_keys_are_not_in_what_is_printed(world, document):
    stored = store(world, document, b"x")
    opened = world.vault.open_version(world.db, stored.id)
    assert repr(opened.key) not in repr(opened)
    with world.db.transaction() as tx:
        receiving = world.vault.reserve(
            tx, document_id=document, purpose="signed", size=1, created_by=None, now=NOW
        )
    assert repr(receiving.key) not in repr(receiving)
    assert repr(receiving.wrapping) not in repr(receiving)


MEASURED = """
import os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from actions.world import NOW, build
from vault.files import add_document
import io
world = build(Path(sys.argv[1]))
document = add_document(world, world.acme, world.manager)
SIZE = 256 * 1024 * 1024

def grown():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

with world.db.transaction() as tx:
    receiving = world.vault.reserve(
        tx, document_id=document, purpose="original", size=SIZE, created_by=None, now=NOW
    )
before = grown()
for index in range(receiving.segments):
    world.vault.store_segment(receiving, index, os.urandom(8 * 1024 * 1024))
staged = world.vault.whole(receiving, media_type="application/octet-stream")
with world.db.transaction() as tx:
    stored = world.vault.keep(tx, staged)
up = grown() - before
opened = world.vault.open_version(world.db, stored.id)
read = sum(len(part) for part in opened.range(0, opened.size))
assert read == SIZE
print(up, grown() - before)
"""


@pytest.mark.slow
def test_a_file_of_256_mib_needs_less_than_64_mib_of_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path), str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
        check=True,
    )
    up, both = (int(figure) for figure in done.stdout.split())
    assert up < 64 * 1024
    assert both < 64 * 1024


DYING = """
import io, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from actions.world import NOW, build
from vault.files import add_document
world = build(Path(sys.argv[1]))
document = add_document(world, world.acme, world.manager)
world.vault.stage(
    world.db, document_id=document, purpose="signed", media_type="application/pdf", created_by=None,
    source=io.BytesIO(b"half made"), now=NOW,
)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_maker_left_behind_is_collected(tmp_path):
    from datetime import timedelta

    from actions.world import POLICY
    from docvault.actions.uploads import collect_abandoned
    from docvault.database.engine import Database

    command = [sys.executable, "-c", DYING, str(tmp_path), str(Path(__file__).parents[1])]
    assert subprocess.run(command, check=False).returncode == -9
    db = Database(f"sqlite:///{tmp_path / 'docvault.sqlite'}", POLICY)
    vault = Vault(FileKeyring.open(tmp_path / "root.key"), FileBlobs(tmp_path / "blobs"))
    collect_abandoned(db, vault, NOW + timedelta(minutes=1))
    assert len(objects(tmp_path / "blobs")) == 1  # it may still be at work
    collect_abandoned(db, vault, NOW + timedelta(days=2))
    assert objects(tmp_path / "blobs") == []
    with db.reading() as tx:
        assert tx.connection.execute(select(tables.versions)).all() == []
    vault.close()
    db.close()
