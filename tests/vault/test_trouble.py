"""Full disks, killed makers, memory and what lies on the disk: nothing half done, nothing readable."""

import hashlib
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.world import NOW, POLICY, standing
from docvault.actions.folders import create_folder
from docvault.actions.uploads import (
    abandon_upload,
    begin_upload,
    collect_abandoned,
    finish_upload,
    store_segment,
    upload_state,
)
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StorageFull
from docvault.database import tables
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.vault.files import SEGMENT, Vault
from encryption import independent

from .files import add_document, objects, read, stage, store


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


@pytest.fixture
def document(world):
    return add_document(world, world.acme, world.manager)


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
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key")), FileBlobs(small_disk))
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
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key")), FileBlobs(small_disk))
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
    stored = world.vault.keep(tx, staged, now=NOW)
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
    command = [sys.executable, "-c", DYING, str(tmp_path), str(Path(__file__).parents[1])]
    assert subprocess.run(command, check=False).returncode == -9
    db = Database(f"sqlite:///{tmp_path / 'docvault.sqlite'}", POLICY)
    vault = Vault(
        HeldKeys.before_masters(FileKeyring.open(tmp_path / "root.key")), FileBlobs(tmp_path / "blobs")
    )
    collect_abandoned(db, vault, NOW + timedelta(minutes=1))
    assert len(objects(tmp_path / "blobs")) == 1  # it may still be at work
    collect_abandoned(db, vault, NOW + timedelta(days=4))
    assert objects(tmp_path / "blobs") == []
    with db.reading() as tx:
        assert tx.connection.execute(select(tables.versions)).all() == []
    vault.close()
    db.close()
