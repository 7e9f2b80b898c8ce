"""The root key is renewed or moved to another place while the portal runs; the old one then opens nothing."""

import os

import pytest

from actions.agreed import agreed
from actions.test_keys import LATER, NOW, built
from docvault.actions import keys
from docvault.actions.keys import KeyRefused
from docvault.audit.kinds import Kind
from docvault.database import master_keys
from docvault.encryption.contexts import MasterContext
from docvault.encryption.keyring import (
    FileKeyring,
    RootKeyAway,
    RootKeyLies,
    WrongKeyring,
    old_path,
    put_in_place,
)
from docvault.vault.masters import Masters
from docvault.vault.records import Records


@pytest.fixture
def made(tmp_path):
    yield from built(tmp_path)


def rotate(made, new, masters=None):
    return keys.rotate_root(made.db, masters or made.masters, new, acting=made.acting, clock=lambda: NOW)


def destroy(made, masters, left=None):
    consent = agreed(made.db, Records(masters), "root")
    return keys.destroy_roots(
        made.db, masters, left, acting=made.acting, consent=consent, clock=lambda: LATER
    )


@pytest.mark.promise(53)
def test_a_new_root_key_takes_over_and_the_old_one_opens_nothing_once_it_is_destroyed(made):
    new = FileKeyring.create(made.folder / "new.key")
    assert rotate(made, new).done == 1
    for root in (made.root, new):
        assert made.opened(Records(Masters.open(made.db, root))) == made.secrets
    assert destroy(made, Masters.open(made.db, new)) == [made.root.name]
    with pytest.raises(WrongKeyring):
        Masters.open(made.db, made.root)
    assert made.opened(Records(Masters.open(made.db, new))) == made.secrets
    assert made.opened() == made.secrets  # a server that runs since before
    chosen = [
        Kind.KEY_ROTATION_STARTED,
        Kind.KEY_ROTATION_DONE,
        Kind.PROPOSAL_DONE,
        Kind.KEY_DESTROYED,
    ]
    with made.db.reading() as tx:
        told = (
            tx.connection.exec_driver_sql('SELECT kind FROM audit_entries ORDER BY "index"').scalars().all()
        )
    assert told[-4:] == chosen


@pytest.mark.promise(53)
def test_a_server_that_runs_follows_to_the_new_key_file(made):
    path = made.folder / "root.key"
    server = Masters.open(made.db, FileKeyring.open(path), lambda: FileKeyring.open(path))
    new = FileKeyring.create(made.folder / "root.key.new")
    rotate(made, new)
    put_in_place(made.folder / "root.key.new", path)
    after = Masters.open(made.db, FileKeyring.open(path))
    assert destroy(made, after) == [made.root.name]
    keys.rotate_master(made.db, after, acting=made.acting, clock=lambda: NOW, progress=max)
    assert made.opened(Records(server)) == made.secrets
    server.refresh()
    assert server.newest() == 2


def test_there_is_a_whole_key_file_at_every_moment_of_the_exchange(made, monkeypatch):
    path, new = made.folder / "root.key", made.folder / "root.key.new"
    FileKeyring.create(new)
    seen = []

    def noted(real):
        def call(*arguments):
            seen.append(FileKeyring.open(path).name)
            return real(*arguments)

        return call

    monkeypatch.setattr(os, "link", noted(os.link))
    monkeypatch.setattr(os, "fsync", noted(os.fsync))
    name = FileKeyring.open(new).name
    assert put_in_place(new, path) == old_path(path)
    assert seen == [made.root.name, name]
    assert FileKeyring.open(old_path(path)).name == made.root.name


def test_a_root_key_that_was_killed_before_the_exchange_goes_on(made):
    new = FileKeyring.create(made.folder / "new.key")
    rotate(made, new)
    assert rotate(made, new).done == 0
    assert made.opened(Records(Masters.open(made.db, new))) == made.secrets


def test_a_root_key_that_is_a_master_as_well_is_not_destroyed(made):
    digest = made.root.as_first_master().digest
    with made.db.transaction() as tx:
        row = master_keys.MasterRow(
            2, made.root.name, made.root.wrap(made.root._root, MasterContext(2)), digest, NOW
        )
        master_keys.add(tx, row)
    new = FileKeyring.create(made.folder / "new.key")
    rotate(made, new)
    with pytest.raises(KeyRefused, match="a master key as well"):
        destroy(made, Masters.open(made.db, new), left=made.root)


def test_the_only_root_key_stays_and_the_same_one_is_no_new_one(made):
    with pytest.raises(KeyRefused, match="Rotate it first"):
        destroy(made, made.masters)
    with pytest.raises(KeyRefused, match="in use already"):
        rotate(made, made.root)


class Faulty:
    """A root key that works until it is told what goes wrong."""

    name = "kms:faulty"

    def __init__(self, root):
        self._root = root
        self.trouble = None

    def wrap(self, master, context):
        if self.trouble == "away":
            raise RootKeyAway("The key service does not answer.")
        return self._root.wrap(bytes(32) if self.trouble == "lies" else master, context)

    def unwrap(self, wrapped, context):
        if self.trouble == "away":
            raise RootKeyAway("The key service does not answer.")
        master = self._root.unwrap(wrapped, context)
        return bytes(32) if self.trouble == "lies" else master


@pytest.fixture
def faulty(made):
    root = Faulty(FileKeyring.create(made.folder / "inside.key"))
    rotate(made, root)
    return root


@pytest.mark.promise(85)
def test_a_start_without_the_root_keys_place_is_refused_in_words(made, faulty):
    faulty.trouble = "away"
    with pytest.raises(RootKeyAway, match="does not answer"):
        Masters.open(made.db, faulty)


@pytest.mark.promise(85)
def test_a_server_that_runs_goes_on_without_the_root_keys_place(made, faulty):
    server = Masters.open(made.db, faulty)
    faulty.trouble = "away"
    server._looked = -1e9
    assert made.opened(Records(server)) == made.secrets
    assert Records(server).seal("link:anna", b"x")[:5] == b"\x02\0\0\0\x01"
    keys.rotate_master(made.db, made.masters, acting=made.acting, clock=lambda: NOW, progress=max)
    server._looked = -1e9
    assert server.newest() == 1  # the newer one is of the other root key, and this one cannot be asked
    with pytest.raises(RootKeyAway):
        made.opened(Records(server))


@pytest.mark.promise(85)
def test_another_key_than_the_wrapped_one_is_never_used(made, faulty):
    faulty.trouble = "lies"
    with pytest.raises(RootKeyLies):
        Masters.open(made.db, faulty)
    liar = Faulty(FileKeyring.create(made.folder / "liar.key"))
    liar.name, liar.trouble = "kms:liar", "lies"
    with pytest.raises(RootKeyLies):
        rotate(made, liar)
    with made.db.reading() as tx:
        assert not master_keys.under(tx, "kms:liar")
