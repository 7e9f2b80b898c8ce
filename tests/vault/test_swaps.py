"""What somebody who holds database and disk, but not the root key, can change: nothing that goes unnoticed."""

import itertools
import json

import pytest
from sqlalchemy import delete, select, update

from actions.world import NOW, standing
from docvault.actions.documents import read_document
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.database import tables
from docvault.encryption.errors import EncryptionError, Tampered, UnknownAlgorithm
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring, WrongKeyring
from docvault.values import new_id
from docvault.vault.files import Vault

from .files import change, read, row, shelf


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


@pytest.fixture
def files(world):
    return shelf(world)


def test_every_version_opens_to_its_own_bytes(world, files):
    for version_id, plaintext in files.plaintexts.items():
        assert read(world, version_id) == plaintext


@pytest.mark.promise(50)
@pytest.mark.parametrize(
    "columns",
    [
        ("wrapped_key",),
        ("blob",),
        ("sha256",),
        ("heads",),
        ("wrapped_key", "blob"),
        ("wrapped_key", "blob", "sealed_in"),
        (
            *("wrapped_key", "blob", "sha256", "heads", "size", "segments", "media_type"),
            *("algorithm", "key_generation"),
        ),
    ],
)
def test_swapping_columns_of_any_two_versions_is_noticed_on_both(world, files, columns):
    rows = {version_id: row(world, version_id) for version_id in files.plaintexts}
    for here, there in itertools.combinations(rows, 2):
        for target, source in ((here, there), (there, here)):
            change(world, target, **{column: rows[source][column] for column in columns})
        for version_id in (here, there):
            with pytest.raises(Tampered):
                read(world, version_id)
        for version_id in (here, there):
            change(world, version_id, **{column: rows[version_id][column] for column in columns})
    for version_id, plaintext in files.plaintexts.items():
        assert read(world, version_id) == plaintext


@pytest.mark.promise(50)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("media_type", "text/html"), ("sha256", "0" * 64), ("heads", "0" * 64), ("heads", None)),
        *(("size", 63), ("segments", 2)),
    ],
)
def test_any_column_that_says_something_else_is_noticed(world, files, column, value):
    for version_id in files.plaintexts:
        change(world, version_id, **{column: value})
        with pytest.raises(Tampered):
            read(world, version_id)


@pytest.mark.promise(50)
def test_a_row_that_was_sealed_somewhere_else_than_it_says_is_noticed(world, files):
    """Also as it was before the move: its key is wrapped for the folder it lies in now."""
    elsewhere = {row(world, each)["sealed_in"] for each in files.plaintexts} - {None}
    assert len(elsewhere) == 1
    for version_id in files.plaintexts:
        before = row(world, version_id)["sealed_in"]
        for value in {None, *elsewhere, new_id()} - {before}:
            change(world, version_id, sealed_in=value)
            with pytest.raises(Tampered):
                read(world, version_id)
        change(world, version_id, sealed_in=before)
        assert read(world, version_id) == files.plaintexts[version_id]


@pytest.mark.promise(50)
def test_objects_under_another_name_are_noticed(world, files):
    for version_id in files.plaintexts:
        before = row(world, version_id)["blob"]
        moved = _object(world, before[:2] + before[2:][::-1] + "0")
        moved.parent.mkdir()
        _object(world, before).rename(moved)
        change(world, version_id, blob=moved.parent.name)
        with pytest.raises(Tampered):
            read(world, version_id)


@pytest.mark.promise(50)
def test_moving_any_row_to_another_document_purpose_or_number_is_noticed(world, files):
    for version_id in files.plaintexts:
        before = row(world, version_id)
        other = next(each for each in files.documents if each != before["document_id"])
        for column, value in (("document_id", other), ("purpose", "certificate"), ("number", 9)):
            change(world, version_id, **{"number": 7, column: value})
            with pytest.raises(Tampered):
                read(world, version_id)
            change(world, version_id, **before)
        assert read(world, version_id) == files.plaintexts[version_id]


@pytest.mark.promise(50)
def test_swapping_two_stored_objects_is_noticed_on_both(world, files):
    places = {version_id: _object(world, row(world, version_id)["blob"]) for version_id in files.plaintexts}
    contents = {version_id: path.read_bytes() for version_id, path in places.items()}
    for here, there in itertools.combinations(places, 2):
        places[here].write_bytes(contents[there])
        places[there].write_bytes(contents[here])
        for version_id in (here, there):
            with pytest.raises(Tampered):
                read(world, version_id)
            places[version_id].write_bytes(contents[version_id])


@pytest.mark.promise(50)
def test_folder_keys_that_change_places_are_noticed(world, files):
    table = tables.folder_keys
    with world.db.transaction() as tx:
        keys = tx.connection.execute(select(table)).all()
        for target, source in zip(keys, [*keys[1:], keys[0]], strict=True):
            tx.connection.execute(
                update(table).where(table.c.folder_id == target.folder_id).values(wrapped=source.wrapped)
            )
    for version_id in files.plaintexts:
        with pytest.raises(Tampered):
            read(world, version_id)


@pytest.mark.promise(50)
@pytest.mark.parametrize("column", ["organisation_id", "id"])
def test_giving_a_folder_to_another_organisation_or_a_document_to_another_folder_is_noticed(
    world, files, column
):
    with world.db.transaction() as tx:
        if column == "organisation_id":
            tx.connection.execute(update(tables.folders).values(organisation_id=world.operator))
        else:
            folders = tx.connection.execute(select(tables.folders.c.id)).scalars().all()
            for folder, other in zip(folders, reversed(folders), strict=True):
                tx.connection.execute(
                    update(tables.documents)
                    .where(tables.documents.c.folder_id == folder, tables.documents.c.name == "a.bin")
                    .values(folder_id=other, name="moved")
                )
    for version_id in files.plaintexts:
        with pytest.raises(EncryptionError):
            read(world, version_id)


@pytest.mark.promise(50)
def test_putting_an_older_version_in_the_place_of_a_newer_one_is_noticed(world, files):
    older, newer = [
        each for each in files.plaintexts if row(world, each)["document_id"] == files.documents[0]
    ][:2]
    before = row(world, older)
    kept = ("wrapped_key", "blob", "size", "sha256", "heads", "segments", "media_type")
    change(world, newer, **{column: before[column] for column in kept})
    with pytest.raises(Tampered):
        read(world, newer)


@pytest.mark.promise(50)
def test_removing_the_newest_version_contradicts_the_audit_leaf(world, files, pdf):
    """An older genuine state opens: no encryption can know better. The log's leaf names what should be there."""
    document = _upload(world, pdf, b"first")
    _upload(world, pdf, b"second", document)
    with world.db.transaction() as tx:
        newest = tx.connection.execute(
            select(tables.versions.c.id).where(
                tables.versions.c.document_id == document.id, tables.versions.c.number == 2
            )
        ).scalar_one()
        tx.connection.execute(delete(tables.uploads).where(tables.uploads.c.version_id == newest))
        tx.connection.execute(delete(tables.versions).where(tables.versions.c.id == newest))
        tx.connection.execute(
            update(tables.documents).where(tables.documents.c.id == document.id).values(latest=1)
        )
    content = read_document(world.db, world.vault, acting=world.client, document_id=document.id, now=NOW)
    assert content.sha256 != _newest_in_the_log(world, document.id)["sha256"]
    assert _newest_in_the_log(world, document.id)["number"] == 2


@pytest.mark.promise(58)
@pytest.mark.parametrize("algorithm", ["", "none", "cobblestone-128", "COBBLESTONE-256", "cobblestone-256 "])
def test_unknown_and_downgraded_algorithms_of_a_row_are_refused(world, files, algorithm):
    for version_id in files.plaintexts:
        change(world, version_id, algorithm=algorithm)
        with pytest.raises(UnknownAlgorithm):
            read(world, version_id)


@pytest.mark.promise(58)
def test_every_stored_object_carries_its_algorithm(world, files):
    for path in (world.folder / "blobs").rglob("*"):
        if path.is_file():
            assert path.read_bytes()[:8] == b"DVSEG\x01\x00\x01"
    with world.db.reading() as tx:
        algorithms = tx.connection.execute(select(tables.versions.c.algorithm)).scalars().all()
    assert set(algorithms) == {"cobblestone-256"}


def test_a_key_file_of_other_data_is_refused_at_the_start(world, files, tmp_path):
    with world.db.transaction() as tx:
        world.vault.prove_keyring(tx, NOW)
    with world.db.transaction() as tx:
        world.vault.prove_keyring(tx, NOW)
    other = Vault(HeldKeys.before_masters(FileKeyring.create(tmp_path / "other.key")), None)
    with world.db.transaction() as tx, pytest.raises(WrongKeyring, match="backup"):
        other.prove_keyring(tx, NOW)
    other.close()


def _upload(world, pdf, data, document=None):
    if document is None:
        from docvault.actions.folders import create_folder

        folder = create_folder(
            world.db,
            world.vault,
            acting=world.manager,
            organisation_id=world.acme,
            name="Folder",
            kind="general",
            now=NOW,
        )
    else:
        folder = document.folder_id
    state = begin_upload(
        world.db,
        world.vault,
        acting=world.client,
        folder_id=folder,
        filename="a.bin",
        size=len(data),
        document_id=document.id if document else None,
        now=NOW,
    )
    store_segment(
        world.db, world.vault, acting=world.client, upload_id=state.id, offset=0, plaintext=data, now=NOW
    )
    return finish_upload(world.db, world.vault, pdf, acting=world.client, upload_id=state.id, now=NOW)


def _newest_in_the_log(world, document_id):
    table = tables.audit_entries
    with world.db.reading() as tx:
        leaf = tx.connection.execute(
            select(table.c.leaf)
            .where(table.c.object_id == document_id, table.c.kind == "document:version:added")
            .order_by(table.c.index.desc())
            .limit(1)
        ).scalar_one()
    return json.loads(leaf)["facts"]


def _object(world, blob):
    return world.folder / "blobs" / blob[:2] / blob / "000000"
