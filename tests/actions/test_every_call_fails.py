"""Each call into the database and the object store fails once, at each place of a deed: nothing is lost or half done.

A deed is tried in a fresh world while its n-th call fails, for n = 1, 2, … until it gets through. A call fails before it
has an effect, or after it: then the effect is there and the answer is lost. Afterwards what collects leftovers runs, and
nothing may be wrong (`docvault doctor --deep` asks the same); then the deed is done again, and must come out right.

There is no clock to fail: a deed is told its moment.
"""

import itertools
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from docvault.actions import disposals, places, uploads, versions
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import BlobError, StoreFailed
from docvault.values import DocVaultError
from docvault.vault import invariants
from docvault.vault.files import SEGMENT

from . import test_keys
from .papers import file, folder, read
from .papers_kept import stones, years
from .world import NOW, World, standing

EVERY = 7  # in the ordinary run each seventh place fails, in the long one each
FIRST, SECOND, THIRD = b"first", b"second", b"x" * (SEGMENT + 1)  # of two segments
LATER = NOW + timedelta(days=2)  # when what was left unfinished is collected


class Broken(Exception):
    """What a driver raises."""


@dataclass
class Faults:
    """Counts calls while it is armed, and lets the one at `place` fail."""

    place: int = 0
    late: bool = False  # after the effect
    calls: int = 0
    armed: bool = False
    struck: bool = False

    def strikes(self, *, late: bool) -> bool:
        if not self.armed or late is not self.late:
            return False
        self.calls += 1
        self.struck = self.struck or self.calls == self.place
        return self.calls == self.place

    @contextmanager
    def at(self, place: int, *, late: bool):
        self.place, self.late, self.calls, self.struck, self.armed = place, late, 0, False, True
        try:
            yield
        finally:
            self.armed = False


@dataclass
class Blobs:
    """The folder of objects, whose calls fail as the faults say."""

    inner: FileBlobs
    faults: Faults

    def put(self, key, data):
        self._call(lambda: self.inner.put(key, data))

    def get(self, key):
        if self.faults.strikes(late=False):
            raise StoreFailed
        return self.inner.get(key)

    def delete(self, key):
        self._call(lambda: self.inner.delete(key))

    def list(self, prefix):
        if self.faults.strikes(late=False):
            raise StoreFailed
        return self.inner.list(prefix)

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def _call(self, do: Callable[[], None]) -> None:
        if self.faults.strikes(late=False):
            raise StoreFailed
        do()
        if self.faults.strikes(late=True):
            raise StoreFailed


def let_fail(db, faults: Faults) -> None:
    """Let statements and commits of a database fail as the faults say."""

    def fail() -> None:
        raise OperationalError("a call", {}, Broken("disk I/O error"))

    def statement(*_):
        if faults.strikes(late=False):
            fail()

    event.listen(db.engine, "before_cursor_execute", statement)
    dialect = db.engine.dialect = copy(db.engine.dialect)  # others may use the same
    commit = dialect.do_commit

    def do_commit(connection):
        if faults.strikes(late=False):
            fail()
        commit(connection)
        if faults.strikes(late=True):
            fail()

    dialect.do_commit = do_commit


# --- deeds --------------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """A world with two folders and a document of two versions."""

    world: World
    faults: Faults
    papers: str = ""
    other: str = ""
    document: str = ""
    extra: dict = field(default_factory=dict)


def upload(scene):
    scene.extra["added"] = file(scene.world, scene.papers, THIRD, name="new.bin")


def uploaded(scene):
    assert read(scene.world, scene.extra["added"]) == THIRD


def version(scene):
    file(scene.world, scene.papers, b"third", document_id=scene.document)


def has_a_newer_version(scene):
    assert read(scene.world, scene.document) == b"third"
    assert read(scene.world, scene.document, 1) == FIRST


def move(scene):
    world = scene.world
    places.move_things(
        world.db, world.vault, acting=world.manager, document_ids=[scene.document], into=scene.other, now=NOW
    )


def move_folder(scene):
    world = scene.world
    places.move_things(
        world.db, world.vault, acting=world.manager, folder_ids=[scene.papers], into=scene.other, now=NOW
    )


def is_whole(scene):
    assert read(scene.world, scene.document) == SECOND
    assert read(scene.world, scene.document, 1) == FIRST


def bin_it(scene):
    places.bin_things(scene.world.db, acting=scene.world.manager, document_ids=[scene.document], now=NOW)


def bin_again(scene):
    """Put it into the bin unless the answer was lost only, and bring it back."""
    try:
        bin_it(scene)
    except DocVaultError:
        assert "document:trashed" in [kind for kind, _ in scene.world.entries()]
    world = scene.world
    places.bring_back_document(
        world.db, world.vault, acting=world.manager, document_id=scene.document, now=NOW
    )


def bring_back_first(scene):
    world = scene.world
    versions.restore_version(
        world.db, world.vault, acting=world.manager, document_id=scene.document, number=1, now=NOW
    )


def repeats_the_first(scene):
    assert read(scene.world, scene.document) == FIRST
    assert read(scene.world, scene.document, 2) == SECOND


def dispose(scene):
    world = scene.world
    for now in (years(20), years(21)):
        disposals.dispose_due(world.db, now=now)
        disposals.finish_begun(world.db, world.vault, stones(world), now=now)


def is_destroyed(scene):
    kinds = [kind for kind, about in scene.world.entries() if about == scene.document]
    assert kinds.count("document:disposed") == 1
    assert not list(scene.world.vault.blobs.list("")) or all(
        key.startswith("shredded") for key in scene.world.vault.blobs.list("")
    )


DEEDS = {
    "upload": (upload, upload, uploaded),
    "version": (version, version, has_a_newer_version),
    "move": (move, move, is_whole),
    "move a folder": (move_folder, move_folder, is_whole),
    "bin": (bin_it, bin_again, is_whole),
    "bring an older version back": (bring_back_first, bring_back_first, repeats_the_first),
    "dispose": (dispose, dispose, is_destroyed),
}


@contextmanager
def scene_in(place: Path):
    faults = Faults()
    for world in standing(place, blobs=Blobs(FileBlobs(place / "objects"), faults)):
        let_fail(world.db, faults)
        scene = Scene(world, faults, folder(world, "Papers"), folder(world, "Other"))
        scene.document = file(world, scene.papers, FIRST)
        file(world, scene.papers, SECOND, document_id=scene.document)
        yield scene


def tidy(scene) -> list:
    """Collect what was left, and return what is wrong then."""
    world = scene.world
    uploads.collect_abandoned(world.db, world.vault, now=LATER)
    disposals.finish_begun(world.db, world.vault, stones(world), now=years(21))
    return list(invariants.faults(world.db, world.vault))


def failing_places(tmp_path, name, step, *, late):
    """Try a deed with a failure at every place; return at how many it was struck."""
    deed, again, check = DEEDS[name]
    for place in itertools.count(1, step):
        home = tmp_path / str(place)
        home.mkdir()
        with scene_in(home) as scene:
            with scene.faults.at(place, late=late):
                try:
                    deed(scene)
                except (DocVaultError, OperationalError):
                    assert scene.faults.struck, "something else was refused"
            assert tidy(scene) == [], f"call {place}, late={late}"
            if not scene.faults.struck:
                return place
            again(scene)
            check(scene)
            assert tidy(scene) == [], f"call {place}, late={late}, done again"
        shutil.rmtree(home)
    raise AssertionError("a deed ends some time")


@pytest.mark.promise(85)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", DEEDS)
def test_a_call_that_fails_leaves_nothing_half_done(tmp_path, name, late):
    assert failing_places(tmp_path, name, 2 if late else EVERY, late=late) > 1


@pytest.mark.soak
@pytest.mark.promise(85)
@pytest.mark.parametrize("name", DEEDS)
def test_every_single_call_may_fail(tmp_path, name):
    assert failing_places(tmp_path, name, 1, late=False) > EVERY


# --- rotation -----------------------------------------------------------------------------------------------------


@pytest.mark.promise(53)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_rotation_whose_call_fails_goes_on_where_it_was(tmp_path, late):
    for made in test_keys.built(tmp_path):
        faults = Faults()
        let_fail(made.db, faults)
        for place in itertools.count(1, 4 if late else 8 * EVERY):
            with faults.at(place, late=late):
                try:
                    made.rotate()
                except (BlobError, OperationalError):
                    assert faults.struck
            assert made.opened() == made.secrets or len(made.opened()) == test_keys.SECRETS
            assert made.reads()
            if not faults.struck:
                return
            made.rotate()
            assert made.reads()
