"""What questions cost beside their own rows: nothing is said to the database that nobody asked for."""

from contextlib import closing

from sqlalchemy import text

from docvault.database.engine import Database
from docvault.policy.engine import Policy, default_folder


def test_sqlite_is_told_nothing_but_the_question(tmp_path):
    """A PRAGMA that sets a flag, even to what it is, would have every statement compiled anew."""
    said = []
    with closing(Database(f"sqlite:///{tmp_path / 'rows.sqlite'}", Policy.load(default_folder()))) as db:
        for lend in (db.reading, db.aside):
            for _ in range(2):
                with lend() as tx:
                    tx.connection.connection.set_trace_callback(said.append)
                    tx.connection.execute(text("SELECT 1"))
    assert said == ["SELECT 1"] * 4


def test_a_question_sees_what_was_written_since_the_one_before(tmp_path):
    """Each question stands for itself: none holds on to the rows of an earlier moment."""
    with closing(Database(f"sqlite:///{tmp_path / 'rows.sqlite'}", Policy.load(default_folder()))) as db:
        with db.transaction() as tx:
            tx.connection.execute(text("CREATE TABLE notes (note TEXT)"))
        with db.reading() as looking:
            count = text("SELECT count(*) FROM notes")
            before = looking.connection.execute(count).scalar_one()
            with db.transaction() as tx:
                tx.connection.execute(text("INSERT INTO notes VALUES ('new')"))
            assert (before, looking.connection.execute(count).scalar_one()) == (0, 1)
