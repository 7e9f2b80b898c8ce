"""Migrations lead to the tables that the code speaks of."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from docvault.database.engine import Database
from docvault.database.migrate import SCRIPTS, NewerDatabase, migrate
from docvault.database.tables import METADATA
from docvault.policy.engine import Policy, default_folder


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path):
    on_postgres = request.param == "postgresql"
    url = (
        request.getfixturevalue("empty_postgres_url")
        if on_postgres
        else f"sqlite:///{tmp_path / 'db.sqlite'}"
    )
    db = Database(url, Policy.load(default_folder()))
    yield db
    db.close()


# SQLite cannot say what an index over an expression is made of; PostgreSQL's side of this test compares it.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_from_nothing_make_exactly_the_tables_of_the_code(db):
    migrate(db)
    with db.transaction() as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(db):
    migrate(db)
    migrate(db)
    assert set(METADATA.tables) <= set(inspect(db.engine).get_table_names())


def test_a_database_of_a_newer_docvault_is_left_alone(db):
    migrate(db)
    with db.transaction() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        migrate(db)


def test_each_migration_follows_the_one_before_it_by_name():
    found = sorted(SCRIPTS.glob("versions/[0-9]*.py"))
    numbers = [path.stem.partition("_")[0] for path in found]
    follows = [
        re.search(r'^down_revision = (?:"(\w+)"|None)$', path.read_text(), re.MULTILINE)[1] for path in found
    ]
    assert follows == [None, *numbers[:-1]]
