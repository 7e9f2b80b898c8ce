"""Folders, documents, moves, the bin, versions and denials in any order, against a small model of who sees what.

The manager does everything; the client is kept out here and there. After every step both see exactly what the model
says, and every version of every document reads its own bytes, wherever it lies and whatever it was sealed in.
"""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from docvault.actions import documents, folders, places, sharing, versions
from docvault.blobs.filesystem import FileBlobs
from docvault.database import tables
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.rules.folders import FolderRefused
from docvault.rules.places import PlaceGone, PlaceRefused
from docvault.values import NotFound
from docvault.vault.files import Vault

from . import papers
from .world import NOW, POLICY, World, build

DEPTH = POLICY.numbers.access.folder_depth
PICK = st.integers(min_value=0, max_value=1_000)  # one of what there is, whatever the count


@dataclass
class Folder:
    parent: str | None
    denied: bool = False  # the client is kept out of it
    binned_with: str | None = None


@dataclass
class Document:
    folder: str
    versions: list[bytes] = field(default_factory=list)
    binned: bool = False


@cache
def template() -> tuple[World, Path]:
    """Make the portal once; each example works on a copy of its files."""
    folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
    world = build(folder)
    world.vault.close()
    world.db.close()
    return world, folder


class Places(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        world, kept = template()
        self.home = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
        for file in (*kept.glob("docvault.sqlite*"), kept / "root.key"):
            shutil.copy(file, self.home)
        db = Database(f"sqlite:///{self.home / 'docvault.sqlite'}", POLICY)
        vault = Vault(
            HeldKeys.before_masters(FileKeyring.open(self.home / "root.key")), FileBlobs(self.home / "blobs")
        )
        self.world = replace(world, db=db, vault=vault, folder=self.home)
        self.manager, self.client = world.manager, world.client
        self.folders: dict[str, Folder] = {}
        self.documents: dict[str, Document] = {}

    def teardown(self):
        self.world.vault.close()
        self.world.db.close()
        shutil.rmtree(self.home)

    # --- the model ------------------------------------------------------------------------------------------

    def path(self, folder_id):
        """Return a folder and those it lies in, from the inside."""
        found = []
        while folder_id is not None:
            found.append(folder_id)
            folder_id = self.folders[folder_id].parent
        return found

    def inside(self, folder_id):
        return [each for each in self.folders if folder_id in self.path(each)]

    def is_there(self, folder_id):
        return self.folders[folder_id].binned_with is None

    def kept_out(self, folder_id):
        return any(self.folders[each].denied for each in self.path(folder_id))

    def seen(self, acting):
        """Return the folders and the documents that somebody sees."""
        here = {each for each in self.folders if self.is_there(each)}
        if acting is self.client:
            here = {each for each in here if not self.kept_out(each)}
        return here, {key for key, one in self.documents.items() if not one.binned and one.folder in here}

    def a_folder(self, pick):
        return list(self.folders)[pick % len(self.folders)]  # in the order they were made: ids are random

    def a_document(self, pick):
        return list(self.documents)[pick % len(self.documents)]

    # --- deeds ----------------------------------------------------------------------------------------------

    @rule(pick=PICK, top=st.booleans())
    def make(self, pick, top):
        inside = None if top or not self.folders else self.a_folder(pick)
        if inside is None:
            self.folders[papers.folder(self.world)] = Folder(None)
        elif not self.is_there(inside):
            with pytest.raises(NotFound):
                papers.folder(self.world, inside=inside)
        elif len(self.path(inside)) == DEPTH:
            with pytest.raises(FolderRefused):
                papers.folder(self.world, inside=inside)
        else:
            self.folders[papers.folder(self.world, inside=inside)] = Folder(inside)

    @precondition(lambda self: self.folders)
    @rule(pick=PICK, data=st.binary(min_size=1, max_size=30))
    def upload(self, pick, data):
        place = self.a_folder(pick)
        if not self.is_there(place):
            with pytest.raises(NotFound):
                papers.file(self.world, place, data)
            return
        self.documents[papers.file(self.world, place, data)] = Document(place, [data])

    @precondition(lambda self: self.documents)
    @rule(pick=PICK, data=st.binary(min_size=1, max_size=30))
    def upload_a_version(self, pick, data):
        key = self.a_document(pick)
        one = self.documents[key]
        if one.binned or not self.is_there(one.folder):
            with pytest.raises(NotFound):
                papers.file(self.world, one.folder, data, document_id=key)
            return
        papers.file(self.world, one.folder, data, document_id=key)
        one.versions.append(data)

    @precondition(lambda self: self.documents)
    @rule(pick=PICK, number=PICK)
    def bring_a_version_back(self, pick, number):
        key = self.a_document(pick)
        one = self.documents[key]
        wanted = number % len(one.versions) + 1
        about = {"acting": self.manager, "document_id": key, "number": wanted, "now": NOW}
        if one.binned or not self.is_there(one.folder):
            with pytest.raises(NotFound):
                versions.restore_version(self.world.db, self.world.vault, **about)
        elif wanted == len(one.versions):
            with pytest.raises(versions.AlreadyNewest):
                versions.restore_version(self.world.db, self.world.vault, **about)
        else:
            versions.restore_version(self.world.db, self.world.vault, **about)
            one.versions.append(one.versions[wanted - 1])

    @precondition(lambda self: self.documents)
    @rule(pick=PICK, to=PICK)
    def move_a_document(self, pick, to):
        key, into = self.a_document(pick), self.a_folder(to)
        one = self.documents[key]
        if one.binned or not self.is_there(one.folder) or not self.is_there(into):
            with pytest.raises(NotFound):
                self.move(into, documents=[key])
            return
        self.move(into, documents=[key])
        one.folder = into

    @precondition(lambda self: self.folders)
    @rule(pick=PICK, to=PICK, top=st.booleans())
    def move_a_folder(self, pick, to, top):
        key = self.a_folder(pick)
        into = None if top else self.a_folder(to)
        if not self.is_there(key) or (into is not None and not self.is_there(into)):
            with pytest.raises(NotFound):
                self.move(into, folders=[key])
            return
        if into != self.folders[key].parent:
            above = self.path(into) if into else []
            height = max(len(self.path(each)) for each in self.inside(key)) - len(self.path(key)) + 1
            if key in above or len(above) + height > DEPTH:
                with pytest.raises(PlaceRefused):
                    self.move(into, folders=[key])
                return
        self.move(into, folders=[key])
        self.folders[key].parent = into

    @precondition(lambda self: self.folders)
    @rule(pick=PICK)
    def bin_a_folder(self, pick):
        key = self.a_folder(pick)
        if not self.is_there(key):
            with pytest.raises(NotFound):
                places.bin_things(self.world.db, acting=self.manager, folder_ids=[key], now=NOW)
            return
        places.bin_things(self.world.db, acting=self.manager, folder_ids=[key], now=NOW)
        for each in self.inside(key):
            self.folders[each].binned_with = self.folders[each].binned_with or key

    @precondition(lambda self: self.documents)
    @rule(pick=PICK)
    def bin_a_document(self, pick):
        key = self.a_document(pick)
        one = self.documents[key]
        if one.binned or not self.is_there(one.folder):
            with pytest.raises(NotFound):
                places.bin_things(self.world.db, acting=self.manager, document_ids=[key], now=NOW)
            return
        places.bin_things(self.world.db, acting=self.manager, document_ids=[key], now=NOW)
        one.binned = True

    @precondition(lambda self: self.folders)
    @rule(pick=PICK)
    def bring_a_folder_back(self, pick):
        key = self.a_folder(pick)
        one = self.folders[key]
        refusal = None
        if one.binned_with != key:
            refusal = NotFound
        elif one.parent is not None and not self.is_there(one.parent):
            refusal = PlaceGone
        if refusal:
            with pytest.raises(refusal):
                places.bring_back_folder(self.world.db, acting=self.manager, folder_id=key, now=NOW)
            return
        places.bring_back_folder(self.world.db, acting=self.manager, folder_id=key, now=NOW)
        for each in self.folders.values():
            each.binned_with = None if each.binned_with == key else each.binned_with

    @precondition(lambda self: self.documents)
    @rule(pick=PICK, to=PICK, elsewhere=st.booleans())
    def bring_a_document_back(self, pick, to, elsewhere):
        key = self.a_document(pick)
        one = self.documents[key]
        into = self.a_folder(to) if elsewhere else None
        about = {"acting": self.manager, "document_id": key, "into": into, "now": NOW}
        refusal = None
        if not one.binned or (into is not None and not self.is_there(into)):
            refusal = NotFound
        elif into is None and not self.is_there(one.folder):
            refusal = PlaceGone
        if refusal:
            with pytest.raises(refusal):
                places.bring_back_document(self.world.db, self.world.vault, **about)
            return
        places.bring_back_document(self.world.db, self.world.vault, **about)
        one.binned, one.folder = False, into or one.folder

    @precondition(lambda self: self.folders)
    @rule(pick=PICK)
    def keep_out_or_let_in(self, pick):
        key = self.a_folder(pick)
        about = {"acting": self.manager, "folder_id": key, "person_id": self.client.person_id, "now": NOW}
        one = self.folders[key]
        above = any(self.folders[each].denied for each in self.path(key)[1:])
        if not self.is_there(key) or (above and not one.denied):
            return  # nobody is kept out twice
        (sharing.let_in_again if one.denied else sharing.keep_out)(self.world.db, **about)
        one.denied = not one.denied

    def move(self, into, documents=(), folders=()):
        places.move_things(
            self.world.db,
            self.world.vault,
            acting=self.manager,
            document_ids=documents,
            folder_ids=folders,
            into=into,
            now=NOW,
        )

    # --- what must hold -------------------------------------------------------------------------------------

    @invariant()
    def both_see_what_the_model_says(self):
        for acting in (self.manager, self.client):
            here, shown = self.seen(acting)
            assert papers.folders_seen(self.world, acting) == here
            found = set()
            for each in here:
                view = folders.show_folder(self.world.db, acting=acting, folder_id=each, limit=200)
                found |= {document.id for document in view.documents.items}
            assert found == shown
            for key in set(self.documents) - shown:
                with pytest.raises(NotFound):
                    documents.show_document(self.world.db, acting=acting, document_id=key)

    @invariant()
    def every_version_reads_its_own_bytes(self):
        with self.world.db.reading() as tx:
            chosen = select(tables.versions.c.id, tables.versions.c.document_id, tables.versions.c.number)
            rows = tx.connection.execute(chosen).all()
        assert len(rows) == sum(len(one.versions) for one in self.documents.values())
        for row in rows:
            opened = self.world.vault.open_version(self.world.db, row.id)
            read = b"".join(opened.range(0, opened.size))
            assert read == self.documents[row.document_id].versions[row.number - 1]


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.promise(27)
@pytest.mark.promise(50)
class TestPlaces(Places.TestCase):
    settings = settings(max_examples=3, stateful_step_count=16, **QUIET)


@pytest.mark.soak
class TestPlacesForLong(Places.TestCase):
    settings = settings(max_examples=200, stateful_step_count=60, **QUIET)
