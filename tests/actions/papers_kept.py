"""Documents with versions in a small portal, and a clock that can run for years, for retention and its holds."""

import io
from datetime import datetime, timedelta

from docvault.actions import disposals, folders, holds
from docvault.database import documents, search_index, tables
from docvault.database import folders as folder_rows
from docvault.vault.shredding import Tombstones

from .world import NOW, World

BODY = b"CANARY-the-price-is-4711-"


def stones(world: World) -> Tombstones:
    return Tombstones.open(world.db, world.vault.records, world.vault.blobs, world.folder / "shredded.list")


def folder(world: World, kind: str = "general", name: str = "Papers") -> str:
    return folders.create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name=name,
        kind=kind,
        now=NOW,
    )


def paper(world: World, folder_id: str, *, versions: int = 1, name: str = "offer.txt") -> str:
    """Add a document with some versions, as uploads leave it."""
    with world.db.transaction() as tx:
        place = folder_rows.for_seeing(tx, world.manager, folder_id)
        document_id = documents.add(tx, world.manager, place, name, NOW)
    for number in range(1, versions + 1):
        world.vault.store(
            world.db,
            document_id=document_id,
            purpose="original",
            media_type="text/plain",
            created_by=world.manager.person_id,
            source=io.BytesIO(BODY + str(number).encode()),
            now=NOW,
        )
    with world.db.transaction() as tx:
        documents.newest_is(tx, document_id, versions)
        search_index.ask(tx, document_id, NOW)
    return document_id


def put_in_bin(world: World, document_id: str, *, by: str | None, at: datetime = NOW) -> None:
    with world.db.transaction() as tx:
        rows = tables.documents
        tx.connection.execute(
            rows.update().where(rows.c.id == document_id).values(trashed_at=at, trashed_by=by)
        )


def hold(world: World, subject_type: str, subject_id: str, now: datetime = NOW) -> str:
    return holds.place_hold(
        world.db,
        world.vault.records,
        acting=world.officer,
        subject_type=subject_type,
        subject_id=subject_id,
        reason="Smith v. Acme",
        now=now,
    ).id


def run_jobs(world: World, now: datetime) -> None:
    disposals.dispose_due(world.db, now=now)
    disposals.finish_begun(world.db, world.vault, stones(world), now=now)


def years(count: float) -> datetime:
    return NOW + timedelta(days=365.25 * count)
