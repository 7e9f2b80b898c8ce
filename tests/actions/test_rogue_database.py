"""The drill of promise 77: whoever owns the database does what they like to the log, and an outsider finds it.

Two rogues: one rewrites rows and their hashes, the other everything that follows from them as well, and signs it with
the log's own key, stolen. The outsider has the bundle they are given, the key, and one older checkpoint of their own.
"""

import io
import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from docvault.actions import audit as actions
from docvault.audit.checkpoints import LogKey
from docvault.audit.entries import canonical, read
from docvault.audit.kinds import Kind
from docvault.audit.tree import Edge, leaf_hash
from docvault.audit.verdict import BundleRefused
from docvault.audit.verifier import verify
from docvault.database import audit, audit_checkpoints, audit_trail
from docvault.database.audit import AuditNotWritten
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.audit_trail import Filters
from docvault.database.tables import audit_checkpoints as checkpoint_rows
from docvault.database.tables import audit_details, audit_entries, audit_state, audit_tiles, erased_details

from .world import NOW, Mould, World

KEY = LogKey("docvault.example/audit", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
KEPT, ALL, TILE = 270, 300, 256  # entries at the outsider's checkpoint; of the log; of one tile


def record(world: World, times: int, word: str) -> None:
    with world.db.transaction() as tx:
        for at in range(times):
            moment = NOW + timedelta(seconds=audit_trail.size(tx))
            audit.append(tx, Kind.ENVELOPE_SENT, at=moment, acting=world.manager, facts={"n": at, "w": word})


@cache
def kept() -> tuple[Mould, str]:
    """Return a portal with a log, and the checkpoint that the outsider put away on the way."""
    notes = []

    def finish(world: World) -> None:
        record(world, KEPT, "honest")
        with world.db.transaction() as tx:
            notes.append(audit_checkpoints.publish(tx, KEY, NOW).note)
        record(world, ALL - KEPT, "honest")
        with world.db.transaction() as tx:
            audit_checkpoints.publish(tx, KEY, NOW)

    return Mould.of(finish), notes[0]


def leaves(world: World) -> list[bytes]:
    with world.db.reading() as tx:
        chosen = select(audit_entries.c.leaf).order_by(audit_entries.c.index)
        return list(tx.connection.execute(chosen).scalars())


def write_rows(world: World, wanted: list[bytes]) -> None:
    """Replace every row, each with the hash that fits it."""
    with world.db.transaction() as tx:
        tx.connection.execute(delete(audit_entries))
        rows = [
            {
                "index": place,
                "at": NOW + timedelta(seconds=place),
                "kind": read(leaf).kind,
                "actor_id": read(leaf).actor,
                "organisation_id": read(leaf).organisation,
                "leaf": leaf,
                "leaf_hash": leaf_hash(leaf),
            }
            for place, leaf in enumerate(wanted)
        ]
        tx.connection.execute(insert(audit_entries), rows)


def write_the_rest(world: World, wanted: list[bytes]) -> None:
    """Replace tiles, edge and checkpoints by those of a log that was always like this, and sign it."""
    edge = Edge()
    hashes = [leaf_hash(leaf) for leaf in wanted]
    for each in hashes:
        edge.append(each)
    with world.db.transaction() as tx:
        tx.connection.execute(delete(checkpoint_rows))
        tx.connection.execute(delete(audit_tiles))
        tx.connection.execute(
            delete(audit_details)
        )  # they would open other entries now: erased, says the rogue
        erased = {"person_id": world.client.person_id, "erased_at": NOW}
        tx.connection.execute(insert(erased_details), [{"index": n, **erased} for n in range(len(wanted))])
        for number in range(len(hashes) // TILE):
            whole = b"".join(hashes[number * TILE : (number + 1) * TILE])
            tx.connection.execute(insert(audit_tiles).values(level=0, index=number, hashes=whole))
        tx.connection.execute(update(audit_state).values(size=len(wanted), edge=edge.dump()))
        audit_checkpoints.publish(tx, KEY, NOW)


def forged(leaf: bytes) -> bytes:
    said = json.loads(leaf)
    return canonical(said | {"facts": {"forged": True}})


def edited(honest, at):
    return [*honest[:at], forged(honest[at]), *honest[at + 1 :]]


def deleted(honest, at):
    return [*honest[:at], *honest[at + 1 :]]


def inserted(honest, at):
    return [*honest[:at], forged(honest[at]), *honest[at:]]


def swapped(honest, at):
    return [*honest[:at], honest[at + 1], honest[at], *honest[at + 2 :]]


def cut(honest, at):
    return honest[: at + 1]


def another_past(honest, at):
    """An older state came back, and something else was written after it."""
    return [*honest[:at], *(forged(leaf) for leaf in honest[at:])]


DEEDS = (edited, deleted, inserted, swapped, cut, another_past)


def bundle(world: World) -> bytes:
    found = actions.export_at_terminal(
        world.db, KEY, operator="root", filters=Filters(), format="bundle", now=NOW + timedelta(days=1)
    )
    return b"".join(found.content)


def found_at(world: World, since: str) -> int:
    """Return the first bad entry as the outsider is told; a portal that cannot go on names it by itself."""
    try:
        given_out = bundle(world)
    except (LogDamaged, AuditNotWritten):
        with pytest.raises(LogDamaged) as damaged:
            actions.check_log(world.db, KEY.public)
        return damaged.value.first_bad_index
    with pytest.raises(BundleRefused) as refused:
        verify(io.BytesIO(given_out), key=KEY.public, since=since)
    return refused.value.first_bad_index


def test_the_honest_log_passes_the_drill(tmp_path):
    mould, since = kept()
    world = mould.cast(tmp_path, None)
    assert verify(io.BytesIO(bundle(world)), key=KEY.public, since=since).since == KEPT
    world.db.close()


@pytest.mark.promise(77)
@settings(max_examples=60, deadline=None)
@given(deed=st.sampled_from(DEEDS), at=st.integers(0, KEPT - 2), thorough=st.booleans())
def test_whatever_is_done_to_the_database_is_found_and_named(deed, at, thorough):
    mould, since = kept()
    with TemporaryDirectory() as name:
        world = mould.cast(Path(name), None)
        wanted = deed(leaves(world), at)
        first = next(
            (n for n, (a, b) in enumerate(zip(leaves(world), wanted, strict=False)) if a != b), len(wanted)
        )
        write_rows(world, wanted)
        if thorough:
            write_the_rest(world, wanted)
        named = found_at(world, since)
        world.vault.close()
        world.db.close()
    if (
        thorough
    ):  # a log that fits itself: only the older checkpoint tells, and up to it nothing is vouched for
        assert named <= KEPT
    elif first < TILE:
        assert named == first
    else:  # entries behind the last full tile have no hash but their own: the next one may be the first to tell
        assert named <= first + 1
