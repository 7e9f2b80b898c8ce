"""Files in a small portal for the tests of this folder: two folders of two clients, two versions each."""

import io
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select, update

from actions.world import NOW
from docvault.database import tables
from docvault.values import new_id
from docvault.vault.moves import move_document


@dataclass(frozen=True)
class Shelf:
    """Every stored version by its id, with the plaintext it must open to."""

    world: object
    documents: list
    plaintexts: dict


def add_document(world, organisation_id, acting):
    folder_id, document_id = new_id(), new_id()
    with world.db.transaction() as tx:
        tx.connection.execute(
            insert(tables.folders).values(
                id=folder_id,
                organisation_id=organisation_id,
                name="Folder",
                kind="general",
                created_by=acting.person_id,
                created_at=NOW,
            )
        )
        tx.connection.execute(insert(tables.folder_paths).values(folder_id=folder_id, ancestor_id=folder_id))
        world.vault.create_folder_key(tx, folder_id, NOW)
        tx.connection.execute(
            insert(tables.documents).values(
                id=document_id,
                folder_id=folder_id,
                name="a.bin",
                created_by=acting.person_id,
                created_at=NOW,
                latest=0,
            )
        )
    return document_id


def store(world, document_id, plaintext, purpose="original", now=NOW):
    stored = world.vault.store(
        world.db,
        document_id=document_id,
        purpose=purpose,
        media_type="application/octet-stream",
        created_by=None,
        source=io.BytesIO(plaintext),
        now=now,
    )
    if purpose == "original":
        newest = update(tables.documents).where(tables.documents.c.id == document_id)
        with world.db.transaction() as tx:
            tx.connection.execute(newest.values(latest=stored.number))
    return stored


def shelf(world):
    """Make the files, one of them moved. All plaintexts have one length, so that no check of sizes helps."""
    documents = [
        add_document(world, world.acme, world.manager),
        add_document(world, world.globex, world.other_manager),
    ]
    plaintexts = {}
    for n, document_id in enumerate(documents):
        for purpose in ("original", "original", "signed"):
            plaintext = f"document {n} {purpose} {len(plaintexts)} ".ljust(64, ".").encode()
            plaintexts[store(world, document_id, plaintext, purpose).id] = plaintext
    moved = add_document(world, world.acme, world.manager)
    plaintext = b"a document that was moved ".ljust(64, b".")
    plaintexts[store(world, moved, plaintext).id] = plaintext
    move(world, moved, folder_of(world, add_document(world, world.acme, world.manager)))
    return Shelf(world, [*documents, moved], plaintexts)


def folder_of(world, document_id):
    with world.db.reading() as tx:
        chosen = select(tables.documents.c.folder_id).where(tables.documents.c.id == document_id)
        return tx.connection.execute(chosen).scalar_one()


def move(world, document_id, folder_id):
    with world.db.transaction() as tx:
        move_document(tx, world.vault, document_id, folder_id, NOW)


def read(world, version_id):
    opened = world.vault.open_version(world.db, version_id)
    return b"".join(opened.range(0, opened.size))


def row(world, version_id):
    with world.db.reading() as tx:
        chosen = select(tables.versions).where(tables.versions.c.id == version_id)
        return dict(tx.connection.execute(chosen).mappings().one())


def change(world, version_id, **values):
    """Write into a row as somebody would who holds the database but no key."""
    with world.db.transaction() as tx:
        tx.connection.execute(
            update(tables.versions).where(tables.versions.c.id == version_id).values(**values)
        )


def stage(world, document, data, purpose="prepared"):
    return world.vault.stage(
        world.db,
        document_id=document,
        purpose=purpose,
        media_type="application/pdf",
        created_by=None,
        source=io.BytesIO(data),
        now=NOW,
    )


def objects(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def contents(world):
    """Return everything that is in the store for files, whatever kind it is, by its key."""
    return {key: world.vault.blobs.get(key) for key in world.vault.blobs.list("")}


def overwrite(world, key, data):
    """Put other bytes in the place of an object, as somebody may who holds the store but no key."""
    world.vault.blobs.delete(key)
    world.vault.blobs.put(key, data)
