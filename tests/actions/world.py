"""A small portal to act in: two clients, an operator, one person per role. Real database, vault, policies; no server.

`build(tmp_path)` makes it; rows are inserted directly so that every subject can be tested without the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import (
    Table,
    TextClause,
    column,
    func,
    insert,
    inspect,
    literal_column,
    select,
    table,
    text,
    union_all,
)

from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import BlobStore
from docvault.database import people, periods, tables, work
from docvault.database.engine import Database, Transaction
from docvault.database.people import PersonState
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import Acting, Role
from docvault.values import OrganisationId, PersonId, SessionId, new_id
from docvault.vault.files import Vault
from docvault.vault.shredding import add_key

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
POLICIES = Path(__file__).parents[2] / "policies"
POLICY = Policy.load(POLICIES)
DATABASE, KEY_FILE = "docvault.sqlite", "root.key"  # their names in a world's folder


@dataclass(frozen=True)
class World:
    db: Database
    vault: Vault
    folder: Path  # everything that is on the disk lies in here
    operator: OrganisationId
    acme: OrganisationId
    globex: OrganisationId
    manager: Acting  # account manager of acme
    other_manager: Acting  # account manager of globex
    client: Acting  # works at acme
    other_client: Acting  # works at globex
    officer: Acting  # compliance officer
    administrator: Acting

    @property
    def everybody(self) -> dict[str, Acting]:
        return {
            "manager": self.manager,
            "other_manager": self.other_manager,
            "client": self.client,
            "other_client": self.other_client,
            "officer": self.officer,
            "administrator": self.administrator,
        }

    def entries(self) -> list[tuple[str, str | None]]:
        """Return kind and object of every audit entry so far."""
        with self.db.reading() as tx:
            entries = tables.audit_entries.c
            rows = tx.connection.execute(select(entries.kind, entries.object_id).order_by(entries.index))
            return [(row.kind, row.object_id) for row in rows]

    def rows(self) -> dict[str, int]:
        """Return how many rows every table has: for tests that nothing was half done."""
        with self.db.reading() as tx:
            return dict(tx.connection.execute(_counts()).all())


@cache
def _counts() -> TextClause:
    """One question about all tables: one for each of a hundred took a thirtieth of a second."""
    each = (
        select(literal_column(f"'{name}'"), func.count()).select_from(one)
        for name, one in tables.METADATA.tables.items()
    )
    return text(str(union_all(*each)))


def queued(db: Database, wanted: str) -> list[str]:
    """Return one column of every job that was ever put into the queue, oldest first."""
    schema = "dbos" if db.engine.dialect.name == "postgresql" else None
    jobs = table("workflow_status", column(wanted), column("created_at"), schema=schema)
    with db.reading() as tx:
        return list(tx.connection.execute(select(jobs.c[wanted]).order_by(jobs.c.created_at)).scalars())


def everything(db: Database) -> bytes:
    """Return all that is kept, as a thief of the database would see it."""
    if db.engine.dialect.name == "sqlite":
        file = Path(str(db.engine.url.database))
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    found = []
    with db.reading() as tx:
        seen = inspect(tx.connection)
        for schema in ("public", "dbos"):
            for name in seen.get_table_names(schema):
                for row in tx.connection.execute(select(text("*")).select_from(table(name, schema=schema))):
                    found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(found)


@dataclass(frozen=True)
class Mould:
    """A world as it was made once in this process; `cast` gives a test its copy, without the making.

    A certificate authority and the tables of SQLite take longer to make than most tests need for what they show.
    """

    world: World
    root_key: bytes
    database: bytes  # the file, for SQLite
    rows: dict[Table, list[dict[str, object]]]  # for PostgreSQL, where the tables are there already

    @classmethod
    def of(cls, finish: Callable[[World], None] = lambda _: None) -> "Mould":
        """Take the mould of a world on SQLite, once `finish` has done the rest to it."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            db = Database(_file(folder), POLICY)
            tables.METADATA.create_all(db.engine)
            work.prepare(db.url)
            vault = Vault(
                HeldKeys.before_masters(FileKeyring.create(folder / KEY_FILE)), FileBlobs(folder / "blobs")
            )
            world = populate(db, vault, folder)
            with db.transaction() as tx:
                add_key(tx, vault.records, NOW)
            finish(world)
            with db.reading() as tx:
                rows = {
                    each: [dict(row) for row in tx.connection.execute(select(each)).mappings()]
                    for each in tables.METADATA.sorted_tables
                }
            db.close()  # the last connection leaves all in the one file
            assert sorted(path.name for path in folder.iterdir()) == ["blobs", DATABASE, KEY_FILE]
            return cls(world, (folder / KEY_FILE).read_bytes(), (folder / DATABASE).read_bytes(), rows)

    def cast(self, folder: Path, url: str | None) -> World:
        """Make a copy in `folder`: the same people and keys, its rows at `url`, if not in the folder as well."""
        key = folder / KEY_FILE
        key.touch(mode=0o600)
        key.write_bytes(self.root_key)
        db = Database(url or _file(folder), POLICY)
        if db.url == _file(folder):
            (folder / DATABASE).write_bytes(self.database)
        else:
            self._fill(db)
        vault = Vault(HeldKeys.before_masters(FileKeyring.open(key)), FileBlobs(folder / "blobs"))
        return replace(self.world, db=db, vault=vault, folder=folder)

    def _fill(self, db: Database) -> None:
        with db.transaction() as tx:
            for each, rows in self.rows.items():
                if rows:
                    tx.connection.execute(insert(each), rows)


@cache
def _plain() -> Mould:
    return Mould.of()


def build(tmp_path: Path, url: str | None = None, blobs: BlobStore | None = None) -> World:
    """Make a portal in `tmp_path`; rows lie in the database at `url` and files in `blobs`, if not there too."""
    world = _plain().cast(tmp_path, url)
    if blobs is not None:
        world.vault.blobs = blobs
    return world


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / DATABASE}"


def populate(db: Database, vault: Vault, folder: Path) -> World:
    """Put the organisations and people into a database that has every table."""
    operator = _organisation(db, "Northwind Advisory", "operator")
    acme = _organisation(db, "Acme Industries", "client")
    globex = _organisation(db, "Globex Trading", "client")
    return World(
        db=db,
        vault=vault,
        folder=folder,
        operator=operator,
        acme=acme,
        globex=globex,
        manager=person(db, "Maya Manager", Role.ACCOUNT_MANAGER, operator, clients=[acme]),
        other_manager=person(db, "Otto Manager", Role.ACCOUNT_MANAGER, operator, clients=[globex]),
        client=person(db, "Clara Client", Role.CLIENT, acme),
        other_client=person(db, "Gil Client", Role.CLIENT, globex),
        officer=person(db, "Olga Officer", Role.COMPLIANCE_OFFICER, operator),
        administrator=person(db, "Ada Administrator", Role.ADMINISTRATOR, operator),
    )


def person(
    db: Database,
    name: str,
    role: Role,
    organisation_id: OrganisationId,
    *,
    clients: list[OrganisationId] | None = None,
    now: datetime = NOW,
) -> Acting:
    """Add an active person with a full session and return them as one who acts."""
    person_id, session_id = PersonId(new_id()), SessionId(new_id())
    email = f"{name.lower().replace(' ', '.')}.{person_id[:4]}@example.com"
    with db.transaction() as tx:
        tx.connection.execute(
            insert(tables.people).values(
                id=person_id,
                organisation_id=organisation_id,
                email=email,
                name=name,
                role=role.value,
                state="active",
                created_at=now,
            )
        )
        whose = {"person_id": person_id}
        periods.begin(tx, tables.standings, whose, by=None, now=now, role=role.value, state="active")
        place = {**whose, "organisation_id": organisation_id}
        periods.begin(tx, tables.memberships, place, by=None, now=now)
        for organisation in clients or []:
            client = {**whose, "organisation_id": organisation}
            periods.begin(tx, tables.portfolios, client, by=None, now=now)
        tx.connection.execute(
            insert(tables.sessions).values(
                id=session_id,
                token_hash=session_id.encode(),
                csrf_hash=session_id.encode(),
                person_id=person_id,
                kind="full",
                factors="password+totp",
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=12),
                address="203.0.113.7",
                user_agent="tests",
            )
        )
    return Acting(
        person_id=person_id,
        organisation_id=organisation_id,
        role=role,
        organisations=frozenset([organisation_id]),
        clients=frozenset(clients or []),
        session_id=session_id,
        session_kind="full",
        factors="password+totp",
        name=name,
        email=email,
        address="203.0.113.7",
        user_agent="tests",
        at=now,
    )


def set_state(tx: Transaction, person_id: str, state: PersonState) -> None:
    """Put a person into a state behind everybody's back: their sessions and links stay."""
    person = people.by_id(tx, PersonId(person_id))
    people.set_state(tx, person, state, by=None, now=NOW)


REFUSING = {
    "sqlite": ["CREATE TRIGGER no_room BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$",
        "CREATE TRIGGER no_room BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}


def refuse(tx: Transaction, verb: str, table: str) -> None:
    """Let the database refuse every later INSERT or UPDATE of a row in `table`."""
    for statement in REFUSING[tx.connection.dialect.name]:
        tx.connection.exec_driver_sql(statement.format(verb=verb, table=table))


def half_signed_in(acting: Acting) -> Acting:
    """Return the person before their second factor."""
    return replace(acting, session_kind="enrol")


def _organisation(db: Database, name: str, kind: str) -> OrganisationId:
    organisation_id = OrganisationId(new_id())
    with db.transaction() as tx:
        tx.connection.execute(
            insert(tables.organisations).values(id=organisation_id, name=name, kind=kind, created_at=NOW)
        )
    return organisation_id


def standing(tmp_path: Path, url: str | None = None, blobs: BlobStore | None = None) -> Iterator[World]:
    """Build a world for one test and close it afterwards; made for `yield from` in a fixture."""
    made = build(tmp_path, url, blobs)
    yield made
    made.vault.close()
    made.db.close()
