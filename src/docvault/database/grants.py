"""Two roles on PostgreSQL: an owner that migrates, and an application that can neither rewrite the log nor
change a table (promise 82).

The statements are PostgreSQL's own; SQLite knows no roles, and there whoever may write the file may do all.
"""

import re
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from docvault.database.engine import Database
from docvault.database.tables import METADATA
from docvault.values import DocVaultError

ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
QUEUE = "dbos"  # the schema of the queue, which has tables of its own
ALL = "SELECT, INSERT, UPDATE, DELETE"
# The log only grows. What counts its entries is changed with each one, and compared with them by every check.
LOG = {
    "audit_entries": "SELECT, INSERT",
    "audit_details": "SELECT, INSERT",
    "audit_tiles": "SELECT, INSERT",
    "audit_checkpoints": "SELECT, INSERT",
    "audit_publications": "SELECT, INSERT",
    "audit_state": "SELECT, INSERT, UPDATE",
}


class NoRoles(DocVaultError):
    """The database is SQLite, or the statements were refused."""


def by_the_server(database: str, owner: str, application: str) -> list[str]:
    """Return what the server's administrator runs once. Passwords are set apart, by hand. Raises NoRoles."""
    names = [_checked(name) for name in (database, owner, application)]
    database, owner, application = names
    return [
        f'CREATE ROLE "{owner}" LOGIN',
        f'CREATE ROLE "{application}" LOGIN',
        f'ALTER DATABASE "{database}" OWNER TO "{owner}"',
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC',
        f'ALTER SCHEMA public OWNER TO "{owner}"',
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ]


def by_the_owner(database: str, application: str) -> list[str]:
    """Return what the owner runs when the tables are there, and after each migration. Raises NoRoles."""
    database, application = _checked(database), _checked(application)
    return [
        f'REVOKE ALL ON DATABASE "{database}" FROM "{application}"',
        f'GRANT CONNECT ON DATABASE "{database}" TO "{application}"',
        *_on_schema("public", application),
        *(f'GRANT {rights} ON public."{name}" TO "{application}"' for name, rights in _rights()),
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{application}"',
        f'GRANT EXECUTE ON FUNCTION public.erase_details(varchar) TO "{application}"',
        f'GRANT SELECT ON public.alembic_version TO "{application}"',
        *_on_schema(QUEUE, application),
        f'GRANT {ALL} ON ALL TABLES IN SCHEMA {QUEUE} TO "{application}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA {QUEUE} TO "{application}"',
    ]


def apply(db: Database, application: str) -> None:
    """Run `by_the_owner` in one transaction, as the role of `db`. Raises NoRoles."""
    statements = by_the_owner(name_of(db.url), application)
    try:
        with db.transaction() as tx:
            for statement in statements:
                tx.connection.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise NoRoles(f"PostgreSQL refused: {reason}. Nothing was changed.") from error


def may_rewrite_the_log(db: Database) -> bool:
    """Tell whether the role of `db` may change or remove what the log holds."""
    if db.engine.dialect.name == "sqlite":
        return True
    asked = " OR ".join(
        f"has_table_privilege('public.audit_entries', '{right}')"
        for right in ("UPDATE", "DELETE", "TRUNCATE")
    )
    with db.reading() as tx:
        return bool(tx.connection.execute(text(f"SELECT {asked}")).scalar_one())


def name_of(url: str) -> str:
    """Return the name of the database at `url`. Raises NoRoles for SQLite."""
    found = make_url(url)
    if found.get_backend_name() == "sqlite" or not found.database:
        raise NoRoles("SQLite knows no roles: whoever may write its file may do everything. Use PostgreSQL.")
    return found.database


def _rights() -> Iterator[tuple[str, str]]:
    for table in METADATA.sorted_tables:
        yield table.name, LOG.get(table.name, ALL)


def _on_schema(schema: str, application: str) -> list[str]:
    return [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM "{application}", PUBLIC',
        f'REVOKE ALL ON SCHEMA {schema} FROM "{application}", PUBLIC',
        f'GRANT USAGE ON SCHEMA {schema} TO "{application}"',
    ]


def _checked(name: str) -> str:
    """Return a name that needs no escaping between quotes. Raises NoRoles."""
    if not ROLE.fullmatch(name):
        raise NoRoles(f"{name!r} cannot be used: lower-case letters, digits and _, at most 63 of them.")
    return name
