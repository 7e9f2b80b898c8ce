"""Everything of an installation as one encrypted file, and back. Decides no rights; opens no stored file.

Format: docs/formats/backup.md. One frame, one object or one batch of rows is in memory at a time.
"""

import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, BinaryIO

import msgspec

from docvault.blobs.store import BlobExists, BlobMissing, BlobStore
from docvault.credentials import passphrases
from docvault.credentials.passphrases import Cost
from docvault.database import audit_trail, dumps, versions
from docvault.database.engine import Database, Transaction
from docvault.encryption import records
from docvault.encryption.errors import EncryptionError, Tampered
from docvault.encryption.streams import FrameReader, FrameWriter
from docvault.values import new_id
from docvault.vault.errors import VaultError

TITLE = b"docvault-backup-v1\n"
FORMAT = 1
HEADER_MOST = 4096  # bytes of the header's line
PART_MOST = 64 * 1024 * 1024  # bytes of a part
LENGTH = 4  # bytes before a part
BATCH = 1024 * 1024  # bytes of rows in one part, about
NAMES_AT_ONCE = 500  # asked about in one statement
BLOB = 32  # characters of the name of a stored version's objects
COST = Cost()  # of deriving a key from a passphrase
MARGIN = timedelta(hours=1)  # by which the clocks of two servers may differ


class NotABackup(VaultError):
    """The file is none of ours, or of a later format."""

    def __init__(self) -> None:
        super().__init__("This file is not a backup that this DocVault can read.")


class SecretWrong(VaultError):
    """The passphrase or recovery key opens nothing."""

    def __init__(self, kind: str) -> None:
        wanted = "passphrase" if kind == "passphrase" else "recovery key"
        super().__init__(f"That {wanted} does not open this backup.")


class BackupDamaged(VaultError):
    """The file was changed, cut off or damaged."""

    def __init__(self) -> None:
        super().__init__("This backup is damaged or was changed: not all of it opens. Nothing was restored.")


class OtherTables(VaultError):
    """The backup was made by a DocVault with other tables."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"This backup was made by DocVault {version}, whose tables are others. Restore it with that "
            "version, then start the newer one."
        )


class NotVacant(VaultError):
    """The place to restore to holds something already."""


@dataclass(frozen=True, slots=True)
class Luggage:
    """What belongs to an installation beside rows and objects."""

    rules: str  # digest of the rules in force
    settings: Mapping[str, str]  # without secrets
    policies: Mapping[str, bytes] = field(default_factory=dict)  # the files of the rules
    root_key: bytes | None = field(default=None, repr=False)  # the key file


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a backup. raw: they as they stand."""

    id: str
    made_at: str
    key: Mapping[str, Any]
    wrapped: bytes = field(repr=False)
    raw: bytes = field(repr=False)


class End(msgspec.Struct, frozen=True):
    """What a whole backup says of itself, last."""

    rows: dict[str, int]
    objects: int
    versions: int
    log_size: int
    log_edge: bytes


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself, first."""

    format: int
    revision: str
    docvault: str
    database: str
    rules: str
    settings: dict[str, str]


# --- writing ------------------------------------------------------------------------------------------------


def begin(target: BinaryIO, secret: str, *, recovery: bool, now: datetime) -> tuple[str, FrameWriter]:
    """Write the header of a new backup; return its id and what seals the rest. The caller closes that."""
    backup_id, data_key, salt = new_id(), os.urandom(records.KEY), passphrases.new_salt()
    key: dict[str, Any] = {"kind": "recovery"}
    if not recovery:
        key = {"kind": "passphrase", **_said(COST), "salt": b64encode(salt).decode()}
    slot = records.derive(_slot_key(key, secret), "backup-slot")
    wrapped = records.seal(slot, _slot_context(backup_id, key), data_key)
    header = {
        "id": backup_id,
        "made_at": now.isoformat(),
        "key": key,
        "wrapped": b64encode(wrapped).decode(),
    }
    raw = TITLE + _json(header) + b"\n"
    target.write(raw)
    return backup_id, FrameWriter(target, records.derive(data_key, "backup-frame"), raw)


def save(
    db: Database, blobs: BlobStore, luggage: Luggage, writer: FrameWriter, *, version: str, now: datetime
) -> End:
    """Write everything as it is at one moment, while others go on working.

    Objects are copied first, and those of versions begun meanwhile once the moment is chosen: an object that
    goes away later is in the file all the same.
    """
    manifest = Manifest(
        FORMAT, dumps.revision(), version, db.engine.dialect.name, luggage.rules, dict(luggage.settings)
    )
    _write(writer, "manifest", msgspec.to_builtins(manifest))
    for name, content in luggage.policies.items():
        _write(writer, "policy", name, content)
    if luggage.root_key is not None:
        _write(writer, "root-key", luggage.root_key)
    with db.reading() as tx:
        arriving = dumps.arriving_blobs(tx)
    objects = sum(_copy(blobs, writer, key) for key in _known_objects(db, blobs))
    with db.snapshot() as tx:
        for blob in dumps.blobs_begun_since(tx, now - MARGIN, arriving):
            for key in blobs.list(f"{blob}/"):
                objects += _copy(blobs, writer, key)
                dumps.stored_versions(tx, "~")  # a transaction that rests for long would be ended
        end = _save_rows(tx, writer, objects)
    _write(writer, "end", msgspec.to_builtins(end, builtin_types=(bytes,)))
    writer.close()
    return end


def _save_rows(tx: Transaction, writer: FrameWriter, objects: int) -> End:
    counts: dict[str, int] = {}
    for table in dumps.kept_tables():
        name, columns = str(table.name), [str(column.name) for column in table.columns]
        counts[name] = 0
        for batch in dumps.rows(tx, table):
            counts[name] += len(batch)
            for some in _of_bearable_size(batch):
                _write(writer, "rows", name, columns, some)
    size, edge = audit_trail.state(tx)
    return End(counts, objects, dumps.stored_count(tx), size, bytes(edge))


def _of_bearable_size(batch: list[list[Any]]) -> Iterator[list[list[Any]]]:
    some: list[list[Any]] = []
    size = 0
    for row in batch:
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        some.append(row)
        if size > BATCH:
            yield some
            some, size = [], 0
    if some:
        yield some


def _known_objects(db: Database, blobs: BlobStore) -> Iterator[str]:
    """Yield the objects that a row speaks of, and those that are no version's, such as tombstones."""
    by_name = groupby(blobs.list(""), key=lambda key: key.partition("/")[0])
    while some := [(name, list(keys)) for name, keys in islice(by_name, NAMES_AT_ONCE)]:
        with db.reading() as tx:
            known = versions.blob_is_known(tx, [name for name, _ in some])
        for name, keys in some:
            if name in known or len(name) != BLOB:
                yield from keys


def _copy(blobs: BlobStore, writer: FrameWriter, key: str) -> int:
    try:
        content = blobs.get(key)
    except BlobMissing:  # removed meanwhile, with the row that spoke of it
        return 0
    _write(writer, "object", key, content)
    return 1


def _write(writer: FrameWriter, *part: Any) -> None:
    encoded = msgspec.msgpack.encode(part)
    writer.write(len(encoded).to_bytes(LENGTH, "big"))
    writer.write(encoded)


# --- reading ------------------------------------------------------------------------------------------------


def head_of(source: BinaryIO) -> Head:
    """Read the first lines of a backup. Raises NotABackup."""
    title = source.read(len(TITLE))
    line = source.readline(HEADER_MOST)
    try:
        if title != TITLE or not line.endswith(b"\n"):
            raise NotABackup
        found = msgspec.json.decode(line, type=dict[str, Any])
        wrapped = b64decode(found["wrapped"], validate=True)
        return Head(str(found["id"]), str(found["made_at"]), dict(found["key"]), wrapped, title + line)
    except (msgspec.DecodeError, NotBase64, KeyError, TypeError, ValueError) as error:
        raise NotABackup from error


def parts_of(source: BinaryIO, head: Head, secret: str) -> Iterator[list[Any]]:
    """Yield the parts of the content, the last one `end`. `source` stands where `head_of` left it.

    Raises SecretWrong before the first part, BackupDamaged wherever it is.
    """
    slot = records.derive(_slot_key(head.key, secret), "backup-slot")
    try:
        data_key = records.unseal(slot, _slot_context(head.id, head.key), head.wrapped)
    except EncryptionError as error:
        raise SecretWrong(str(head.key["kind"])) from error
    reader = FrameReader(source, records.derive(data_key, "backup-frame"), head.raw)
    try:
        while length := reader.read(LENGTH):
            size = int.from_bytes(length, "big")
            encoded = reader.read(size) if size <= PART_MOST else b""
            if len(encoded) != size:
                raise Tampered
            yield msgspec.msgpack.decode(encoded, type=list[Any])
    except (EncryptionError, msgspec.DecodeError) as error:
        raise BackupDamaged from error


def examine(parts: Iterator[list[Any]]) -> tuple[Manifest, Luggage, End]:
    """Read a whole backup and keep none of it but what describes it. Raises BackupDamaged or OtherTables."""
    manifest, end, root_key = None, None, None
    policies: dict[str, bytes] = {}
    for kind, *rest in parts:
        if kind == "manifest":
            manifest = msgspec.convert(rest[0], Manifest)
            if (manifest.format, manifest.revision) != (FORMAT, dumps.revision()):
                raise OtherTables(manifest.docvault)
        elif kind == "policy":
            policies[rest[0]] = rest[1]
        elif kind == "root-key":
            root_key = rest[0]
        elif kind == "end":
            end = msgspec.convert(rest[0], End)
    if manifest is None or end is None:
        raise BackupDamaged
    return manifest, Luggage(manifest.rules, manifest.settings, policies, root_key), end


def load(db: Database, blobs: BlobStore, parts: Iterator[list[Any]], now: datetime) -> None:
    """Write objects, then all rows in one transaction, to a vacant place: it is so again if this raises.

    Raises RowsDoNotFit, StorageFull, DatabaseFull, StoreFailed, BackupDamaged.
    """
    try:
        by_kind = groupby(parts, key=lambda part: part[0])
        for kind, some in by_kind:
            if kind == "object":
                for _, key, content in some:
                    _put(blobs, key, content)
            elif kind == "rows":
                with db.transaction() as tx:
                    _load_rows(tx, some)
                    dumps.end_visits(tx, now)
                    dumps.count_on(tx)
    except BaseException:
        for key in list(_files(blobs)):
            blobs.delete(key)
        raise


def require_vacant(db: Database, blobs: BlobStore) -> None:
    """Check that nothing would be written over; tombstones may be there and count. Raises NotVacant."""
    with db.reading() as tx:
        if not dumps.is_vacant(tx):
            raise NotVacant("There is an installation in that database already. Nothing was changed.")
    if next(_files(blobs), None) is not None:
        raise NotVacant("There are files in that store already. Name an empty one. Nothing was changed.")


def _files(blobs: BlobStore) -> Iterator[str]:
    return (key for key in blobs.list("") if len(key.partition("/")[0]) == BLOB)


def _load_rows(tx: Transaction, parts: Iterator[list[Any]]) -> None:
    for name, batches in groupby(parts, key=lambda part: part[1]):
        references: dict[str, str] = {}
        for _, _, columns, batch in batches:
            dumps.load(tx, name, columns, batch)
            references |= dumps.own_references(name, columns, batch)
        dumps.connect(tx, name, references)


def _put(blobs: BlobStore, key: str, content: bytes) -> None:
    try:
        blobs.put(key, content)
    except BlobExists:
        if blobs.get(key) != content:
            raise


# --- keys ---------------------------------------------------------------------------------------------------


def _said(cost: Cost) -> dict[str, int]:
    return {"lanes": cost.lanes, "memory_kib": cost.memory_kib, "passes": cost.passes}


def _slot_key(key: Mapping[str, Any], secret: str) -> bytes:
    """Return what the secret makes of itself. Raises NotABackup or SecretWrong."""
    if key.get("kind") == "recovery":
        found = passphrases.key_of_recovery(secret)
        if found is None:
            raise SecretWrong("recovery")
        return found
    try:
        cost = msgspec.convert({name: key[name] for name in ("memory_kib", "passes", "lanes")}, Cost)
        salt = b64decode(key["salt"], validate=True)
    except (msgspec.ValidationError, KeyError, TypeError, NotBase64) as error:
        raise NotABackup from error
    if key.get("kind") != "passphrase" or not cost.is_bearable or len(salt) != passphrases.SALT:
        raise NotABackup
    return passphrases.key_of_passphrase(secret, salt, cost)


def _slot_context(backup_id: str, key: Mapping[str, Any]) -> bytes:
    return b"docvault/backup-key/v1\nid " + backup_id.encode() + b"\nkey " + _json(key) + b"\n"


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value, order="sorted")
