"""A start on an installation that is up to date looks at no migration: the slow libraries stay out of it."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from docvault.database import migrate, work
from docvault.database.engine import Database
from docvault.policy.engine import Policy, default_folder

AGAIN = """
import sys
from docvault.database import work
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.policy.engine import Policy, default_folder
db = Database(sys.argv[1], Policy.load(default_folder()))
migrate(db)
work.prepare(db.url)
print(sorted({"alembic", "dbos"} & set(sys.modules)))
"""

LATER = """
import sys
from docvault.database import engine, work
before = set(sys.modules)
import dbos
print(sorted(name for name in set(sys.modules) - before if name.startswith("sqlalchemy.orm")))
"""


@pytest.fixture
def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'db.sqlite'}", Policy.load(default_folder()))
    migrate.migrate(db)
    work.prepare(db.url)
    yield db
    db.close()


def test_a_second_start_imports_neither_alembic_nor_dbos(db):
    again = subprocess.run(
        [sys.executable, "-c", AGAIN, db.url], check=True, capture_output=True, text=True, timeout=60
    )
    assert again.stdout.strip() == "[]"


def test_the_first_job_leaves_no_part_of_the_orm_half_imported_before_the_statements_of_other_threads():
    later = subprocess.run(
        [sys.executable, "-c", LATER], check=True, capture_output=True, text=True, timeout=60
    )
    assert later.stdout.strip() == "[]"


def test_the_newest_migration_is_the_head_of_alembic(db):
    with db.transaction() as tx:
        scripts = ScriptDirectory.from_config(migrate.configuration(tx.connection))
    assert migrate.newest() == scripts.get_current_head()


def test_the_queue_is_known_in_the_shape_that_the_installed_dbos_makes(db):
    assert version("dbos") == work.KNOWN_DBOS
    with db.reading() as tx:
        made = tx.connection.execute(text("SELECT version FROM dbos_migrations")).scalar_one()
    assert made == work.KNOWN_TABLES


@pytest.mark.parametrize(
    "change", ["UPDATE dbos_migrations SET version = version - 1", "DROP TABLE dbos_migrations"]
)
def test_an_older_queue_is_left_to_dbos(db, change):
    with db.transaction() as tx:
        tx.connection.execute(text(change))
    assert not work._is_prepared(db.url)


def test_an_unknown_dbos_is_asked_itself(db, monkeypatch):
    monkeypatch.setattr(work, "KNOWN_DBOS", "0")
    assert not work._is_prepared(db.url)


def test_a_database_that_was_never_prepared_is_left_to_dbos(tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    create_engine(url).dispose()
    assert not work._is_prepared(url)
