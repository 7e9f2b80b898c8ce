"""Renaming, moving, binning and bringing back: who may, what others see then, and that every byte stays readable."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import func, select

from docvault.actions import bin as bins
from docvault.actions import documents, folders, inbox, places, sharing, uploads
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.names import BadName
from docvault.rules.places import PlaceGone, PlaceRefused
from docvault.values import DocVaultError, NotFound, new_id

from .papers import file, folder, folders_seen, names_in, read
from .world import NOW, person, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def move(world, into, documents=(), folders=(), acting=None):
    places.move_things(
        world.db,
        world.vault,
        acting=acting or world.manager,
        document_ids=documents,
        folder_ids=folders,
        into=into,
        now=NOW,
    )


def put_away(world, documents=(), folders=(), acting=None):
    places.bin_things(
        world.db, acting=acting or world.manager, document_ids=documents, folder_ids=folders, now=NOW
    )


def bring_back(world, document=None, folder=None, into=None, acting=None):
    acting = acting or world.manager
    if document:
        return places.bring_back_document(
            world.db, world.vault, acting=acting, document_id=document, into=into, now=NOW
        )
    return places.bring_back_folder(world.db, acting=acting, folder_id=folder, into=into, now=NOW)


def in_bin(world, acting=None):
    return [(one.kind, one.name) for one in bins.list_bin(world.db, acting=acting or world.manager).items]


def share(world, folder_id, acting, role="contributor"):
    sharing.share_folder(
        world.db, acting=world.manager, folder_id=folder_id, person_id=acting.person_id, role=role, now=NOW
    )


def keep_out(world, folder_id, acting, by=None):
    sharing.keep_out(
        world.db, acting=by or world.manager, folder_id=folder_id, person_id=acting.person_id, now=NOW
    )


def versions_of(world, document_id):
    with world.db.reading() as tx:
        chosen = select(tables.versions).where(tables.versions.c.document_id == document_id)
        return tx.connection.execute(chosen.order_by(tables.versions.c.number)).mappings().all()


def paths(world):
    with world.db.reading() as tx:
        return {tuple(row) for row in tx.connection.execute(select(tables.folder_paths))}


def test_renaming_keeps_bytes_and_kind_and_is_told_by_both_names(world):
    place = folder(world)
    paper = file(world, place, b"kept", "draft.txt")
    places.rename_document(world.db, acting=world.client, document_id=paper, name=" final .txt ", now=NOW)
    places.rename_folder(world.db, acting=world.manager, folder_id=place, name="Signed", now=NOW)
    assert names_in(world, place) == ([], ["final .txt"])
    assert folders.show_folder(world.db, acting=world.client, folder_id=place).folder.name == "Signed"
    assert read(world, paper) == b"kept"
    assert (Kind.DOCUMENT_RENAMED.value, paper) in world.entries()
    assert (Kind.FOLDER_RENAMED.value, place) in world.entries()


MISLEADING = (
    "",
    "  ",
    "annex\u202efdp.exe",
    "two\nlines",
    "a\rb",
    "nul\x00",
    "x" * 256,
    "\ud800",
    "\u2066",
    "a\u2028b",
)
PATHS = ("../../etc/passwd", "C:\\boot.ini", "CON", ".", "a/b", "%2e%2e%2f", "'; DROP--")


@pytest.mark.promise(33)
def test_a_name_that_misleads_is_refused_and_the_old_one_stays(world):
    place = folder(world)
    paper = file(world, place, name="a.txt")
    for name in MISLEADING:
        with pytest.raises(BadName):
            places.rename_document(world.db, acting=world.manager, document_id=paper, name=name, now=NOW)
        with pytest.raises(BadName):
            places.rename_folder(world.db, acting=world.manager, folder_id=place, name=name, now=NOW)
    assert names_in(world, place) == ([], ["a.txt"])


@pytest.mark.promise(33)
def test_a_name_like_a_path_is_kept_as_it_is_and_means_nothing(world):
    paper = file(world, folder(world))
    for name in PATHS:
        places.rename_document(world.db, acting=world.manager, document_id=paper, name=name, now=NOW)
        assert documents.show_document(world.db, acting=world.client, document_id=paper).name == name
        assert read(world, paper) == b"bytes"


def test_a_moved_document_is_read_in_its_new_place_with_all_its_versions(world):
    here, there = folder(world, "Here"), folder(world, "There")
    paper = file(world, here, b"one")
    file(world, here, b"two", document_id=paper)
    move(world, there, [paper])
    assert names_in(world, here) == ([], [])
    assert names_in(world, there) == ([], ["a.txt"])
    assert (read(world, paper, 1), read(world, paper, 2)) == (b"one", b"two")
    assert {row["sealed_in"] for row in versions_of(world, paper)} == {here}
    file(world, there, b"three", document_id=paper)
    assert read(world, paper) == b"three"
    assert [row["sealed_in"] for row in versions_of(world, paper)] == [here, here, None]
    move(world, here, [paper])
    assert [row["sealed_in"] for row in versions_of(world, paper)] == [None, None, there]
    assert [read(world, paper, number) for number in (1, 2, 3)] == [b"one", b"two", b"three"]


def test_an_upload_goes_on_and_is_whole_after_its_document_was_moved(world):
    here, there = folder(world, "Here"), folder(world, "There")
    paper = file(world, here, b"one")
    about = {"acting": world.client, "now": NOW}
    begun = uploads.begin_upload(
        world.db, world.vault, folder_id=here, filename="a.txt", size=3, document_id=paper, **about
    )
    move(world, there, [paper])
    uploads.store_segment(world.db, world.vault, upload_id=begun.id, offset=0, plaintext=b"two", **about)
    move(world, here, [paper])
    move(world, there, [paper])
    uploads.finish_upload(world.db, world.vault, None, upload_id=begun.id, **about)
    assert (read(world, paper, 1), read(world, paper, 2)) == (b"one", b"two")


def test_a_version_that_is_kept_right_after_a_move_is_readable(world):
    """What keeps it looked at the row before the move: the key must still be wrapped for the new place."""
    here, there = folder(world, "Here"), folder(world, "There")
    paper = file(world, here, b"one")
    with world.db.transaction() as tx:
        receiving = world.vault.reserve(
            tx, document_id=paper, purpose="original", size=3, created_by=None, now=NOW
        )
    world.vault.store_segment(receiving, 0, b"two")
    staged = world.vault.whole(receiving, media_type="text/plain")
    move(world, there, [paper])
    with world.db.transaction() as tx:
        kept = world.vault.keep(tx, staged, now=NOW)
    opened = world.vault.open_version(world.db, kept.id)
    assert b"".join(opened.range(0, 3)) == b"two"


@pytest.mark.promise(27)
def test_rights_follow_the_new_place(world):
    here, there = folder(world, "Here"), folder(world, "There")
    inner = folder(world, "Inner", inside=here)
    viewer = person(world.db, "Vera Viewer", Role.CLIENT, world.operator)
    share(world, here, viewer, "viewer")
    keep_out(world, there, world.client)
    paper, deep = file(world, here), file(world, inner)
    assert read(world, paper, acting=viewer) == b"bytes"
    move(world, there, [paper], [inner])
    for acting in (viewer, world.client):
        for each in (paper, deep):
            with pytest.raises(NotFound):
                read(world, each, acting=acting)
        assert inner not in folders_seen(world, acting)
    assert read(world, deep) == b"bytes"


def test_moving_needs_the_right_to_change_here_and_to_upload_there(world):
    here, there = folder(world, "Here"), folder(world, "There")
    paper = file(world, here)
    viewer = person(world.db, "Vera Viewer", Role.CLIENT, world.operator)
    share(world, here, viewer, "viewer")
    share(world, there, viewer, "contributor")
    with pytest.raises(Forbidden):
        move(world, there, [paper], acting=viewer)
    mover = person(world.db, "Milo Mover", Role.CLIENT, world.operator)
    share(world, here, mover, "contributor")
    with pytest.raises(NotFound):
        move(world, there, [paper], acting=mover)
    share(world, there, mover, "viewer")
    with pytest.raises(Forbidden):
        move(world, there, [paper], acting=mover)
    for nobody in (world.officer, world.administrator, world.other_client):
        with pytest.raises((NotFound, Forbidden)):
            move(world, there, [paper], acting=nobody)
    assert names_in(world, here) == ([], ["a.txt"])


def test_folders_are_moved_by_whoever_arranges_both_and_to_the_top_by_whoever_makes_folders_there(world):
    here, there = folder(world, "Here"), folder(world, "There")
    inner = folder(world, "Inner", inside=here)
    mover = person(world.db, "Milo Mover", Role.CLIENT, world.operator)
    share(world, here, mover, "contributor")
    share(world, there, mover, "viewer")
    with pytest.raises(Forbidden):
        move(world, there, folders=[inner], acting=mover)
    with pytest.raises(Forbidden):
        move(world, None, folders=[inner], acting=world.client)
    for nobody in (world.officer, world.administrator, world.other_client):
        with pytest.raises((NotFound, Forbidden)):
            move(world, there, folders=[inner], acting=nobody)
    move(world, there, folders=[inner], acting=world.client)
    assert names_in(world, there) == (["Inner"], [])
    move(world, None, folders=[inner])
    assert names_in(world, there) == ([], [])
    assert folders.show_folder(world.db, acting=world.manager, folder_id=inner).above == []


def test_nothing_goes_to_another_client(world):
    both = replace(world.manager, clients=frozenset([world.acme, world.globex]))
    here = folder(world, "Here")
    foreign = folder(world, "Foreign", acting=world.other_manager, organisation=world.globex)
    paper = file(world, here)
    for things in ({"documents": [paper]}, {"folders": [here]}):
        with pytest.raises(PlaceRefused, match="one client"):
            move(world, foreign, **things, acting=both)
    other = file(world, foreign, acting=world.other_manager)
    with pytest.raises(PlaceRefused, match="one client"):
        move(world, here, [paper, other], acting=both)
    with pytest.raises(PlaceRefused, match="one client"):
        put_away(world, [paper, other], acting=both)
    assert names_in(world, here) == ([], ["a.txt"])


def test_a_folder_goes_neither_into_itself_nor_too_deep_and_the_paths_are_right(world):
    most = world.db.policy.numbers.access.folder_depth
    chain = [folder(world, "1")]
    for number in range(2, most + 1):
        chain.append(folder(world, str(number), inside=chain[-1]))
    for target in (chain[0], chain[-1]):
        with pytest.raises(PlaceRefused, match="itself"):
            move(world, target, folders=[chain[0]])
    pair = folder(world, "pair")
    folder(world, "inner", inside=pair)
    before = paths(world)
    with pytest.raises(PlaceRefused, match="deep"):
        move(world, chain[most - 2], folders=[pair])
    assert paths(world) == before
    move(world, chain[most - 3], folders=[pair])
    move(world, None, folders=[chain[3]])
    with world.db.reading() as tx:
        rows = tx.connection.execute(select(tables.folders.c.id, tables.folders.c.parent_id))
        parents = {row.id: row.parent_id for row in rows}
    expected = set()
    for each in parents:
        above = each
        while above is not None:
            expected.add((each, above))
            above = parents[above]
    assert paths(world) == expected


@pytest.mark.promise(27)
def test_a_move_lets_nobody_in_who_is_kept_out_unless_whoever_moves_could(world):
    outer, elsewhere = folder(world, "Outer"), folder(world, "Elsewhere")
    inner = folder(world, "Inner", inside=outer)
    paper = file(world, inner)
    keep_out(world, outer, world.client)
    mover = person(world.db, "Milo Mover", Role.CLIENT, world.operator)
    share(world, inner, mover, "manager")
    share(world, elsewhere, mover, "manager")
    for things in ({"documents": [paper]}, {"folders": [inner]}):
        with pytest.raises(PlaceRefused, match="kept out"):
            move(world, elsewhere, **things, acting=mover)
    with pytest.raises(NotFound):
        read(world, paper, acting=world.client)
    move(world, elsewhere, folders=[inner])  # the account manager manages the outer folder as well
    assert read(world, paper, acting=world.client) == b"bytes"


@pytest.mark.promise(27)
def test_whoever_is_kept_out_of_a_folder_inside_moves_and_bins_nothing_around_it(world):
    outer, elsewhere = folder(world, "Outer"), folder(world, "Elsewhere")
    secret = folder(world, "Secret", inside=outer)
    mover = person(world.db, "Milo Mover", Role.CLIENT, world.operator)
    for each in (outer, elsewhere):
        share(world, each, mover, "manager")
    keep_out(world, secret, mover)
    with pytest.raises(PlaceRefused, match="not yours"):
        move(world, elsewhere, folders=[outer], acting=mover)
    with pytest.raises(PlaceRefused, match="not yours"):
        put_away(world, folders=[outer], acting=mover)
    assert names_in(world, outer) == (["Secret"], [])


def test_a_selection_is_moved_whole_or_not_at_all(world):
    here, there = folder(world, "Here"), folder(world, "There")
    papers = [file(world, here, name=f"{number}.txt") for number in range(3)]
    before = world.rows()
    with pytest.raises(NotFound):
        move(world, there, [*papers, new_id()])
    with pytest.raises(NotFound):
        put_away(world, [*papers, new_id()])
    assert world.rows() == before
    assert names_in(world, there) == ([], [])
    with pytest.raises(PlaceRefused, match="at least one"):
        move(world, there)


def test_what_is_in_the_bin_is_there_for_nobody_until_it_comes_back(world):
    outer = folder(world, "Outer")
    inner = folder(world, "Inner", inside=outer)
    paper, deep = file(world, outer), file(world, inner, name="deep.txt")
    put_away(world, [paper], [inner])
    for acting in world.everybody.values():
        for each in (paper, deep):
            with pytest.raises(NotFound):
                documents.show_document(world.db, acting=acting, document_id=each)
        with pytest.raises(NotFound):
            folders.show_folder(world.db, acting=acting, folder_id=inner)
        assert inner not in folders_seen(world, acting)
    assert names_in(world, outer) == ([], [])
    summary = folders.show_folder(world.db, acting=world.manager, folder_id=outer).folder
    assert summary.documents == 0
    assert list(inbox.inbox(world.db, acting=world.client, now=NOW).recent_documents) == []
    deeds = [
        lambda: file(world, inner),
        lambda: file(world, outer, document_id=paper),
        lambda: share(world, inner, world.other_client),
        lambda: keep_out(world, inner, world.client),
        lambda: folder(world, "New", inside=inner),
        lambda: move(world, inner, [paper]),
        lambda: move(world, outer, [deep]),
        lambda: put_away(world, [paper]),
    ]
    for deed in deeds:
        with pytest.raises(NotFound):
            deed()
    assert sorted(in_bin(world)) == [("document", "a.txt"), ("folder", "Inner")]
    bring_back(world, document=paper)
    bring_back(world, folder=inner)
    assert names_in(world, outer) == (["Inner"], ["a.txt"])
    assert (read(world, paper), read(world, deep)) == (b"bytes", b"bytes")
    assert in_bin(world) == []


def test_the_bin_shows_what_one_may_bring_back_who_put_it_there_and_goes_on(world):
    outer = folder(world, "Outer")
    inner = folder(world, "Inner", inside=outer)
    papers = [file(world, outer, name=f"{number}.txt") for number in range(3)]
    for paper in papers:
        put_away(world, [paper], acting=world.client)
    put_away(world, folders=[inner])
    assert sorted(in_bin(world)) == [
        ("document", "0.txt"),
        ("document", "1.txt"),
        ("document", "2.txt"),
        ("folder", "Inner"),
    ]
    assert sorted(in_bin(world, world.client)) == sorted(in_bin(world))
    for other in (world.other_client, world.other_manager, world.officer, world.administrator):
        assert in_bin(world, other) == []
    pages, cursor = [], None
    while True:
        page = bins.list_bin(world.db, acting=world.manager, after=cursor, limit=1)
        pages += page.items
        cursor = page.next
        if cursor is None:
            break
    assert sorted((one.kind, one.name) for one in pages) == sorted(in_bin(world))
    first = next(one for one in pages if one.name == "0.txt")
    assert (first.by, first.place_name, first.place_is_there) == ("Clara Client", "Outer", True)
    for stranger in (world.other_client, world.officer):
        with pytest.raises(NotFound):
            bring_back(world, document=papers[0], acting=stranger)
        with pytest.raises(NotFound):
            bring_back(world, folder=inner, acting=stranger)


def test_what_lay_in_a_binned_folder_needs_another_place(world):
    outer, other = folder(world, "Outer"), folder(world, "Other")
    inner = folder(world, "Inner", inside=outer)
    paper = file(world, outer)
    put_away(world, [paper], [inner])
    put_away(world, folders=[outer])
    for thing in ({"document": paper}, {"folder": inner}):
        with pytest.raises(PlaceGone):
            bring_back(world, **thing)
    bring_back(world, document=paper, into=other)
    bring_back(world, folder=inner, into=other)
    assert names_in(world, other) == (["Inner"], ["a.txt"])
    assert read(world, paper) == b"bytes"
    bring_back(world, folder=outer)
    assert names_in(world, outer) == ([], [])


def test_a_folder_comes_back_with_what_went_with_it_and_no_more(world):
    outer = folder(world, "Outer")
    earlier, with_it = folder(world, "Earlier", inside=outer), folder(world, "With it", inside=outer)
    put_away(world, folders=[earlier])
    put_away(world, folders=[outer])
    with pytest.raises(NotFound):
        bring_back(world, folder=with_it)  # it went along: it comes back with the other
    bring_back(world, folder=outer)
    assert names_in(world, outer) == (["With it"], [])
    bring_back(world, folder=earlier)
    assert sorted(names_in(world, outer)[0]) == ["Earlier", "With it"]


def test_every_deed_has_an_entry_that_says_from_where_to_where(world):
    here, there = folder(world, "Here"), folder(world, "There")
    inner = folder(world, "Inner", inside=here)
    paper = file(world, here)
    move(world, there, [paper], [inner])
    put_away(world, [paper], [inner])
    bring_back(world, document=paper)
    bring_back(world, folder=inner)
    kinds = (
        Kind.DOCUMENT_MOVED,
        Kind.FOLDER_MOVED,
        Kind.DOCUMENT_TRASHED,
        Kind.FOLDER_TRASHED,
        Kind.DOCUMENT_RESTORED,
        Kind.FOLDER_RESTORED,
    )
    objects = (paper, inner, paper, inner, paper, inner)
    assert world.entries()[-6:] == [(kind.value, each) for kind, each in zip(kinds, objects, strict=True)]
    with world.db.reading() as tx:
        entries = tables.audit_entries
        chosen = select(entries.c.leaf).where(entries.c.kind == Kind.DOCUMENT_MOVED.value)
        facts = json.loads(tx.connection.execute(chosen).scalar_one())["facts"]
    assert facts == {"from": here, "to": there, "versions": 1}


# --- at the same moment -------------------------------------------------------------------------------------


def at_once(*deeds):
    """Do them in threads of their own, all let go together; return what each was refused with, or None."""
    ready = Barrier(len(deeds))

    def attempt(deed):
        ready.wait()
        try:
            deed()
        except DocVaultError as error:
            return error
        return None

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(attempt, deeds))


def test_two_who_move_the_same_document_at_once_leave_it_in_one_place_and_readable(world):
    here, *there = (folder(world, name) for name in ("Here", "There", "Elsewhere"))
    paper = file(world, here)
    for _ in range(3):
        assert (
            at_once(*(lambda into=into: move(world, into, [paper]) for into in (*there, here))) == [None] * 3
        )
        assert sum(len(names_in(world, each)[1]) for each in (here, *there)) == 1
        assert read(world, paper) == b"bytes"


def test_folders_moved_into_each_other_at_once_make_no_circle(world):
    one, other = folder(world, "One"), folder(world, "Other")
    refused = at_once(
        lambda: move(world, other, folders=[one]),
        lambda: move(world, one, folders=[other]),
    )
    assert sum(isinstance(each, PlaceRefused) for each in refused) == 1
    assert sum((above, below) in paths(world) for above, below in ((one, other), (other, one))) == 1


def test_what_goes_into_a_folder_that_is_binned_at_once_is_binned_with_it_or_stays(world):
    for _ in range(3):
        here, there = folder(world, "Here"), folder(world, "There")
        paper, inner = file(world, here), folder(world, "Inner", inside=here)
        refused = at_once(
            lambda there=there: put_away(world, folders=[there]),
            lambda there=there, paper=paper: move(world, there, [paper]),
            lambda there=there, inner=inner: move(world, there, folders=[inner]),
            lambda there=there: folder(world, "New", inside=there),
        )
        assert refused[0] is None
        assert (inner in folders_seen(world, world.manager)) is (refused[2] is not None)
        assert names_in(world, here)[1] == (["a.txt"] if refused[1] else [])
        with world.db.reading() as tx:
            within = tables.folders
            seen = select(func.count()).where(within.c.parent_id == there, within.c.trashed_at.is_(None))
            assert tx.connection.execute(seen).scalar_one() == 0


def test_a_move_while_a_version_arrives_leaves_both_readable(world):
    here, there = folder(world, "Here"), folder(world, "There")
    paper = file(world, here, b"one")
    outcomes = at_once(
        lambda: move(world, there, [paper]),
        lambda: move(world, here, [paper]),
        *(lambda: file(world, here, b"more", document_id=paper) for _ in range(3)),
    )
    assert outcomes[:2] == [None, None]
    numbers = [row["number"] for row in versions_of(world, paper) if row["state"] == "stored"]
    assert [read(world, paper, number) for number in numbers] == [b"one"] + [b"more"] * (len(numbers) - 1)
