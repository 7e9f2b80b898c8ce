"""An installation from before there were master keys: what its root key sealed still opens, and can be moved."""

import hmac

import pytest
from alembic import command
from sqlalchemy import text

from actions.world import NOW, POLICY
from docvault.database import keys
from docvault.database.engine import Database
from docvault.database.migrate import configuration, migrate
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring, WrongKeyring
from docvault.vault import masters, reseal
from docvault.vault.masters import Masters
from docvault.vault.peppers import Peppers
from docvault.vault.records import Records
from encryption import independent

SECRET = b"twenty bytes of seed"


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path):
    on_postgres = request.param == "postgresql"
    file = f"sqlite:///{tmp_path / 'docvault.sqlite'}"
    made = Database(request.getfixturevalue("empty_postgres_url") if on_postgres else file, POLICY)
    yield made
    made.close()


@pytest.fixture
def root(tmp_path):
    return FileKeyring.create(tmp_path / "root.key")


def derived(root, purpose):
    """Return a key as it was made of the root key before there were masters."""
    return independent.derive(root._root, purpose)


def as_it_was(db, root):
    """Make the tables of 0003, with what that version sealed right under the root key."""
    with db.transaction() as tx:
        command.upgrade(configuration(tx.connection), "0003")
        proof = independent.seal_record(derived(root, "record-proof"), b"proof:root-key", bytes(32))
        seed = independent.seal_record(derived(root, "record-totp"), b"totp:anna", SECRET)
        add = "INSERT INTO keys (name, wrapped, public, created_at) VALUES (:name, :wrapped, :public, :at)"
        for name, wrapped in (("root-key", proof), ("ca-address", b"")):
            row = {"name": name, "wrapped": wrapped, "public": b"p", "at": NOW}
            tx.connection.execute(text(add), row)
        acme = "INSERT INTO organisations VALUES ('acme', 'Acme', 'client', :at)"
        anna = (
            "INSERT INTO people (id, organisation_id, email, name, role, state, created_at)"
            " VALUES ('anna', 'acme', 'a@example.com', 'Anna', 'client', 'active', :at)"
        )
        for statement in (acme, anna):
            tx.connection.execute(text(statement), {"at": NOW})
        add = "INSERT INTO totp_factors (person_id, secret, last_step, created_at) VALUES ('anna', :seed, 0, :at)"
        tx.connection.execute(text(add), {"seed": seed, "at": NOW})


def seed_of(db):
    with db.reading() as tx:
        return bytes(tx.connection.execute(text("SELECT secret FROM totp_factors")).scalar_one())


@pytest.mark.promise(53)
def test_what_the_root_key_sealed_opens_after_the_update_and_moves_to_a_master_of_its_own(db, root):
    as_it_was(db, root)
    migrate(db)
    masters.found(db, root, NOW)
    keyring = Masters.open(db, root)
    assert Records(keyring).open("totp:anna", seed_of(db)) == SECRET
    assert Peppers(db, Records(keyring)).mac(1, b"x") == hmac.digest(
        derived(root, "derived-password-pepper"), b"x", "sha256"
    )
    with db.reading() as tx:
        assert keys.get(tx, "ca-address").public == b"p"
        assert keys.get(tx, "ca-address").generation == 1
    with db.transaction() as tx:
        keyring.add(tx, NOW)
    keyring.refresh()
    assert sum(step.done for step in reseal.reseal(db, keyring)) == 3  # the proof, the seed and the pepper
    assert Records(keyring).open("totp:anna", seed_of(db)) == SECRET
    with pytest.raises(Exception, match="changed or damaged"):
        Records(HeldKeys.before_masters(root)).open("totp:anna", seed_of(db))


def test_another_root_key_does_not_become_the_first_master(db, root, tmp_path):
    as_it_was(db, root)
    migrate(db)
    with pytest.raises(WrongKeyring):
        masters.found(db, FileKeyring.create(tmp_path / "other.key"), NOW)
    masters.found(db, root, NOW)


def test_a_start_that_happens_twice_makes_one_master(db, root):
    migrate(db)
    masters.found(db, root, NOW)
    sealed = Masters.open(db, root).seal("folder-key", b"about", b"x")
    masters.found(db, root, NOW)
    assert Masters.open(db, root).unseal("folder-key", b"about", sealed) == b"x"
    with pytest.raises(WrongKeyring):
        Masters.open(db, FileKeyring(bytes(32)))
