"""Lists and search that stay quick: a folder with 100 and with a million documents, search in 100 000.

In process, on SQLite and on a throwaway PostgreSQL. The floor of a folder page is the same page of a folder
with 100 documents; what is searched lies in 10 000 folders, with a key each.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import many
import portal
from sizes import size
from sqlalchemy import select
from table import AtMost, Row, in_turns, ratio, typical

from docvault import wiring
from docvault.actions import folders, search
from docvault.database import tables
from docvault.database.document_order import cursor_at
from docvault.database.search import Wanted
from docvault.settings import Settings

TESTS = Path(__file__).parents[1] / "tests"
FEW, MANY = 100, size(1_000_000, small=20_000)  # documents of a folder
TIMES, SEARCHES = 40, 10
FLAT = AtMost(1.2)
QUICK = AtMost(300)  # milliseconds
ORDERS = ("newest", "name", "largest")


def rows(folder: Path) -> Iterator[Row]:
    with ExitStack() as lent:
        for name, database in _databases(lent):
            for subject in (_pages, _searches):
                settings = Settings(data=folder / f"{subject.__name__}-{name}", database_url=database())
                stand = portal.prepare(settings)
                with closing(wiring.build(settings)) as opened:
                    for row in subject(opened, stand):
                        row_name = f"{row.name}, {name}"
                        yield Row(row_name, row.ours, row.floor, row.value, row.aim, row.unit)


def _databases(lent: ExitStack) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield a name and what gives an empty database; PostgreSQL only where it is installed."""
    yield "SQLite", str
    sys.path.insert(0, str(TESTS))
    import postgres

    programs = postgres.binaries()
    if programs is not None:
        server = postgres.Server(programs)
        lent.callback(server.stop)
        yield "PostgreSQL", lambda: lent.enter_context(server.empty())


def _pages(opened: wiring.Portal, stand: portal.Stand) -> Iterator[Row]:
    places = {count: _filled(opened, stand, count) for count in (FEW, MANY)}
    many.tidy(opened.db)

    def page(count: int, sort: str, after: str | None = None) -> str | None:
        about = {"folder_id": places[count], "sort": sort, "after": after}
        return folders.show_folder(opened.db, acting=stand.manager, **about).documents.next

    for sort in ORDERS:
        taken = in_turns(TIMES, lambda s=sort: page(MANY, s), lambda s=sort: page(FEW, s))
        yield _compared(f"folder of 1 M / 100, {sort}", *taken)
    deep, second = _middle(opened, places[MANY]), page(FEW, "newest")
    taken = in_turns(TIMES, lambda: page(MANY, "newest", deep), lambda: page(FEW, "newest", second))
    yield _compared("its 10 000th page / the 2nd", *taken)


def _searches(opened: wiring.Portal, stand: portal.Stand) -> Iterator[Row]:
    many.fill_folders(opened, stand)
    many.tidy(opened.db)

    def named(name: str, found: int) -> None:
        wanted = Wanted(name=name)
        assert len(search.find_documents(opened.db, acting=stand.manager, wanted=wanted).items) == found

    def inside(question: str, found: int) -> None:
        about = {"acting": stand.manager, "wanted": Wanted(), "inside": question}
        listed = search.find_inside(opened.db, opened.vault, now=datetime.now(UTC), **about)
        assert len(listed.items) == found

    began = datetime.now(UTC)
    inside("rare", 1)
    first = (datetime.now(UTC) - began).total_seconds()
    yield Row("inside, the first after a start", f"{first * 1000:.0f} ms", "", first * 1000, unit=" ms")
    for title, ask in {
        "by name, in every document": lambda: named("statement", 50),
        "by name, in one": lambda: named("only one", 1),
        "by name, in none": lambda: named("zebra", 0),
        "inside, in every document": lambda: inside("common", 50),
        "inside, two words, in one": lambda: inside("common rare", 1),
        "inside, in none": lambda: inside("zebra", 0),
    }.items():
        ask()
        [ours] = in_turns(SEARCHES, ask)
        yield Row(title, typical(ours), "", statistics.median(ours) * 1000, QUICK, unit=" ms")


def _filled(opened: wiring.Portal, stand: portal.Stand, count: int) -> str:
    about = {"organisation_id": stand.clients[0], "name": "Statements", "kind": "sow"}
    now = datetime.now(UTC)
    made = folders.create_folder(opened.db, opened.vault, acting=stand.manager, now=now, **about)
    with opened.db.transaction() as tx:
        many.fill_folder(tx, made, stand.manager.person_id, count)
    return made


def _middle(opened: wiring.Portal, folder_id: str) -> str:
    documents = tables.documents.c
    chosen = select(documents.id, documents.created_at).where(documents.folder_id == folder_id)
    with opened.db.reading() as tx:
        row = tx.connection.execute(chosen.order_by(documents.created_at).offset(MANY // 2).limit(1)).one()
    return cursor_at("newest", row.created_at, row.id)


def _compared(name: str, ours: list[float], floor: list[float]) -> Row:
    return Row(name, typical(ours), typical(floor), ratio(ours, floor), FLAT)
