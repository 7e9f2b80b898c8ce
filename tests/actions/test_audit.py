import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, text, update

from docvault.actions import audit as actions
from docvault.audit import entries
from docvault.audit.checkpoints import LogKey, open_checkpoint
from docvault.audit.errors import BundleTooLarge
from docvault.audit.kinds import Kind
from docvault.audit.tree import leaf_hash
from docvault.audit.verdict import BundleRefused
from docvault.audit.verifier import verify
from docvault.database import audit, audit_checkpoints, audit_exports, audit_trail, step_ups
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.audit_trail import Filters
from docvault.database.engine import BadCursor
from docvault.database.step_ups import StepUpInvalid
from docvault.database.tables import (
    audit_checkpoints as checkpoint_rows,
)
from docvault.database.tables import (
    audit_details,
    audit_entries,
    audit_state,
    audit_tiles,
    erased_details,
    sessions,
)
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting

from .world import NOW, World, half_signed_in, refuse, standing

KEY = LogKey("docvault.example/audit", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
ALL = Filters()
ENVELOPE, FOLDER = "e" * 26, "f" * 26


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def record(
    world: World, times: int = 1, kind: Kind = Kind.ENVELOPE_SENT, acting: Acting | None = None, **more
) -> None:
    """Append entries as any action does."""
    said = {
        "object_type": "envelope",
        "object_id": ENVELOPE,
        "private": {"title": "Master Services Agreement"},
        **more,
    }
    with world.db.transaction() as tx:
        for at in range(times):
            moment = NOW + timedelta(seconds=audit_trail.size(tx))
            audit.append(tx, kind, at=moment, acting=acting or world.manager, facts={"n": at}, **said)


def step_up(
    world: World, acting: Acting, filters: Filters, file_format: str, proposal_id: str | None = None
) -> str:
    with world.db.transaction() as tx:
        world_row(world, tx, acting)
        digest = actions.export_digest(filters, file_format, proposal_id)
        return step_ups.add(tx, acting, purpose="audit:export", digest=digest, now=NOW)


def world_row(world: World, tx, acting: Acting) -> None:
    """Make sure that the session exists that a proof points to."""
    known = tx.connection.execute(select(sessions.c.id).where(sessions.c.id == acting.session_id)).first()
    if known is None:
        values = {
            "id": acting.session_id,
            "token_hash": acting.session_id.encode(),
            "csrf_hash": b"",
            "person_id": acting.person_id,
            "kind": "full",
            "factors": "password+totp",
            "created_at": NOW,
            "seen_at": NOW,
            "expires_at": NOW + timedelta(hours=1),
            "address": "",
            "user_agent": "",
        }
        tx.connection.execute(insert(sessions).values(values))


def export(
    world: World,
    file_format: str,
    filters: Filters = ALL,
    acting: Acting | None = None,
    *,
    proposal_id: str | None = None,
) -> bytes:
    who = acting or world.officer
    proof = step_up(world, who, filters, file_format, proposal_id)
    found = actions.export_trail(
        world.db,
        world.vault.records,
        KEY,
        acting=who,
        filters=filters,
        format=file_format,
        step_up_id=proof,
        now=NOW + timedelta(seconds=9),
        proposal_id=proposal_id,
    )
    return b"".join(found.content)


def from_terminal(world: World, file_format: str) -> bytes:
    found = actions.export_at_terminal(
        world.db, KEY, operator="root", filters=ALL, format=file_format, now=NOW
    )
    return b"".join(found.content)


def listed(world: World, filters: Filters = ALL, after: str | None = None, limit: int = 50):
    return actions.list_entries(
        world.db, acting=world.officer, filters=filters, after=after, limit=limit, now=NOW
    )


# --- appending -------------------------------------------------------------------------------------------------


@pytest.mark.promise(74)
def test_an_entry_is_rolled_back_with_its_deed(world):
    record(world, 3)
    before = world.rows()
    with pytest.raises(RuntimeError), world.db.transaction() as tx:
        audit.append(tx, Kind.FOLDER_CREATED, at=NOW, acting=world.manager, private={"name": "x"})
        raise RuntimeError
    assert world.rows() == before
    record(world)
    assert actions.check_log(world.db, KEY.public).size == 4


@pytest.mark.promise(74)
@pytest.mark.parametrize("table", ["audit_entries", "audit_details", "audit_state", "audit_tiles"])
def test_a_deed_does_not_happen_when_its_entry_cannot_be_written(world, table):
    record(world, 255)
    with world.db.transaction() as tx:
        refuse(tx, "UPDATE" if table == "audit_state" else "INSERT", table)
    before = world.rows()
    with pytest.raises(audit.AuditNotWritten), world.db.transaction() as tx:
        tx.connection.execute(text("UPDATE organisations SET name = name || '!'"))
        audit.append(tx, Kind.FOLDER_CREATED, at=NOW, acting=world.manager)
    assert world.rows() == before
    with world.db.reading() as tx:
        assert not tx.connection.execute(
            text("SELECT count(*) FROM organisations WHERE name LIKE '%!'")
        ).scalar()


def test_two_writers_cannot_fork_the_log(world, monkeypatch):
    record(world, 2)
    stale = audit.locked_edge

    def overtaken(tx):
        edge = stale(tx)
        tx.connection.execute(update(audit_state).values(size=3))  # another writer was faster
        return edge

    monkeypatch.setattr(audit, "locked_edge", overtaken)
    with pytest.raises(audit.AuditNotWritten), world.db.transaction() as tx:
        audit.append(tx, Kind.FOLDER_CREATED, at=NOW)
    monkeypatch.undo()
    assert actions.check_log(world.db, KEY.public).size == 2


def test_who_acts_is_kept_with_the_details_and_not_in_the_leaf(world):
    record(world)
    with world.db.reading() as tx:
        (row,) = audit.object_trail(tx, "envelope", ENVELOPE)
    assert row.private["actor_name"] == world.manager.name
    assert row.private["actor_email"] == world.manager.email
    assert {"address", "user_agent", "title"} <= set(row.private)
    assert world.manager.name.encode() not in row.leaf
    assert world.manager.email.encode() not in row.leaf
    assert entries.read(row.leaf).actor == world.manager.person_id
    assert row.sentence.endswith("sent “Master Services Agreement” to be signed")


@pytest.mark.parametrize("facts", [{"Bad name": 1}, {"n": 1.5}, {"n": b"x"}, {"n": object()}])
def test_a_fact_that_cannot_be_written_stops_the_deed(world, facts):
    with pytest.raises(entries.EntryInvalid), world.db.transaction() as tx:
        audit.append(tx, Kind.FOLDER_CREATED, at=NOW, facts=facts)
    assert world.entries() == []


# --- reading ---------------------------------------------------------------------------------------------------


def test_pages_join_without_gap_or_repetition(world):
    record(world, 120)
    seen, after = [], None
    while True:
        page = listed(world, after=after, limit=50)
        seen += [entry.index for entry in page.items]
        after = page.next
        if after is None:
            break
    assert seen == list(range(119, -1, -1))


def test_reading_is_an_entry_once_for_all_pages(world):
    record(world, 60)
    first = listed(world)
    listed(world, after=first.next)
    assert [kind for kind, _ in world.entries()].count("audit:read") == 1


def test_filters_choose_what_they_say(world):
    record(world, 2)
    record(
        world,
        1,
        Kind.FOLDER_CREATED,
        world.client,
        object_type="folder",
        object_id=FOLDER,
        organisation_id="o" * 26,
    )
    record(world, 2, Kind.ENVELOPE_SIGNED, world.client)
    table = {
        Filters(kind="envelope"): [4, 3, 1, 0],
        Filters(kind="envelope:sent"): [1, 0],
        Filters(kind="env"): [],
        Filters(actor_id=world.client.person_id): [4, 3, 2],
        Filters(object_id=FOLDER): [2],
        Filters(object_type="envelope"): [4, 3, 1, 0],
        Filters(organisation_id="o" * 26): [2],
        Filters(start=NOW + timedelta(seconds=1), end=NOW + timedelta(seconds=3)): [2, 1],
        Filters(kind="envelope", actor_id=world.manager.person_id, end=NOW + timedelta(seconds=1)): [0],
    }
    for filters, expected in table.items():
        assert [
            entry.index for entry in listed(world, filters).items if entry.kind != "audit:read"
        ] == expected, filters


def test_only_who_may_reads(world):
    record(world)
    for acting in world.everybody.values():
        if acting is world.officer:
            continue
        for after in (None, "ZW50cnkgMA"):
            with pytest.raises(Forbidden):
                actions.list_entries(world.db, acting=acting, filters=Filters(), after=after, now=NOW)
        with pytest.raises(Forbidden):
            actions.log_status(world.db, KEY, acting=acting)
    with pytest.raises(Forbidden):
        actions.list_entries(world.db, acting=half_signed_in(world.officer), filters=Filters(), now=NOW)
    assert [kind for kind, _ in world.entries()] == ["envelope:sent"]


@pytest.mark.parametrize("cursor", ["", "x", "ZW50cnkgLTE", "ZW50cnkgOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "é"])
def test_a_cursor_that_we_did_not_give_is_refused(world, cursor):
    with pytest.raises(BadCursor):
        listed(world, after=cursor)


def test_an_erased_entry_still_says_what_happened(world):
    record(world)
    with world.db.transaction() as tx:
        tx.connection.execute(delete(audit_details))
    (entry,) = listed(world, Filters(object_id=ENVELOPE)).items
    assert entry.private is None
    assert entry.sentence == "A person whose details were erased sent an envelope to be signed"


def test_the_status_shows_size_and_key(world):
    record(world, 3)
    signed = actions.publish_checkpoint(world.db, KEY, now=NOW)
    status = actions.log_status(world.db, KEY, acting=world.officer)
    assert (status.size, status.origin, status.key) == (3, KEY.origin, KEY.public.text)
    assert status.checkpoint == replace(signed)


# --- exporting -------------------------------------------------------------------------------------------------


@pytest.mark.promise(80)
def test_a_whole_bundle_verifies_and_holds_its_own_export(world):
    record(world, 300)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    packed = export(world, "bundle")
    found = verify(io.BytesIO(packed), key=KEY.public)
    assert (found.full, found.size, found.count, found.history) == (True, 301, 301, 1)
    assert world.entries()[-1][0] == "audit:exported"


@pytest.mark.promise(80)
def test_a_selection_verifies_and_holds_what_was_asked_for(world):
    record(world, 270)
    record(world, 30, Kind.FOLDER_CREATED, object_type="folder", object_id=FOLDER)
    record(world, 10)
    packed = export(world, "bundle", Filters(object_id=FOLDER))
    found = verify(io.BytesIO(packed), key=KEY.public)
    assert (found.full, found.size, found.count, found.filters) == (False, 311, 30, {"object": FOLDER})


@pytest.mark.promise(77)
@pytest.mark.parametrize("place", [5, 290])
def test_a_row_that_was_edited_in_the_database_is_named_by_its_bundle(world, place):
    record(world, 300)
    with world.db.transaction() as tx:
        changed = audit_entries.update().where(audit_entries.c.index == place)
        tx.connection.execute(changed.values(leaf=b'{"forged":true}'))
    with pytest.raises(BundleRefused) as refused:
        verify(io.BytesIO(export(world, "bundle")), key=KEY.public)
    assert refused.value.first_bad_index == place


def test_csv_holds_one_row_for_every_entry_and_no_formula(world):
    for title in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "plain"):
        record(world, acting=replace(world.manager, name=title))
    rows = list(csv.DictReader(io.StringIO(from_terminal(world, "csv").decode(), newline="")))
    assert [row["index"] for row in rows] == [str(at) for at in range(8)]
    assert [row["actor_name"] for row in rows][:3] == ["'=1+1", "'+1", "'-1"]
    for row in rows:
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), row


def test_a_long_csv_is_handed_on_in_parts(world):
    record(world, 200)
    found = actions.export_at_terminal(world.db, KEY, operator="root", filters=ALL, format="csv", now=NOW)
    parts = list(found.content)
    assert len(parts) > 1
    assert len(list(csv.reader(io.StringIO(b"".join(parts).decode(), newline="")))) == 202


def test_jsonl_holds_one_object_for_every_entry(world):
    record(world, 3)
    found = [json.loads(line) for line in from_terminal(world, "jsonl").splitlines()]
    assert [entry["index"] for entry in found] == [0, 1, 2, 3]
    assert found[0]["facts"] == {"n": 0}
    assert found[0]["details"]["title"] == "Master Services Agreement"
    assert found[3]["kind"] == "audit:exported"


@pytest.mark.promise(26)
@pytest.mark.parametrize("file_format", ["csv", "jsonl", "bundle"])
def test_what_one_person_exports_alone_names_nobody(world, file_format):
    record(world, 3)
    packed = export(world, file_format)
    if file_format == "bundle":
        packed = b"".join(
            bundled.read(name)
            for bundled in [zipfile.ZipFile(io.BytesIO(packed))]
            for name in bundled.namelist()
        )
    for personal in (world.manager.name, world.manager.email, world.manager.address, "Master Services"):
        assert personal.encode() not in packed
    assert world.manager.person_id.encode() in packed


def test_a_bundle_without_personal_details_verifies(world):
    record(world, 300)
    found = verify(io.BytesIO(export(world, "bundle")), key=KEY.public)
    assert (found.full, found.count) == (True, 301)


def test_a_filtered_list_holds_what_was_asked_for(world):
    record(world, 3)
    record(world, 2, Kind.FOLDER_CREATED)
    found = [json.loads(line) for line in export(world, "jsonl", Filters(kind="folder")).splitlines()]
    assert [entry["index"] for entry in found] == [3, 4]


def test_an_export_of_many_batches_is_whole(world, monkeypatch):
    monkeypatch.setattr(audit_trail, "BATCH", 7)
    record(world, 40)
    found = [json.loads(line)["index"] for line in export(world, "jsonl").splitlines()]
    assert found == list(range(41))


def test_a_bundle_is_a_zip_that_any_tool_opens(world):
    record(world, 3)
    with zipfile.ZipFile(io.BytesIO(export(world, "bundle"))) as opened:
        assert opened.testzip() is None
        assert opened.read("key").decode() == KEY.public.text + "\n"
        assert opened.namelist()[-1] == "seal"


def test_only_who_may_exports(world):
    record(world)
    for acting in world.everybody.values():
        if acting is world.officer:
            continue
        with pytest.raises(Forbidden):
            export(world, "csv", acting=acting)
    assert [kind for kind, _ in world.entries()] == ["envelope:sent"]


@pytest.mark.promise(17)
def test_an_export_needs_a_fresh_proof_for_exactly_it(world):
    record(world)
    proof = step_up(world, world.officer, Filters(), "csv")

    def attempt(file_format="csv", filters=ALL, acting=world.officer, now=NOW):
        return actions.export_trail(
            world.db,
            world.vault.records,
            KEY,
            acting=acting,
            filters=filters,
            format=file_format,
            step_up_id=proof,
            now=now,
        )

    for wrong in (
        {"file_format": "bundle"},
        {"filters": Filters(kind="envelope")},
        {"acting": replace(world.officer, session_id="another")},
        {"now": NOW + timedelta(hours=1)},
    ):
        with pytest.raises(StepUpInvalid):
            attempt(**wrong)
    attempt()
    with pytest.raises(StepUpInvalid):
        attempt()
    assert [kind for kind, _ in world.entries()] == ["envelope:sent", "audit:exported"]


def test_an_unknown_format_is_refused(world):
    with pytest.raises(actions.UnknownFormat):
        actions.export_at_terminal(world.db, KEY, operator="root", filters=Filters(), format="xml", now=NOW)
    assert world.entries() == []


def test_a_bundle_that_would_pass_four_gibibytes_is_refused_before_it_begins(world, monkeypatch):
    record(world, 10)
    monkeypatch.setattr(actions, "LARGEST", 1_000)
    with pytest.raises(BundleTooLarge):
        actions.export_at_terminal(
            world.db, KEY, operator="root", filters=Filters(), format="bundle", now=NOW
        )
    assert len(world.entries()) == 10


def test_an_export_at_the_terminal_names_the_machines_user(world):
    record(world)
    found = actions.export_at_terminal(
        world.db, KEY, operator="root", filters=Filters(), format="jsonl", now=NOW
    )
    last = json.loads(b"".join(found.content).splitlines()[-1])
    assert (
        last["sentence"]
        == "root at the server's terminal exported 1 entry of the audit trail, with personal details"
    )


def test_a_long_life_is_told_by_few_checkpoints(world):
    assert audit_exports._spread(list(range(20))) == list(range(20))
    chosen = audit_exports._spread(list(range(1_000)))
    assert len(chosen) <= audit_exports.HISTORY
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert chosen[-32:] == list(range(968, 1_000))


# --- checkpoints -----------------------------------------------------------------------------------------------


@pytest.mark.promise(75)
def test_a_checkpoint_is_signed_once_for_one_size(world):
    record(world, 5)
    first = actions.publish_checkpoint(world.db, KEY, now=NOW)
    again = actions.publish_checkpoint(world.db, KEY, now=NOW + timedelta(hours=1))
    assert first == again
    assert open_checkpoint(first.note, KEY.public).size == 5


def test_an_empty_log_can_be_signed(world):
    assert open_checkpoint(actions.publish_checkpoint(world.db, KEY, now=NOW).note, KEY.public).size == 0


def test_a_smaller_tree_than_the_last_is_never_signed(world):
    record(world, 5)
    edges = []
    for _ in range(2):
        with world.db.reading() as tx:
            edges.append(audit_trail.state(tx))
        record(world)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    with world.db.transaction() as tx:  # restored from an old backup
        tx.connection.execute(delete(audit_entries).where(audit_entries.c.index >= 6))
        tx.connection.execute(update(audit_state).values(size=edges[1][0], edge=edges[1][1]))
    with pytest.raises(LogDamaged) as damaged:
        actions.publish_checkpoint(world.db, KEY, now=NOW)
    assert damaged.value.first_bad_index == 6


def test_a_rewritten_tree_is_never_signed(world):
    record(world, 5)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    rewrite(world, 2)
    record(world)
    with pytest.raises(LogDamaged):
        actions.publish_checkpoint(world.db, KEY, now=NOW)


def test_a_tree_that_does_not_add_up_is_never_signed(world):
    record(world, 300)
    with world.db.transaction() as tx:
        tx.connection.execute(update(audit_tiles).values(hashes=b"y" * 8192))
    with pytest.raises(LogDamaged, match="add up"):
        actions.publish_checkpoint(world.db, KEY, now=NOW)


def rewrite(world: World, place: int) -> None:
    """Change an entry and every hash that follows from it, as somebody with the whole database can."""
    from docvault.audit.tree import Edge

    with world.db.transaction() as tx:
        rows = audit_trail.batch(tx, Filters(), start=0, below=10_000)
        leaf = rows[place].leaf.replace(b"envelope:sent", b"envelope:read")
        values = {"leaf": leaf, "leaf_hash": leaf_hash(leaf), "kind": "envelope:read"}
        tx.connection.execute(update(audit_entries).where(audit_entries.c.index == place).values(**values))
        edge = Edge()
        for row in rows:
            edge.append(leaf_hash(leaf) if row.index == place else row.leaf_hash)
        tx.connection.execute(update(audit_state).values(edge=edge.dump()))


# --- checking the rows -----------------------------------------------------------------------------------------


def test_an_honest_log_is_intact(world):
    record(world, 600)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    with world.db.transaction() as tx:
        by = {"person_id": world.client.person_id, "erased_at": NOW}
        tx.connection.execute(insert(erased_details), [{"index": place, **by} for place in range(3)])
        tx.connection.execute(delete(audit_details).where(audit_details.c.index < 3))
    found = actions.check_log(world.db, KEY.public)
    assert (found.size, found.checkpoints, found.erased) == (600, 1, 3)


INDEX = audit_entries.c.index
DAMAGE = {
    "an edited leaf": (update(audit_entries).where(INDEX == 290).values(leaf=b"{}"), 290),
    "an edited hash": (update(audit_entries).where(INDEX == 7).values(leaf_hash=b"x" * 32), 7),
    "an edited column": (update(audit_entries).where(INDEX == 8).values(actor_id="m" * 26), 8),
    "an edited time": (update(audit_entries).where(INDEX == 9).values(at=NOW - timedelta(days=1)), 9),
    "a deleted row": (delete(audit_entries).where(INDEX == 11), 11),
    "a deleted last row": (delete(audit_entries).where(INDEX == 299), 299),
    "edited details": (update(audit_details).where(audit_details.c.index == 12).values(body=b"{}"), 12),
    "details of another entry": (
        update(audit_details).where(audit_details.c.index == 13).values(salt=b"s" * 32),
        13,
    ),
    "details that nobody is on record for erasing": (
        delete(audit_details).where(audit_details.c.index == 14),
        14,
    ),
    "an edited tile": (update(audit_tiles).values(hashes=b"y" * 8192), 0),
    "a deleted tile": (delete(audit_tiles), 0),
    "a cut state": (update(audit_state).values(size=0, edge=b""), 0),
    "an edited edge": (update(audit_state).values(edge=b"z" * 128), 300),
    "an edited checkpoint": (update(checkpoint_rows).values(note="nonsense"), 0),
    "an entry behind the end": (
        insert(audit_entries).values(index=305, at=NOW, kind="x", leaf=b"{}", leaf_hash=b"x" * 32),
        300,
    ),
    "a checkpoint of nothing yet": (insert(checkpoint_rows).values(size=301, note="n", at=NOW), 300),
}


@pytest.mark.promise(77)
@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_database_is_named_at_its_first_bad_entry(world, name):
    record(world, 300)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    statement, index = DAMAGE[name]
    with world.db.transaction() as tx:
        tx.connection.execute(statement)
    with pytest.raises(LogDamaged) as damaged:
        actions.check_log(world.db, KEY.public)
    assert damaged.value.first_bad_index == index
    assert str(index) in str(damaged.value)


@pytest.mark.promise(77)
def test_an_entry_that_states_other_facts_is_named(world):
    """It is well formed and fits its columns: only its hash tells."""
    record(world, 10)
    with world.db.transaction() as tx:
        leaf = tx.connection.execute(select(audit_entries.c.leaf).where(INDEX == 7)).scalar_one()
        forged = json.loads(leaf) | {"facts": {"forged": True}}
        values = {"leaf": entries.canonical(forged)}
        tx.connection.execute(update(audit_entries).where(INDEX == 7).values(**values))
    with pytest.raises(LogDamaged) as damaged:
        actions.check_log(world.db, KEY.public)
    assert damaged.value.first_bad_index == 7


def test_an_entry_and_its_hash_changed_together_are_named_by_the_tile(world):
    record(world, 300)
    with world.db.transaction() as tx:
        leaf = tx.connection.execute(select(audit_entries.c.leaf).where(INDEX == 77)).scalar_one()
        forged = leaf.replace(b"envelope:sent", b"envelope:read")
        values = {"leaf": forged, "leaf_hash": leaf_hash(forged), "kind": "envelope:read"}
        tx.connection.execute(update(audit_entries).where(INDEX == 77).values(**values))
    with pytest.raises(LogDamaged) as damaged:
        actions.check_log(world.db, KEY.public)
    assert damaged.value.first_bad_index == 77


def test_a_log_rewritten_after_a_checkpoint_is_named_from_the_last_that_fits(world):
    record(world, 10)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    record(world, 10)
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    rewrite(world, 15)
    with pytest.raises(LogDamaged) as damaged:
        actions.check_log(world.db, KEY.public)
    assert damaged.value.first_bad_index == 10


def test_tiles_of_the_second_level_are_written_and_checked(world, monkeypatch):
    """With tiles of 4 instead of 256, so that three levels fill in one test."""
    from docvault.audit import tiles

    monkeypatch.setattr(tiles, "WIDTH", 4)
    monkeypatch.setattr(tiles, "HEIGHT", 2)
    record(world, 70)
    with world.db.reading() as tx:
        kept = tx.connection.execute(select(audit_tiles.c.level, audit_tiles.c.index)).all()
        assert sorted(map(tuple, kept)) == [*((0, n) for n in range(17)), *((1, n) for n in range(4)), (2, 0)]
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    assert actions.check_log(world.db, KEY.public).size == 70
    with world.db.transaction() as tx:
        tx.connection.execute(
            update(audit_tiles)
            .where(audit_tiles.c.level == 1, audit_tiles.c.index == 2)
            .values(hashes=b"t" * 128)
        )
    with pytest.raises(LogDamaged) as damaged:
        actions.check_log(world.db, KEY.public)
    assert damaged.value.first_bad_index == 32


def test_a_checkpoint_before_the_first_entry_stands_the_check(world):
    actions.publish_checkpoint(world.db, KEY, now=NOW)
    record(world, 2)
    assert actions.check_log(world.db, KEY.public).checkpoints == 1
    with world.db.reading() as tx:
        assert list(audit_checkpoints.sizes(tx, below=2)) == [0]
