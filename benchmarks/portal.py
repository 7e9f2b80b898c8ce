"""A prepared data folder with an account manager who looks after some clients and is signed in."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from docvault import wiring
from docvault.actions import folders
from docvault.database import people, sessions, tables
from docvault.database.sessions import Source
from docvault.policy.vocabulary import Acting, Role
from docvault.settings import Settings
from docvault.values import OrganisationId, PersonId, new_id
from docvault.web.cookies import SESSION

CLIENTS = 20
LOOKED_AFTER = 5  # of the clients, by the person who asks


@dataclass(frozen=True)
class Stand:
    folder: Path
    clients: list[OrganisationId]
    manager: Acting
    headers: str  # of a signed-in browser, one a line
    shared_folder: str  # a folder to upload to


def prepare(data: Path | Settings) -> Stand:
    settings = data if isinstance(data, Settings) else Settings(data=data)
    portal = wiring.prepare(settings)
    try:
        now = datetime.now(UTC)
        with portal.db.transaction() as tx:
            clients = [OrganisationId(new_id()) for _ in range(CLIENTS)]
            for number, organisation_id in enumerate(clients):
                values = {
                    "id": organisation_id,
                    "name": f"Client {number:02}",
                    "kind": "client",
                    "created_at": now,
                }
                tx.connection.execute(insert(tables.organisations).values(values))
            person_id = _add_manager(tx, clients, now)
            session = sessions.start(
                tx,
                people.by_id(tx, person_id),
                kind="full",
                factors="password+totp",
                source=Source("127.0.0.1", "bench"),
                now=now,
            )
        folder_id = folders.create_folder(
            portal.db,
            portal.vault,
            acting=session.acting,
            organisation_id=clients[0],
            name="Uploads",
            kind="general",
            now=now,
        )
    finally:
        portal.close()
    headers = f"Cookie: {SESSION}={session.token}.{session.csrf}\r\nX-CSRF-Token: {session.csrf}\r\n"
    return Stand(settings.data, clients, session.acting, headers, folder_id)


def _add_manager(tx, clients, now) -> PersonId:
    person_id = PersonId(new_id())
    operator = tx.connection.execute(
        tables.organisations.select().where(tables.organisations.c.kind == "operator")
    ).one()
    values = {
        "id": person_id,
        "organisation_id": operator.id,
        "email": "maya@example.com",
        "name": "Maya Manager",
        "role": Role.ACCOUNT_MANAGER.value,
        "state": "active",
        "created_at": now,
    }
    tx.connection.execute(insert(tables.people).values(values))
    membership = {"person_id": person_id, "organisation_id": operator.id, "starts_at": now}
    tx.connection.execute(insert(tables.memberships).values(id=new_id(), **membership))
    for organisation_id in clients[:LOOKED_AFTER]:
        tx.connection.execute(
            insert(tables.portfolios).values(
                id=new_id(), person_id=person_id, organisation_id=organisation_id, starts_at=now
            )
        )
    return person_id


def folder_row(stand: Stand, number: int, count: int) -> dict:
    """Return the row of one of `count` folders: a minute apart, over all clients in turn."""
    return {
        "id": secrets.token_hex(13),
        "organisation_id": stand.clients[number % len(stand.clients)],
        "name": f"Statement of work {number}",
        "kind": "sow",
        "created_by": stand.manager.person_id,
        "created_at": datetime.now(UTC) - timedelta(minutes=count - number),
    }
