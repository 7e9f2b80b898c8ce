"""The log's key is renewed while others write; what the old one signed stays verifiable, and nobody without it
can put another in its place (promise 53).
"""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, update

from actions.agreed import alone
from docvault import wiring
from docvault.actions import audit, signing_keys
from docvault.audit.checkpoints import LogKey, open_checkpoint, sign_checkpoint
from docvault.audit.handovers import announcement
from docvault.audit.kinds import Kind
from docvault.audit.verifier import verify
from docvault.database import audit as entries
from docvault.database import audit_checkpoints, tables
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.audit_trail import Filters
from docvault.encryption.errors import Tampered
from docvault.rules.keys import KeyRefused
from docvault.settings import Settings
from every_key import every_key


@pytest.fixture
def portal(database_url, tmp_path):
    made = wiring.prepare(settings_of(database_url, tmp_path))
    yield made
    made.close()


def settings_of(url, folder):
    return Settings(data=folder / "data", database_url=url)


def rotate(portal):
    return signing_keys.rotate_log(
        portal.db, portal.vault.records, portal.log_key, acting=None, clock=portal.clock
    ).generation


def destroy(portal):
    return signing_keys.destroy_log_keys(
        portal.db, acting=None, consent=alone(portal.vault.records), clock=portal.clock
    )


def publish(portal):
    return audit.publish_checkpoint(portal.db, portal.log_key, now=portal.clock())


def deed(portal):
    with portal.db.transaction() as tx:
        entries.append(tx, Kind.QUOTA_SET, at=portal.clock(), acting=None)


def bundle(portal, **filters):
    found = audit.export_at_terminal(
        portal.db,
        portal.log_key,
        operator="tests",
        filters=Filters(**filters),
        format="bundle",
        now=portal.clock(),
    )
    return b"".join(found.content)


def notes(portal):
    with portal.db.reading() as tx:
        return list(tx.connection.execute(select(tables.audit_checkpoints.c.note)).scalars())


@pytest.mark.promise(53)
def test_what_the_old_key_signed_stays_verifiable_and_the_old_one_can_be_destroyed(portal):
    first, older = portal.log_key.public, publish(portal).note
    assert rotate(portal) == 2
    deed(portal)
    second, newer = portal.log_key.public, publish(portal).note
    assert first != second
    assert open_checkpoint(older, first).size < open_checkpoint(newer, second).size
    assert destroy(portal) == [1]
    deed(portal)
    assert audit.check_log(portal.db, second).checkpoints >= 3
    for packed in (bundle(portal), bundle(portal, kind="quota")):
        for key in (first, second):
            found = verify(io.BytesIO(packed), key=key, since=older)
            assert (found.trusted, found.key_changes, found.older_key) == (True, 1, key == first)


@pytest.mark.promise(53)
def test_a_process_that_knew_the_old_key_signs_with_the_new_one_at_once(portal):
    server = wiring.build(portal.settings)
    before = publish(server)
    rotate(portal)
    deed(server)
    assert open_checkpoint(publish(server).note, portal.log_key.public).size > before.size
    assert server.log_key.public == portal.log_key.public
    server.close()


@pytest.mark.promise(53)
def test_keys_change_while_others_write_and_sign(portal):
    def busy(_):
        deed(portal)
        return publish(portal)

    with ThreadPoolExecutor(3) as pool:
        signed = pool.map(busy, range(12))
        for _ in range(3):
            rotate(portal)
        list(signed)
    assert audit.check_log(portal.db, portal.log_key.public).checkpoints > 3
    assert verify(io.BytesIO(bundle(portal)), key=portal.log_key.public).key_changes == 3


KILLED = """
import os, sys
from pathlib import Path
from docvault import wiring
from docvault.actions import signing_keys
from docvault.database import audit_checkpoints
from docvault.settings import Settings
from docvault.vault import log_keys
where = {"signed": audit_checkpoints, "kept": log_keys.keys}[sys.argv[3]]
name = {"signed": "hand_over", "kept": "put"}[sys.argv[3]]
deed = getattr(where, name)
def killed(*given, **more):
    deed(*given, **more)
    os.kill(os.getpid(), 9)
setattr(where, name, killed)
portal = wiring.build(Settings(data=Path(sys.argv[1]), database_url=sys.argv[2]))
signing_keys.rotate_log(portal.db, portal.vault.records, portal.log_key, acting=None, clock=portal.clock)
"""


@pytest.mark.promise(53)
@pytest.mark.parametrize("when", ["signed", "kept"])
def test_a_change_that_was_killed_was_never_made(tmp_path, when):
    settings = settings_of(f"sqlite:///{tmp_path / 'docvault.sqlite'}", tmp_path)
    portal = wiring.prepare(settings)
    first, before = portal.log_key.public, notes(portal)
    run = [sys.executable, "-c", KILLED, settings.data, settings.database_url, when]
    assert subprocess.run(run, check=False, capture_output=True).returncode == -9
    assert portal.log_key.public == first
    assert notes(portal) == before
    assert rotate(portal) == 2
    assert verify(io.BytesIO(bundle(portal)), key=first).key_changes == 1
    portal.close()


def thief_of(portal):
    return LogKey(portal.log_key.origin, Ed25519PrivateKey.generate())


@pytest.mark.promise(53)
def test_who_holds_the_database_alone_cannot_make_the_portal_sign_with_another_key(portal):
    thief = thief_of(portal)
    with portal.db.transaction() as tx:
        row = {"name": "log", "generation": 2, "public": thief.public.raw, "created_at": portal.clock()}
        first = select(tables.keys.c.wrapped).where(tables.keys.c.name == "log")
        wrapped = tx.connection.execute(first).scalar_one()  # sealed, but as another generation
        tx.connection.execute(insert(tables.keys).values(wrapped=wrapped, **row))
    deed(portal)
    with pytest.raises(Tampered):
        publish(portal)


@pytest.mark.promise(53)
def test_who_holds_the_database_alone_cannot_hand_the_log_over(portal):
    """They write the announcement and a checkpoint by their own key; the old key never signs it."""
    first, thief = portal.log_key.public, thief_of(portal)
    publish(portal)
    with portal.db.transaction() as tx:
        facts = announcement(first, thief.public)
        entries.append(tx, Kind.LOG_KEY_CHANGED, at=portal.clock(), acting=None, facts=facts)
        edge = entries.locked_edge(tx)
        note = sign_checkpoint(thief, edge.size, edge.root())
        values = {"size": edge.size, "note": note, "at": portal.clock()}
        tx.connection.execute(insert(tables.audit_checkpoints).values(**values))
    for key in (first, thief.public):
        with pytest.raises(LogDamaged):
            audit.check_log(portal.db, key)


@pytest.mark.promise(53)
def test_a_hand_over_that_is_gone_from_the_database_is_found(portal):
    publish(portal)
    rotate(portal)
    deed(portal)
    publish(portal)
    with portal.db.transaction() as tx:
        (size,) = audit_checkpoints.handovers(tx, below=2**53)
        one = tables.audit_checkpoints.c.size == size
        tx.connection.execute(delete(tables.audit_checkpoints).where(one))
    with pytest.raises(LogDamaged):
        audit.check_log(portal.db, portal.log_key.public)


@pytest.mark.promise(53)
def test_an_announcement_of_another_key_than_the_one_that_took_over_is_found(portal):
    publish(portal)
    rotate(portal)
    with portal.db.transaction() as tx:
        (size,) = audit_checkpoints.handovers(tx, below=2**53)
        values = {"kind": Kind.QUOTA_SET.value}
        changed = update(tables.audit_entries).where(tables.audit_entries.c.index == size - 1)
        tx.connection.execute(changed.values(**values))
    with pytest.raises(LogDamaged):
        audit.check_log(portal.db, portal.log_key.public)


def test_the_only_key_of_the_log_is_never_destroyed(portal):
    with pytest.raises(KeyRefused, match="Rotate it first"):
        destroy(portal)


@pytest.mark.promise(55)
def test_the_keys_of_the_log_do_not_print_themselves(portal):
    raw = every_key(portal.db, portal.settings.root_key_path.read_text())["key:log"]
    with portal.db.reading() as tx:
        held = portal.log_key.in_charge(tx)
    for one in (portal.log_key, held, held.private):
        assert raw.hex() not in repr(one)
        assert repr(raw)[2:-1] not in repr(one)
