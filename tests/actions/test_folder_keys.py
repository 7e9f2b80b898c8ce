"""Every folder gets a new key while the portal runs, and the old ones can be destroyed (promise 53)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from actions.agreed import agreed
from actions.test_keys import built
from actions.world import NOW
from docvault.actions import keys
from docvault.actions.keys import SETTLED, KeyRefused
from docvault.database import tables
from vault.files import store

THEN = NOW + timedelta(minutes=1)
LATER = THEN + SETTLED


@pytest.fixture
def made(database_url, tmp_path):
    yield from built(tmp_path, database_url)


def rotate(made, progress=max):
    return keys.rotate_folders(made.db, made.vault, acting=made.acting, clock=lambda: THEN, progress=progress)


def destroy(made, at=LATER):
    consent = agreed(made.db, made.vault.records, "folders")
    return keys.destroy_folders(made.db, acting=made.acting, consent=consent, clock=lambda: at)


def under(made):
    """Return the generations that folders have, and those that versions need."""
    with made.db.reading() as tx:
        had = tx.connection.execute(select(tables.folder_keys.c.generation).distinct()).scalars()
        needed = tx.connection.execute(select(tables.versions.c.key_generation).distinct()).scalars()
        return set(had), set(needed)


def document_of(made):
    with made.db.reading() as tx:
        return tx.connection.execute(select(func.min(tables.documents.c.id))).scalar_one()


@pytest.mark.promise(53)
def test_every_folder_moves_to_a_new_key_and_the_old_ones_can_be_destroyed(made):
    told = []
    done = rotate(made, lambda *step: (told.append(step), made.reads()))
    assert done.stuck == []
    assert told[-1] == (done.done, done.done) == (2, 2)
    assert under(made) == ({1, 2}, {2})
    assert made.reads()
    with pytest.raises(KeyRefused, match="10 minutes"):
        destroy(made, LATER - timedelta(seconds=1))
    assert destroy(made) == [1]
    assert under(made) == ({2}, {2})
    assert made.reads()
    made.documents[store(made, document_of(made), b"after").id] = b"after"
    assert made.reads()


@pytest.mark.promise(53)
def test_a_round_that_was_stopped_between_folder_and_versions_goes_on(made, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(*_):
        raise Stopped

    with pytest.raises(Stopped):
        rotate(made, stop)
    assert under(made) == ({1, 2}, {1})
    assert made.reads()
    with pytest.raises(KeyRefused):
        destroy(made)
    done = rotate(made)
    assert (done.resumed, done.done) == (True, 1)
    assert under(made) == ({1, 2}, {2})
    assert made.reads()


@pytest.mark.promise(53)
def test_a_version_that_does_not_open_is_named_and_keeps_its_folders_old_key(made):
    version_id = store(made, document_of(made), b"broken").id
    with made.db.transaction() as tx:
        broken = update(tables.versions).where(tables.versions.c.id == version_id)
        tx.connection.execute(broken.values(sha256="0" * 64))
    assert rotate(made).stuck == ["versions.wrapped_key"]
    assert under(made)[1] == {1, 2}
    with pytest.raises(KeyRefused):
        destroy(made)


@pytest.mark.promise(53)
def test_a_version_that_arrives_during_a_round_is_whole_after_it(made):
    with made.db.transaction() as tx:
        about = {"document_id": document_of(made), "purpose": "original", "created_by": None, "now": NOW}
        receiving = made.vault.reserve(tx, size=5, **about)
    made.vault.store_segment(receiving, 0, b"bytes")
    rotate(made)
    destroy(made)
    staged = made.vault.whole(receiving, media_type="text/plain")
    with made.db.transaction() as tx:
        made.documents[made.vault.keep(tx, staged, now=LATER).id] = b"bytes"
    assert made.reads()


def test_the_list_sums_folder_keys_up_and_names_the_keys_that_sign(made):
    rotate(made)
    found = {(one.kind, one.newest): one for one in keys.list_keys(made.db)}
    assert (found["folders", True].protects, found["folders", False].protects) == (1, 0)
