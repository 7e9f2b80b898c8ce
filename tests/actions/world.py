"""A small portal to act in: two clients, an operator, one person per role. Real database, vault, policies; no server.

`build(tmp_path)` makes it; rows are inserted directly so that every subject can be tested without the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select

from docvault.blobs.filesystem import FileBlobs
from docvault.database import tables
from docvault.database.engine import Database
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import Acting, Role
from docvault.values import OrganisationId, PersonId, SessionId, new_id
from docvault.vault.files import Vault

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
POLICIES = Path(__file__).parents[2] / "policies"
POLICY = Policy.load(POLICIES)


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
            table = tables.audit_entries
            rows = tx.connection.execute(select(table.c.kind, table.c.object_id).order_by(table.c.index))
            return [(row.kind, row.object_id) for row in rows]

    def rows(self) -> dict[str, int]:
        """Return how many rows every table has: for tests that nothing was half done."""
        with self.db.reading() as tx:
            return {
                table.name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in tables.METADATA.sorted_tables
            }


def build(tmp_path: Path, url: str | None = None) -> World:
    """Make a portal in `tmp_path`."""
    db = Database(url or f"sqlite:///{tmp_path / 'docvault.sqlite'}", POLICY)
    tables.METADATA.create_all(db.engine)
    vault = Vault(FileKeyring.create(tmp_path / "root.key"), FileBlobs(tmp_path / "blobs"))
    return populate(db, vault, tmp_path)


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
        for organisation in clients or []:
            tx.connection.execute(
                insert(tables.portfolios).values(person_id=person_id, organisation_id=organisation)
            )
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
        clients=frozenset(clients or []),
        session_id=session_id,
        session_kind="full",
        factors="password+totp",
        name=name,
        email=email,
        address="203.0.113.7",
        user_agent="tests",
    )


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


def standing(tmp_path: Path) -> Iterator[World]:
    """Build a world for one test and close it afterwards; made for `yield from` in a fixture."""
    made = build(tmp_path)
    yield made
    made.vault.close()
    made.db.close()
