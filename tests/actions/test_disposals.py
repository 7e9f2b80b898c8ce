"""Documents go when their time has come and nothing keeps them, wholly and for good; a hold beats everything."""

import shutil
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import disposals
from docvault.blobs.store import StoreFailed
from docvault.database import disposals as rows
from docvault.database import tables
from docvault.database.engine import Database
from docvault.database.people import PersonState
from docvault.policy.engine import Forbidden
from docvault.rules.retention import RetentionRefused, Rule
from docvault.values import NotFound
from docvault.vault import invariants
from docvault.vault.errors import Destroyed
from docvault.vault.shredding import OlderState, Unsettled

from .papers_kept import BODY, folder, hold, paper, put_in_bin, run_jobs, stones, years
from .world import NOW, POLICY, everything, set_state, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def small(tmp_path):
    """A world on SQLite alone, whose files can be copied."""
    yield from standing(tmp_path)


def document(world, document_id):
    with world.db.reading() as tx:
        chosen = select(tables.documents).where(tables.documents.c.id == document_id)
        return tx.connection.execute(chosen).one()


def version_ids(world, document_id):
    with world.db.reading() as tx:
        chosen = select(tables.versions.c.id).where(tables.versions.c.document_id == document_id)
        return list(tx.connection.execute(chosen).scalars())


def is_readable(world, document_id):
    try:
        for version_id in version_ids(world, document_id):
            opened = world.vault.open_version(world.db, version_id)
            assert b"".join(opened.range(0, opened.size)).startswith(BODY)
    except Destroyed:
        return False
    return True


def kinds(world, kind="document:disposed"):
    return [about for name, about in world.entries() if name == kind]


def faults(world):
    return {fault.rule for fault in invariants.faults(world.db, world.vault)}


@pytest.mark.promise(88)
def test_a_document_goes_into_the_bin_after_its_years_and_is_destroyed_after_the_days_there(world):
    paper_id = paper(world, folder(world), versions=2)
    run_jobs(world, years(1.9))
    assert document(world, paper_id).trashed_at is None
    run_jobs(world, years(2.01))
    assert document(world, paper_id).trashed_at == years(2.01)
    assert is_readable(world, paper_id)
    run_jobs(world, years(2.01) + timedelta(days=29))
    assert is_readable(world, paper_id)
    run_jobs(world, years(2.01) + timedelta(days=30))
    assert not is_readable(world, paper_id)
    assert document(world, paper_id).disposed_at == years(2.01) + timedelta(days=30)
    assert kinds(world) == [paper_id]
    shown = disposals.show_certificate(world.db, acting=world.officer, document_id=paper_id)
    assert (shown.disposal.rule, shown.disposal.versions, shown.disposal.size) == ("schedule", 2, 52)
    assert shown.disposal.digest == rows.digest_of(shown.versions)
    assert [one.number for one in shown.versions] == [1, 2]
    table = disposals.certificate_as_csv(world.db, acting=world.officer, document_id=paper_id).decode()
    assert all(one.sha256 in table for one in shown.versions)
    assert faults(world) == set()


@pytest.mark.promise(88)
@pytest.mark.parametrize("on", ["organisation", "folder", "above", "document"])
def test_a_hold_beats_every_deletion_until_it_is_lifted(world, on):
    above = folder(world)
    inside = folders_inside(world, above)
    paper_id = paper(world, inside)
    subject = {"organisation": world.acme, "folder": inside, "above": above, "document": paper_id}[on]
    hold_id = hold(world, "folder" if on == "above" else on, subject)
    other = paper(world, folder(world, name="Not held")) if on != "organisation" else None
    put_in_bin(world, paper_id, by=world.manager.person_id)
    run_jobs(world, years(50))
    run_jobs(world, years(51))
    assert is_readable(world, paper_id)
    assert other is None or not is_readable(world, other)
    with pytest.raises(RetentionRefused, match="legal hold"), world.db.transaction() as tx:
        rows.begin(tx, paper_id, Rule.TWO_PEOPLE, years(51))
    with world.db.transaction() as tx:
        rows.holds.lift(tx, hold_id, by=world.officer.person_id, now=years(51))
    run_jobs(world, years(51))
    assert not is_readable(world, paper_id)


def folders_inside(world, above):
    from docvault.actions.folders import create_folder_inside

    return create_folder_inside(
        world.db,
        world.vault,
        acting=world.manager,
        parent_id=above,
        name="Inside",
        kind="general",
        now=NOW,
    )


def test_what_a_person_binned_goes_only_while_they_may_still_bin_it(world):
    """Promise 25: rights are asked again when the deed happens."""
    place = folder(world, "contract")
    kept, gone = paper(world, place), paper(world, place)
    put_in_bin(world, kept, by=world.other_manager.person_id)
    put_in_bin(world, gone, by=world.manager.person_id)
    run_jobs(world, NOW + timedelta(days=31))
    assert is_readable(world, kept)
    assert not is_readable(world, gone)
    with world.db.transaction() as tx:
        set_state(tx, world.manager.person_id, PersonState.DISABLED)
    another = paper(world, place)
    put_in_bin(world, another, by=world.manager.person_id)
    run_jobs(world, NOW + timedelta(days=62))
    assert is_readable(world, another)


def in_an_envelope(world, place, papers, state):
    with world.db.transaction() as tx:
        tx.connection.execute(
            tables.envelopes.insert().values(
                id="e" * 26,
                organisation_id=world.acme,
                folder_id=place,
                sender_id=world.manager.person_id,
                title="Contract",
                message="",
                state=state,
                created_at=NOW,
                changed_at=NOW,
                completed_at=NOW if state == "completed" else None,
            )
        )
        for position, document_id in enumerate(papers, 1):
            enclosed = {"envelope_id": "e" * 26, "position": position, "document_id": document_id}
            tx.connection.execute(
                tables.envelope_documents.insert().values(name="Contract", page_sizes="[]", **enclosed)
            )


@pytest.mark.promise(88)
def test_a_hold_on_one_document_of_an_envelope_keeps_the_others(world):
    """What the envelope proves is proven by all of them, and its certificate lies with the first."""
    place = folder(world, "contract")
    first, held, apart = (paper(world, place) for _ in range(3))
    in_an_envelope(world, place, [first, held], "completed")
    hold_id = hold(world, "document", held)
    run_jobs(world, years(50))
    run_jobs(world, years(51))
    assert (is_readable(world, first), is_readable(world, held)) == (True, True)
    assert not is_readable(world, apart)
    with pytest.raises(RetentionRefused, match="legal hold"), world.db.transaction() as tx:
        rows.begin(tx, first, Rule.TWO_PEOPLE, years(51))
    with world.db.transaction() as tx:
        rows.holds.lift(tx, hold_id, by=world.officer.person_id, now=years(51))
    for late in (51, 52):
        run_jobs(world, years(late))
    assert not is_readable(world, first)


@pytest.mark.parametrize(("state", "keeps"), [("sent", 99), ("completed", 9.9)])
def test_an_open_envelope_keeps_its_document_and_a_signed_one_is_not_shortened_by_the_bin(
    world, state, keeps
):
    place = folder(world, "contract")
    paper_id = paper(world, place)
    in_an_envelope(world, place, [paper_id], state)
    put_in_bin(world, paper_id, by=world.manager.person_id)
    run_jobs(world, years(keeps))
    assert is_readable(world, paper_id)
    if state == "completed":
        run_jobs(world, years(10.1))
        assert not is_readable(world, paper_id)


@pytest.mark.promise(57)
def test_no_wrapped_key_of_a_destroyed_document_stays_in_the_database(small):
    paper_id = paper(small, folder(small))
    with small.db.reading() as tx:
        wrapped = [row.wrapped_key for row in tx.connection.execute(select(tables.versions))]
    assert all(key in everything(small.db) for key in wrapped)
    put_in_bin(small, paper_id, by=None)
    run_jobs(small, NOW + timedelta(days=31))
    assert not any(key in everything(small.db) for key in wrapped)


@pytest.mark.promise(57)
def test_an_older_database_and_store_destroy_again_before_anybody_is_served(small, tmp_path):
    """The whole data folder comes back from a backup; only the list beside the root key is newer."""
    place = folder(small)
    gone, kept = paper(small, place, versions=2), paper(small, place)
    small.db.scrub()
    backup = tmp_path / "backup"
    shutil.copytree(small.folder, backup, ignore=shutil.ignore_patterns("backup"))
    put_in_bin(small, gone, by=None)
    run_jobs(small, NOW + timedelta(days=31))
    with put_back(small, backup) as old:
        assert is_readable(old, gone)  # the danger: everything is as it was
        shutil.copy(small.folder / "shredded.list", backup / "shredded.list")
        assert disposals.apply_again(old.db, old.vault, stones(old), now=NOW + timedelta(days=40)) == 1
        assert not is_readable(old, gone)
        assert is_readable(old, kept)
        assert faults(old) == set()
        assert kinds(old) == [gone]
        assert disposals.apply_again(old.db, old.vault, stones(old), now=NOW + timedelta(days=40)) == 0


@contextmanager
def put_back(world, backup):
    """Open what lies in a backup as a world of its own."""
    from dataclasses import replace

    from docvault.blobs.filesystem import FileBlobs
    from docvault.encryption.held import HeldKeys
    from docvault.encryption.keyring import FileKeyring
    from docvault.vault.files import Vault

    db = Database(f"sqlite:///{backup / 'docvault.sqlite'}", POLICY)
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(backup / "root.key")), FileBlobs(backup / "blobs"))
    yield replace(world, db=db, vault=vault, folder=backup)
    vault.close()
    db.close()


@pytest.mark.promise(57)
def test_an_older_database_alone_learns_from_the_store(small, tmp_path):
    gone = paper(small, folder(small))
    small.db.scrub()
    file = small.folder / "docvault.sqlite"
    shutil.copy(file, tmp_path / "older.sqlite")
    put_in_bin(small, gone, by=None)
    run_jobs(small, NOW + timedelta(days=31))
    (small.folder / "shredded.list").unlink()
    small.db.close()
    for path in small.folder.glob("docvault.sqlite*"):
        path.unlink()
    shutil.copy(tmp_path / "older.sqlite", file)
    assert disposals.apply_again(small.db, small.vault, stones(small), now=years(1)) == 1
    assert not is_readable(small, gone)


@pytest.mark.promise(57)
def test_a_lost_record_of_a_destruction_closes_the_portal(small):
    """The list says that there were two; one is neither in it nor in the store."""
    place = folder(small)
    for _ in range(2):
        put_in_bin(small, paper(small, place), by=None)
    run_jobs(small, NOW + timedelta(days=31))
    with small.db.transaction() as tx:
        tx.connection.execute(tables.disposals.delete())
    lines = (small.folder / "shredded.list").read_text().splitlines(keepends=True)
    (small.folder / "shredded.list").write_text(lines[1])
    next((small.folder / "blobs" / "sh" / "shredded").glob("*01")).unlink()
    with pytest.raises(OlderState, match=r"no\. 1"):
        disposals.apply_again(small.db, small.vault, stones(small), now=years(1))


@pytest.mark.promise(57)
@pytest.mark.promise(85)
def test_a_store_that_was_away_at_the_start_gives_nothing_out_before_all_is_settled(small):
    gone = paper(small, folder(small))
    [version_id] = version_ids(small, gone)
    opened = small.vault.open_version(small.db, version_id)  # its key is at hand already
    outcomes = iter([StoreFailed, OlderState(1), None])
    settled = []

    def settle():
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        settled.append(True)

    small.vault.blobs = Unsettled(small.vault.blobs, settle)
    for refusal in (StoreFailed, OlderState):
        with pytest.raises(refusal):
            small.vault.blobs.get(f"{opened.blob}/000000")
    assert small.vault.blobs.get(f"{opened.blob}/000000")
    assert small.vault.blobs.get(f"{opened.blob}/000000")
    assert settled == [True]


class Tripwire:
    """Counts calls and fails at one of them."""

    def __init__(self, fails_at):
        self.calls, self.fails_at = 0, fails_at

    def __call__(self):
        self.calls += 1
        if self.calls == self.fails_at:
            raise StoreFailed


class Failing:
    """An object store, or the list's file, that fails at the n-th call of anything."""

    def __init__(self, inner, wire):
        self._inner, self._wire = inner, wire

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        def call(*arguments):
            self._wire()
            return method(*arguments)

        return call


@pytest.mark.promise(57)
def test_a_failure_at_any_call_leaves_nothing_half(small):
    """Disk and database fail at every single call in turn; the row says disposed exactly if the keys are gone."""
    from sqlalchemy import event

    place, real = folder(small), small.vault.blobs
    fails_at, finished = 0, False
    while not finished:
        fails_at += 1
        paper_id = paper(small, place)
        put_in_bin(small, paper_id, by=None)
        wire = Tripwire(fails_at)
        small.vault.blobs = Failing(real, wire)

        def trip(*_arguments, wire=wire):
            wire()

        event.listen(small.db.engine, "before_cursor_execute", trip)
        try:
            run_jobs(small, NOW + timedelta(days=31))
            finished = True
        except StoreFailed:
            pass
        finally:
            event.remove(small.db.engine, "before_cursor_execute", trip)
            small.vault.blobs = real
        assert (document(small, paper_id).disposed_at is None) == is_readable(small, paper_id), fails_at
        run_jobs(small, NOW + timedelta(days=31))
        small.vault.remove_waste(small.db)
        assert not is_readable(small, paper_id), fails_at
    assert fails_at > 20
    assert faults(small) == set()
    assert len(kinds(small)) == len(set(kinds(small))) == fails_at


def test_only_officers_see_what_was_destroyed_and_unknown_things_are_not_found(world):
    with pytest.raises(Forbidden):
        disposals.list_disposals(world.db, acting=world.manager)
    with pytest.raises(Forbidden):
        disposals.show_certificate(world.db, acting=world.client, document_id="x")
    with pytest.raises(NotFound):
        disposals.show_certificate(world.db, acting=world.officer, document_id="x")
    with pytest.raises(Forbidden):
        hold_as(world, world.manager)
    with pytest.raises(NotFound):
        hold(world, "document", "x")
    with pytest.raises(NotFound):
        hold(world, "moon", world.acme)


def hold_as(world, acting):
    from docvault.actions import holds

    holds.place_hold(
        world.db,
        world.vault.records,
        acting=acting,
        subject_type="organisation",
        subject_id=world.acme,
        reason="Because",
        now=NOW,
    )
