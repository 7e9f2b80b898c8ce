"""Rows by the million, made where they lie: documents of one folder, or of very many with their words."""

import secrets
from contextlib import contextmanager
from datetime import timedelta

import portal
from sizes import size
from sqlalchemy import insert, text

from docvault.database import tables
from docvault.encryption import words
from docvault.encryption.contexts import FolderContext
from docvault.encryption.masters import FOLDER_KEY

FOLDERS, IN_EACH, WORDS = size(10_000, small=500), 10, 6  # folders, documents in each, words of a document
RARE = 77  # the document that has a word of its own

# What differs between the databases: numbers from 1 to :count, a moment, a name with zeros, random letters.
SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :count))",
}
MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', '2020-01-01', '+' || i || ' seconds')",
    "postgresql": "timestamptz '2020-01-01 00:00:00+00' + i * interval '1 second'",
}
MIXED = {
    "sqlite": "printf('%09d', i * 7919 % 1000003)",
    "postgresql": "lpad((i::bigint * 7919 % 1000003)::text, 9, '0')",
}
LETTERS = {
    "sqlite": "lower(hex(randomblob(11)))",
    "postgresql": "substr(md5(random()::text || i || number), 1, 22)",
}

_DOCUMENTS = """
INSERT INTO documents (id, folder_id, name, created_by, created_at, latest, size)
{series} SELECT {mixed} || substr(:folder, 1, 17), :folder, 'Statement ' || i, :person, {moment}, 1,
i % 77777 FROM n ORDER BY 1
"""
_VERSIONS = """
INSERT INTO versions (id, document_id, purpose, number, state, media_type, size, sha256, pages,
key_generation, wrapped_key, blob, segments, algorithm, scan, created_by, created_at)
SELECT id, id, 'original', 1, 'stored', 'application/pdf', size, '', 1, 1, :key, id, 1, 'cobblestone-256',
'unscanned', created_by, created_at FROM documents WHERE folder_id = :folder
ORDER BY id
"""
_WORDS = """
INSERT INTO search_words (word, number) {series} SELECT {letters}, number FROM search_documents, n
"""


def fill_folder(tx, folder_id: str, person_id: str, count: int) -> None:
    """Add documents with a version each, a second apart; their ids follow no order in time.

    In the order of their ids, without the other indexes, and on PostgreSQL without looking up what they refer
    to: a million would take minutes otherwise.
    """
    values = {"count": count, "folder": folder_id, "person": person_id}
    with _quickly(tx, tables.documents, tables.versions):
        tx.connection.execute(_spoken(tx, _DOCUMENTS), values)
        tx.connection.execute(text(_VERSIONS), {"folder": folder_id, "key": bytes(90)})


def fill_folders(opened, stand) -> None:
    """Add folders with keys of their own, documents, and an index in which one word stands everywhere."""
    filled = {table: [] for table in ("folders", "folder_paths", "folder_keys", "documents", "versions")} | {
        "search_documents": [],
        "search_words": [],
    }
    for number in range(FOLDERS):
        _fill_one(filled, stand, opened.vault.keyring, number)
    filled["search_words"].sort(key=lambda one: one["word"])
    with opened.db.transaction() as tx:
        for table, made in filled.items():
            tx.connection.execute(insert(tables.METADATA.tables[table]), made)
        tx.connection.execute(_spoken(tx, _WORDS), {"count": WORDS - 1})


def tidy(db) -> None:
    """Do what PostgreSQL's own housekeeping does by and by; SQLite has none, and nobody does it there."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("VACUUM (ANALYZE)"))


@contextmanager
def _quickly(tx, *filled):
    indexes = [index for table in filled for index in table.indexes]
    for index in indexes:
        index.drop(tx.connection)
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(text("SET LOCAL session_replication_role = replica"))
        tx.connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    yield
    for index in indexes:
        index.create(tx.connection)


def _fill_one(filled, stand, keyring, number: int) -> None:
    row = portal.folder_row(stand, number, FOLDERS) | {"organisation_id": stand.clients[0]}
    place, key = FolderContext(row["organisation_id"], row["id"], 1), secrets.token_bytes(32)
    wrapped = keyring.seal(FOLDER_KEY, place.encode(), key)
    filled["folders"].append(row)
    filled["folder_paths"].append({"folder_id": row["id"], "ancestor_id": row["id"]})
    made = {"folder_id": row["id"], "generation": 1, "created_at": row["created_at"]}
    filled["folder_keys"].append(made | {"wrapped": wrapped, "audience": ""})
    search_key = words.search_key(key)
    common = words.hashed(search_key, "common")
    for each in range(IN_EACH):
        position = number * IN_EACH + each + 1
        _fill_document(filled, stand, row, each, position)
        filled["search_words"].append({"word": common, "number": position})
        if position == RARE:
            filled["search_words"].append({"word": words.hashed(search_key, "rare"), "number": position})


def _fill_document(filled, stand, folder: dict, each: int, position: int) -> None:
    document_id = secrets.token_hex(13)
    at = folder["created_at"] + timedelta(seconds=each)
    brought = {"created_by": stand.manager.person_id, "created_at": at}
    name = "Statement, the only one.pdf" if position == RARE else f"Statement of work {position}.pdf"
    place = {"id": document_id, "folder_id": folder["id"], "name": name, "latest": 1, "size": 1000}
    filled["documents"].append(place | brought)
    filled["versions"].append(
        {
            "id": document_id,
            "document_id": document_id,
            "purpose": "original",
            "number": 1,
            "state": "stored",
            "media_type": "application/pdf",
            "size": 1000,
            "key_generation": 1,
            "wrapped_key": bytes(90),
            "blob": document_id,
            "segments": 1,
            "algorithm": "cobblestone-256",
            "scan": "unscanned",
        }
        | brought
    )
    filled["search_documents"].append(
        {
            "number": position,
            "document_id": document_id,
            "tries": 0,
            "version_id": document_id,
            "folder_id": folder["id"],
            "generation": 1,
            "words": WORDS,
        }
    )


def _spoken(tx, statement: str):
    dialect = tx.connection.dialect.name
    spoken = {"series": SERIES, "moment": MOMENT, "mixed": MIXED, "letters": LETTERS}
    return text(statement.format(**{name: each[dialect] for name, each in spoken.items()}))
