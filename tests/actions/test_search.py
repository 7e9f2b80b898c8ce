"""Finding documents by name and by the words inside: only what may be seen and read, without words at rest."""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from docvault.actions import indexing, keys
from docvault.actions.folders import create_folder
from docvault.actions.renditions import make_renditions
from docvault.actions.search import QuestionUnclear, find_documents, find_inside, organisations_to_choose
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.audit.kinds import Kind
from docvault.database import periods, search_index, tables, work
from docvault.database.search import Wanted
from docvault.encryption import records, words
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf.scratch import Scratch
from docvault.rules import words as splitting
from docvault.vault.keyring import open_search_keys
from docvault.vault.search_keys import SearchKeys

from .agreed import agreed
from .plans import plans
from .test_documents import written_pdf
from .test_kinds_of_files import word as office_file
from .world import NOW, everything, queued, standing

LATER = NOW + timedelta(hours=1)
FORMAT = Path(__file__).parents[2] / "docs" / "formats" / "search-index.md"


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def folder(world, acting=None, name="Contracts", kind="contract"):
    acting = acting or world.manager
    return create_folder(
        world.db,
        world.vault,
        acting=acting,
        organisation_id=min(acting.clients),
        name=name,
        kind=kind,
        now=NOW,
    )


def bring(world, pdf, folder_id, name, data, acting=None, document_id=None):
    """Upload a file whole; return the document's id."""
    about = {"acting": acting or world.manager, "now": NOW}
    more = {"folder_id": folder_id, "filename": name, "size": len(data), "document_id": document_id}
    state = begin_upload(world.db, world.vault, **about, **more)
    store_segment(world.db, world.vault, upload_id=state.id, offset=0, plaintext=data, **about)
    return finish_upload(world.db, world.vault, pdf, upload_id=state.id, **about).id


def index(world, pdf, *documents):
    for document_id in documents:
        indexing.index_document(world.db, world.vault, pdf, document_id=document_id)


def named(world, acting, **wanted):
    return [one.name for one in find_documents(world.db, acting=acting, wanted=Wanted(**wanted)).items]


def inside(world, acting, question, **wanted):
    found = find_inside(
        world.db,
        world.vault,
        acting=acting,
        wanted=Wanted(**wanted),
        inside=question,
        now=NOW,
    )
    return [one.name for one in found.items]


def test_a_name_is_found_by_each_word_of_it_in_any_case(world, pdf):
    place = folder(world)
    bring(world, pdf, place, "Ärger mit der Miete 2026.txt", b"x")
    bring(world, pdf, place, "Mietvertrag_100%.txt", b"x")
    assert named(world, world.client, name="ÄRGER miete") == ["Ärger mit der Miete 2026.txt"]
    assert named(world, world.client, name="_100%") == ["Mietvertrag_100%.txt"]
    assert named(world, world.client, name="miete kauf") == []


def test_filters_narrow_by_kind_person_day_and_state(world, pdf):
    contract, plan = folder(world), folder(world, name="Plans", kind="general")
    first = bring(world, pdf, contract, "a.txt", b"x")
    bring(world, pdf, plan, "b.txt", b"x", acting=world.client)
    assert named(world, world.manager, kind="general") == ["b.txt"]
    assert named(world, world.manager, by="clara") == ["b.txt"]
    assert named(world, world.manager, organisation_id=world.globex) == []
    assert sorted(named(world, world.manager, first=NOW.date(), last=NOW.date())) == ["a.txt", "b.txt"]
    assert named(world, world.manager, last=NOW.date().replace(year=2025)) == []
    assert named(world, world.manager, state="signed") == named(world, world.manager, state="envelope") == []
    with world.db.transaction() as tx:
        of_first = tables.versions.c.document_id == first
        tx.connection.execute(update(tables.versions).where(of_first).values(scan="clean"))
    assert named(world, world.manager, state="unscanned") == ["b.txt"]
    assert [one.name for one in organisations_to_choose(world.db, acting=world.manager)] == [
        "Acme Industries"
    ]


def test_pages_follow_each_other_without_a_gap_or_a_repetition(world, pdf):
    place = folder(world)
    brought = [bring(world, pdf, place, f"{number}.txt", b"x") for number in range(5)]
    found, after = [], None
    while True:
        page = find_documents(world.db, acting=world.client, wanted=Wanted(), after=after, limit=2)
        found += [one.id for one in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted(brought)


def test_words_are_found_in_a_pdf_and_in_a_text_when_all_of_them_are_there(world, pdf):
    place = folder(world)
    paper = bring(world, pdf, place, "Contract.pdf", written_pdf("Payment within thirty days"))
    note = bring(world, pdf, place, "note.txt", "Zahlung innerhalb dreißig Tagen, 契約書".encode())
    index(world, pdf, paper, note)
    assert inside(world, world.client, "THIRTY payment") == ["Contract.pdf"]
    assert inside(world, world.client, "thirty tagen") == []
    assert inside(world, world.client, "DREISSIG") == ["note.txt"]
    assert inside(world, world.client, "契約書") == inside(world, world.client, "約") == ["note.txt"]
    assert inside(world, world.client, "約契") == []
    assert inside(world, world.client, "payment", name="note") == []


@pytest.mark.promise(28)
def test_only_who_may_read_finds_words_and_every_answer_is_recorded(world, pdf):
    note = bring(world, pdf, folder(world), "note.txt", b"the quick canary")
    index(world, pdf, note)
    assert named(world, world.officer, name="note") == ["note.txt"]
    for acting in (world.officer, world.administrator, world.other_manager, world.other_client):
        assert inside(world, acting, "canary") == []
    before = world.entries().count((Kind.DOCUMENT_SEARCHED.value, None))
    with world.db.transaction() as tx:
        opened = {"document_id": note, "person_id": world.officer.person_id}
        periods.begin(tx, tables.break_glass, opened, by=world.officer.person_id, now=NOW)
    assert inside(world, world.officer, "canary") == ["note.txt"]
    assert world.entries().count((Kind.DOCUMENT_SEARCHED.value, None)) == before + 1


@pytest.mark.promise(27)
def test_words_under_a_denied_folder_are_not_found(world, pdf):
    place = folder(world)
    index(world, pdf, bring(world, pdf, place, "note.txt", b"canary"))
    assert inside(world, world.client, "canary") == ["note.txt"]
    with world.db.transaction() as tx:
        kept_out = {"folder_id": place, "person_id": world.client.person_id}
        periods.begin(tx, tables.folder_members, kept_out, by=None, now=NOW, role="denied")
    assert inside(world, world.client, "canary") == named(world, world.client, name="note") == []


def test_only_the_newest_version_counts_where_it_lies(world, pdf):
    place, other = folder(world), folder(world, name="Other")
    note = bring(world, pdf, place, "note.txt", b"old words")
    index(world, pdf, note)
    bring(world, pdf, place, "note.txt", b"new words", document_id=note)
    assert inside(world, world.client, "old") == []  # and not before the new ones are taken
    index(world, pdf, note)
    assert inside(world, world.client, "new words") == ["note.txt"]
    with world.db.transaction() as tx:
        moved = update(tables.documents).where(tables.documents.c.id == note)
        tx.connection.execute(moved.values(folder_id=other))
    assert inside(world, world.client, "new") == []
    assert indexing.look_for_strays(world.db, now=NOW) == 1


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("documents", {"trashed_at": NOW}),
        ("documents", {"disposed_at": NOW}),
        ("folders", {"trashed_at": NOW}),
        ("versions", {"scan": "waiting"}),
        ("versions", {"scan": "infected"}),
    ],
)
def test_nothing_binned_disposed_or_kept_back_is_found(world, pdf, table, values):
    index(world, pdf, bring(world, pdf, folder(world), "note.txt", b"canary"))
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.METADATA.tables[table]).values(values))
    assert inside(world, world.client, "canary") == named(world, world.client, name="note") == []


def test_a_version_that_waits_for_its_scan_is_not_opened(world, pdf):
    note = bring(world, pdf, folder(world), "note.txt", b"canary")
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.versions).values(scan="waiting"))
    index(world, pdf, note)
    assert world.rows()["search_words"] == 0
    assert indexing.progress(world.db).waiting == 1


@pytest.mark.promise(56)
def test_no_word_of_a_document_is_readable_at_rest(world, pdf):
    place = folder(world)
    canaries = ["zebracanary", "Straußenkanarie", "契約鳥"]
    paper = bring(world, pdf, place, "a.pdf", written_pdf("Zebracanary"))
    note = bring(world, pdf, place, "a.txt", " ".join(canaries).encode())
    index(world, pdf, paper, note)
    assert set(inside(world, world.client, "zebracanary")) == {"a.txt", "a.pdf"}
    kept = everything(world.db) + b"".join(
        path.read_bytes() for path in world.folder.rglob("*") if path.is_file()
    )
    for word in [*canaries, "zebracanary".capitalize(), "straussenkanarie", "契約"]:
        for spelled in (word.encode(), word.encode("utf-16-le")):
            assert spelled not in kept
            assert base64.b64encode(spelled) not in kept
        assert hashlib.sha256(word.encode()).digest() not in kept  # a hash that anybody can try words on
        assert hashlib.sha256(word.encode()).hexdigest().encode() not in kept


def test_a_word_is_kept_as_the_format_says(world, pdf):
    place = folder(world)
    index(world, pdf, bring(world, pdf, place, "a.txt", b"Word"))
    with world.db.reading() as tx:
        row = search_index.key_of(tx, search_index.Place(place, 1))
        kept = tx.connection.execute(select(tables.search_words.c.word)).scalars().all()
    keyring = HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key"))
    digest = hmac.new(
        open_search_keys(keyring, [row])[0], b"docvault/search-word/v1\nword", "sha256"
    ).digest()
    assert kept == [base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")]


def test_the_worked_example_of_the_format_holds():
    key = words.search_key(bytes(range(records.KEY)))
    assert splitting.words_of("Straße") == {"strasse"}
    assert words.hashed(key, "strasse") == "jRsZhH93XTlz6Q6GLOGkUQ"
    assert "`jRsZhH93XTlz6Q6GLOGkUQ`" in FORMAT.read_text()


def test_the_same_word_has_another_hash_in_another_folder(world, pdf):
    papers = [bring(world, pdf, folder(world), "a.txt", b"word") for _ in range(2)]
    index(world, pdf, *papers)
    with world.db.reading() as tx:
        kept = tx.connection.execute(select(tables.search_words.c.word)).scalars().all()
    assert len(set(kept)) == 2


def test_what_cannot_be_read_is_done_with_and_found_by_its_name(world, pdf):
    broken = bring(world, pdf, folder(world), "broken.pdf", b"%PDF-1.7 nothing")
    index(world, pdf, broken)
    assert indexing.progress(world.db).waiting == 0
    assert named(world, world.client, name="broken") == ["broken.pdf"]


def test_a_document_disposed_of_leaves_no_row(world, pdf):
    note = bring(world, pdf, folder(world), "note.txt", b"canary")
    index(world, pdf, note)
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.documents).values(disposed_at=NOW))
    indexing.put_jobs(world.db, now=NOW)
    assert world.rows()["search_words"] == world.rows()["search_documents"] == 0


def test_a_rebuild_takes_every_document_again_and_goes_on_where_it_stopped(world, pdf):
    place = folder(world)
    notes = [bring(world, pdf, place, f"{number}.txt", b"canary") for number in range(3)]
    index(world, pdf, *notes)
    indexing.begin_rebuild(world.db, now=NOW)
    first = indexing.next_round(world.db, after=0)
    assert {document_id for _, document_id in first} == set(notes)
    assert len(inside(world, world.client, "canary")) == 3  # while it runs, what was there is found
    index(world, pdf, first[0][1])
    assert indexing.next_round(world.db, after=0) == first[1:]


class Office:
    """Stands in for the converter of office files, which writes what it reads as a PDF."""

    def as_pdf(self, source, suffix):
        made = Scratch.create()
        made.file.write(written_pdf("Orchard and lantern"))
        return made


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.docx", office_file()), ("a.json", b'{"orchard": "lantern"}')],
    ids=["office", "json"],
)
def test_other_files_are_found_by_their_words_once_a_text_was_made_of_them(world, pdf, name, data):
    paper = bring(world, pdf, folder(world), name, data)
    index(world, pdf, paper)
    assert inside(world, world.client, "orchard lantern") == []
    assert indexing.progress(world.db).waiting == 0
    with world.db.reading() as tx:
        chosen = select(tables.versions.c.id).where(tables.versions.c.document_id == paper)
        version_id = tx.connection.execute(chosen).scalar_one()
    make_renditions(world.db, world.vault, pdf, Office(), version_id=version_id, now=NOW)
    index(world, pdf, paper)
    assert inside(world, world.client, "orchard lantern") == [name]


def test_words_are_found_under_the_new_key_of_a_folder_and_after_the_old_one_is_gone(world, pdf):
    notes = [bring(world, pdf, folder(world, name=name), f"{name}.txt", b"canary") for name in "ab"]
    index(world, pdf, *notes)
    about = {"acting": world.administrator}
    keys.rotate_folders(world.db, world.vault, clock=lambda: LATER, progress=max, **about)
    with world.db.reading() as tx:
        waiting = {document_id for _, document_id in search_index.all_waiting(tx, 0, 10)}
    assert waiting == set(notes)
    index(world, pdf, *notes)
    consent = agreed(world.db, world.vault.records, "folders", LATER)
    keys.destroy_folders(world.db, consent=consent, clock=lambda: LATER + 2 * keys.SETTLED, **about)
    assert sorted(inside(world, world.client, "canary")) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("few", [0, 1, 2])
def test_words_are_found_alike_however_many_documents_have_them(world, pdf, monkeypatch, few):
    """A word that few have is looked for first, and of those that many have each is looked for together."""
    monkeypatch.setattr(search_index, "SELDOM", few)
    place, other = folder(world), folder(world, name="Other")
    texts = {"a.txt": b"apples pears plums", "b.txt": b"apples pears", "c.txt": b"apples"}
    index(world, pdf, *(bring(world, pdf, place, name, text) for name, text in texts.items()))
    index(world, pdf, bring(world, pdf, other, "d.txt", b"apples plums"))
    for question, found in {
        "apples": ["a.txt", "b.txt", "c.txt", "d.txt"],
        "apples pears": ["a.txt", "b.txt"],
        "plums apples": ["a.txt", "d.txt"],
        "apples pears plums": ["a.txt"],
        "plums cherries": [],
        "cherries": [],
    }.items():
        assert sorted(inside(world, world.client, question)) == found
    assert inside(world, world.other_client, "plums") == []


def test_a_question_without_a_word_is_refused_in_words(world):
    with pytest.raises(QuestionUnclear, match="letters or digits"):
        inside(world, world.client, " … !")


def test_ten_thousand_folders_fit_into_one_question(world, pdf):
    """More hashes than a statement of either database has parameters."""
    hashes = [[f"{word}{number:021}" for number in range(70_000)] for word in range(2)]
    with world.db.reading() as tx:
        assert search_index.seldom(tx, hashes) == search_index.Seldom(0, [])
        every = select(search_index.with_words(tx, hashes))
        few = select(tables.search_documents).where(search_index.has_words(tx, hashes))
        assert tx.connection.execute(every).all() == tx.connection.execute(few).all() == []


def test_a_job_is_put_for_what_waits_and_again_later(world, pdf):
    note = bring(world, pdf, folder(world), "note.txt", b"canary")
    work.prepare(world.db.url)
    indexing.put_jobs(world.db, now=NOW)
    indexing.put_jobs(world.db, now=NOW)
    assert queued(world.db, "name").count("index_document") == 1
    indexing.put_jobs(world.db, now=NOW + search_index.AGAIN_AFTER)
    assert queued(world.db, "name").count("index_document") == 2
    with world.db.reading() as tx:
        assert search_index.waiting(tx, note) is not None


def test_keys_in_memory_stay_within_their_bound(world, pdf):
    keys = SearchKeys(HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key")), most=2)
    places = [search_index.Place(folder(world, name=str(number)), 1) for number in range(4)]
    with world.db.reading() as tx:
        [hashes] = keys.hashes(tx, places, ["word"])
        assert len(set(hashes)) == 4
        assert keys.hashes(tx, places, ["word"]) == [hashes]
    assert len(keys._kept) == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_words_are_looked_up_and_never_compared_with_each_key_in_turn(world, pdf, monkeypatch):
    """With ten thousand folders, and so as many hashes of one word, that took seconds."""
    index(world, pdf, bring(world, pdf, folder(world), "a.txt", b"apples and pears"))
    for question in ("nowhere", "apples pears"):
        asked = plans(world.db, lambda asking=question: inside(world, world.manager, asking))
        first, *others = [plan for statement, plan in asked if "search_words" in statement]
        assert re.search(r"(Index|Bitmap).* Scan .*on search_words", first), first
        assert len(others) == (1 if question == "apples pears" else 0)
    monkeypatch.setattr(search_index, "SELDOM", 0)
    for question in ("apples", "apples pears"):
        asked = plans(world.db, lambda asking=question: inside(world, world.manager, asking))
        newest, every = [plan for statement, plan in asked if "search_words" in statement][-2:]
        assert re.search(r"on search_words.*\n(.*Cond.*\n)?.*COALESCE\(\(hashed SubPlan", newest), newest
        assert "CTE Scan on matches" in every


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_search_goes_through_every_version_because_most_were_scanned(world, pdf):
    """SQLite has no statistics, and took a search for the scans of a few."""
    index(world, pdf, bring(world, pdf, folder(world), "a.txt", b"apples and pears"))
    for ask in (
        lambda: named(world, world.manager, name="a.txt"),
        lambda: inside(world, world.manager, "apples"),
    ):
        for statement, plan in plans(world.db, ask):
            assert "ix_versions_scan" not in plan, statement
