"""Promise 82 on a real PostgreSQL: the application works as a role that can neither rewrite the log nor do DDL."""

import os
from contextlib import closing, contextmanager

import psycopg
import pytest
from sqlalchemy import delete, func, insert, select
from typer.testing import CliRunner

from actions import envelope_world as signing
from actions import world as worlds
from docvault import settings, wiring
from docvault.actions import disposals
from docvault.actions.audit import check_log, publish_checkpoint
from docvault.actions.people import disable_person
from docvault.audit.kinds import Kind
from docvault.cli.main import app
from docvault.database import audit, erasures, grants, people, tables
from docvault.database.grants import LOG, NoRoles
from docvault.database.migrate import MayNotMigrate
from docvault.database.tables import METADATA
from docvault.policy.vocabulary import Role

pytestmark = pytest.mark.promise(82)

OWNER, APPLICATION = "docvault_owner", "docvault_app"


@contextmanager
def as_role(url, data):
    """Let commands find this database and data folder."""
    before = dict(os.environ)
    os.environ.update({"DOCVAULT_DATA": str(data), "DOCVAULT_DATABASE_URL": url})
    try:
        yield settings.load()
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(url, data, *words):
    with as_role(url, data):
        return CliRunner().invoke(app, ["database", *words])


@pytest.fixture(scope="module")
def place(postgres_server, tmp_path_factory):
    """A database whose roles and tables were made by following what the commands say, to the letter."""
    data = tmp_path_factory.mktemp("roles")
    with postgres_server.empty() as administrator:
        urls = {role: administrator.replace("docvault@", f"{role}@") for role in (OWNER, APPLICATION)}
        printed = run(administrator, data, "roles").output
        first = printed.partition("\n-- As docvault_owner")[0]
        with psycopg.connect(administrator, autocommit=True) as connection:
            for line in first.splitlines()[1:]:
                connection.execute(line)
        for words in (("migrate",), ("roles", "--apply")):
            answer = run(urls[OWNER], data, *words)
            assert answer.exit_code == 0, answer.output or answer.exception
        yield urls, data
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP ROLE {APPLICATION}, {OWNER}")  # with the database went all they had


@pytest.fixture(scope="module")
def portal(place):
    """An installation that `serve` founded and runs as the application's role."""
    urls, data = place
    with as_role(urls[APPLICATION], data) as chosen:
        wired = wiring.prepare(chosen)
    with closing(wired):
        yield wired


@pytest.fixture(scope="module")
def made(portal):
    return signing.of_portal(portal)


def test_the_application_does_its_ordinary_deeds(portal, made):
    envelope = signing.sent(made)
    for acting in (made.world.client, made.world.manager):
        signing.sign(made, acting, envelope)
        signing.advance(made, envelope)
    assert signing.content(made, made.world.client, envelope, "signed").startswith(b"%PDF")
    publish_checkpoint(portal.db, portal.log_key, now=portal.clock())
    assert check_log(portal.db, portal.log_key.public).size > 10
    assert not grants.may_rewrite_the_log(portal.db)


def test_the_application_may_use_every_table_and_count_on_every_sequence(portal):
    closed = """
        SELECT relname FROM pg_class
        WHERE relnamespace IN ('public'::regnamespace, 'dbos'::regnamespace)
          AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE')
                           WHEN 'r' THEN NOT has_table_privilege(oid, 'SELECT')
                           ELSE false END
    """
    with portal.db.reading() as tx:
        assert tx.connection.exec_driver_sql(closed).scalars().all() == []


@pytest.mark.parametrize(
    "statement",
    [
        *(f"{verb} {name}" for verb in ("DELETE FROM", "TRUNCATE") for name in LOG),
        "UPDATE audit_entries SET kind = 'x'",
        "UPDATE audit_details SET body = ''",
        "UPDATE audit_tiles SET hashes = ''",
        "UPDATE audit_checkpoints SET size = 0",
        "UPDATE audit_publications SET size = 0",
        "INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (index) DO UPDATE SET kind = 'x'",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE TABLE dbos.mine (id int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE audit_entries ADD COLUMN mine int",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "ALTER TABLE people ALTER COLUMN email DROP NOT NULL",
        "DROP TABLE audit_entries",
        "DROP SCHEMA public CASCADE",
        "CREATE INDEX mine ON people (email)",
        "CREATE RULE mine AS ON INSERT TO audit_entries DO INSTEAD NOTHING",
        "GRANT docvault_owner TO docvault_app",
        "SET ROLE docvault_owner",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = 'x'",
        "ALTER DEFAULT PRIVILEGES FOR ROLE docvault_owner GRANT ALL ON TABLES TO docvault_app",
        "CREATE EXTENSION pgcrypto",
        "COPY audit_entries TO '/tmp/mine'",
    ],
)
def test_what_the_application_may_not(portal, place, statement):
    with psycopg.connect(place[0][APPLICATION]) as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.DatabaseError)) as refused:
            connection.execute(statement)
        assert refused.value.sqlstate in {"42501", "2BP01"}, refused.value
        connection.rollback()


def test_the_application_grants_itself_nothing(portal, place):
    with psycopg.connect(place[0][APPLICATION], autocommit=True) as connection:
        connection.execute("GRANT ALL ON audit_entries TO docvault_app")  # PostgreSQL warns, and does nothing
    assert not grants.may_rewrite_the_log(portal.db)


def test_the_application_removes_details_only_of_whom_two_people_let_be_erased(portal, made):
    world = made.world
    zora = worlds.person(portal.db, "Zora Erasable", Role.CLIENT, world.acme)
    details = select(func.count()).select_from(tables.audit_details)
    with portal.db.transaction() as tx:
        index = audit.append(tx, Kind.SIGN_IN_SUCCEEDED, at=worlds.NOW, acting=zora)
        before = tx.connection.execute(details).scalar_one()
        marked = {"index": index, "person_id": zora.person_id, "erased_at": worlds.NOW}
        tx.connection.execute(insert(tables.erased_details).values(**marked))
        tx.connection.execute(select(func.erase_details(zora.person_id)))
        assert tx.connection.execute(details).scalar_one() == before  # nobody decided it
        tx.connection.execute(delete(tables.erased_details))
    disable_person(portal.db, acting=world.administrator, person_id=zora.person_id, now=worlds.NOW)
    with portal.db.transaction() as tx:
        erasures.begin(tx, people.by_id(tx, zora.person_id), worlds.NOW)
    disposals.finish_begun(portal.db, portal.vault, portal.stones, now=worlds.NOW)
    assert check_log(portal.db, portal.log_key.public).erased >= 1
    assert not grants.may_rewrite_the_log(portal.db)


def test_every_table_of_the_log_only_grows():
    """A new table of the log must be put among those that nobody rewrites."""
    assert {name for name in METADATA.tables if name.startswith("audit_")} == LOG.keys()
    assert all("DELETE" not in rights for rights in LOG.values())


def test_the_application_is_told_to_let_the_owner_migrate(portal, place):
    urls, data = place
    with psycopg.connect(urls[OWNER], autocommit=True) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    try:
        with as_role(urls[APPLICATION], data) as chosen, pytest.raises(MayNotMigrate, match="as their owner"):
            wiring.prepare(chosen)
    finally:
        with psycopg.connect(urls[OWNER], autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", [found])


@pytest.mark.parametrize("name", ['x"; DROP ROLE y; --', "", "Capital", "a" * 64])
def test_a_name_cannot_carry_a_statement(name):
    with pytest.raises(NoRoles, match="cannot be used"):
        grants.by_the_owner("docvault", name)


def test_sqlite_is_said_to_have_no_roles(tmp_path):
    answer = run(f"sqlite:///{tmp_path / 'x.sqlite'}", tmp_path, "roles")
    assert isinstance(answer.exception, NoRoles)
    assert "SQLite knows no roles" in str(answer.exception)
