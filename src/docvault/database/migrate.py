"""Brings a database to the newest shape with Alembic. Never changes data beyond what a migration says."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from docvault.database.engine import Database
from docvault.values import DocVaultError

if TYPE_CHECKING:
    from alembic.config import Config

NOT_ALLOWED = "42501"  # insufficient_privilege, the appendix of PostgreSQL's error codes
SCRIPTS = Path(__file__).parent / "migrations"


class MayNotMigrate(DocVaultError):
    """The role may not change tables, and they are not the ones that this version needs."""

    def __init__(self) -> None:
        super().__init__(
            "The tables are older than this DocVault, and this database role may not change them. "
            "Run `docvault database migrate` as their owner; docs/operators.md says how."
        )


class NewerDatabase(DocVaultError):
    """The database was written by a newer DocVault; this one refuses to touch it."""


def configuration(connection: Connection) -> "Config":
    """Return Alembic's configuration for one open connection."""
    from alembic.config import Config  # noqa: PLC0415 - see migrate

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def migrate(db: Database) -> None:
    """Bring `db` to the newest shape, in one transaction. Does nothing when it already is. Raises
    NewerDatabase or MayNotMigrate.

    Alembic, which takes half a second to import, is only looked at when there is something to do.
    """
    with db.reading() as tx:
        if _revision(tx.connection) == newest():
            return
    with db.changing_tables() as tx:
        current = _revision(tx.connection)
        if current == newest():
            return
        try:
            _upgrade(tx.connection, current)
        except SQLAlchemyError as error:
            if getattr(getattr(error, "orig", None), "sqlstate", None) == NOT_ALLOWED:
                raise MayNotMigrate from error
            raise


def newest() -> str:
    """Return the revision of the last migration: the files' names begin with it, and sort by it."""
    return max(path.stem for path in (SCRIPTS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _revision(connection: Connection) -> str | None:
    """Return the revision a database is at, or None for one that is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    current: str | None = connection.execute(
        select(column("version_num")).select_from(table("alembic_version"))
    ).scalar_one_or_none()
    return current


def _upgrade(connection: Connection, current: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - see migrate
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - the same

    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise NewerDatabase("This database was last used by a newer DocVault. Please start that version.")
    command.upgrade(config, "head")
