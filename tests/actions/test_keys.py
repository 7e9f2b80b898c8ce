"""Keys are renewed while the portal runs, can then be destroyed, and everything still reads (promise 53)."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select

from actions.agreed import agreed
from actions.world import KEY_FILE, NOW, build, everything
from docvault.actions import keys
from docvault.actions.folders import create_folder
from docvault.actions.keys import SETTLED, KeyRefused
from docvault.audit.kinds import Kind
from docvault.blobs.filesystem import FileBlobs
from docvault.credentials.passwords import Hasher
from docvault.database import master_keys, rotations, tables
from docvault.database.engine import Database
from docvault.encryption.errors import Tampered
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.numbers import Argon2
from docvault.policy.vocabulary import Acting
from docvault.values import new_id
from docvault.vault import masters as vault_masters
from docvault.vault import reseal
from docvault.vault.files import Vault
from docvault.vault.masters import Masters
from docvault.vault.peppers import Peppers, add_pepper
from docvault.vault.records import Records
from every_key import every_key
from vault.files import read, store

LATER = NOW + SETTLED + timedelta(seconds=1)


@dataclass(frozen=True)
class Made:
    """An installation with a document, and secrets in enough rows for several batches."""

    db: Database
    vault: Vault
    root: FileKeyring
    folder: Path
    acting: Acting
    documents: dict
    secrets: dict

    @property
    def masters(self):
        return self.vault.keyring

    def rotate(self, progress=max):
        return keys.rotate_master(
            self.db, self.masters, acting=self.acting, clock=lambda: NOW, progress=progress
        )

    def destroy(self, at=LATER):
        consent = agreed(self.db, self.vault.records, "master")
        return keys.destroy_masters(
            self.db, self.masters, acting=self.acting, consent=consent, clock=lambda: at
        )

    def opened(self, own=None):
        """Return every secret, opened from its row by a process that knows `own`."""
        own = own or self.vault.records
        with self.db.reading() as tx:
            rows = tx.connection.execute(select(tables.invitations)).all()
        return {row.token_hash: own.open(f"link:{row.person_id}", row.detail) for row in rows}

    def folder_id(self):
        with self.db.reading() as tx:
            return tx.connection.execute(select(tables.folders.c.id)).scalars().first()

    def reads(self):
        return all(read(self, version) == plaintext for version, plaintext in self.documents.items())


CHEAP = Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=64)
SECRETS = 2 * reseal.BATCH + 7


@pytest.fixture
def made(tmp_path):
    yield from built(tmp_path)


@pytest.fixture
def anywhere(database_url, tmp_path):
    yield from built(tmp_path, database_url)


def built(folder, url=None):
    world = build(folder, url)
    root = FileKeyring.open(folder / KEY_FILE)
    with world.db.transaction() as tx:  # what is sealed under the key file itself is under no master
        tx.connection.execute(delete(tables.keys))
    vault_masters.found(world.db, root, NOW)
    vault = Vault(Masters.open(world.db, root), FileBlobs(folder / "blobs"))
    with world.db.transaction() as tx:
        add_pepper(tx, vault.records, NOW)
    secrets = {os.urandom(32): os.urandom(20) for _ in range(SECRETS)}
    made = Made(world.db, vault, root, folder, world.administrator, {}, secrets)
    add_secrets(made, secrets)
    add_version(made, world)
    yield made
    vault.close()
    world.vault.close()
    world.db.close()


def add_secrets(made, secrets, own=None):
    own = own or made.vault.records
    about = f"link:{made.acting.person_id}"
    rows = [
        {
            "token_hash": name,
            "person_id": made.acting.person_id,
            "purpose": "email-change",
            "detail": own.seal(about, secret),
            "expires_at": LATER,
        }
        for name, secret in secrets.items()
    ]
    with made.db.transaction() as tx:
        tx.connection.execute(insert(tables.invitations), rows)


def hasher(made):
    return Hasher(CHEAP, Peppers(made.db, made.vault.records))


def add_version(made, world):
    manager = world.manager
    place = {"organisation_id": world.acme, "name": "Papers", "kind": "general", "now": NOW}
    folder_id = create_folder(made.db, made.vault, acting=manager, **place)
    document_id = new_id()
    values = {"id": document_id, "folder_id": folder_id, "name": "a.bin", "latest": 0, "created_at": NOW}
    with made.db.transaction() as tx:
        tx.connection.execute(insert(tables.documents).values(created_by=manager.person_id, **values))
    made.documents[store(made, document_id, b"kept").id] = b"kept"


def kinds(made):
    chosen = select(tables.audit_entries.c.kind).order_by(tables.audit_entries.c.index)
    with made.db.reading() as tx:
        return list(tx.connection.execute(chosen).scalars())


def generations(made):
    with made.db.reading() as tx:
        return set(reseal.counts(tx)), [row.generation for row in master_keys.everything(tx)]


@pytest.mark.promise(53)
def test_everything_moves_to_a_new_master_and_the_old_one_can_be_destroyed(anywhere):
    made = anywhere
    told = []
    done = made.rotate(lambda *step: told.append(step))
    assert (done.generation, done.resumed, done.stuck) == (2, False, [])
    assert generations(made) == ({2}, [1, 2])
    assert told[-1] == (done.done, done.done)
    assert len(told) > 2
    assert made.opened() == made.secrets
    assert made.reads()
    assert made.destroy() == [1]
    assert generations(made) == ({2}, [2])
    assert made.opened(Records(Masters.open(made.db, made.root))) == made.secrets
    assert made.reads()
    assert kinds(made)[-4:] == [
        Kind.KEY_ROTATION_STARTED,
        Kind.KEY_ROTATION_DONE,
        Kind.PROPOSAL_DONE,
        Kind.KEY_DESTROYED,
    ]


@pytest.mark.promise(53)
def test_a_server_that_runs_reads_and_writes_before_during_and_after(anywhere):
    made = anywhere
    server = Records(Masters.open(made.db, made.root))
    about = f"link:{made.acting.person_id}"
    written = {}

    def meanwhile(done, total):
        assert made.opened(server) == made.secrets
        written[len(written)] = server.seal(about, b"meanwhile")

    made.rotate(meanwhile)
    made.destroy()
    assert made.opened(server) == made.secrets
    server.keyring.refresh()
    assert server.seal(about, b"after")[:5] == b"\x02\0\0\0\x02"
    assert len(written) > 2


@pytest.mark.promise(53)
def test_what_a_server_seals_under_the_old_master_keeps_it_from_being_destroyed_or_is_moved(made):
    stale = Records(Masters.open(made.db, made.root))
    made.rotate()
    late, secret = os.urandom(32), b"sealed by somebody who had not noticed"
    stale.keyring._looked = float("inf")  # as if the five seconds were never over
    add_secrets(made, {late: secret}, stale)
    assert generations(made)[0] == {1, 2}
    with pytest.raises(KeyRefused, match="10 minutes"):
        made.destroy(NOW + SETTLED - timedelta(seconds=1))
    assert made.destroy() == [1]
    assert made.opened()[late] == secret


@pytest.mark.promise(53)
def test_what_no_key_opens_is_named_and_keeps_the_old_master(anywhere):
    made = anywhere
    with made.db.transaction() as tx:
        broken = made.vault.records.seal("link:somebody else", b"x")
        tx.connection.execute(
            insert(tables.invitations).values(
                token_hash=bytes(32),
                person_id=made.acting.person_id,
                purpose="email-change",
                detail=broken,
                expires_at=LATER,
            )
        )
    assert list(made.rotate().stuck) == ["invitations.detail"]
    with pytest.raises(KeyRefused, match="1 values cannot be opened"):
        made.destroy()
    assert generations(made)[1] == [1, 2]


def test_a_destroyed_master_is_gone_from_a_process_that_knew_it(made):
    server = Records(Masters.open(made.db, made.root))
    about = f"link:{made.acting.person_id}"
    old = server.seal(about, b"kept aside")
    made.rotate()
    made.destroy()
    server.keyring.refresh()
    with pytest.raises(Tampered):
        server.open(about, old)


def test_the_last_master_is_never_destroyed(made):
    with pytest.raises(KeyRefused, match="Rotate it first"):
        made.destroy()
    assert made.opened() == made.secrets


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from docvault.actions import keys
from docvault.blobs.filesystem import FileBlobs
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.numbers import Argon2
from docvault.vault.files import Vault
from pathlib import Path
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Policy, default_folder
from docvault.vault.masters import Masters
folder, steps = Path(sys.argv[1]), int(sys.argv[2])
db = Database(f"sqlite:///{folder / 'docvault.sqlite'}", Policy.load(default_folder()))
def progress(done, total):
    global steps
    steps -= 1
    if steps <= 0:
        os.kill(os.getpid(), 9)
masters = Masters.open(db, FileKeyring.open(folder / "root.key"))
keys.rotate_master(db, masters, acting=None, clock=lambda: datetime.now(UTC), progress=progress)
"""


@pytest.mark.promise(53)
@pytest.mark.parametrize("steps", [1, 3])
def test_a_rotation_that_was_killed_goes_on_where_it_was(made, steps):
    killed_after(made, steps)
    assert generations(made)[0] == {1, 2}
    assert made.opened() == made.secrets
    done = made.rotate()
    assert (done.resumed, done.generation) == (True, 2)
    assert 0 < done.done < SECRETS + 30
    assert generations(made)[0] == {2}
    assert made.opened() == made.secrets
    assert kinds(made).count(Kind.KEY_ROTATION_STARTED) == kinds(made).count(Kind.KEY_ROTATION_DONE) == 1
    assert made.rotate().generation == 3


def killed_after(made, steps):
    run = [sys.executable, "-c", KILLED, made.folder, str(steps)]
    assert subprocess.run(run, check=False, capture_output=True).returncode == -9


@pytest.mark.soak
def test_many_rotations_that_are_killed_at_any_step_lose_nothing(made):
    for round_number in range(40):
        killed_after(made, 1 + round_number % 5)
        assert made.opened() == made.secrets
        made.rotate()
        assert len(generations(made)[0]) == 1
        assert made.reads()


def test_a_killed_rotation_leaves_its_beginning_in_the_database(made):
    with made.db.transaction() as tx:
        rotations.begin(tx, "master", made.masters.add(tx, NOW), NOW)
    assert made.rotate().resumed


@pytest.mark.promise(53)
def test_a_new_pepper_takes_over_as_people_sign_in_and_the_old_one_stays_until_then(made):
    running, other = hasher(made), Hasher(CHEAP, bytes(32))
    stored = running.hash("correct horse battery staple")
    set_hash(made, stored)
    done = keys.rotate_pepper(made.db, made.vault.records, acting=made.acting, clock=lambda: NOW)
    with pytest.raises(KeyRefused, match="1 passwords"):
        keys.destroy_peppers(
            made.db,
            acting=made.acting,
            consent=agreed(made.db, made.vault.records, "pepper"),
            clock=lambda: LATER,
        )
    server = hasher(made)
    verdict = server.verify(stored, "correct horse battery staple")
    assert verdict.right
    assert verdict.renewed.startswith(f"{done.generation}$argon2id$")
    assert not server.verify(stored, "correct horse battery").right
    assert not other.verify(verdict.renewed, "correct horse battery staple").right
    set_hash(made, verdict.renewed)
    assert running.verify(
        verdict.renewed, "correct horse battery staple"
    ).right  # a server that had not noticed
    assert keys.destroy_peppers(
        made.db,
        acting=made.acting,
        consent=agreed(made.db, made.vault.records, "pepper"),
        clock=lambda: LATER,
    ) == [1]
    after = hasher(made)
    assert after.verify(verdict.renewed, "correct horse battery staple").right
    assert not after.verify(stored, "correct horse battery staple").right


def set_hash(made, stored):
    with made.db.transaction() as tx:
        mine = tables.people.c.id == made.acting.person_id
        tx.connection.execute(tables.people.update().where(mine).values(password_hash=stored))


def test_the_list_says_how_many_things_need_each_key(anywhere):
    made = anywhere
    set_hash(made, hasher(made).hash("correct horse battery staple"))
    before = {(one.kind, one.generation): one.protects for one in keys.list_keys(made.db)}
    assert before["master", 1] > SECRETS
    assert before["pepper", 1] == 1
    made.rotate()
    after = {(one.kind, one.generation): one for one in keys.list_keys(made.db)}
    assert after["master", 1].protects == 0
    assert after["master", 2].protects == before["master", 1]
    assert (after["master", 1].newest, after["master", 2].newest) == (False, True)


@pytest.mark.promise(55)
def test_no_key_prints_itself(made):
    secrets = every_key(made.db, (made.folder / KEY_FILE).read_text()).values()
    peppers = Peppers(made.db, made.vault.records)
    held = HeldKeys.before_masters(made.root)
    for one in (made.masters, held, made.root, peppers, made.vault.records, made.vault, hasher(made)):
        assert all(repr(secret)[2:-1] not in repr(one) for secret in secrets)
        assert all(secret.hex() not in repr(one) for secret in secrets)
    assert all(secret not in everything(made.db) for secret in secrets)
    with made.db.reading() as tx:
        count = select(func.count()).select_from(tables.master_keys)
        assert tx.connection.execute(count).scalar_one() == 1
