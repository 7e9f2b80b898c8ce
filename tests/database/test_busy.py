"""When everybody writes at once: nobody waits for ever, and a wait in vain says so and changes nothing."""

from contextlib import ExitStack, closing

import pytest
from sqlalchemy import select, update

from docvault import wiring
from docvault.database import engine, tables
from docvault.database.engine import DatabaseBusy
from docvault.settings import Settings

SHORT = 200  # milliseconds


@pytest.fixture
def portal(tmp_path, database_url):
    with closing(wiring.prepare(Settings(data=tmp_path / "data", database_url=database_url))) as wired:
        yield wired


@pytest.fixture
def impatient(portal, monkeypatch):
    """The portal's database, on new connections that wait for a moment only."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", SHORT)
    portal.db.engine.dispose()
    monkeypatch.setattr(portal.db.engine.pool, "_timeout", SHORT / 1000)
    return portal.db


def hold_every_connection(db, held):
    """Take connections until the pool has none; those held stay held."""
    while True:
        try:
            held.enter_context(db.reading())
        except DatabaseBusy:
            return


@pytest.mark.promise(85)
def test_keys_are_looked_up_while_every_connection_is_held(portal, impatient):
    with ExitStack() as held:
        hold_every_connection(impatient, held)
        portal.masters.refresh()
        portal.authority.refresh()
        assert portal.log_key.public
        assert portal.hasher.hash("a good long password")


@pytest.mark.promise(85)
def test_a_wait_in_vain_for_a_connection_says_that_many_are_at_work(impatient):
    with ExitStack() as held:
        hold_every_connection(impatient, held)
        with pytest.raises(DatabaseBusy, match="try again in a moment"), impatient.transaction():
            pass


@pytest.mark.promise(85)
def test_a_wait_in_vain_for_another_writer_says_so_and_changes_nothing(impatient):
    names = select(tables.organisations.c.name)
    with impatient.reading() as tx:
        before = tx.connection.execute(names).scalars().all()
    with impatient.transaction() as first:
        first.connection.execute(update(tables.organisations).values(kind=tables.organisations.c.kind))
        with pytest.raises(DatabaseBusy, match="nothing was changed"), impatient.transaction() as second:
            second.connection.execute(update(tables.organisations).values(name="Somebody else's"))
    with impatient.reading() as tx:
        assert tx.connection.execute(names).scalars().all() == before != []
