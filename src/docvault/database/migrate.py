"""Brings a database to the newest shape with Alembic. Never changes data beyond what a migration says."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from docvault.database.engine import Database
from docvault.values import DocVaultError

STARTING = 0x646F63  # the number of the lock that one start at a time holds
SCRIPTS = Path(__file__).parent / "migrations"


class NewerDatabase(DocVaultError):
    """The database was written by a newer DocVault; this one refuses to touch it."""


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def migrate(db: Database) -> None:
    """Bring `db` to the newest shape, in one transaction. Does nothing when it already is. Raises
    NewerDatabase.
    """
    with db.transaction() as tx:
        if tx.connection.dialect.name == "postgresql":  # two servers may start at the same moment
            tx.connection.execute(select(func.pg_advisory_xact_lock(STARTING)))
        config = configuration(tx.connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        current = MigrationContext.configure(tx.connection).get_current_revision()
        if current is not None and current not in known:
            raise NewerDatabase("This database was last used by a newer DocVault. Please start that version.")
        command.upgrade(config, "head")
